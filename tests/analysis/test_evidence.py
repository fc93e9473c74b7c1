"""Causes with evidence: each is found where it was made, with its value and place, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskctl.analysis.analyze import LayerReport, analyze
from maskctl.analysis.evidence import Evidence
from maskctl.graph.model import Model
from maskctl.numeric.formats import FloatArray
from tests.analysis.made import Network, samples

IDENTITY = np.eye(4)


def row(model: Model, name: str, *blobs: FloatArray, precision: str = "fp16") -> LayerReport:
    """The report of one layer."""
    return next(found for found in analyze(model, samples(*blobs), precision).rows if found.layer.name == name)


def noise(seed: int, shape: tuple[int, ...] = (4, 3, 5)) -> FloatArray:
    """A map of standard normal values."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_nothing_is_made_up() -> None:
    """An ordinary layer over ordinary values has its largest value as evidence, and no cause."""
    blob = noise(0)
    found = row(Network().convolution("conv", "data", noise(1, (4, 4))).model(), "conv", blob)
    assert ["largest"] == list(found.loss.evidence)
    assert ";" not in found.reason


def test_largest_and_where() -> None:
    """The largest magnitude of all samples, its element and its sample."""
    blobs = [noise(seed) for seed in range(3)]
    blobs[1][2, 1, 4] = -77.0
    found = row(Network().layer("Dropout d 1 1 data d").model(), "d", *blobs).loss.evidence["largest"]
    assert Evidence("largest", -77.0, (2, 1, 4), 1, 0, 3 * 60) == found
    assert "largest value -77 at (c=2,h=1,w=4)" == str(found)


@pytest.mark.parametrize(("precision", "first_lost"), [("fp16", 2049), ("bf16", 257)])
def test_integers_beyond_the_format(precision: str, first_lost: int) -> None:
    """Whole numbers are counted from the first that the format leaves out; with a fraction among them they are no integers."""
    model = Network().layer("ReLU r 1 1 data r").model()
    blob = np.arange(first_lost - 3, first_lost + 3, dtype=np.float32).reshape(1, 1, -1)
    found = row(model, "r", blob, precision=precision)
    assert found.loss.evidence["integers"].count == 2
    assert f"2 whole numbers up to {first_lost + 2:,} are beyond what the format counts" in found.reason
    assert "integers" not in row(model, "r", blob - np.float32(0.5), precision=precision).loss.evidence


def test_flushed_values() -> None:
    """Values below half of 2**-24 become 0; those above stay, and bf16 keeps them all."""
    model = Network().layer("ReLU r 1 1 data r").model()
    blob = np.array([1e-8, 2e-8, 2.9e-8, 4e-8], np.float32).reshape(1, 1, -1)
    found = row(model, "r", blob)
    assert (3, 4, np.float32(2.9e-8)) == tuple(
        getattr(found.loss.evidence["flushed"], name) for name in ("count", "of", "value")
    )
    assert "3 of 4 values are below the format's smallest and become 0" in found.reason
    assert "flushed" not in row(model, "r", blob, precision="bf16").loss.evidence


def test_cancelling_terms() -> None:
    """Terms a thousand times their sum are told; those of random signs are not."""
    blob = np.ones((4, 2, 2), np.float32)
    model = Network().convolution("conv", "data", [[500.1, -500.1, 500.1, -498.3]]).model()
    found = row(model, "conv", blob)
    assert 1110 == round(found.loss.evidence["cancellation"].value)
    assert "terms cancel: their magnitudes come to 1,110 times the sum" in found.reason
    deep = Network().convolution("conv", "data", noise(2, (8, 256))).model()
    assert "cancellation" not in row(deep, "conv", noise(3, (256, 4, 4))).loss.evidence


def test_blobs_that_cancel() -> None:
    """A difference of two nearly equal blobs is cancellation too."""
    network = Network().layer("Split s 1 2 data x y").convolution("c", "x", IDENTITY * 1.001)
    model = network.layer("BinaryOp d 2 1 c y d 0=1").model()
    assert 2001 == pytest.approx(
        row(model, "d", noise(4) + np.float32(3)).loss.evidence["cancellation"].value, rel=0.01
    )


def test_an_outlier_channel() -> None:
    """One channel far above the rest is named, with how far."""
    blob = np.ones((4, 2, 2), np.float32)
    found = row(Network().convolution("conv", "data", np.diag([1 / 3, 1 / 3, 40.0, 1 / 3])).model(), "conv", blob)
    assert (2,) == found.loss.evidence["outlier"].place
    assert "channel 2 is 120 times the usual" in found.reason


def test_stand_ins_for_minus_infinity() -> None:
    """A mask of -1e9 becomes -inf in fp16: the layer that adds it is told so, not the value alone."""
    network = Network().layer("MemoryData mask 0 1 mask 0=4").layer("BinaryOp add 2 1 data mask add 0=0")
    network.floats(0.0, 0.0, -1e9, -1e9)
    model = network.layer("Softmax prob 1 1 add prob 0=0 1=1").model()
    blob = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
    found = row(model, "add", blob)
    assert 2 == found.loss.evidence["sentinel"].count
    assert "2 elements of -1e+09 stand for minus infinity and become it" == found.reason


def test_the_source_not_the_victim() -> None:
    """The layer behind one that overflows has no cause of its own: it names the first that failed."""
    network = Network().convolution("fine", "data", IDENTITY / 3).convolution("over", "fine", IDENTITY * 9000)
    model = network.convolution("victim", "over", IDENTITY / 9000).model()
    blob = np.full((4, 1, 1), 30.0, np.float32)
    reasons = {found.layer.name: found.reason for found in analyze(model, samples(blob)).rows}
    assert reasons["over"].startswith("value reaches 90,000 > 65,504")
    assert "input reaches 90,000 > 65,504 at (c=0,h=0,w=0), from #2 'over' (Convolution)" == reasons["victim"]


evidences = st.builds(
    Evidence,
    st.just("largest"),
    st.sampled_from([-2.0, 1.0, 2.0]),
    st.just((0,)),
    st.integers(0, 9),
    st.integers(0, 5),
    st.just(3),
)


@given(st.lists(evidences, min_size=3, max_size=3, unique_by=lambda found: found.sample))
def test_merging_is_in_any_order(found: list[Evidence]) -> None:
    """However samples are shared out and in whichever order, the evidence is the same."""
    one, two, three = found
    assert one.merge(two).merge(three) == three.merge(two.merge(one)) == two.merge(three).merge(one)
