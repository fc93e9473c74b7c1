"""Gemm: alpha * (A · B + beta * C) of matrices that are inputs or weights.

Alpha multiplies C too, unlike in ONNX. Inputs are those of A, B and C that are not constant, in that order, C only where
there is one. A and B may be maps (rows, 1, columns), or one row.

The shape of a C that is an input says how it is spread: a vector of as many elements as there are columns is a row,
otherwise one of as many as there are rows is a column; of a C that fits nothing the engine takes the first element for all.

quantize_term 2 multiplies in int8: inputs are quantised on the spot, A by rows and B as a whole. Terms XYZ keep B in blocks
of codes of few bits: X is the bits (4, 6 or 8), Y is 1 where the inputs have scales of their own, Z the codes of a block:
0 for 32, 1 for 64, 2 for 128. With 8 bits the inputs are quantised too, block by block.

Source: ncnn `src/layer/gemm.cpp`.
"""

from __future__ import annotations

from dataclasses import dataclass

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.layers.families import int8
from maskctl.layers.families.block_quantized import Blocks, blocks_of
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

SCALAR, VECTOR_OF_ROWS, COLUMN, FULL, ROW = range(5)
NO_C = -1

PARAMS = (
    Param(0, "alpha", 1.0, "factor of everything"),
    Param(1, "beta", 1.0, "factor of C"),
    Param(2, "transA", 0, "1: A is given as K rows of M"),
    Param(3, "transB", 0, "1: B is given as N rows of K"),
    Param(4, "constantA", 0, "1: A is a weight"),
    Param(5, "constantB", 0, "1: B is a weight"),
    Param(6, "constantC", 0, "1: C is a weight"),
    Param(7, "constantM", 0, "rows of a constant A or C"),
    Param(8, "constantN", 0, "columns of a constant B or C"),
    Param(9, "constantK", 0, "columns of a constant A, rows of a constant B"),
    Param(10, "constant_broadcast_type_C", 0, "-1 no C, 0 one number, 1 and 2 one per row, 3 M x N, 4 one per column"),
    Param(11, "output_N1M", 0, "1: the result is a map (M, 1, N)"),
    Param(12, "output_elempack", 0, "memory layout of the result; changes no value"),
    Param(13, "output_elemtype", 0, "storage of the result; changes nothing in fp32"),
    Param(14, "output_transpose", 0, "1: the result is transposed"),
    Param(18, "quantize_term", 0, "0 fp32, 2 int8, XYZ weights in blocks of few bits"),
    Param(20, "constant_TILE_M", 0, "hint of speed"),
    Param(21, "constant_TILE_N", 0, "hint of speed"),
    Param(22, "constant_TILE_K", 0, "hint of speed"),
)


@dataclass(frozen=True)
class Sizes:
    """The product's rows, columns and terms, and the shape of a C that is an input."""

    rows: int
    columns: int
    terms: int
    addend: Shape | None


def is_int8(params: Params) -> bool:
    """True where the product is one of int8 codes."""
    return params.integer("quantize_term") != 0 and blocks_of(params.integer("quantize_term")) is None


def _check_constants(params: Params) -> None:
    for flag, extents in (("constantA", "MK"), ("constantB", "NK")):
        if params.integer(flag) not in {0, 1}:
            raise GraphError(f"{flag} is {params.integer(flag)}. Expected 0 or 1.")
        sizes = [params.integer(f"constant{letter}") for letter in extents]
        if params.integer(flag) and min(sizes) < 1:
            raise GraphError(
                f"{flag} is 1, and constant{extents[0]} and constant{extents[1]} are {sizes[0]} and {sizes[1]}. "
                "Expected 1 or more."
            )
    if params.integer("constantC") == 1 and not NO_C <= params.integer("constant_broadcast_type_C") <= ROW:
        raise GraphError(
            f"constant_broadcast_type_C (10=) is {params.integer('constant_broadcast_type_C')}. Expected -1 to 4."
        )


def _check_blocks(params: Params) -> None:
    wanted: dict[str, tuple[int, ...]] = {"constantA": (0,), "constantB": (1,), "transA": (0,), "transB": (1,)}
    wanted |= {"output_N1M": (0,), "output_elempack": (0,), "output_elemtype": (0, 1), "output_transpose": (0,)}
    for name, values in wanted.items():
        if params.integer(name) not in values:
            raise GraphError(
                f"{name} is {params.integer(name)} with weights in blocks (18={params.integer('quantize_term')}). "
                f"Expected {values[0]}."
            )


