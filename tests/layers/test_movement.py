"""Movers pass integers through, and copy nothing where a view will do."""

from __future__ import annotations

import numpy as np
import pytest

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers import LayerType, Params, find
from maskctl.layers.base import Array, Arrays, Value

MOVERS: dict[str, tuple[dict[int, Value], tuple[int, ...]]] = {
    "Slice": ({0: (1, 3)}, (4, 3, 2)),
    "Concat": ({}, (4, 3, 2)),
    "Split": ({}, (4, 3, 2)),
    "Noop": ({}, (4, 3, 2)),
    "DeepCopy": ({}, (4, 3, 2)),
    "Flatten": ({}, (4, 3, 2)),
    "Reshape": ({0: 6, 1: 4}, (4, 3, 2)),
    "Squeeze": ({3: (0,)}, (1, 3, 2)),
    "ExpandDims": ({3: (0,)}, (4, 3, 2)),
    "Permute": ({0: 3}, (4, 3, 2)),
    "Tile": ({1: 2}, (4, 3, 2)),
    "Crop": ({9: (1, 1), 10: (3, 2)}, (4, 3)),
    "CopyTo": ({0: 1}, (4, 3)),
    "Padding": ({0: 1, 2: 1, 4: 2}, (4, 3)),
    "ShuffleChannel": ({0: 2}, (4, 3, 2)),
    "PixelShuffle": ({0: 2}, (4, 3, 2)),
    "Reorg": ({0: 2}, (4, 2, 2)),
    "Flip": ({0: (0,)}, (4, 3)),
    "Diag": ({}, (4,)),
    "Packing": ({0: 4}, (4, 3)),
}
VIEWS = ("Slice", "Split", "Noop", "DeepCopy", "Reshape", "Squeeze", "ExpandDims", "Permute", "Crop", "Flip", "Packing")


def applied(name: str, dtype: type) -> tuple[LayerType, Params, Array, Arrays]:
    """The layer, its parameters, a blob with two samples, and what becomes of it (CopyTo: of it and a part of it)."""
    kind = find(name)
    assert kind is not None
    written, shape = MOVERS[name]
    values: Array = np.arange(2 * np.prod(shape), dtype=dtype).reshape(2, *shape)
    inputs = (values, values[:, :, :2]) if name == "CopyTo" else (values,)
    params = Params(kind.params, written, 2 if name in {"Slice", "Split"} else 1, len(inputs))
    return kind, params, values, kind.forward(params, {}, inputs)


@pytest.mark.parametrize("name", MOVERS)
@pytest.mark.parametrize("dtype", [np.int8, np.int32])
def test_integers_pass(name: str, dtype: type) -> None:
    """int8 and int32 blobs stay of their type and move as floats do."""
    *_, floats = applied(name, np.float32)
    *_, found = applied(name, dtype)
    for wanted, top in zip(floats, found, strict=True):
        assert dtype == top.dtype
        assert (wanted == top).all()


@pytest.mark.parametrize("name", VIEWS)
def test_views_copy_nothing(name: str) -> None:
    """The tops share the input's memory."""
    _, _, values, found = applied(name, np.float32)
    assert all(np.shares_memory(values, top) for top in found)


@pytest.mark.parametrize("name", MOVERS)
def test_inputs_stay_as_they_are(name: str) -> None:
    """No mover writes into its input."""
    _, _, values, _ = applied(name, np.float32)
    assert (np.arange(values.size, dtype=np.float32) == values.ravel()).all()


@pytest.mark.parametrize(
    ("dtype", "value", "wanted"), [(np.int8, 3.7, 3), (np.int8, -300.7, -44), (np.int32, 1.0, 0x3F800000)]
)
def test_padding_of_integers(dtype: type, value: float, wanted: int) -> None:
    """A border of an int8 blob is the truncated constant, of 32-bit integers the constant's bits, as in the engine."""
    kind = find("Padding")
    assert kind is not None
    (found,) = kind.forward(Params(kind.params, {2: 1, 5: value}), {}, (np.zeros((1, 3), dtype),))
    assert [wanted, 0, 0, 0] == found[0].tolist()


@pytest.mark.parametrize(
    ("name", "written", "said"),
    [
        ("PixelShuffle", {1: 2}, "mode (1=) is 2. Expected 0 or 1."),
        ("Reorg", {1: -1}, "mode (1=) is -1. Expected 0 or 1."),
        ("Tile", {0: 4}, "axis is 4, tiles 1, repeats (). Expected an axis from 0 to 3, and 1 or more."),
        ("Squeeze", {3: (4,)}, "axes (3=) is (4,). Expected at most 4, each from -4 to 3."),
        ("Squeeze", {3: (-5,)}, "axes (3=) is (-5,). Expected at most 4, each from -4 to 3."),
        ("Squeeze", {3: (0, 1, 2, 0, 1)}, "axes (3=) is (0, 1, 2, 0, 1). Expected at most 4, each from -4 to 3."),
    ],
)
def test_refuses_what_the_engine_does_not_load(name: str, written: dict[int, Value], said: str) -> None:
    """Parameters of which the released engine says that it refuses the model are refused with the value."""
    kind = find(name)
    assert kind is not None
    with pytest.raises(GraphError) as caught:
        kind.shapes(Params(kind.params, written), ((4, 3, 2),))
    assert said == str(caught.value)


def test_codes_are_not_read_as_offsets() -> None:
    """A second bottom of int8 codes is refused where Crop reads 32-bit integers out of it."""
    kind = find("Crop")
    assert kind is not None
    params = Params(kind.params, {0: -233}, 1, 2)
    inputs = np.zeros((1, 8), np.float32), np.ones((1, 4), np.int8)
    with pytest.raises(ExecutionError, match="int8 codes"):
        kind.forward(params, {}, inputs)
