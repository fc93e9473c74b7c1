"""Models made to fail in one way, and what is left of them."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskctl.errors import MaskctlError
from maskctl.executor.inputs import read_samples
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.executor.samples import Samples, batches
from maskctl.graph.model import Model, load
from maskctl.peers.ncnn_engine import NcnnEngine
from maskctl.reduce.faults import Crash, fault_named
from maskctl.reduce.folder import About, write_folder
from maskctl.reduce.reduce import Reduction, locate, reduce
from maskctl.reduce.runs import Runs, Setup
from maskctl.targets import TARGETS
from tests.analysis.made import Network
from tests.reduce.made import FP16, names, one, reduced, shapes

PYTHON = os.environ.get("MASKCTL_ARM64_PYTHON", "")


def sum_overflows() -> tuple[Model, Samples]:
    """Three convolutions; in the middle one 100 * 400 + 100 * 400 is too large for fp16, and the sum comes back."""
    first = np.eye(8)
    middle = np.zeros((8, 8))
    middle[5, [2, 4, 6]] = 400, 400, -790
    model = Network().convolution("a", "data", first).convolution("b", "a", middle).convolution("c", "b", first).model()
    return model, one(np.full((8, 6, 6), 100.0))


def winograd_overflows() -> tuple[Model, Samples]:
    """A 3x3 convolution of 16 channels whose sums are small and whose transformed input is not."""
    rng = np.random.default_rng(3)
    weight = rng.standard_normal((16, 16, 3, 3)) / 64
    model = Network().layer("ReLU r 1 1 data r").convolution("c", "r", weight).layer("Sigmoid s 1 1 c s").model()
    return model, one(9000.0 * rng.integers(0, 2, (16, 24, 24)))


def test_a_sum_that_overflows() -> None:
    """One convolution of one output, of one pixel and of the two terms that it takes."""
    found = reduced(*sum_overflows())
    assert (["b"], {"a": (2, 1, 1)}, (1, 2, 1, 1)) == (
        names(found),
        shapes(found),
        found.case.parts[0].weights["weight"].shape,
    )


def test_a_group_that_overflows() -> None:
    """Of a convolution in four groups one is left, with one output and the two terms that it takes."""
    weight = np.zeros((8, 4))
    weight[5, [1, 3]] = 400
    network = Network().layer("ConvolutionDepthWise c 1 1 data c 0=8 1=1 6=32 7=4")
    model = network.floats(0, *weight.ravel()).model()  # the 0 is the tag of fp32 weights
    found = reduced(model, one(np.full((16, 3, 3), 100.0)))
    (part,) = found.case.parts
    assert ({"data": (2, 1, 1)}, (1, 2, 1, 1), 1) == (shapes(found), part.weights["weight"].shape, part.line.params[7])


def test_winograd_that_overflows() -> None:
    """The convolution keeps the channels that make the engine choose winograd, and loses all it can beside."""
    found = reduced(*winograd_overflows())
    assert (["c"], 16, 1) == (names(found), shapes(found)["r"][0], len(found.case.parts[0].weights["weight"]))
    assert 64 >= np.prod(shapes(found)["r"][1:])
    plain = run(found.case.model, found.case.inputs, Policy("fp16", without=frozenset({"use_winograd_convolution"})))
    assert np.isfinite(plain["c"]).all()


def test_an_activation_that_overflows() -> None:
    """An element-wise layer is left with one element, rounded to few bits."""
    model = Network().convolution("c", "data", np.eye(4)).layer("UnaryOp square 1 1 c square 0=4").model()
    found = reduced(model, one(np.arange(100, 404, 4).reshape(4, 19, 1)))
    assert (["square"], {"c": (1, 1, 1)}) == (names(found), shapes(found))


def test_a_mask_that_is_not_honoured() -> None:
    """A mask of 2 needs the layer before it, which makes the blob one of 16 bits."""
    model = Network().layer("ReLU r 1 1 data r").convolution("c", "r", np.eye(4), "31=2").model()
    found = reduced(model, one(np.ones((4, 5, 5))))
    assert (["r", "c"], {"data": (1, 1, 1)}) == (names(found), shapes(found))


def test_branches() -> None:
    """Of a network with branches the layer that joins them is left, fed with a blob for each."""
    network = Network().layer("Split s 1 2 data a b").layer("ReLU l 1 1 a l").layer("AbsVal r 1 1 b r")
    model = network.layer("BinaryOp join 2 1 l r join 0=0").layer("Sigmoid end 1 1 join end").model()
    found = reduced(model, one(np.full((3, 4, 5), 40000.0)))
    assert (["join"], {"l": (1, 1, 1), "r": (1, 1, 1)}) == (names(found), shapes(found))


def test_an_overflow_of_lowered_inputs_alone() -> None:
    """A layer that fails on what fp16 made of its input keeps the layer that makes it so."""
    # 2049 is 2048 in fp16: less 2048 it is 1 in fp32 alone, and 0 has no reciprocal.
    network = Network().layer("ReLU r 1 1 data r").layer("BinaryOp minus 1 1 r minus 0=1 1=1 2=2048.0")
    model = network.layer("BinaryOp inverse 1 1 minus inverse 0=8 1=1 2=1.0").model()
    found = reduced(model, one(np.full((1, 4, 4), 2049.0)))
    assert ["minus", "inverse"] == names(found)
    assert 4 >= found.case.inputs["r"].size  # a vector of the engine; single elements are cast in another way


def test_a_loss_that_is_preserved() -> None:
    """What is left loses at least as much as was asked for, and nothing of it is lost altogether."""
    rng = np.random.default_rng(5)
    model = Network().convolution("c", "data", rng.standard_normal((8, 8, 3, 3))).layer("ReLU r 1 1 c r").model()
    found = reduced(model, one(rng.standard_normal((8, 9, 9))), "sqnr")
    runs = Runs(found.case.model, found.case.inputs, FP16)
    fault = found.located.fault
    assert fault.shown(runs, found.case.index_of(1)) is not None
    assert np.isfinite(runs.lowered["c"]).all()
    assert found.case.inputs["data"].size < 8 * 81


def test_nothing_to_reduce() -> None:
    """A model that shows nothing has no place to begin at."""
    model = Network().layer("ReLU r 1 1 data r").model()
    portions = batches(model, one(np.ones((1, 2, 2))))
    assert locate(model, portions, FP16, [fault_named("nan", None, None)], [1]) is None
    assert locate(model, portions, FP16, [fault_named("sqnr", None, None)], [1]) is None


def test_an_interruption_keeps_the_best() -> None:
    """Ctrl-C ends the search with the smallest model so far."""
    model, samples = sum_overflows()
    located = locate(model, batches(model, samples), FP16, [fault_named("nan", None, None)], range(4))
    assert located is not None

    def interrupt(trials: int) -> None:
        if trials == 5:
            raise KeyboardInterrupt

    found = reduce(model, located, FP16, 3000, interrupt)
    assert found is not None
    assert (True, ["b"]) == (found.interrupted, names(found))


def test_a_bound_on_the_runs() -> None:
    """No more candidates are run than asked for."""
    model, samples = winograd_overflows()
    located = locate(model, batches(model, samples), FP16, [fault_named("nan", None, None)], range(4))
    assert located is not None
    found = reduce(model, located, FP16, 7, lambda _: None)
    assert found is not None
    assert 7 == found.trials


@st.composite
def overflowing(draw: st.DrawFn) -> tuple[Model, Samples]:
    """Chains of convolutions with weights so large that one of them overflows, or nearly so."""
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    widths = draw(st.lists(st.integers(1, 9), min_size=2, max_size=4))
    network, bottom = Network(), "data"
    for number, (before, after) in enumerate(itertools.pairwise(widths)):
        size = draw(st.sampled_from([1, 3]))
        weight = rng.standard_normal((after, before, size, size)) * draw(st.sampled_from([1.0, 50.0, 400.0]))
        extra = draw(st.sampled_from(["", "9=1", "9=2 -23310=1,0.1"]))
        bias = rng.standard_normal(after) if draw(st.booleans()) else None
        network = network.convolution(f"c{number}", bottom, weight, extra, bias)
        bottom = f"c{number}"
    return network.model(), one(rng.standard_normal((widths[0], 5, 6)) * 200)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(overflowing())
def test_what_is_written_shows_it_when_it_is_read(made: tuple[Model, Samples]) -> None:
    """Whatever a model is reduced to, files read afresh show the same fault at the same layer, in no larger a model."""
    model, samples = made
    faults = [fault_named("nan", None, None), fault_named("sqnr", None, None)]
    located = locate(model, batches(model, samples), FP16, faults, range(len(model.operators)))
    if located is None:
        return
    found = reduce(model, located, FP16, 400, lambda _: None)
    assert found is not None
    with TemporaryDirectory() as folder:
        _assert_shown(model, found, Path(folder) / "out", FP16)
    assert sum(values.size for values in found.case.inputs.values()) <= max(
        np.prod(values.shape[1:]) for values in Runs(model, located.inputs, FP16).exact.values()
    )


def _assert_shown(model: Model, found: Reduction, folder: Path, setup: Setup) -> None:
    write_folder(folder, model, found, setup, About("0", []))
    loaded = load(folder / "model.param")
    samples = read_samples(loaded, [f"{name}={folder / 'input.npz'}" for name in loaded.graph.inputs])
    runs = Runs(loaded, batches(loaded, samples)[0].inputs, setup)
    shown = found.located.fault.shown(runs, found.case.index_of(found.located.shown.layer.index))
    assert shown is not None
    assert found.located.shown.layer.name == shown.layer.name


@pytest.mark.skipif(not PYTHON, reason="no arm64 engine: set MASKCTL_ARM64_PYTHON (see setup-arm64.sh)")
def test_the_real_engine_shows_it_too(tmp_path: Path) -> None:
    """What was reduced by prediction alone is not finite in the arm64 engine either, at the same elements."""
    from maskctl.peers.engines import engine_named

    model, samples = winograd_overflows()
    found = reduced(model, samples)
    setup = Setup(FP16.policy, engine_named("arm64", 600))
    _assert_shown(model, found, tmp_path / "out", setup)
    runs = Runs(found.case.model, found.case.inputs, setup)
    assert np.isnan(runs.predicted["c"]).tolist() == np.isnan(runs.lowered["c"]).tolist()


DIES_OF_MASKS = """
import json, sys
import numpy as np
request, inputs, outputs = sys.argv[2:5]
asked = json.load(open(request))
lines = [line.split() for line in open(asked["param"]).read().splitlines()[2:]]
layers = {line[1]: line for line in lines}
made = [line[1] for line in lines if line[0] != "Input"]
masked = [name for name in made if "31=4" in layers[name] and layers[layers[name][4]][0] != "Input"]
open(outputs + ".version", "w").write("1.2.3")
fed = np.load(inputs)["data"] if "data" in layers else np.ones(1)
for number, values in enumerate(fed):
    for place, name in enumerate(asked["blobs"]):
        if masked and values.max() > 0.5 and made.index(name) > made.index(masked[0]):
            open(outputs + ".failed", "w").write("was killed by signal %d" % SIGNAL)
            sys.exit()
        np.save("%s.%d.npy" % (outputs, number * len(asked["blobs"]) + place), np.zeros(1))
    if masked and values.max() > 0.5:
        open(outputs + ".failed", "w").write("was killed by signal %d" % SIGNAL)
        sys.exit()
