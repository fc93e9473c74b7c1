"""Cast: the elements in another type. A blob of 16 bits is here one of float32 that holds such values.

To fp16 the engine rounds groups of four elements to nearest even and what is left of a channel one by one, ties away
from zero and small numbers to 0; to bf16 its processors disagree in ties and tails, and maskctl rounds to nearest
even. From fp16, bf16 and int8 to fp32 nothing is lost. The other casts the engine declares but does not compute.

Source: ncnn `src/layer/cast.cpp`, `src/layer/x86/cast_fp16.h`.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError
from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Weights
from maskctl.numeric import casts
from maskctl.numeric.formats import FloatArray, round_to
from maskctl.numeric.late import np

AUTO, FP32, FP16, INT8, BF16 = range(5)
_NAMES = ("auto", "fp32", "fp16", "int8", "bf16")
_COMPUTED = {(FP32, FP16), (FP16, FP32), (INT8, FP32), (FP32, BF16), (BF16, FP32)}

PARAMS = (
    Param(0, "type_from", 0, "0 auto, 1 fp32, 2 fp16, 3 int8, 4 bf16"),
    Param(1, "type_to", 0, "as type_from"),
)


def unsupported(params: Params) -> str | None:
    """Casts that the engine does not compute; those of a type to itself leave the blob as it is."""
    pair = params.integer("type_from"), params.integer("type_to")
    if pair[0] == pair[1] or pair in _COMPUTED:
        return None
    names = (_NAMES[kind] if 0 <= kind < len(_NAMES) else str(kind) for kind in pair)
    return f"cast {' to '.join(names)} (0={pair[0]} 1={pair[1]}), which the engine does not compute either"


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The elements rounded; raises `ExecutionError` for a blob that is not of the type it is cast from."""
    values = inputs[0]
    before, after = params.integer("type_from"), params.integer("type_to")
    if before == after:
        return inputs
    if (values.dtype == np.int8) != (before == INT8) or values.dtype == np.int32:
        raise ExecutionError(f"the blob has elements of type {values.dtype}. Expected {_NAMES[before]} (0={before}).")
    if after == FP16:
        return (_to_fp16(values),)
    if after == BF16:
        return (round_to(values, "bf16"),)
    if before != INT8:
        _require_stored(values, _NAMES[before])
    return (values.astype(np.float32, copy=False),)


def _to_fp16(values: FloatArray) -> FloatArray:
    """Rounded as the engine rounds: it interleaves four channels where it can, which leaves no rest."""
    if values.ndim > 3 and values.shape[1] % 4 == 0:
        return casts.nearest(values)
    return casts.blob(values)


def _require_stored(values: Array, kind: str) -> None:
    if not np.array_equal(round_to(values, kind), values, equal_nan=True):
        raise ExecutionError(f"the blob holds values that are not {kind}; the engine would read halves of fp32 there.")


LAYER = LayerType("Cast", range(1, 2), forward, PARAMS, unsupported=unsupported)
