"""The elementwise layers against the reference evaluator of ONNX."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskctl.errors import ExecutionError
from maskctl.executor.run import run
from maskctl.layers import Params, find
from maskctl.layers.base import Array, Value
from maskctl.layers.binaryop import NAMES as BINARY
from maskctl.layers.unaryop import NAMES as UNARY
from maskctl.numeric.formats import FloatArray, same_bits
from tests.layers.row import Row
from tests.layers.test_against_onnx import SEED, assert_close, reference

SHAPE = (2, 3, 5, 7)


def values(shape: tuple[int, ...] = SHAPE, low: float = -6, high: float = 6, seed: int = SEED) -> FloatArray:
    """Uniform values, two samples of them."""
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def number(value: float) -> FloatArray:
    """One number as a tensor without axes."""
    return np.array(value, np.float32)


def ours(folder: Path, words: str, *inputs: FloatArray) -> FloatArray:
    """What maskctl makes of one layer."""
    row = Row(words, tuple(given.shape[1:] for given in inputs))
    return run(row.model(folder, SEED), {f"in{index}": given for index, given in enumerate(inputs)})["out0"]


@pytest.mark.parametrize(
    ("words", "operator", "attributes"),
    [
        ("ReLU", "Relu", {}),
        ("ReLU 0=0.1", "LeakyRelu", {"alpha": 0.1}),
        ("Sigmoid", "Sigmoid", {}),
        ("TanH", "Tanh", {}),
        ("Erf", "Erf", {}),
        ("AbsVal", "Abs", {}),
        ("BNLL", "Softplus", {}),
        ("Softplus", "Softplus", {}),
        ("Mish", "Mish", {}),
        ("ELU 0=0.75", "Elu", {"alpha": 0.75}),
        ("CELU 0=1.5", "Celu", {"alpha": 1.5}),
        ("SELU", "Selu", {}),
        ("HardSigmoid", "HardSigmoid", {}),
        ("HardSigmoid 0=0.3 1=0.25", "HardSigmoid", {"alpha": 0.3, "beta": 0.25}),
        ("HardSwish 0=0.16666667", "HardSwish", {}),
        ("Shrink", "Shrink", {}),
        ("Shrink 0=0.25 1=1.5", "Shrink", {"bias": 0.25, "lambd": 1.5}),
        ("Exp", "Exp", {}),
        ("Dropout", "Identity", {}),
    ],
)
def test_activations(words: str, operator: str, attributes: dict[str, Any], tmp_path: Path) -> None:
    """Each layer is the ONNX operator of its name, with ncnn's defaults made explicit where they differ."""
    given = values()
    assert_close(reference(operator, given, **attributes), ours(tmp_path, words, given))


def test_clip(tmp_path: Path) -> None:
    """Clip is ONNX's to the bit."""
    given = values()
    expected = reference("Clip", given, number(-1), number(2.5))
    assert same_bits(expected, ours(tmp_path, "Clip 0=-1.0 1=2.5", given)).all()


def test_threshold(tmp_path: Path) -> None:
    """Threshold is ONNX's Greater as numbers."""
    given = values()
    assert_close(reference("Greater", given, number(0.5)), ours(tmp_path, "Threshold 0=0.5", given))


def test_swish(tmp_path: Path) -> None:
    """Swish is x times ONNX's Sigmoid."""
    given = values()
    assert_close(reference("Mul", given, reference("Sigmoid", given)), ours(tmp_path, "Swish", given))


def test_gelu(tmp_path: Path) -> None:
    """The exact GELU is x times the normal distribution's integral, made of ONNX's Erf."""
    given = values()
    integral = (1 + reference("Erf", (given / np.sqrt(2)).astype(np.float32))) / 2
    assert_close((given * integral).astype(np.float32), ours(tmp_path, "GELU", given))


def test_fast_gelu(tmp_path: Path) -> None:
    """The fast GELU is the formula with ONNX's Tanh."""
    given = values()
    inner = np.sqrt(2 / np.pi) * (given + 0.044715 * given.astype(np.float64) ** 3)
    expected = given * (1 + reference("Tanh", inner.astype(np.float32))) / 2
    assert_close(expected.astype(np.float32), ours(tmp_path, "GELU 0=1", given))


