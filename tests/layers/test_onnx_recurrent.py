"""RNN, LSTM, GRU, Embed, Quantize and Dequantize against ONNX's reference evaluator.

ONNX sorts the gates of LSTM as input, output, forget, cell and those of GRU as update, reset, new, gives input and state
a bias each, and rounds halves to even.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from maskctl.executor.run import run
from maskctl.graph.model import Model
from maskctl.numeric.formats import FloatArray
from tests.layers.row import Row
from tests.layers.test_against_onnx import SEED, assert_close

pytest.importorskip("onnx", reason="onnx is not installed")

STEPS, FEATURES, UNITS = 5, 6, 4
GATES = {"RNN": ([0], [0]), "LSTM": ([0, 2, 1, 3], [0, 2, 1, 3]), "GRU": ([1, 0, 2], [1, 0, 2])}
"""For each gate of ONNX the place of its weights and of its bias in ncnn."""


def evaluated(operator: str, inputs: list[npt.NDArray[Any]], outputs: int = 1, **attributes: Any) -> list[Any]:
    """What ONNX's evaluator makes of one operator with inputs of any type."""
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    names = [f"i{number}" for number in range(len(inputs))]
    tops = [f"o{number}" for number in range(outputs)]
    node = helper.make_node(operator, names, tops, **attributes)
    given = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(values.dtype), values.shape)
        for name, values in zip(names, inputs, strict=True)
    ]
    graph = helper.make_graph([node], "one", given, [helper.make_empty_tensor_value_info(name) for name in tops])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
    found = ReferenceEvaluator(model).run(None, dict(zip(names, inputs, strict=True)))
    return list(found)


def model_of(words: str, inputs: tuple[tuple[int, ...], ...], tops: int, folder: Path) -> Model:
    """A model of one layer with made-up weights."""
    return Row(words, inputs, tops).model(folder / "model", SEED)


def one_way(kind: str, weights: dict[str, FloatArray], sequence: FloatArray, states: list[FloatArray]) -> list[Any]:
    """ONNX's outputs (steps, units) and last states of one direction; `sequence` is in the order it is walked."""
    order, biases = GATES[kind]
    rows = np.concatenate([np.arange(gate * UNITS, (gate + 1) * UNITS) for gate in order])
    bias = weights["bias_c"][biases].reshape(-1)
    rest = np.zeros_like(bias)
    if kind == "GRU":
        rest[2 * UNITS :] = weights["bias_c"][3]
    found = evaluated(
        kind,
        [
            sequence[:, None],
            weights["weight_xc"][rows][None],
            weights["weight_hc"][rows][None],
            np.concatenate([bias, rest])[None],
            np.array([len(sequence)], np.int32),
            *(state[None, None] for state in states),
        ],
        1 + len(states),
        hidden_size=UNITS,
        **({"linear_before_reset": 1} if kind == "GRU" else {}),
    )
    return [found[0].reshape(len(sequence), UNITS), *(state.reshape(UNITS) for state in found[1:])]


@pytest.mark.parametrize("direction", [0, 1, 2])
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_recurrent(kind: str, direction: int, tmp_path: Path) -> None:
    """Outputs and last states in every direction, from given first states."""
    count, kinds_of_state = (2 if direction == 2 else 1), (2 if kind == "LSTM" else 1)
    words = f"{kind} 0={UNITS} 1={len(GATES[kind][0]) * UNITS * FEATURES * count} 2={direction}"
    shapes = ((STEPS, FEATURES), *((count, UNITS),) * kinds_of_state)
    model = model_of(words, shapes, 1 + kinds_of_state, tmp_path)
    rng = np.random.default_rng(SEED)
    given = {f"in{number}": rng.standard_normal((1, *shape)).astype(np.float32) for number, shape in enumerate(shapes)}
    actual = run(model, given)
    tensors = model.weights.tensors[len(shapes)]
    ways = []
    for number in range(count):
        reverse = number == 1 or direction == 1
        sequence = given["in0"][0][::-1] if reverse else given["in0"][0]
        states = [given[f"in{1 + state}"][0][number] for state in range(kinds_of_state)]
        outputs, *last = one_way(kind, {name: tensors[name][number] for name in tensors}, sequence, states)
        ways.append((outputs[::-1] if reverse else outputs, *last))
    assert_close(np.concatenate([way[0] for way in ways], axis=1), actual["out0"][0])
    for state in range(kinds_of_state):
        assert_close(np.stack([way[1 + state] for way in ways]), actual[f"out{1 + state}"][0])


def test_embed(tmp_path: Path) -> None:
    """Embed is ONNX's Gather of rows, where the numbers, by their bits in a float blob, are rows of the table."""
    model = model_of("Embed 0=5 1=9 3=45", ((7,),), 1, tmp_path)
    numbers = np.random.default_rng(SEED).integers(0, 9, 7).astype(np.int32)
    (expected,) = evaluated("Gather", [model.weights.tensors[1]["weight"], numbers], axis=0)
    assert_close(expected, run(model, {"in0": numbers[None].view(np.float32)})["out0"][0])


@pytest.mark.parametrize("each", [1, 5])
def test_quantize(each: int, tmp_path: Path) -> None:
    """Quantize is ONNX's QuantizeLinear with the inverse scale but for halves and -128, which do not occur here."""
    model = model_of(f"Quantize 0={each}", ((5, 3, 4),), 1, tmp_path)
    values = np.random.default_rng(SEED).standard_normal((1, 5, 3, 4)).astype(np.float32)
    inverse = np.float32(1) / model.weights.tensors[1]["scale"]
    inputs = [values[0], inverse if each > 1 else inverse.reshape(()), np.zeros(each if each > 1 else (), np.int8)]
    (expected,) = evaluated("QuantizeLinear", inputs, axis=0)
    actual = run(model, {"in0": values})["out0"][0]
    assert np.int8 == actual.dtype
    assert np.array_equal(expected, actual)


@pytest.mark.parametrize("each", [1, 5])
def test_dequantize(each: int, tmp_path: Path) -> None:
    """Dequantize without a bias is ONNX's DequantizeLinear of 32-bit integers."""
    model = model_of(f"Dequantize 0={each}", ((5, 3, 4),), 1, tmp_path)
    sums = np.random.default_rng(SEED).integers(-(1 << 20), 1 << 20, (1, 5, 3, 4)).astype(np.int32)
    scale = model.weights.tensors[1]["scale"]
    (expected,) = evaluated("DequantizeLinear", [sums[0], scale if each > 1 else scale.reshape(())], axis=0)
    assert_close(expected, run(model, {"in0": sums.view(np.float32)})["out0"][0])
