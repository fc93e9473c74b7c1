"""Matrix products and attention against ONNX's reference evaluator, and what the tables of rows cannot say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskctl.errors import GraphError
from maskctl.executor.run import run
from maskctl.graph.model import Model
from maskctl.layers import Params, find
from maskctl.layers.families import int8
from maskctl.layers.families.block_quantized import blocks_of
from maskctl.numeric.formats import FloatArray
from tests.layers.row import Row, Shape
from tests.layers.test_against_onnx import assert_close
from tests.layers.test_against_onnx import reference as plain_reference

pytest.importorskip("onnx", reason="onnx is not installed")

SEED = 5
FLAG = st.sampled_from([0, 1])
EXTENT = st.integers(1, 5)
OPSET = 23
"""The first with Attention and RotaryEmbedding."""


def made(shapes: tuple[Shape, ...]) -> list[FloatArray]:
    """Two samples of each shape."""
    rng = np.random.default_rng(SEED)
    return [rng.standard_normal((2, *shape)).astype(np.float32) for shape in shapes]


def computed(row: Row, inputs: list[FloatArray], folder: Path) -> tuple[Model, list[FloatArray]]:
    """The row's model with made-up weights, and its tops."""
    model = row.model(folder, SEED)
    trace = run(model, {f"in{number}": values for number, values in enumerate(inputs)})
    return model, [trace[name] for name in row.tops_named]


def one_output(operator: str, *inputs: FloatArray, **attributes: Any) -> FloatArray:
    """As `plain_reference`, deaf to the flags that BLAS raises over what it loads beside a short vector."""
    with np.errstate(all="ignore"):
        return plain_reference(operator, *inputs, **attributes)


def reference(operator: str, inputs: list[FloatArray | None], outputs: int = 1, **attributes: Any) -> list[FloatArray]:
    """What ONNX's own evaluator makes of an operator of a newer set, with inputs left out and several outputs."""
    from onnx import TensorProto, helper
    from onnx.reference import ReferenceEvaluator

    fed = {f"i{number}": values for number, values in enumerate(inputs) if values is not None}
    names = [f"i{number}" if values is not None else "" for number, values in enumerate(inputs)]
    tops = [f"o{number}" for number in range(outputs)]
    node = helper.make_node(operator, names, tops, **attributes)
    given, wanted = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in part] for part in (fed, tops)
    )
    graph = helper.make_graph([node], "one", given, wanted)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    with np.errstate(all="ignore"):
        found: Any = ReferenceEvaluator(model).run(None, fed)
    return [np.asarray(values, np.float32) for values in found]


@pytest.mark.parametrize("trans_a", [0, 1])
@pytest.mark.parametrize("trans_b", [0, 1])
@pytest.mark.parametrize("addend", [(1,), (4,), (5,), (1, 5), (4, 1), (4, 5)])
def test_gemm(trans_a: int, trans_b: int, addend: Shape, tmp_path: Path) -> None:
    """Gemm is ONNX's with beta divided by alpha, and a vector of as many elements as there are rows is a column."""
    shapes = ((6, 4) if trans_a else (4, 6), (5, 6) if trans_b else (6, 5), addend)
    row = Row(f"Gemm 0=0.5 1=1.5 2={trans_a} 3={trans_b}", shapes)
    inputs = made(shapes)
    _, tops = computed(row, inputs, tmp_path)
    for sample, (a, b, c) in enumerate(zip(*inputs, strict=True)):
        spread = c[:, None] if addend == (4,) else c
        expected = one_output("Gemm", a, b, spread, alpha=0.5, beta=0.75, transA=trans_a, transB=trans_b)
        assert_close(expected, tops[0][sample])


