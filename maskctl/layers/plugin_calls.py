"""The functions of a plugin's layer type, wrapped: what they raise and what they give back is told in words."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from maskctl.errors import ExecutionError, GraphError, MaskctlError
from maskctl.layers.base import Array, Arrays, LayerType, Params, Shape, Weight, Weights
from maskctl.numeric.late import np

ROLES = frozenset({"weight", "bias", "factor", "mean", "variance", "data", "int8", "int8 scale", "bytes"})
"""The roles that a `Weight` may have."""

_BLOB_DTYPES = ("float32", "int32", "int8")


def checked(kind: LayerType, path: str) -> LayerType:
    """The layer type with its functions wrapped.

    What depends on parameters alone raises `GraphError` where the plugin fails, the rest `ExecutionError`.
    """
    calls = _Calls(kind, path)
    return replace(
        kind,
        forward=calls.forward,
        weights=calls.weights,
        shapes=calls.shapes,
        macs=calls.macs,
        unsupported=calls.unsupported,
        prepare=calls.prepare,
        integers=calls.integers,
        by_value=calls.by_value,
    )


def failure_text(error: BaseException, path: str) -> str:
    """Where in the plugin an error arose and which it is: " at line 3: ValueError: …"."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if os.path.realpath(frame.filename) == os.path.realpath(path)
    ]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    where = f" at line {line}" if line else ""
    return f"{where}: {type(error).__name__}: {error}" if str(error) else f"{where}: {type(error).__name__}"


@dataclass(frozen=True)
class _Calls:
    kind: LayerType
    path: str

    def forward(self, params: Params, weights: Weights, inputs: Arrays) -> Arrays:
        """One array per top, of the shapes that `shapes` promises; float64 becomes float32."""
        name = "forward"
        tops = self._call(name, ExecutionError, params, weights, tuple(map(_read_only, inputs)))
        if not isinstance(tops, (tuple, list)) or len(tops) != params.tops:
            raise self._wrong(name, _what(tops), _tuple_of(params.tops, "array"))
        found = tuple(self._blob(top) for top in tops)
        samples = len(inputs[0]) if inputs else 1
        promised = self.shapes(params, tuple(values.shape[1:] for values in inputs))
        by_value = self.by_value(params)
        for values, shape in zip(found, promised, strict=True):
            fits = len(values.shape) == len(shape) + 1 if by_value else values.shape[1:] == shape
            if not fits or values.shape[0] != samples:
                raise self._wrong(
                    name,
                    f"an array of {values.shape}",
                    f"{(samples, *shape)}: the samples in front, then what shapes gives{' at most' if by_value else ''}",
                )
        return found

    def shapes(self, params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """One tuple of whole numbers per top."""
        found = self._call("shapes", ExecutionError, params, inputs)
        good = isinstance(found, (tuple, list)) and all(
            isinstance(shape, (tuple, list)) and shape and all(_is_extent(extent) for extent in shape)
            for shape in found
        )
        if not good or len(found) != params.tops:
            raise self._wrong("shapes", repr(found), _tuple_of(params.tops, "tuple of whole numbers"))
        return tuple(tuple(int(extent) for extent in shape) for shape in found)

    def weights(self, params: Params) -> tuple[Weight, ...]:
        """The declared weights, each with a name of its own and a known role."""
        found = self._call("weights", GraphError, params)
        if not isinstance(found, (tuple, list)) or not all(isinstance(weight, Weight) for weight in found):
            raise self._wrong("weights", repr(found), "a tuple: (Weight(name, shape), …)", GraphError)
        for weight in found:
            if not all(_is_extent(extent) for extent in weight.shape):
                raise self._wrong("weights", f"'{weight.name}' of {weight.shape}", "whole numbers", GraphError)
            if weight.role not in ROLES:
                raise self._wrong(
                    "weights",
                    f"'{weight.name}' with role '{weight.role}'",
                    f"one of: {', '.join(sorted(ROLES))}",
                    GraphError,
                )
        if len({weight.name for weight in found}) < len(found):
            raise self._wrong("weights", "two weights of one name", "a name for each", GraphError)
        return tuple(found)

    def macs(self, params: Params, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> int:
        """A whole number."""
        found = self._call("macs", ExecutionError, params, inputs, outputs)
        if not _is_extent(found):
            raise self._wrong("macs", repr(found), "a whole number")
        return int(found)

    def unsupported(self, params: Params) -> str | None:
        """A text or None."""
        found = self._call("unsupported", GraphError, params)
        if found is not None and not isinstance(found, str):
            raise self._wrong("unsupported", repr(found), "a text, or None", GraphError)
        return found

    def prepare(self, params: Params, weights: Weights) -> Weights:
        """The weights by name."""
        found = self._call("prepare", ExecutionError, params, weights)
        if not isinstance(found, Mapping):
            raise self._wrong("prepare", _what(found), "the weights by name: {'weight': array, …}")
        return found

    def integers(self, params: Params) -> tuple[int, ...]:
        """Places among the bottoms."""
        found = self._call("integers", GraphError, params)
        if not isinstance(found, (tuple, list)) or not all(_is_extent(at) and at < params.bottoms for at in found):
            raise self._wrong(
                "integers", repr(found), f"a tuple of places among the {params.bottoms} bottoms, from 0", GraphError
            )
        return tuple(found)

    def by_value(self, params: Params) -> bool:
        """True or false."""
        return bool(self._call("by_value", GraphError, params))

    def _call(self, name: str, error_type: type[MaskctlError], *arguments: object) -> Any:
        function: Callable[..., Any] = getattr(self.kind, name)
        try:
            return function(*arguments)
        except (MaskctlError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            hint = "Inputs are read-only: work on a copy" if "read-only" in str(error) else "Mend the file"
            raise error_type(
                f"{name} of the plugin {self.path} fails{failure_text(error, self.path)}. {hint}."
            ) from error

    def _wrong(
        self, name: str, what: str, wanted: str, error_type: type[MaskctlError] = ExecutionError
    ) -> MaskctlError:
        return error_type(f"{name} of the plugin {self.path} gives {what}. Expected {wanted}.")

    def _blob(self, values: object) -> Array:
        if not isinstance(values, np.ndarray):
            raise self._wrong("forward", f"a {type(values).__name__}", "numpy arrays")
        if values.dtype.kind == "f":
            with np.errstate(over="ignore"):
                return values.astype(np.float32, copy=False)
        if values.dtype.name not in _BLOB_DTYPES:
            raise self._wrong(
                "forward", f"an array of {values.dtype}", "float32, or int32 or int8 where the engine keeps integers"
            )
        return values


def _read_only(values: Array) -> Array:
    """A view that cannot be written to: the array may be another layer's blob too."""
    view = values.view()
    view.flags.writeable = False
    return view


def _is_extent(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) >= 0


def _what(value: object) -> str:
    if isinstance(value, (tuple, list)):
        return f"{len(value)} of them" if value else "nothing"
    return "one bare array" if isinstance(value, np.ndarray) else repr(value)[:80]


def _tuple_of(count: int, what: str) -> str:
    return f"a tuple of one {what}: (x,)" if count == 1 else f"a tuple of {count} {what}s"