@pytest.mark.parametrize(("power", "scale", "shift"), [(2.0, 1.0, 0.0), (0.5, 2.0, 1.0), (-1.5, 0.25, 0.125)])
def test_power(power: float, scale: float, shift: float, tmp_path: Path) -> None:
    """Power is ONNX's Pow of the scaled and shifted input."""
    given = values(low=0.01)
    expected = reference("Pow", given * np.float32(scale) + np.float32(shift), number(power))
    assert_close(expected, ours(tmp_path, f"Power 0={power} 1={scale} 2={shift}", given))


def test_exp_of_a_base(tmp_path: Path) -> None:
    """Exp with a base is ONNX's Pow of that base."""
    given = values()
    expected = reference("Pow", np.full(SHAPE, 3, np.float32), given * np.float32(0.5) - np.float32(1))
    assert_close(expected, ours(tmp_path, "Exp 0=3.0 1=0.5 2=-1.0", given))


def test_log_to_a_base(tmp_path: Path) -> None:
    """Log with a base is ONNX's Log over that of the base."""
    given = values(low=0.01)
    expected = reference("Log", given * np.float32(2) + np.float32(1)) / np.float32(np.log(10))
    assert_close(expected, ours(tmp_path, "Log 0=10.0 1=2.0 2=1.0", given))


@pytest.mark.parametrize(
    ("name", "operator", "low", "high"),
    [
        *((name, name.capitalize(), -6.0, 6.0) for name in ("abs", "neg", "floor", "ceil", "round", "sign")),
        *((name, name.capitalize(), -6.0, 6.0) for name in ("exp", "sin", "cos", "atan", "tanh", "sinh", "cosh")),
        *((name, name.capitalize(), -1.0, 1.0) for name in ("tan", "asin", "acos", "atanh")),
        *((name, name.capitalize(), 1.0, 9.0) for name in ("sqrt", "log", "reciprocal", "acosh", "asinh")),
    ],
)
def test_unary_op(name: str, operator: str, low: float, high: float, tmp_path: Path) -> None:
    """Each number of UnaryOp is the ONNX operator of the name the list gives it."""
    given = values(low=low, high=high)
    assert_close(reference(operator, given), ours(tmp_path, f"UnaryOp 0={UNARY.index(name)}", given))


@pytest.mark.parametrize("name", ["round", "trunc"])
def test_halves(name: str, tmp_path: Path) -> None:
    """Rounding takes halves to the even neighbour, as ONNX's Round does; truncation goes towards 0."""
    given = np.arange(-12, 12, dtype=np.float32).reshape(2, 12) / np.float32(2)
    expected = reference("Round", given) if name == "round" else np.trunc(given)
    assert same_bits(expected, ours(tmp_path, f"UnaryOp 0={UNARY.index(name)}", given)).all()


@pytest.mark.parametrize(
    ("name", "operator", "attributes"),
    [
        *((name, name.capitalize(), {}) for name in ("add", "sub", "mul", "div", "max", "min", "pow")),
        ("fmod", "Mod", {"fmod": 1}),
    ],
)
def test_binary_op(name: str, operator: str, attributes: dict[str, Any], tmp_path: Path) -> None:
    """Each number of BinaryOp is the ONNX operator of the name the list gives it."""
    left, right = values(low=0.1), values(low=0.5, high=3, seed=SEED + 1)
    expected = reference(operator, left, right, **attributes)
    assert_close(expected, ours(tmp_path, f"BinaryOp 0={BINARY.index(name)}", left, right))


@pytest.mark.parametrize(("name", "operator"), [("rsub", "Sub"), ("rdiv", "Div"), ("rpow", "Pow")])
def test_reversed_binary_op(name: str, operator: str, tmp_path: Path) -> None:
    """An r in front swaps the operands, with a number as well."""
    left, right = values(low=0.5, high=3), values(low=0.5, high=3, seed=SEED + 1)
    words = f"BinaryOp 0={BINARY.index(name)}"
    assert_close(reference(operator, right, left), ours(tmp_path, words, left, right))
    expected = reference(operator, number(1.5), left)
    assert_close(expected, ours(tmp_path / "number", f"{words} 1=1 2=1.5", left))


def test_remainder(tmp_path: Path) -> None:
    """The remainder is C's, exact for every quotient, however large, and even where it lies half way."""
    left = np.concatenate([values((1, 400), -1e4, 1e4), np.arange(-200, 200, dtype=np.float32)[None] / 2])
    right = np.concatenate([values((1, 400), -1e-3, 9.0, SEED + 1), np.full((1, 400), 1.0, np.float32)])
    expected = [math.remainder(float(a), float(b)) for a, b in zip(left.ravel(), right.ravel(), strict=True)]
    found = ours(tmp_path, f"BinaryOp 0={BINARY.index('remainder')}", left, right)
    assert same_bits(np.array(expected, np.float32).reshape(2, 400), found).all()


