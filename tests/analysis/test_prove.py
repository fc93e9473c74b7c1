"""What `prove` says of layers: the verdicts, the masks that cure, and witnesses that do what is said of them."""

from __future__ import annotations

import numpy as np

from maskctl.analysis.prove import CANNOT, MAY, WILL, LayerProof, Proof, prove
from maskctl.analysis.ranges import input_bounds
from maskctl.analysis.witness import Tried
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import Model, load
from maskctl.targets import TARGETS
from tests.analysis.made import Network
from tests.shared_models import NEEDS_SQUEEZENET, SQUEEZENET


def proved(
    model: Model, low: float, high: float, shape: tuple[int, ...], precision: str = "fp16", **more: int
) -> Proof:
    """The proof for one input blob "data"."""
    return prove(model, input_bounds(model, {"data": [(low, high)]}, {"data": shape}), Policy(precision), **more)


def row(proof: Proof, name: str) -> LayerProof:
    """The layer of that name."""
    return next(layer for layer in proof.layers if layer.layer.name == name)


def kinds(layer: LayerProof) -> set[str]:
    """What may leave its format in a layer."""
    return {danger.kind for danger in layer.dangers}


def lost(proof: Proof, layer: LayerProof) -> bool:
    """True where the layer's witness, run, makes something non-finite in it of inputs that are finite."""
    assert layer.witness is not None
    inputs = {name: values[layer.witness : layer.witness + 1] for name, values in proof.witnesses.items()}
    names = [*layer.layer.bottoms, *layer.layer.tops]
    blobs = {**inputs, **run(proof.model, inputs, proof.policy, keep=names)}
    whole = [bool(np.isfinite(blobs[name]).all()) for name in names]
    return all(whole[: len(layer.layer.bottoms)]) and not all(whole[len(layer.layer.bottoms) :])


def test_a_sum_that_stays_in_range() -> None:
    """Where magnitudes add up to less than fp16's largest number nothing can overflow, and nothing is to be done."""
    proof = proved(Network().convolution("sum", "data", [[100.0, -100.0]]).model(), -300, 300, (2, 4, 4))
    assert (2, 0, 0) == tuple(proof.count(verdict) for verdict in (CANNOT, MAY, WILL))
    assert ((), None, None) == (row(proof, "sum").dangers, row(proof, "sum").safe_mask, row(proof, "sum").witness)


def test_a_value_beyond_the_format_has_a_witness() -> None:
    """A sum that may reach 80,000 does so for an input that is found, which does it when run."""
    proof = proved(Network().convolution("sum", "data", [[1.0, -1.0]]).model(), 0, 80000, (2, 4, 4), precision="bf16")
    assert CANNOT == row(proof, "sum").verdict
    proof = proved(Network().convolution("sum", "data", [[200.0, -200.0]]).model(), 0, 400, (2, 4, 4))
    found = row(proof, "sum")
    assert (WILL, {"value", "sum"}, True) == (found.verdict, kinds(found), lost(proof, found))


def test_witnesses_lie_within_the_range() -> None:
    """Each channel of a witness stays within its own range."""
    model = Network().convolution("sum", "data", [[300.0, -300.0]]).model()
    ranges = [(-10.0, 300.0), (5.0, 6.0)]
    proof = prove(model, input_bounds(model, {"data": ranges}, {"data": (2, 3, 3)}), Policy("fp16"))
    assert WILL == row(proof, "sum").verdict
    for channel, (low, high) in enumerate(ranges):
        values = proof.witnesses["data"][:, channel]
        assert (low <= values).all()
        assert (values <= high).all()


def test_a_partial_sum_is_cured_by_fp32_sums() -> None:
    """Where only sums before the clip leave fp16, bit 1 is what removes the possibility."""
    model = Network().convolution("sum", "data", [[200.0, 200.0]], "9=3 -23310=2,-6,6").model()
    found = row(proved(model, 0, 400, (2, 4, 4)), "sum")
    assert ({"sum"}, 1) == (kinds(found), found.safe_mask)


def test_winograd_is_cured_by_its_own_bit() -> None:
    """Where only winograd's transforms can leave fp16, bit 64 is what removes the possibility."""
    weight = np.full((16, 16, 3, 3), 0.01, np.float32)
    proof = proved(Network().convolution("conv", "data", weight).model(), 0, 2000, (16, 12, 12))
    found = row(proof, "conv")
    assert ("winograd", 64) == (found.dangers[0].kind, found.safe_mask)
    assert WILL == found.verdict
    assert lost(proof, found)
    masked = Network().convolution("conv", "data", weight, "31=64").model()
    assert CANNOT == row(proved(masked, 0, 2000, (16, 12, 12)), "conv").verdict


