"""What samples say of a model that its file says otherwise."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from maskctl.analysis.analyze import analyze
from maskctl.errors import ExecutionError
from maskctl.executor.net import Net
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.executor.samples import Samples, batches, synthetic
from maskctl.graph.model import Model, load
from maskctl.layers import Shape
from maskctl.targets import DEFAULT
from maskctl.targets.storage import hazards
from tests.builders import HALVED, param_text

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
    [
        ([(3, 3, 3)], []),
        ([(3, 4, 4)], [FLATTEN]),
        ([(3, 3, 3), (3, 3, 5)], [FLATTEN]),
        ([(3, 27)], [FLATTEN]),
        ([(3, 3, 3), (3, 9)], [FLATTEN]),
    ],
)
def test_shapes_that_the_file_says_otherwise(model: Model, shapes: list[Shape], unsafe: list[int]) -> None:
    """A mask that holds at the file's size alone is unsafe where samples have another; so it is in other processes."""
    given = Samples({"data": [np.zeros(shape, np.float32) for shape in shapes]})
    fed = given.feeding(model)
    for one in (fed, fed.with_masks({1: 1}), pickle.loads(pickle.dumps(fed))):  # noqa: S301 - just made here
        assert unsafe == [hazard.layer.index for hazard in hazards(one.graph, DEFAULT, one.document.masks)]
    assert dict.fromkeys(unsafe, 0) == analyze(model, given).masks


@pytest.mark.parametrize(("shape", "lost"), [((3, 3, 3), 0), ((3, 4, 4), 48)])
def test_a_run_knows_what_it_is_fed(model: Model, shape: Shape, lost: int) -> None:
    """`run` and `Net` give NaN where a mask holds at the file's size alone and they are fed another, as `analyze` has it."""
    values = np.ones((1, *shape), np.float32)
    assert lost == np.isnan(run(model, {"data": values}, Policy("fp16"))["f"]).sum()
    assert lost == np.isnan(Net(model.document.path).run({"data": values[0]}, precision="fp16")["f"]).sum()
    assert 0 == np.isnan(run(model, {"data": values})["f"]).sum()


def test_a_run_of_some_samples_keeps_to_what_is_known_of_all(model: Model) -> None:
    """Where samples of several sizes are known, a run of those with the file's size does not honour the mask either."""
    fed = Samples({"data": [np.zeros((3, 3, 3), np.float32), np.zeros((3, 4, 4), np.float32)]}).feeding(model)
    assert fed is fed.with_inputs_of({"data": (3, 3, 3)})
    assert np.isnan(run(fed, {"data": np.ones((1, 3, 3, 3), np.float32)}, Policy("fp16"))["f"]).all()
    assert fed is not fed.with_inputs_of({"data": (4, 3, 3)})
    assert fed is not fed.with_inputs_of({"data": (3, 9)})


@pytest.fixture
def halved(tmp_path: Path) -> Model:
    """A network that halves a map, doubles it again and adds it to what it was: only even extents go together."""
    (tmp_path / "net.param").write_bytes(param_text(*HALVED))
    (tmp_path / "net.bin").write_bytes(b"")
    return load(tmp_path / "net.param")


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (
            Samples({"data": [np.zeros((1, 41, 67), np.float32)]}, names=("cat.jpg",), images=frozenset({"data"})),
            "The network was fed (1, 41, 67) in 'data' (from cat.jpg, 67x41). Give --resize WxH, e.g. --resize 64x40, which fits.",
        ),
        (
            Samples({"data": [np.zeros((1, 64, 64), np.float32), np.zeros((1, 65, 65), np.float32)]}),
            "fed (1, 65, 65) in 'data' (from sample 1). Give arrays of another shape, e.g. (1, 64, 64) for 'data', which fit.",
        ),
        (
            synthetic({"data": (1, 99, 99)}),
            "fed (1, 99, 99) in 'data' (made up). Give another --shape, e.g. --shape data=1,96,96, which fits.",
        ),
        (
            synthetic({"data": (1, 45, 45)}),
            "fed (1, 45, 45) in 'data' (made up). Give another --shape, e.g. --shape data=1,48,48, which fits.",
        ),
        (
            synthetic({"data": (1, 36, 43)}),  # 32x40, 40x40, and farther 32x48 and 40x48
            "fed (1, 36, 43) in 'data' (made up). Give another --shape, e.g. --shape data=1,40,40, which fits.",
        ),
    ],
)
def test_a_size_that_the_network_does_not_take(halved: Model, samples: Samples, said: str) -> None:
    """The error names the layer, the shape that was fed and where it is from, and a size near it that every layer takes."""
    with pytest.raises(ExecutionError) as error:
        batches(halved, samples)
    assert "net.param:7: #4 'add' (BinaryOp): blobs of shapes" in str(error.value)
    assert str(error.value).endswith(said)
    size = re.search(r"e\.g\. \D*([\d,x() ]*\d)", said)
    assert size is not None
    numbers = [int(number) for number in re.findall(r"\d+", size.group(1))]
    shape = (1, *numbers[::-1]) if len(numbers) == 2 else tuple(numbers)
    assert 1 == len(batches(halved, Samples({"data": [np.zeros(shape, np.float32)]})))


def test_no_size_that_the_network_takes(halved: Model) -> None:
    """Where no size is found that fits, none is asked for."""
    with pytest.raises(ExecutionError, match=r"The network was fed \(41, 3\) in 'data' \(made up\)\.$"):
        batches(halved, synthetic({"data": (41, 3)}))


@pytest.mark.parametrize("images", [frozenset(), frozenset({"data"})])
@pytest.mark.parametrize("is_synthetic", [True, False])
def test_no_size_mends_a_network_that_never_fits(tmp_path: Path, images: frozenset[str], *, is_synthetic: bool) -> None:
    """Layers that go together in no size are told with what was fed, and no other size is asked for."""
    lines = (
        "Input data 0 1 data",
        "Split s 1 2 data a b",
        "Slice cut 1 2 a c d -23300=2,1,1",
        "Concat join 2 1 c b join 0=1",
    )
    (tmp_path / "net.param").write_bytes(param_text(*lines))
    (tmp_path / "net.bin").write_bytes(b"")
    samples = Samples({"data": [np.zeros((2, 45, 45), np.float32)]}, is_synthetic, images=images)
    with pytest.raises(ExecutionError, match=r"The network was fed \(2, 45, 45\) in 'data' \([^)]*\)\.$"):
        batches(load(tmp_path / "net.param"), samples)