def test_gemm_of_a_decoder(tmp_path: Path) -> None:
    """A constant B with a bias per column is ONNX's Gemm too."""
    row = Row("Gemm 10=4 2=0 3=1 4=0 5=1 6=1 7=0 8=12 9=24", ((3, 24),))
    inputs = made(row.inputs)
    model, tops = computed(row, inputs, tmp_path)
    tensors = model.weights.tensors[-1]
    for sample, values in enumerate(inputs[0]):
        assert_close(one_output("Gemm", values, tensors["B"], tensors["C"], transB=1), tops[0][sample])


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3, 5), (5, 4)),
        ((5,), (5, 4)),
        ((3, 5), (5,)),
        ((5,), (2, 5, 4)),
        ((2, 3, 4, 5), (5,)),
        ((2, 4, 5), (2, 5, 3)),
        ((1, 4, 5), (6, 5, 3)),
        ((2, 1, 4, 5), (1, 3, 5, 6)),
        ((3, 4, 5), (2, 3, 5, 6)),
        ((4, 5), (2, 3, 5, 6)),
    ],
)
def test_matmul(left: Shape, right: Shape, tmp_path: Path) -> None:
    """MatMul is ONNX's, sample by sample."""
    inputs = made((left, right))
    _, tops = computed(Row("MatMul", (left, right)), inputs, tmp_path)
    for sample, (a, b) in enumerate(zip(*inputs, strict=True)):
        assert_close(one_output("MatMul", a, b), tops[0][sample])


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ikl,jkl->ij", ((3, 4, 5), (2, 4, 5))),
        ("imj,mk->ijk", ((3, 4, 5), (4, 2))),
        ("im,mn,nj->ij", ((3, 4), (4, 5), (5, 2))),
        ("ijkl->i", ((2, 3, 4, 5),)),
        ("ljki->ijkl", ((2, 3, 4, 5),)),
    ],
)
def test_einsum(equation: str, shapes: tuple[Shape, ...], tmp_path: Path) -> None:
    """Einsum is ONNX's."""
    codes = ",".join(str(ord(letter)) for letter in equation)
    inputs = made(shapes)
    _, tops = computed(Row(f"Einsum -23300={len(equation)},{codes}", shapes), inputs, tmp_path)
    for sample in range(2):
        expected = one_output("Einsum", *(values[sample] for values in inputs), equation=equation)
        assert_close(expected, tops[0][sample])


@pytest.mark.parametrize("equation", ["ij,jl->il", "ik->ij", "ij,->ij", "ij->", "ij", "ijmno->ij", "iy->i", "ji->ji"])
def test_einsum_refuses_what_the_engine_refuses(equation: str, tmp_path: Path) -> None:
    """Results other than i, ij, ijk and ijkl, letters from nowhere and more than four letters end the loading."""
    codes = ",".join(str(ord(letter)) for letter in equation)
    with pytest.raises(GraphError):
        Row(f"Einsum -23300={len(equation)},{codes}", ((3, 4), (4, 5))).model(tmp_path, SEED)


@pytest.mark.parametrize("interleaved", [0, 1])
def test_rotary_embedding(interleaved: int, tmp_path: Path) -> None:
    """RotaryEmbed is ONNX's RotaryEmbedding with an angle per row and pair."""
    shapes = ((4, 5, 8), (5, 4), (5, 4))
    inputs = made(shapes)
    _, tops = computed(Row(f"RotaryEmbed 0={interleaved}", shapes), inputs, tmp_path)
    assert_close(reference("RotaryEmbedding", [*inputs], interleaved=interleaved)[0], tops[0])


@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("masked", [0, 1])
def test_sdpa(groups: int, masked: int, tmp_path: Path) -> None:
    """SDPA is ONNX's Attention, heads that share keys included."""
    shapes: tuple[Shape, ...] = ((6, 5, 8), (groups, 7, 8), (groups, 7, 4), (6, 5, 7))[: 3 + masked]
    inputs = made(shapes)
    _, tops = computed(Row(f"SDPA 5={masked} 6=0.3", shapes), inputs, tmp_path)
    assert_close(reference("Attention", [*inputs], scale=0.3)[0], tops[0])


def test_sdpa_with_a_cache(tmp_path: Path) -> None:
    """Past keys and values stand in front, as in ONNX's Attention, and all of them are tops."""
    shapes = ((4, 2, 8), (2, 2, 8), (2, 2, 6), (2, 3, 8), (2, 3, 6))
    inputs = made(shapes)
    _, tops = computed(Row("SDPA 7=1", shapes, tops=3), inputs, tmp_path)
    expected = reference("Attention", [*inputs[:3], None, *inputs[3:]], 3)
    for wanted, found in zip(expected, tops, strict=True):
        assert_close(wanted, found)