open(outputs + ".failed", "w").write("refuses nothing")
"""
"""An engine that dies of a mask on a layer that reads another's blob, one blob later or at the end, for samples above 0.5."""


@pytest.mark.parametrize(
    ("number", "hangs", "said"), [(11, False, "was killed by signal 11"), (14, True, "did not finish")]
)
def test_an_engine_that_dies(number: int, said: str, *, hangs: bool) -> None:
    """A crash and a hang are told apart, and blamed on the earliest layer with which they come, of the sample that shows it."""
    network = Network()
    for name, bottom in itertools.pairwise("abcde"):
        network = network.convolution(
            bottom, name if name != "a" else "data", np.eye(8), "31=4" if bottom == "c" else ""
        )
    model = network.model()
    images = [np.zeros((8, 6, 6), np.float32), np.ones((8, 6, 6), np.float32)]
    engine = NcnnEngine((sys.executable, "-c", DIES_OF_MASKS.replace("SIGNAL", str(number))))
    setup = Setup(Policy("bf16"), engine)
    located = locate(model, batches(model, Samples({"data": images})), setup, [Crash()], range(len(model.operators)))
    assert located is not None
    assert ("c", 1.0, Crash(hangs)) == (located.shown.layer.name, located.inputs["data"].max(), located.fault)
    assert said in located.shown.text
    if not hangs:
        found = reduce(model, located, setup, 6, lambda _: None)
        assert found is not None
        assert (["b", "c"], 4) == (names(found), found.case.parts[1].line.params[31])


