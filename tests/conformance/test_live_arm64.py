"""The same as the stored witnesses and more, against a live arm64 engine on fresh values.

Set MASKCTL_ARM64_PYTHON to the launcher that conformance/setup-arm64.sh leaves behind, and MASKCTL_CONFORMANCE_SEED for
other values than those of the stored witnesses and of the last run.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from conformance.cases import CASES, OUT_OF_REACH, Case
from conformance.make_witnesses import collect
from conformance.witnesses import Witness
from maskctl.analysis.analyze import analyze
from maskctl.analysis.metrics import COSINE, compare
from maskctl.executor.images import ImageRecipe, read_image
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.executor.samples import Samples
from maskctl.graph.model import bin_beside, load
from maskctl.numeric.formats import FloatArray
from maskctl.peers.ncnn_engine import NcnnEngine
from maskctl.targets import PRECISIONS
from tests.shared_models import NEEDS_SQUEEZENET, PHOTO, ROOT, SQUEEZENET
from tests.witnesses import difference, recomputed, steps_apart

PYTHON = os.environ.get("MASKCTL_ARM64_PYTHON", "")
SEED = int(os.environ.get("MASKCTL_CONFORMANCE_SEED", "2026"))
ENGINE = NcnnEngine((PYTHON,), timeout_s=1800)

pytestmark = pytest.mark.skipif(not PYTHON, reason="no arm64 engine: set MASKCTL_ARM64_PYTHON (see setup-arm64.sh)")


@pytest.fixture(scope="module")
def witnesses() -> dict[str, Witness]:
    """What the engine computes for every case of the table on this run's seed, by name."""
    return {witness.name: witness for witness in collect(ENGINE, CASES, SEED)[1]}


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.loose and case.name not in OUT_OF_REACH], ids=lambda case: case.name
)
def test_every_bit_is_the_engines(case: Case, witnesses: dict[str, Witness], tmp_path: Path) -> None:
    """On fresh values, every element of the output has the bits that the engine computes."""
    witness = witnesses[case.name]
    found = difference(witness.outputs, recomputed(witness, tmp_path), witness.profiles)
    assert f"seed {SEED}: " == f"seed {SEED}: {found}"


def test_fp32_sums_are_within_one_fp16_value(witnesses: dict[str, Witness], tmp_path: Path) -> None:
    """Where only the order of fp32 sums differs, 99 % are equal, and no other is further than the next fp16 value.

    Where large terms cancel, fp32's own rounding is larger than an fp16 step: there 2**-20 of the sample's largest
    output is allowed, 16 roundings of fp32.
    """
    nearly = [witnesses[case.name] for case in CASES if case.loose]
    equal = total = 0
    for witness in nearly:
        actual = recomputed(witness, tmp_path)
        apart = steps_apart(witness.outputs, actual)
        largest = np.max(
            np.abs(np.where(np.isfinite(actual), actual, 0)), axis=tuple(range(1, actual.ndim)), keepdims=True
        )
        with np.errstate(invalid="ignore"):
            cancelled = np.abs(actual - witness.outputs) <= largest * 2.0**-20
        assert (
            f"seed {SEED}: {witness.name}: True" == f"seed {SEED}: {witness.name}: {((apart <= 1) | cancelled).all()}"
        )
        equal, total = equal + int((apart == 0).sum()), total + apart.size
    assert equal / total >= 0.99


def _every_blob(param: Path, inputs: dict[str, FloatArray], *, no_winograd: bool = False) -> dict[str, str]:
    """By name, how each blob of a model in fp16 differs from the engine's."""
    model = load(param)
    options = PRECISIONS["fp16"] - ({"use_winograd_convolution"} if no_winograd else set())
    masks = {layer.index: layer.mask | 64 * no_winograd for layer in model.graph.layers}
    blobs = [top for layer in model.graph.layers for top in layer.tops if layer.type != "Input"]
    expected = ENGINE.run(param, bin_beside(param), inputs, blobs, options)
    actual = run(model, inputs, Policy("fp16", masks=masks), keep=["*"])
    return {name: difference(expected.blobs[name], actual[name]) for name in blobs}


@pytest.mark.parametrize("name", ["digits", "digits_overflow"])
def test_the_sample_models_are_equal_to_the_bit(name: str) -> None:
    """All blobs of the sample models on 50 images, the non-finite ones of the overflow included, are the engine's."""
    with np.load(ROOT / "sample_models" / "digits_test.npz") as stored:
        images = np.ascontiguousarray(stored["image"][:50], np.float32)
    found = _every_blob(ROOT / "sample_models" / f"{name}.param", {"image": images})
    assert dict.fromkeys(found, "") == found


@pytest.mark.parametrize("no_winograd", [False, True], ids=["winograd", "no winograd"])
@NEEDS_SQUEEZENET
def test_squeezenet_is_equal_to_the_bit(*, no_winograd: bool) -> None:
    """All blobs of SqueezeNet v1.1 on a photo are the engine's, with winograd (where they end in NaN) and without."""
    image = read_image(PHOTO, ImageRecipe(mean=(104.0, 117.0, 123.0)), (227, 227))[None]
    found = _every_blob(SQUEEZENET, {"data": image}, no_winograd=no_winograd)
    assert dict.fromkeys(found, "") == found


@pytest.mark.parametrize(("name", "right"), [("digits_overflow", 0.0), ("digits_masked", 0.986)])
def test_the_engine_is_broken_and_repaired_as_the_readme_says(name: str, right: float) -> None:
    """On all held-out images the real engine gets nothing right with the overflow, and 98.6 % with the mask."""
    with np.load(ROOT / "sample_models" / "digits_test.npz") as stored:
        images, labels = np.ascontiguousarray(stored["image"], np.float32), stored["labels"]
    param = ROOT / "sample_models" / f"{name}.param"
    found = ENGINE.run(param, bin_beside(param), {"image": images}, ["prob"], PRECISIONS["fp16"]).blobs["prob"]
    whole = np.isfinite(found).all(axis=1)
    assert right == np.mean(whole & (found.argmax(axis=1) == labels))


@NEEDS_SQUEEZENET
def test_the_proposal_heals_squeezenet_on_the_engine(tmp_path: Path) -> None:
    """The masks that analyze proposes for SqueezeNet bring the real engine's output to a cosine of 0.999."""
    model = load(SQUEEZENET)
    image = read_image(PHOTO, ImageRecipe(mean=(104.0, 117.0, 123.0)), (227, 227))
    masks = analyze(model, Samples({"data": [image]})).masks
    repaired = tmp_path / "repaired.param"
    repaired.write_bytes(model.document.with_masks(masks).to_bytes())
    data = {"data": image[None]}
    found = ENGINE.run(repaired, bin_beside(SQUEEZENET), data, ["prob"], PRECISIONS["fp16"]).blobs["prob"]
    assert {64} == set(masks.values())
    assert COSINE.of(compare(reference=run(model, data)["prob"], actual=found)) >= 0.999
