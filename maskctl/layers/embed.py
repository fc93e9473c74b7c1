"""Embed: rows of a table by number, the numbers being 32-bit integers: (words,) to (words, num_output).

Numbers outside the table are moved to its first or last row. Of a blob with more axes the engine reads the first row only.
With int8_scale_term the table holds int8 codes under one scale. Source: ncnn `src/layer/embed.cpp`.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights, integers_in
from maskctl.layers.families import int8
from maskctl.numeric.late import np

PARAMS = (
    Param(0, "num_output", 0, "numbers per row"),
    Param(1, "input_dim", 0, "rows of the table"),
    Param(2, "bias_term", 0, "1: a bias per column"),
    Param(3, "weight_data_size", 0, "elements of the table"),
    Param(18, "int8_scale_term", 0, "not 0: int8 table and scale"),
)


def weights(params: Params) -> tuple[Weight, ...]:
    """Table, bias, and the scale of int8; raises `GraphError` where the table is smaller than its extents say."""
    outputs, rows, size = (params.integer(name) for name in ("num_output", "input_dim", "weight_data_size"))
    if outputs < 1 or rows < 1 or size % outputs or size // outputs < rows:
        raise GraphError(f"weight_data_size is {size} for {rows} rows of {outputs}. Expected {rows} x {outputs}.")
    quantised = params.integer("int8_scale_term") != 0
    found = [Weight("weight", (size // outputs, outputs), tagged=True, role="int8" if quantised else "data")]
    if params.integer("bias_term"):
        found.append(Weight("bias", (outputs,), role="bias"))
    if quantised:
        found.append(Weight("weight_scale", (1,), role="int8 scale", fan_in=1))
    return tuple(found)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(words, num_output)."""
    return ((inputs[0][-1], params.integer("num_output")),)


def prepare(params: Params, weight: Weights) -> Weights:
    """The table as floats, the codes of int8 times what the scale says."""
    if not params.integer("int8_scale_term"):
        return weight
    codes = int8.require_codes(weight["weight"], "weight")
    with np.errstate(all="ignore"):
        return {**weight, "weight": int8.dequantise(codes, np.float32(1) / weight["weight_scale"])}


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """The rows, with the bias added."""
    numbers = integers_in(inputs[0])
    first = numbers.reshape(len(numbers), -1)[:, : numbers.shape[-1]]
    rows = weight["weight"][np.clip(first, 0, params.integer("input_dim") - 1)]
    with np.errstate(all="ignore"):
        return (rows + weight["bias"] if params.integer("bias_term") else rows,)


def integers(_: Params) -> tuple[int, ...]:
    """The bottom is read as integers."""
    return (0,)


LAYER = LayerType("Embed", range(1, 2), forward, PARAMS, weights, shapes, prepare=prepare, integers=integers)
