"""The same as the stored witnesses and more, against a live arm64 engine on fresh values.

Set MASKCTL_ARM64_PYTHON to the launcher that conformance/setup-arm64.sh leaves behind, and MASKCTL_CONFORMANCE_SEED for
other values than those of the stored witnesses and of the last run.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from conformance.agreement import difference, problem
from conformance.cases import families
from conformance.make_witnesses import collect
from maskctl.analysis.analyze import analyze
from maskctl.analysis.metrics import COSINE, compare
from maskctl.executor.images import ImageRecipe, read_image
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.executor.samples import Samples
from maskctl.graph.model import bin_beside, load
from maskctl.graph.network import build
from maskctl.graph.operators import operators
from maskctl.graph.weights import write_random
from maskctl.numeric.formats import FloatArray
from maskctl.param import parse
from maskctl.peers.ncnn_engine import Job, NcnnEngine
from maskctl.targets import PRECISIONS
from tests.layers.test_kv_cache import CALLS, inputs_of, two_calls
from tests.shared_models import NEEDS_SQUEEZENET, PHOTO, ROOT, SQUEEZENET
from tests.witnesses import recomputed

PYTHON = os.environ.get("MASKCTL_ARM64_PYTHON", "")
SEED = int(os.environ.get("MASKCTL_CONFORMANCE_SEED", "2026"))
ENGINE = NcnnEngine((PYTHON,), timeout_s=1800)
ARM82 = {
    name: chosen for name, cases in families().items() if (chosen := [case for case in cases if case.target == "arm82"])
}

pytestmark = pytest.mark.skipif(not PYTHON, reason="no arm64 engine: set MASKCTL_ARM64_PYTHON (see setup-arm64.sh)")


@pytest.mark.parametrize("family", ARM82)
def test_agrees_with_the_engine(family: str, tmp_path: Path) -> None:
    """On fresh values, every case of the family agrees with the engine as well as it asks."""
    cases = ARM82[family]
    found = {
        case.name: problem(case, witness.outputs, recomputed(case, witness, tmp_path))
        for case, witness in zip(cases, collect(ENGINE, cases, SEED)[1], strict=True)
    }
    assert (SEED, dict.fromkeys(found, "")) == (SEED, found)


@pytest.mark.parametrize("precision", ["fp16", "fp16-storage", "bf16"])
def test_caches_of_attention_are_equal_to_the_bit(precision: str, tmp_path: Path) -> None:
    """A call with an empty cache, and one behind it with what that put there, give what the engine gives."""
    jobs = []
    for number, (words, first, second) in enumerate(CALLS):
        path = tmp_path / f"{number}.param"
        path.write_text(two_calls(words, len(first)), encoding="utf-8")
        write_random(path.with_suffix(".bin"), operators(build(parse(path.read_bytes(), str(path)))), SEED)
        inputs, blobs = inputs_of(first, second), ("aout", "bout")
        jobs.append(Job(path, path.with_suffix(".bin"), inputs, blobs, PRECISIONS[precision]))
    found = [
        [difference(expected.blobs[name], actual[name]) for name in job.blobs]
        for job, expected in zip(jobs, ENGINE.run_all(jobs), strict=True)
        for actual in [run(load(job.param), job.inputs, Policy(precision), keep=job.blobs)]
    ]
    assert [["", ""]] * len(CALLS) == found


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
