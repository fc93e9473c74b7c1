"""How many bottoms a layer has to have, where that depends on its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from maskctl.graph.network import Layer
from maskctl.layers import LayerType
from maskctl.layers.base import ONE_OR_MORE
from maskctl.param import Value

_ONE, _TWO, _TWO_OR_THREE = range(1, 2), range(2, 3), range(2, 4)
_TWO_OR_MORE = range(2, ONE_OR_MORE.stop)

_FROM_ANOTHER_BLOB = -233
_Row: TypeAlias = Callable[[Mapping[int, Value]], range]


def _with_dynamic_weight(number: int) -> _Row:
    return lambda params: _TWO_OR_THREE if params.get(number, 0) else _ONE


def _of_crop(params: Mapping[int, Value]) -> range:
    if any(params.get(number) for number in (19, 20, 21)):  # expressions name their blobs
        return ONE_OR_MORE
    is_sized = any(params.get(number, 0) for number in (3, 4, 5, 6, 7, 8, 14, 15))
    return _ONE if is_sized or (params.get(9) and params.get(10)) else _TWO


def _of_interp(params: Mapping[int, Value]) -> range:
    if params.get(9):  # an expression names its blobs
        return ONE_OR_MORE
    return _TWO if params.get(5, 0) else _ONE


_ROWS: Mapping[str, _Row] = MappingProxyType(
    {
        "BinaryOp": lambda params: _ONE if params.get(1, 0) else _TWO,
        "Convolution": _with_dynamic_weight(19),
        "Convolution1D": _with_dynamic_weight(19),
        "ConvolutionDepthWise": _with_dynamic_weight(19),
        "ConvolutionDepthWise1D": _with_dynamic_weight(19),
        "Crop": _of_crop,
        "Deconvolution": _with_dynamic_weight(28),
        "Deconvolution1D": _with_dynamic_weight(28),
        "DeconvolutionDepthWise": _with_dynamic_weight(28),
        "DeconvolutionDepthWise1D": _with_dynamic_weight(28),
        "Eltwise": lambda _: _TWO_OR_MORE,
        "Interp": _of_interp,
        "Scale": lambda params: _TWO if params.get(0) == _FROM_ANOTHER_BLOB else _ONE,
    }
)
"""Source: `one_blob_only` in ncnn's `src/layer/*.cpp`, and the bottoms that each `forward` reads."""


def bottoms_of(layer: Layer, kind: LayerType) -> range:
    """The numbers of bottoms with which the layer can run as its parameters are."""
    row = _ROWS.get(layer.type)
    return row(layer.params) if row else kind.bottoms