def spread(kind: int, rows: int, columns: int) -> Shape:
    """The shape of a C of that type, as it broadcasts against M x N."""
    return (rows if kind in {VECTOR_OF_ROWS, COLUMN, FULL} else 1, columns if kind in {FULL, ROW} else 1)


def _constant_addend(params: Params) -> Weight | None:
    kind = params.integer("constant_broadcast_type_C")
    if params.integer("constantC") != 1 or kind == NO_C:
        return None
    shape = spread(kind, params.integer("constantM"), params.integer("constantN"))
    if min(shape) < 1:
        raise GraphError(
            f"a constant C of type {kind} (10=) is {shape[0]} x {shape[1]}. Expected constantM and constantN."
        )
    return Weight("C", shape, tagged=True, role="bias")


def weights(params: Params) -> tuple[Weight, ...]:
    """The constant ones of A, B and C, then the scales of quantised ones, in the order of the `.bin`."""
    _check_constants(params)
    blocks, in_int8 = blocks_of(params.integer("quantize_term")), is_int8(params)
    rows, columns, terms = (params.integer(f"constant{letter}") for letter in "MNK")
    role = "int8" if in_int8 else "weight"
    found = []
    if params.integer("constantA"):
        shape = (terms, rows) if params.integer("transA") else (rows, terms)
        found.append(Weight("A", shape, tagged=True, role=role, fan_in=terms))
    if blocks:
        _check_blocks(params)
        found.append(blocks.packed("B", columns, terms))
    elif params.integer("constantB"):
        shape = (columns, terms) if params.integer("transB") else (terms, columns)
        found.append(Weight("B", shape, tagged=True, role=role, fan_in=terms))
    addend = _constant_addend(params)
    found += [addend] if addend else []
    if blocks:
        found.append(blocks.scales("B_scales", columns, terms))
        found += [Weight("B_input_scales", (terms,), role="factor")] if blocks.scaled_inputs else []
    if in_int8:
        for name, count in (("A", rows), ("B", 1)):
            if params.integer(f"constant{name}"):
                found.append(Weight(f"{name}_scales", (count,), role="int8 scale", fan_in=terms))
    return tuple(found)


def prepare(params: Params, weight: Weights) -> Weights:
    """A as (M, K) and B as (K, N), views of what the `.bin` holds; blocks as the fp32 they stand for."""
    ready = dict(weight)
    blocks: Blocks | None = blocks_of(params.integer("quantize_term"))
    if blocks:
        return ready | {"B": blocks.unpacked(weight["B"], weight["B_scales"], params.integer("constantK")).T}
    for name in ("A", "B"):
        if name in ready:
            values = ready[name].T if params.integer(f"trans{name}") else ready[name]
            ready[name] = int8.require_codes(values, name) if is_int8(params) else values
    return ready


def _matrix(name: str, shape: Shape, *, transposed: bool) -> tuple[int, int]:
    """The extents of an input as a matrix, transposed where the parameters say so."""
    if len(shape) == 1:
        shape = (1, *shape)
    if len(shape) > 3 or (len(shape) == 3 and shape[1] != 1) or min(shape) < 1:
        raise ExecutionError(f"{name} has shape {shape}. Expected a matrix (h, w) or (c, 1, w).")
    return (shape[-1], shape[0]) if transposed else (shape[0], shape[-1])


def product_sizes(params: Params, inputs: tuple[Shape, ...]) -> Sizes:
    """The extents of everything; raises where the operands do not fit."""
    dynamic = [name for name in "AB" if not params.integer(f"constant{name}")]
    most = len(dynamic) + (params.integer("constantC") == 0)
    if not inputs and not dynamic and most:
        raise GraphError("A and B are constant, and there is no input. Expected C as input, or a constant C (6=1).")
    if not len(dynamic) <= len(inputs) <= most:
        raise GraphError(
            f"there are {len(inputs)} inputs. Expected {' and '.join((*dynamic, 'C')[:most])}" + " (C may be absent)."
        )
    extents = {"A": (params.integer("constantM"), params.integer("constantK"))}
    extents["B"] = (params.integer("constantK"), params.integer("constantN"))
    for name, shape in zip(dynamic, inputs, strict=False):
        extents[name] = _matrix(name, shape, transposed=params.integer(f"trans{name}") != 0)
    (rows, terms), (others, columns) = extents["A"], extents["B"]
    if terms != others:
        raise ExecutionError(
            f"A is {rows} x {terms} and B is {others} x {columns}. Expected as many rows of B as columns of A."
        )
    constant = _constant_addend(params)
    if constant and constant.shape != spread(params.integer("constant_broadcast_type_C"), rows, columns):
        raise ExecutionError(
            f"C is a constant {constant.shape[0]} x {constant.shape[1]}, and the product is {rows} x {columns}."
        )
    return Sizes(rows, columns, terms, inputs[len(dynamic)] if len(inputs) > len(dynamic) else None)


