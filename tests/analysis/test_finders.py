"""Layers that give as many rows as they find: what is measured in their place, and what is behind them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from maskctl.analysis.analyze import Analysis, analyze
from maskctl.analysis.finders import finders, measured, needs_single_samples
from maskctl.analysis.pool import Means
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.executor.samples import Samples
from maskctl.graph.model import Model
from maskctl.numeric.formats import FloatArray
from maskctl.targets import DEFAULT
from tests.analysis.made import LEAKY, Network, first, samples, stacked
from tests.analysis.test_pool import facts

BOXES = "0=1 1=1 2=0.5 3=0.9 -23304=2,8.,8. -23305=1,0. -23306=1,16."
FINDER = 2
NEAR = 1.0001
"""Rounds to 1 in fp16, so that 1 - NEAR is found in fp16 and not in fp32."""


def picture(*objectness: float) -> FloatArray:
    """A map of one row of pixels for `network`: what is subtracted from 1 to make the objectness of each."""
    wide = np.zeros((3, 1, len(objectness)), np.float32)
    wide[0], wide[1], wide[2, 0] = 1, 20, objectness
    return wide


def network(mask: str = "") -> Network:
    """A convolution that gives box, objectness and class of each pixel, and a layer that finds boxes in it."""
    weight = np.zeros((6, 3), np.float32)
    weight[4], weight[5, 1] = (1, 0, -1), 1
    return (
        Network().convolution("map", "data", weight).layer(f"Yolov3DetectionOutput boxes 1 1 map boxes {BOXES} {mask}")
    )


def by_name(found: Analysis) -> dict[str, str]:
    """Reason by layer name."""
    return {row.layer.name: row.reason for row in found.rows}


def rows_found(model: Model, given: Samples, precision: str) -> int:
    """How many boxes a whole run finds."""
    return len(run(model, stacked(given), Policy(precision))["boxes"][0])


def test_other_numbers_of_rows() -> None:
    """Where fp16 finds more boxes, the map they are found in is measured, and the boxes are not."""
    model, given = network().model(), samples(picture(-3, NEAR, 5))
    assert (1, 2) == (rows_found(model, given, "fp32"), rows_found(model, given, "fp16"))
    found = analyze(model, given)
    assert ["map"] == list(found.plan.before.outputs)
    assert ["boxes"] == [op.layer.name for op in found.finders]
    assert ["map"] == [row.layer.name for row in found.rows]
    assert found.plan.reached
    assert 0 < found.plan.before.outputs["map"].noise


def test_no_rows_at_all() -> None:
    """Where nothing is found, the map tells how good the network is."""
    found = analyze(network().model(), samples(picture(NEAR)))
    assert 0 < found.plan.before.outputs["map"].noise


@pytest.fixture(scope="module")
def refined() -> Model:
    """Boxes, and an inner product of each row behind them, whose sum leaves fp16."""
    weight = np.zeros((2, 6), np.float32)
    weight[0, 0], weight[1, :2] = 1, (-60000, -20000)
    return network().inner_product("fc", "boxes", np.asarray(weight), LEAKY).model()


def test_layers_behind_are_fed_the_same_rows(refined: Model) -> None:
    """What is behind is compared row by row, and an overflow there is found and cured."""
    assert ("map", "fc") == measured(refined, finders(refined, DEFAULT))
    found = analyze(refined, samples(picture(-3, NEAR, -5)))
    assert "sum reaches -79,9" in by_name(found)["fc"]
    assert ({3: 1}, True) == (dict(found.masks), found.plan.reached)
    assert 2 * 2 == next(row for row in found.rows if row.layer.name == "fc").loss.graphwise.elements


def test_samples_with_other_numbers_of_rows(refined: Model) -> None:
    """Samples that give 1, 3 and 2 rows to a layer behind are pooled as if each were analysed alone."""
    given = samples(picture(-3, NEAR, 5), picture(-3, -4, -5), picture(5, -2, -1))
    assert needs_single_samples(refined)
    found = analyze(refined, given)
    alone = [analyze(refined, first(given, [index])) for index in range(3)]
    for name, sums in found.plan.after.outputs.items():
        parts = [dataclasses.asdict(one.plan.after.outputs[name]) for one in alone]
        whole = dataclasses.asdict(sums)
        assert whole["elements"] == sum(part["elements"] for part in parts)
        assert whole["noise"] == pytest.approx(sum(part["noise"] for part in parts))
        assert 0 == whole["lost"]


def test_samples_at_the_end_stay_together() -> None:
    """Where nobody reads what is found, samples with other numbers of rows run together."""
    model = network().model()
    assert not needs_single_samples(model)
    found = analyze(model, samples(picture(-3, 5, 5), picture(-3, -4, -5)))
    assert 2 * 6 * 3 == found.plan.before.outputs["map"].elements


def test_a_mask_that_is_not_honoured() -> None:
    """A finder that reads 16 bits as 32 is listed with the reason, and its mask taken away: nothing needs another one."""
    found = analyze(network("31=2").model(), samples(picture(-3, NEAR, -5)))
    assert "bit 2 is not honoured here: 16-bit input read as fp32" == by_name(found)["boxes"]
    assert 0 < found.plan.before.outputs["map"].lost
    assert ({FINDER: 0}, True) == (dict(found.masks), found.plan.reached)


def test_layers_that_only_move_are_no_finders() -> None:
    """A Crop whose second bottom says which part keeps its place in the comparison."""
    model = Network("data", "part").layer("Crop crop 2 1 data part crop 0=-233").model()
    assert () == finders(model, DEFAULT)
    assert ("crop",) == measured(model, ())


@pytest.mark.parametrize("limit", [1, 100_000])
def test_a_limit_of_memory_finds_nothing_else(limit: int) -> None:
    """What a finder found in fp32 stays what the others read, on disk and computed again too: nothing counts as lost."""
    model, given = network().model(), samples(picture(-3, NEAR, -5))
    assert facts(analyze(model, given)) == facts(analyze(model, given, means=Means(memory=limit)))
