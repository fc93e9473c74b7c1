"""The effect of every layer of real models on their outputs: the order and the sums of runs from scratch."""

from __future__ import annotations

from pathlib import Path

import pytest

import maskctl
from maskctl.analysis.alone import Effect, effect, worst
from maskctl.analysis.finders import finders
from maskctl.analysis.kinds import WHOLE, Setting
from maskctl.analysis.metrics import SQNR
from maskctl.analysis.pool import effects
from maskctl.analysis.sensitivity import Wishes
from maskctl.analysis.shares import outputs_of
from maskctl.executor.images import ImageRecipe
from maskctl.executor.inputs import read_samples
from maskctl.executor.policy import Policy
from maskctl.executor.suffixes import LayerRun, under
from maskctl.graph.model import Model
from maskctl.layers.base import Array
from tests.analysis.made import stacked
from tests.shared_models import PHOTO, SHARED

FP16 = Policy("fp16")
IMAGENET = ImageRecipe((104.0, 117.0, 123.0), (1.0,), "bgr", (227, 227))
COCO = ImageRecipe((103.53, 116.28, 123.675), (0.017429, 0.017507, 0.017125), "bgr", (160, 160))
FACES = ImageRecipe((127.5,), (1 / 128,), "rgb", (160, 160))
ENLARGED = ImageRecipe((0.0,), (1 / 255,), "rgb", (64, 64))
MODELS = {"squeezenet_v1.1": IMAGENET, "nanodet_m": COCO, "scrfd_500m-opt2": FACES, "upconv7": ENLARGED}


def order(found: dict[int, Effect]) -> list[int]:
    """Layers by their worst output, worst first."""
    return sorted(found, key=lambda index: (SQNR.worst_first(worst(found[index])), index))


def from_scratch(
    model: Model, inputs: dict[str, Array], runs: list[LayerRun], changed: dict[int, LayerRun]
) -> dict[str, Array]:
    """The blobs nobody has read, after a whole run in which one layer runs another way."""
    blobs = dict(inputs)
    for op in model.operators:
        if op.layer.type != "Input" and not op.cut:
            way = changed.get(op.layer.index, runs[op.layer.index])
            read = tuple(blobs.pop(bottom) for bottom in op.layer.bottoms)
            blobs.update(zip(op.layer.tops, way(read), strict=True))
    return blobs


@pytest.mark.parametrize("name", MODELS)
def test_ranking_is_brute_force(name: str) -> None:
    """On a photo, layers lowered alone in fp16 come in the order of runs from scratch, with the same sums at every output."""
    path: Path = SHARED / "models" / f"{name}.param"
    if not (path.exists() and PHOTO.exists()):
        pytest.skip(f"no {path.name} or photo in {SHARED}; set MASKCTL_SHARED")
    model = maskctl.load(path)
    samples = read_samples(model, [f"{model.graph.inputs[0]}={PHOTO}"], MODELS[name])
    found = {index: kinds["whole"] for index, kinds in effects(model, samples, ["whole"])[0].items()}
    inputs, setting = stacked(samples), Setting(model, FP16, 1)
    outputs = outputs_of(model, FP16, Wishes())
    runs = [under(model, index, step, FP16.target, 1) for index, step in enumerate(Policy("fp32").steps(model))]
    exact = from_scratch(model, inputs, runs, {})
    expected: dict[int, Effect] = {}
    assert () == finders(model, FP16.target)
    for index in found:
        way = WHOLE.way(setting, index)
        assert way is not None
        whole = from_scratch(model, inputs, runs, {index: way})
        expected[index] = effect(exact, whole, whole, outputs, [0])
    assert order(expected) == order(found)
    assert expected == found