def addend_type(params: Params, shape: Shape, rows: int, columns: int) -> int:
    """How a C that is an input is spread; later rules override earlier ones, and no rule means its first element."""
    rules = (
        (SCALAR, (1,)),
        (VECTOR_OF_ROWS, (rows,)),
        (ROW, (columns,)),
        (COLUMN, (rows, 1)),
        (FULL, (rows, columns)),
        (ROW, (1, columns)),
    )
    found = [kind for kind, wanted in rules if shape == wanted]
    if not found and blocks_of(params.integer("quantize_term")):
        raise ExecutionError(
            f"C has shape {shape}. Expected one number, one per row ({rows}) or column ({columns}), or both."
        )
    return found[-1] if found else SCALAR


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(M, N), transposed or with an axis of 1 in between where the parameters say so."""
    sizes = product_sizes(params, inputs)
    if sizes.addend is not None:
        addend_type(params, sizes.addend, sizes.rows, sizes.columns)
    rows, columns = (sizes.columns, sizes.rows) if params.integer("output_transpose") else (sizes.rows, sizes.columns)
    return ((rows, 1, columns) if params.integer("output_N1M") else (rows, columns),)


def macs(params: Params, inputs: tuple[Shape, ...], _: tuple[Shape, ...]) -> int:
    """Multiply-adds: M times N times K."""
    sizes = product_sizes(params, inputs)
    return sizes.rows * sizes.columns * sizes.terms


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """The product in fp32, or of int8 codes and then in fp32."""
    sizes = product_sizes(params, tuple(values.shape[1:] for values in inputs))
    given = iter(inputs)
    left, right = (weight[name] if name in weight else operand(params, name, next(given)) for name in "AB")
    with np.errstate(all="ignore"):
        if is_int8(params):
            total = _int8_product(weight, left, right)
        else:
            blocks = blocks_of(params.integer("quantize_term"))
            total = np.matmul(blocks.taken(left, weight.get("B_input_scales")) if blocks else left, right)
        total = total if total.ndim == 3 else total[None]
        addend = _addend(params, weight, sizes, next(given, None))
        if addend is not None:
            total = total + addend if len(addend) > len(total) else np.add(total, addend, out=total)
        if params.real("alpha") != 1:
            total *= np.float32(params.real("alpha"))
    total = total.swapaxes(1, 2) if params.integer("output_transpose") else total
    return (total[:, :, None] if params.integer("output_N1M") else total,)


def operand(params: Params, name: str, values: Array) -> FloatArray:
    """An input as matrices (n, rows, columns)."""
    matrices = values.reshape(len(values), -1 if values.ndim > 2 else 1, values.shape[-1])
    return matrices.swapaxes(1, 2) if params.integer(f"trans{name}") else matrices


def _int8_product(weight: Weights, left: Array, right: Array) -> FloatArray:
    """The product of codes as fp32 values."""
    rows, whole = weight.get("A_scales"), weight.get("B_scales")
    if rows is None:
        rows = int8.dynamic_scale(left, -1)
        left = int8.quantise(left, rows)
    else:
        rows = rows[:, None]
    if whole is None:
        whole = int8.dynamic_scale(right, (1, 2))
        right = int8.quantise(right, whole)
    return int8.dequantise(int8.product(left, right), np.float32(1) / (rows * whole))


def _addend(params: Params, weight: Weights, sizes: Sizes, given: Array | None) -> FloatArray | None:
    """Beta times C as it broadcasts against (n, M, N), None without a C."""
    values: Array
    if given is not None:
        kind = addend_type(params, given.shape[1:], sizes.rows, sizes.columns)
        flat = given.reshape(len(given), -1)
        shape = spread(kind, sizes.rows, sizes.columns)
        values = (flat[:, :1] if kind == SCALAR else flat).reshape(len(given), *shape)
    elif "C" in weight:
        values = weight["C"][None]
    else:
        return None
    return values if params.real("beta") == 1 else values * np.float32(params.real("beta"))


LAYER = LayerType("Gemm", range(4), forward, PARAMS, weights, shapes, macs, prepare=prepare)
