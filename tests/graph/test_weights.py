"""Weights out of a `.bin`: every storage tag, every message, and the engine as witness."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskctl.errors import GraphError, InputError, WeightsError
from maskctl.graph import model
from maskctl.graph.network import build
from maskctl.graph.operators import Operator, operator
from maskctl.graph.weights import LoadedWeights, load, made_up, read, write_to
from tests.builders import (
    TAG_FP16,
    TAG_FP32,
    TAG_FP32_PLAIN,
    TAG_INT8,
    document_of,
    floats,
    halves,
    operators_of,
    param_text,
    tagged,
)

INPUT = "Input data 0 1 data 0=3"
ODD = operators_of(INPUT, "InnerProduct fc 1 1 data out 0=1 1=1 2=3")
EVEN = operators_of(INPUT, "InnerProduct fc 1 1 data out 0=2 1=0 2=6")
FC = "#1 'fc' (InnerProduct)"
TABLE = floats(*(index / 8 - 16 for index in range(256)))
BIAS = floats(7.0)


def _read(data: bytes, ops: tuple[Operator, ...] = ODD) -> LoadedWeights:
    return read(np.frombuffer(data, np.uint8), ops, "net.bin")


@pytest.mark.parametrize(
    ("stored", "values"),
    [
        pytest.param(
            tagged(TAG_FP32_PLAIN, floats(1, -0.1, 3e38)), [1, np.float32(-0.1), np.float32(3e38)], id="fp32, tag 0"
        ),
        pytest.param(
            tagged(TAG_FP32, floats(1, -0.1, 1e-45)), [1, np.float32(-0.1), np.float32(1e-45)], id="fp32, its tag"
        ),
        pytest.param(tagged(TAG_FP16, halves(1, -65504, 2**-24)), [1, -65504, 2**-24], id="fp16, padded"),
        pytest.param(tagged(TAG_FP16, halves(0.5, 2, -0.0), b"\x83\x22"), [0.5, 2, -0.0], id="fp16, padding of pnnx"),
        pytest.param(tagged(TAG_FP16, halves(0.5, 2, 3), b"\xff\x7f"), [0.5, 2, 3], id="fp16, padding is NaN"),
        pytest.param(tagged(0x00000100, TABLE + b"\x00\xff\x80" + b"\x07"), [-16, 15.875, 0], id="table"),
        pytest.param(
            tagged(0xFFFFFFFF, TABLE + b"\x81\x81\x01" + b"\0"), [0.125, 0.125, -15.875], id="table, other tag"
        ),
    ],
)
def test_tags(stored: bytes, values: list[float]) -> None:
    """Each storage tag gives the values it stands for, and the bias behind it is found."""
    found = _read(stored + BIAS)
    weight, bias = found.tensors[1]["weight"], found.tensors[1]["bias"]
    assert np.array([values], np.float32).tobytes() == weight.tobytes()
    assert ((1, 3), np.dtype(np.float32), [7.0]) == (weight.shape, weight.dtype, bias.tolist())
    assert (0, len(stored) + 4) == found.bytes_on_disk


def test_int8_weights() -> None:
    """An int8 tensor is padded to four bytes, keeps its integers, and the scales behind the bias are found."""
    graph = build(document_of(INPUT, "InnerProduct fc 1 1 data out 0=1 1=1 2=3 8=1"))
    ops = tuple(filter(None, (operator(graph, layer) for layer in graph.layers)))
    found = _read(tagged(TAG_INT8, b"\x80\x7f\xff") + BIAS + floats(0.5, 0.25), ops).tensors[1]
    assert [[[-128, 127, -1]], [7], [0.5], [0.25]] == [values.tolist() for values in found.values()]


def test_even_count_has_no_padding() -> None:
    """An even number of fp16 values ends where the next layer begins; rows are outputs."""
    found = _read(tagged(TAG_FP16, halves(1, 2, 3, 4, 5, 6)), EVEN)
    assert [[1, 2, 3], [4, 5, 6]] == found.tensors[1]["weight"].tolist()
    assert (0, 16) == found.bytes_on_disk


def test_layers_in_file_order() -> None:
    """Two layers read one behind the other, each with its own tag, from one flat tensor each."""
    ops = operators_of(
        "Input data 0 1 data",
        "Convolution c 1 1 data a 0=2 1=1 11=2 5=1 6=4",
        "Dropout d 1 1 a b",
        "InnerProduct i 1 1 b e 0=1 2=2",
    )
    found = _read(tagged(TAG_FP32_PLAIN, floats(1, 2, 3, 4)) + floats(5, 6) + tagged(TAG_FP16, halves(7, 8)), ops)
    assert [[[[1], [2]]], [[[3], [4]]]] == found.tensors[1]["weight"].tolist()
    assert [5, 6] == found.tensors[1]["bias"].tolist()
    assert [[7, 8]] == found.tensors[3]["weight"].tolist()
    assert ((0, 28, 0, 8), [set(), {"weight", "bias"}, set(), {"weight"}]) == (
        found.bytes_on_disk,
        [set(tensors) for tensors in found.tensors],
    )


CUT = "The file was cut short, belongs to another .param, or a layer's type or parameters were changed."
FINITE = "Expected finite numbers; export the model again."
WEIGHT, BIAS_OF = f"net.bin: {FC}, weight of 1x3:", f"net.bin: {FC}, bias of 1:"
LEFT_OVER = "This .bin belongs to another .param, or a layer's type or parameters were changed."


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", f"{WEIGHT} wants 4 bytes (its storage tag) at offset 0, found 0. {CUT}"),
        (b"\0\0\0", f"{WEIGHT} wants 4 bytes (its storage tag) at offset 0, found 3. {CUT}"),
        (tagged(0, floats(1, 2)), f"{WEIGHT} wants 12 bytes (3 x fp32) at offset 4, found 8. {CUT}"),
        (tagged(TAG_FP32, b""), f"{WEIGHT} wants 12 bytes (3 x fp32) at offset 4, found 0. {CUT}"),
        (struct.pack("<I3e", TAG_FP16, 1, 2, 3), f"{WEIGHT} wants 8 bytes (3 x fp16) at offset 4, found 6. {CUT}"),
        (
            tagged(TAG_INT8, b"\1\2\3") + BIAS,
            (
                f"{WEIGHT} is stored as int8, and the layer has no int8_scale_term (8=). "
                f"The engine would read it as fp32 and crash. {LEFT_OVER}"
            ),
        ),
        (
            tagged(0x0A0B0C0D, TABLE[:-1], b"\0"),
            f"{WEIGHT} wants 4 bytes (3 x 8-bit index) at offset 1,028, found 0. {CUT}",
        ),
        (
            tagged(0x3F800000, floats(1, 2, 3)),
            f"{WEIGHT} wants 1,024 bytes (a table of 256 fp32 (tag 0x3f800000)) at offset 4, found 12. {CUT}",
        ),
        (tagged(0, floats(1, 2, 3)), f"{BIAS_OF} wants 4 bytes (1 x fp32) at offset 16, found 0. {CUT}"),
        (
            tagged(0, floats(1, 2, 3)) + BIAS + b"\0" * 2000,
            f"net.bin: the file has 2,020 bytes and the layers of the .param use 20: 2,000 are left over. {LEFT_OVER}",
        ),
        (
            tagged(0, floats(1, 2, 3)) + BIAS + b"\0",
            f"net.bin: the file has 21 bytes and the layers of the .param use 20: 1 are left over. {LEFT_OVER}",
        ),
        (tagged(0, floats(1, float("nan"), 3)) + BIAS, f"{WEIGHT} element 1 is nan. {FINITE}"),
        (tagged(TAG_FP16, halves(1, 2, float("-inf"))) + BIAS, f"{WEIGHT} element 2 is -inf. {FINITE}"),
        (tagged(9, floats(float("inf")) * 256 + b"\0\0\0") + BIAS, f"{WEIGHT} element 0 is inf. {FINITE}"),
        (tagged(0, floats(1, 2, 3)) + floats(float("nan")), f"{BIAS_OF} element 0 is nan. {FINITE}"),
    ],
)
def test_refused(data: bytes, message: str) -> None:
    """A file too short, too long or not finite is refused with layer, tensor, what was wanted, and where."""
    with pytest.raises(WeightsError) as caught:
        _read(data)
    assert message == str(caught.value)


def test_layers_without_weights_take_no_bytes() -> None:
    """A network without weights has an empty file, and refuses any other."""
    ops = operators_of(INPUT, "Dropout d 1 1 data out")
    assert (0, 0) == _read(b"", ops).bytes_on_disk
    with pytest.raises(WeightsError) as caught:
        _read(b"abcd", ops)
    problem = "the file has 4 bytes and the layers of the .param use 0: 4 are left over."
    assert f"net.bin: {problem} {LEFT_OVER}" == str(caught.value)


def test_huge_claims_allocate_nothing() -> None:
    """A layer that claims two thousand million weights is refused by the length of the file."""
    ops = operators_of(INPUT, "InnerProduct fc 1 1 data out 0=1 1=1 2=2147483647")
    with pytest.raises(WeightsError) as caught:
        _read(tagged(0, floats(1, 2, 3)), ops)
    wants = "wants 8,589,934,588 bytes (2,147,483,647 x fp32) at offset 4, found 12."
    assert f"net.bin: {FC}, weight of 1x2147483647: {wants} {CUT}" == str(caught.value)


TAGS = st.sampled_from([0, TAG_FP16, TAG_INT8, TAG_FP32, 1, 0x3F800000])
NEAR_BIN = st.tuples(TAGS, st.binary(max_size=40), st.sampled_from([b"", TABLE])).map(
    lambda parts: struct.pack("<I", parts[0]) + parts[2] + parts[1]
)


@given(st.binary(max_size=80) | NEAR_BIN)
@settings(deadline=None, max_examples=300)
def test_any_bytes(data: bytes) -> None:
    """Any bytes are finite weights that use up the file, or a WeightsError."""
    try:
        found = _read(data)
    except WeightsError:
        return
    assert len(data) == sum(found.bytes_on_disk)
    assert all(np.isfinite(values).all() for tensors in found.tensors for values in tensors.values())


def test_load(tmp_path: Path) -> None:
    """A file is loaded as its bytes are read."""
    path = tmp_path / "net.bin"
    path.write_bytes(tagged(TAG_FP16, halves(1, 2, 3)) + BIAS)
    assert [[1, 2, 3]] == load(path, ODD).tensors[1]["weight"].tolist()


@pytest.mark.parametrize(("name", "reason"), [("missing.bin", "No such file or directory"), ("", "Is a directory")])
def test_load_unreadable(tmp_path: Path, name: str, reason: str) -> None:
    """A `.bin` that cannot be read is an InputError that says why and names the option."""
    path = tmp_path / name
    with pytest.raises(InputError) as caught:
        load(path, ODD)
    assert f"{path}: cannot read the weights: {reason}. Give the .bin with --bin." == str(caught.value)


def test_model(tmp_path: Path) -> None:
    """A model is loaded from a `.param` and the `.bin` beside it, and takes other masks without reading again."""
    param = tmp_path / "net.param"
    param.write_bytes(param_text(INPUT, "InnerProduct fc 1 1 data out 0=1 1=1 2=3"))
    param.with_suffix(".bin").write_bytes(tagged(TAG_FP16, halves(1, 2, 3)) + BIAS)
    found = model.load(param)
    masked = found.with_masks({1: 65})
    assert (0, 16) == found.weights.bytes_on_disk
    assert (0, 65) == (found.graph.layers[1].mask, masked.graph.layers[1].mask)
    assert 65 == masked.operators[1].layer.mask
    assert found.weights is masked.weights


def test_model_with_counts_that_lie(tmp_path: Path) -> None:
    """A model whose counts lie is refused as the engine's newest loader refuses it."""
    param = tmp_path / "net.param"
    param.write_bytes(param_text(INPUT, "Dropout d 1 1 data out", blob_count=1))
    with pytest.raises(GraphError) as caught:
        model.load(param)
    assert str(caught.value).startswith(f"{param}:2: the file says 1 blobs and has 2. ")


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(tagged(TAG_FP32_PLAIN, floats(1.5, -2, 0.1)), id="fp32, tag 0"),
        pytest.param(tagged(TAG_FP32, floats(1.5, -2, 0.1)), id="fp32, its tag"),
        pytest.param(tagged(TAG_FP16, halves(1.5, -2, 2**-24), b"\x83\x22"), id="fp16"),
        pytest.param(tagged(0x00000100, TABLE + b"\x00\xff\x80" + b"\x07"), id="table"),
    ],
)
def test_as_the_engine_reads_them(tmp_path: Path, stored: bytes) -> None:
    """The engine itself reads the same values: a layer of one input, fed 1, shows its weights as outputs."""
    ncnn = pytest.importorskip("ncnn", reason="the ncnn wheel is not installed")
    layers = ("Input data 0 1 data 0=1", "InnerProduct fc 1 1 data out 0=3 1=1 2=3")
    bias = floats(0, 0, 1024)
    (tmp_path / "net.param").write_bytes(param_text(*layers))
    (tmp_path / "net.bin").write_bytes(stored + bias)
    net = ncnn.Net()
    net.opt.use_fp16_storage = net.opt.use_fp16_packed = net.opt.use_fp16_arithmetic = False
    assert 0 == net.load_param(os.fspath(tmp_path / "net.param"))
    assert 0 == net.load_model(os.fspath(tmp_path / "net.bin"))
    extractor = net.create_extractor()
    extractor.input("data", ncnn.Mat(np.ones(1, np.float32)).clone())
    code, out = extractor.extract("out")
    tensors = _read(stored + bias, operators_of(*layers)).tensors[1]
    assert 0 == code
    assert np.array(out).tolist() == (tensors["weight"][:, 0] + tensors["bias"]).tolist()