def with_bad_masks(channels: int, side: int) -> tuple[Model, Samples]:
    """Eight convolutions, of which every second reads a blob of 16 bits as fp32 in bf16."""
    rng, network = np.random.default_rng(0), Network()
    for number in range(8):
        weight = rng.standard_normal((channels, channels, 3, 3)) / channels
        bottom = f"c{number - 1}" if number else "data"
        network = network.convolution(f"c{number}", bottom, weight, "4=1 31=4" if number % 2 else "4=1")
    return network.model(), one(np.ones((channels, side, side)))


@pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed")
def test_the_real_engine_dies(tmp_path: Path) -> None:
    """The first network whose masks kill the real engine is reduced to few layers, whose files kill it again."""
    setup = Setup(Policy("bf16", TARGETS["x86"]), NcnnEngine(timeout_s=20))
    for channels, side in itertools.product((8, 4, 16), (8, 6, 12, 5, 9)):  # which do it is luck of the memory
        model, samples = with_bad_masks(channels, side)
        with contextlib.suppress(
            MaskctlError
        ):  # nor does it always come again, and harmed memory may end in an error of Python's
            located = locate(model, batches(model, samples), setup, [Crash()], range(len(model.operators)))
            found = (
                reduce(model, located, setup, 8, lambda _: None)
                if located and located.fault == Crash(hangs=False)
                else None
            )
            if found is not None:
                shown = write_folder(tmp_path / "out", model, found, setup, About("0", ["--precision", "bf16"], "host"))
                break
    else:
        pytest.skip("the engine of this machine survives all of these masks")
    assert len(found.case.parts) < 8
    assert 4 in {part.line.params.get(31) for part in found.case.parts}
    assert "the engine was killed by signal " in shown.text
    assert f"{shown.text}." == (tmp_path / "out" / "README.txt").read_text(encoding="utf-8").splitlines()[0]