def test_multi_head_attention(tmp_path: Path) -> None:
    """MultiHeadAttention is ONNX's Attention between affine maps."""
    shapes = ((7, 9), (4, 5), (4, 6))
    inputs = made(shapes)
    model, tops = computed(Row("MultiHeadAttention 0=12 1=3 2=108 3=5 4=6", shapes), inputs, tmp_path)
    weight = model.weights.tensors[-1]
    mapped = [values @ weight[f"{n}_weight"].T + weight[f"{n}_bias"] for n, values in zip("qkv", inputs, strict=True)]
    found = reference("Attention", [*mapped], q_num_heads=3, kv_num_heads=3)[0]
    assert_close(found @ weight["out_weight"].T + weight["out_bias"], tops[0])


@pytest.mark.parametrize("bits", [4, 6, 8])
@pytest.mark.parametrize("terms", [1, 31, 32, 33, 100])
def test_codes_of_few_bits_are_unpacked(bits: int, terms: int) -> None:
    """A row's codes lie behind each other in its bytes, lowest bits first; a weight is a code over its block's scale."""
    rng = np.random.default_rng(SEED)
    codes = rng.integers(-(1 << bits - 1), 1 << bits - 1, (5, terms))
    places = (codes[..., None] >> np.arange(bits)) & 1
    packed = np.packbits(places.reshape(5, -1).astype(np.uint8), axis=1, bitorder="little").view(np.int8)
    blocks = blocks_of(100 * bits)
    assert blocks is not None
    scales = rng.uniform(1, 2, (5, -(-terms // 32))).astype(np.float32)
    expected = codes / np.repeat(scales, 32, 1)[:, :terms]
    assert_close(expected.astype(np.float32), blocks.unpacked(packed.astype(np.float32), scales, terms))


@pytest.mark.parametrize("term", [4, 5, 6, 403, 420, 500, 700, 813, 900])
def test_terms_that_the_engine_refuses(term: int) -> None:
    """Terms of block quantisation that do not exist are refused, as by the engine."""
    with pytest.raises(GraphError, match="quantize_term"):
        blocks_of(term)


def test_gemm_of_constants_reads_its_addend() -> None:
    """With A and B constant, C must be an input or constant as well: the engine does not load a Gemm of nothing."""
    layer = find("Gemm")
    assert layer is not None
    constants: dict[int, int | float] = {4: 1, 5: 1, 7: 4, 8: 6, 9: 5}
    assert ((4, 6),) == layer.shapes(Params(layer.params, constants | {6: 1, 10: -1}), ())
    with pytest.raises(GraphError, match="no input"):
        layer.shapes(Params(layer.params, constants), ())


def test_int8_gemm_is_the_product_of_codes(tmp_path: Path) -> None:
    """Rows of A and all of B are quantised by their largest magnitudes, and the codes' product is exact."""
    shapes = ((4, 300), (300, 5))
    inputs = made(shapes)
    _, tops = computed(Row("Gemm 18=2", shapes), inputs, tmp_path)
    a, b = (values.astype(np.float64) for values in inputs)
    scales = 127 / np.abs(a).max(2, keepdims=True), 127 / np.abs(b).max((1, 2), keepdims=True)
    codes = [int8.quantise(values, scale.astype(np.float32)) for values, scale in zip(inputs, scales, strict=True)]
    expected = np.matmul(codes[0].astype(np.int64), codes[1].astype(np.int64)) / (scales[0] * scales[1])
    assert_close(expected.astype(np.float32), tops[0])


def _ready(kind: str, written: dict[int, int | float], inputs: list[FloatArray], tops: int = 1) -> list[Any]:
    """The tops of a layer with random weights, of the shapes it promises, and those weights."""
    layer, rng = find(kind), np.random.default_rng(SEED)
    assert layer is not None
    params = Params(layer.params, written, tops, len(inputs))
    weights: dict[str, FloatArray] = {}
    for weight in layer.weights(params):
        whole = weight.role in {"int8", "bytes"}
        values = rng.integers(-99, 99, weight.shape) if whole else rng.random(weight.shape)
        weights[weight.name] = np.asarray(values, np.float32)
    found = layer.forward(params, layer.prepare(params, weights), tuple(inputs))
    assert layer.shapes(params, tuple(values.shape[1:] for values in inputs)) == tuple(top.shape[1:] for top in found)
    assert layer.macs(params, tuple(values.shape[1:] for values in inputs), tuple(top.shape[1:] for top in found)) > 0
    return [*found, weights]


@settings(max_examples=150, deadline=None)
@given(data=st.data(), sizes=st.tuples(EXTENT, EXTENT, EXTENT), flags=st.tuples(*[FLAG] * 5))
def test_gemm_of_any_parameters(data: st.DataObject, sizes: tuple[int, int, int], flags: tuple[int, ...]) -> None:
    """Whatever is constant, transposed and spread: alpha times A times B plus beta times C."""
    (rows, columns, terms), (trans_a, trans_b, constant_a, constant_b, transposed) = sizes, flags
    addend: Shape | None = data.draw(st.sampled_from([None, (1, 1), (rows, 1), (rows, columns), (1, columns)]))
    rng = np.random.default_rng(SEED)
    written: dict[int, int | float] = {0: 0.5, 1: 3.0, 2: trans_a, 3: trans_b, 4: constant_a, 5: constant_b}
    written |= {7: rows, 8: columns, 9: terms, 14: transposed, 11: data.draw(FLAG)}
    shapes: dict[str, Shape] = {
        "A": (terms, rows) if trans_a else (rows, terms),
        "B": (columns, terms) if trans_b else (terms, columns),
    }
    given_names = [name for name, constant in (("A", constant_a), ("B", constant_b)) if not constant]
    if addend is not None or not given_names:
        shapes["C"] = addend or (1, 1)
        given_names.append("C")
    inputs = [rng.random((2, *shapes[name])).astype(np.float32) for name in given_names]
    top, weights = _ready("Gemm", written, inputs)
    operands = dict(zip(given_names, inputs, strict=True)) | {name: values[None] for name, values in weights.items()}
    a, b = (
        operands[name].swapaxes(1, 2) if flag else operands[name] for name, flag in (("A", trans_a), ("B", trans_b))
    )
    expected = 0.5 * (a.astype(np.float64) @ b + 3 * operands.get("C", np.zeros((1, 1, 1))))
    found = top[:, :, 0] if top.ndim == 4 else top
    assert_close(expected.astype(np.float32), found.swapaxes(1, 2) if transposed else found)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), queries=EXTENT, keys=EXTENT, past=st.integers(0, 3), term=st.sampled_from([0, 2, 400, 610, 812]))
def test_attention_of_any_parameters(data: st.DataObject, queries: int, keys: int, past: int, term: int) -> None:
    """Whatever inputs, masks, caches and codes: finite tops of the promised shapes."""
    sources, masked, cached = data.draw(st.integers(1, 3)), data.draw(FLAG), data.draw(FLAG)
    keys = queries if sources == 1 else keys
    every = (past + keys if sources == 1 else past or keys) if cached else keys
    shapes: list[Shape] = [(queries, 6), *[(keys, 6)] * (sources - 1)]
    shapes += [data.draw(st.sampled_from([(queries, every), (2, queries, every)]))] * masked
    shapes += [(2, past, 2) if past else (0,)] * 2 * cached
    rng = np.random.default_rng(SEED)
    inputs = [rng.standard_normal((2, *shape)).astype(np.float32) for shape in shapes]
    written: dict[int, int | float] = {0: 4, 1: 2, 2: 24, 3: 6, 4: 6, 5: masked, 7: cached, 18: term}
    *tops, _ = _ready("MultiHeadAttention", written, inputs, 3 if cached else 1)
    assert all(np.isfinite(top).all() for top in tops)
