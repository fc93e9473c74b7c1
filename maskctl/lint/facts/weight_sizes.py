"""How many elements a layer's weight must have, by its other parameters and by the blob it reads.

The engine takes as many elements from the `.bin` as the line says and indexes them by kernel, outputs and channels, without a look
at the weight's end. Source: `load_model` and `forward` in `src/layer/*.cpp`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from maskctl.graph.network import Layer
from maskctl.layers import LayerType, Shape
from maskctl.layers.families.convolution_params import TYPES as CONVOLUTIONS
from maskctl.lint.facts.declared import Values

PARAM = "weight_data_size"

Terms: TypeAlias = Mapping[str, int]
"""What is multiplied, by its name."""


@dataclass(frozen=True)
class Size:
    """What the size of a weight must be: the product of terms, or, where it is not `exact`, a multiple of it."""

    there: int
    terms: Terms
    exact: bool

    @property
    def product(self) -> int:
        """The product of all terms."""
        return math.prod(self.terms.values())

    @property
    def is_right(self) -> bool:
        """True where the parameter is what it must be; also where a term is no size, which is another mistake."""
        if min(self.terms.values()) < 1:
            return True
        return self.there == self.product if self.exact else self.there > 0 and not self.there % self.product

    def __str__(self) -> str:
        """What is expected, in words."""
        factors = " x ".join(f"{count} ({name})" for name, count in self.terms.items())
        return f"{self.product}: {factors}" if self.exact else f"a multiple of {self.product}: {factors}"


Rule: TypeAlias = Callable[[Values, Shape | None], Size | None]


def wrong_size(layer: Layer, kind: LayerType, shapes: Mapping[str, Shape]) -> Size | None:
    """The size that a layer's weight does not have, None where it has it or nothing is known; unknown extents are 0."""
    rule = _RULES.get(layer.type)
    values = Values(layer, kind)
    if rule is None or not isinstance(values.value(PARAM), int):
        return None
    size = rule(values, shapes.get(layer.bottoms[0]) if layer.bottoms else None)
    return None if size is None or size.is_right else size


def _of_kernels(values: Values, shape: Shape | None) -> Size | None:
    """Outputs times channels of a group times the kernel's extents."""
    if values.has("dynamic_weight") and values.integer("dynamic_weight"):
        return None
    axes = [name for name in ("kernel_d", "kernel_h", "kernel_w") if values.has(name)]
    terms = {"num_output": values.integer("num_output")}
    channels = shape[0] if shape is not None and len(shape) == len(axes) + 1 else 0
    if channels:
        group = values.integer("group") if values.has("group") else 1
        if group < 1 or channels % group:
            return None
        terms["channels" if group == 1 else "channels of a group"] = channels // group
    return _size(values, {**terms, **{name: values.integer(name) for name in axes}}, channels)


def _of_inner_product(values: Values, shape: Shape | None) -> Size:
    """Outputs times the elements of the input, or of a row of it; where only the channels are known a multiple of them."""
    size, outputs = values.integer(PARAM), values.integer("num_output")
    is_by_rows = shape is not None and len(shape) == 2 and shape[1] * outputs == size
    inputs = 0 if shape is None or is_by_rows else math.prod(shape)
    if shape is not None and not inputs and len(shape) > 2:
        return _size(values, {"num_output": outputs, "channels": shape[0]}, 0)
    return _size(values, {"num_output": outputs, **({"inputs": inputs} if inputs else {})}, inputs)


def _of_table(values: Values, _: Shape | None) -> Size | None:
    """Rows of numbers; rows that are left over do no harm."""
    size = _size(values, {name: values.integer(name) for name in ("num_output", "input_dim")}, 1)
    return size if size.there < size.product else None


def _of_attention(values: Values, shape: Shape | None) -> Size:
    """Width of all heads times that of the queries."""
    width = shape[1] if shape is not None and len(shape) == 2 else 0
    terms = {"embed_dim": values.integer("embed_dim"), **({"width of the queries": width} if width else {})}
    return _size(values, terms, width)


def _of_gates(gates: int) -> Rule:
    """The rule of a recurrent layer: directions times gates times units times the width of the input."""

    def rule(values: Values, shape: Shape | None) -> Size:
        units = "hidden_size" if values.has("hidden_size") else "num_output"
        terms = {"directions": 2 if values.integer("direction") == 2 else 1, "gates": gates}
        width = shape[1] if shape is not None and len(shape) == 2 else 0
        terms = {**terms, units: values.integer(units), **({"width of the input": width} if width else {})}
        return _size(values, terms, width)

    return rule


def _size(values: Values, terms: Terms, exact: int) -> Size:
    return Size(values.integer(PARAM), terms, bool(exact))


_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(CONVOLUTIONS, _of_kernels),
    "InnerProduct": _of_inner_product,
    "Embed": _of_table,
    "MultiHeadAttention": _of_attention,
    "RNN": _of_gates(1),
    "GRU": _of_gates(3),
    "LSTM": _of_gates(4),
}