@pytest.mark.parametrize(
    "line",
    [
        "Convolution l 1 1 data out 0=3 1=1 5=1 6=9",
        "Convolution l 1 1 data out 0=3 1=1 5=1 6=9 8=2",
        "InnerProduct l 1 1 data out 0=3 1=1 2=9 8=1",
        "BatchNorm l 1 1 data out 0=3",
        "LSTM l 1 1 data out 0=2 1=48 2=0",
    ],
)
def test_what_is_written_is_read(line: str) -> None:
    """Weights that are written come back to the bit, codes of int8 layers stored as int8."""
    ops = operators_of(INPUT, line)
    tensors = made_up(ops, 1).tensors
    before = {name: tensors[1][name] for name in tensors[1]}
    file = io.BytesIO()
    write_to(file, ops, [{}, before])
    found = _read(file.getvalue(), ops)
    assert {name: values.tobytes() for name, values in before.items()} == {
        name: values.tobytes() for name, values in found.tensors[1].items()
    }
    assert made_up(ops, 1).bytes_on_disk == found.bytes_on_disk


def test_fractions_of_an_int8_layer_are_written_as_floats() -> None:
    """Weights of an int8 layer that are no codes keep their fractions."""
    ops = operators_of(INPUT, "InnerProduct l 1 1 data out 0=1 2=3 8=1")
    given = {name: np.full(shape, 0.5, np.float32) for name, shape in (("weight", (1, 3)), ("weight_scales", 1))}
    file = io.BytesIO()
    write_to(file, ops, [{}, {**given, "bottom_scale": np.ones(1, np.float32)}])
    assert [[0.5, 0.5, 0.5]] == _read(file.getvalue(), ops).tensors[1]["weight"].tolist()
