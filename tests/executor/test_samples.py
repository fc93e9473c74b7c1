"""What samples say of a model that its file says otherwise."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from maskctl.analysis.analyze import analyze
from maskctl.executor.samples import Samples
from maskctl.graph.model import Model, load
from maskctl.layers import Shape
from maskctl.targets import DEFAULT
from maskctl.targets.storage import hazards
from tests.builders import param_text

FLATTEN = 2


@pytest.fixture
def model(tmp_path: Path) -> Model:
    """A Flatten under bit 2 behind a map that is 3x3x3 by the file: 27 elements, which the engine copies one by one."""
    lines = ("Input data 0 1 data 0=3 1=3 2=3", "Sigmoid s 1 1 data s", "Flatten f 1 1 s f 31=2")
    (tmp_path / "net.param").write_bytes(param_text(*lines))
    (tmp_path / "net.bin").write_bytes(b"")
    return load(tmp_path / "net.param")


@pytest.mark.parametrize(
    ("shapes", "unsafe"),
    [([(3, 3, 3)], []), ([(3, 4, 4)], [FLATTEN]), ([(3, 3, 3), (3, 3, 5)], [FLATTEN]), ([(3, 27)], [FLATTEN])],
)
def test_shapes_that_the_file_says_otherwise(model: Model, shapes: list[Shape], unsafe: list[int]) -> None:
    """A mask that holds at the file's size alone is unsafe where samples have another; so it is in other processes."""
    given = Samples({"data": [np.zeros(shape, np.float32) for shape in shapes]})
    fed = given.feeding(model)
    for one in (fed, fed.with_masks({1: 1}), pickle.loads(pickle.dumps(fed))):  # noqa: S301 - just made here
        assert unsafe == [hazard.layer.index for hazard in hazards(one.graph, DEFAULT, one.document.masks)]
    assert dict.fromkeys(unsafe, 0) == analyze(model, given).masks