@pytest.mark.parametrize(
    ("left", "right", "there"),
    [
        ((5, 3, 6), (5,), (5, 1, 1)),
        ((5, 3, 6), (6,), (1, 1, 6)),
        ((5, 3, 6), (5, 3), (5, 3, 1)),
        ((4, 4), (4,), (4, 1)),
        ((5, 4), (4,), (1, 4)),
        ((5, 2, 4, 3), (5, 2), (5, 2, 1, 1)),
        ((5, 2, 4, 3), (3,), (1, 1, 1, 3)),
        ((5, 1, 6), (1, 3, 1), (1, 3, 1)),
    ],
)
def test_broadcasting(left: tuple[int, ...], right: tuple[int, ...], there: tuple[int, ...], tmp_path: Path) -> None:
    """Blobs of lower rank lie along the outer axes, as ONNX's do when reshaped so."""
    first, second = values((2, *left)), values((2, *right), seed=SEED + 1)
    expected = reference("Sub", first, second.reshape(2, *there))
    assert same_bits(expected, ours(tmp_path, "BinaryOp 0=1", first, second)).all()
    assert same_bits(-expected, ours(tmp_path / "swapped", "BinaryOp 0=1", second, first)).all()


@pytest.mark.parametrize(("op_type", "operator"), [(1, "Sum"), (2, "Max")])
@pytest.mark.parametrize("count", [2, 3, 4])
def test_eltwise(op_type: int, operator: str, count: int, tmp_path: Path) -> None:
    """Sums and maxima of several blobs are ONNX's, which take several as well."""
    given = [values(seed=SEED + turn) for turn in range(count)]
    assert_close(reference(operator, *given), ours(tmp_path, f"Eltwise 0={op_type}", *given))


def test_eltwise_product_and_factors(tmp_path: Path) -> None:
    """Products are ONNX's Mul one after another; factors are Muls before the Sum."""
    given = [values(seed=SEED + turn) for turn in range(3)]
    product = reference("Mul", reference("Mul", given[0], given[1]), given[2])
    assert_close(product, ours(tmp_path, "Eltwise 0=0", *given))
    scaled = [reference("Mul", one, number(factor)) for one, factor in zip(given, (0.5, -2, 3), strict=True)]
    found = ours(tmp_path / "factors", "Eltwise 0=1 -23301=3,0.5,-2.0,3.0", *given)
    assert_close(reference("Sum", *scaled), found)


def forward(name: str, written: dict[int, Value], given: Array) -> Array:
    """The top of a layer type, without an engine's types around it."""
    kind = find(name)
    assert kind is not None
    return kind.forward(Params(kind.params, written), {}, (given,))[0]


def test_relu_of_codes() -> None:
    """ReLU cuts int8 codes off at 0; with a slope the engine leaves them as they are."""
    given = np.arange(-128, 128, dtype=np.int8).reshape(1, 4, 8, 8)
    found = forward("ReLU", {}, given)
    assert np.int8 == found.dtype
    assert np.array_equal(reference("Relu", given.astype(np.float32)), found)
    assert np.array_equal(given, forward("ReLU", {0: 0.1}, given))


def test_codes_are_no_floats() -> None:
    """A layer that computes with floats refuses int8 codes and says what to do."""
    with pytest.raises(ExecutionError, match="Dequantize"):
        forward("Swish", {}, np.zeros((1, 3, 4), np.int8))


def test_integers_are_taken_by_their_bits() -> None:
    """What is kept as 32-bit integers is read as the floats of the same bits."""
    given = np.array([[1.5, -2.0, 0.0]], np.float32)
    assert np.array_equal(np.abs(given), forward("AbsVal", {}, given.view(np.int32)))


@pytest.mark.parametrize(
    "name", ["ReLU", "Clip", "Swish", "GELU", "HardSwish", "ELU", "Softplus", "Threshold", "UnaryOp"]
)
def test_inputs_are_left_and_memory_order_kept(name: str) -> None:
    """A map with its channels innermost gives one like it, and is left as it was."""
    given = values((2, 5, 7, 3)).transpose(0, 3, 1, 2)
    before = given.copy()
    found = forward(name, {}, given)
    assert given.strides == found.strides
    assert np.array_equal(before, given)
    assert np.array_equal(found, forward(name, {}, np.ascontiguousarray(given)))