def test_a_range_beyond_the_format_is_cured_by_storage() -> None:
    """An input that fp16 cannot hold is a danger of the layer that casts it, and bit 2 keeps it in 32 bits."""
    found = row(proved(Network().layer("Sigmoid x 1 1 data x").model(), 0, 70000, (2, 4, 4)), "x")
    assert ({"input"}, 2) == (kinds(found), found.safe_mask & 2 if found.safe_mask else None)


def test_no_mask_where_the_engine_would_not_honour_it() -> None:
    """Behind a layer in 16 bits a value beyond fp16 has no mask that removes it."""
    model = Network().layer("ReLU r 1 1 data r").convolution("sum", "r", [[300.0, 300.0]]).model()
    found = row(proved(model, 0, 400, (2, 4, 4)), "sum")
    assert ({"value", "sum"}, None) == (kinds(found), found.safe_mask)


def test_a_weight_beyond_the_format() -> None:
    """A weight that fp16 cannot hold is named."""
    found = row(proved(Network().convolution("sum", "data", [[70000.0]]).model(), 0, 0.5, (1, 2, 2)), "sum")
    assert "weight" in kinds(found)


def test_what_lies_behind_is_judged_by_itself() -> None:
    """Behind a layer that may overflow the bounds are those of finite values, so that a victim is not blamed."""
    model = Network().convolution("sum", "data", [[300.0, 300.0]]).layer("Sigmoid s 1 1 sum s").model()
    proof = proved(model, 0, 400, (2, 4, 4))
    assert (WILL, CANNOT) == (row(proof, "sum").verdict, row(proof, "s").verdict)


def test_without_a_search_nothing_will_overflow() -> None:
    """With no tries what could overflow may do so, and no inputs are given."""
    model = Network().convolution("sum", "data", [[300.0, 300.0]]).model()
    proof = proved(model, 0, 400, (2, 4, 4), tries=0)
    assert (MAY, {}) == (row(proof, "sum").verdict, dict(proof.witnesses))


def test_the_same_seed_finds_the_same() -> None:
    """Two searches with one seed give the same witnesses."""
    weight = np.random.default_rng(1).standard_normal((16, 3, 3, 3)).astype(np.float32)
    model = Network().convolution("conv", "data", weight * 8).model()
    first, second = (proved(model, -128, 127, (3, 20, 20), seed=4) for _ in range(2))
    assert WILL == row(first, "conv").verdict
    assert np.array_equal(first.witnesses["data"], second.witnesses["data"])


def test_what_is_seen_behind_an_overflow() -> None:
    """An input counts for a layer only where it drives no layer before it too far."""
    tried = Tried({}, np.array([[0.5, 2.0, 0.9], [1.5, 3.0, 0.2], [0.2, 0.6, 0.8]], np.float32))
    wanted = np.array([[0.5, 2.0, 0.0], [1.5, 0.0, 0.0], [0.2, 0.6, 0.8]], np.float32)
    assert wanted.tolist() == tried.seen.tolist()


def test_in_fp32_storage_nothing_overflows() -> None:
    """On x86, fp16 leaves blobs in fp32, and what would overflow a phone does not there."""
    model = Network().convolution("sum", "data", [[300.0, 300.0]]).model()
    bounds = input_bounds(model, {"data": [(0, 400)]}, {"data": (2, 4, 4)})
    assert 2 == prove(model, bounds, Policy("fp16", TARGETS["x86"])).count(CANNOT)


def test_an_unknown_type_is_never_safe() -> None:
    """A layer without a rule may overflow, and says why."""
    found = row(proved(Network().layer("StatisticsPooling x 1 1 data x").model(), 0, 1, (2, 4, 4)), "x")
    assert (MAY, "no rule bounds the type StatisticsPooling") == (found.verdict, found.unknown)


def test_an_unsafe_mask_is_never_safe() -> None:
    """Where the engine reads 16-bit values as fp32 nothing is known, and every run shows it."""
    model = Network().layer("ReLU r 1 1 data r").convolution("sum", "r", [[1.0, 1.0]], "31=2").model()
    found = row(proved(model, 0, 1, (2, 4, 4)), "sum")
    assert (WILL, "the engine reads or writes garbage here") == (found.verdict, found.unknown)


@NEEDS_SQUEEZENET
def test_squeezenet() -> None:
    """The layer of SqueezeNet whose winograd overflows for a photo is never called safe; bit 64 removes it."""
    model = load(SQUEEZENET)
    proof = prove(
        model, input_bounds(model, {"data": [(-104, 151), (-117, 138), (-123, 132)]}, {}), Policy("fp16"), tries=16
    )
    found = row(proof, "fire2/expand3x3")
    assert (WILL, "winograd", 64) == (found.verdict, found.dangers[0].kind, found.safe_mask)
    assert lost(proof, found)
