"""Bits of a mask that the linter says do nothing, in real engines: without them every output is the same to the bit.

Set MASKCTL_ARM64_PYTHON to the launcher that conformance/setup-arm64.sh leaves behind.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from conformance.random_dags import PRECISION, draw
from maskctl.analysis.metrics import SQNR, compare
from maskctl.graph.model import Model, bin_beside, load
from maskctl.lint.mask_effects import idle_bits
from maskctl.numeric.formats import FloatArray
from maskctl.peers.engines import engine_named, target_of
from maskctl.peers.ncnn_engine import Job
from maskctl.targets.table import PRECISIONS, Target
from tests.conformance.engines import ENGINES

BITS = (1, 8, 32, 64, 73, 96, 105)
SEEDS = range(3000, 3040)


def masked_pair(model: Model, target: Target, seed: int, *, anywhere: bool) -> tuple[dict[int, int], dict[int, int]]:
    """Masks at random, and the same without the bits that do nothing, on the target or anywhere."""
    rng = np.random.default_rng([13, seed])
    drawn = {index: int(rng.choice(BITS)) for index in range(len(model.graph.layers))}
    left = dict(drawn)
    for layer, found in idle_bits(model.with_masks(drawn).graph, target):
        for idle in found:
            if idle.anywhere or not anywhere:
                left[layer.index] &= ~idle.bit.value
    return drawn, left


def difference_db(one: FloatArray, other: FloatArray) -> float:
    """How far the two are from being equal, infinite where they are to the bit."""
    return SQNR.of(compare(reference=one, actual=other))


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("low", [False, True], ids=["fp32", "16 bits"])
def test_bits_that_do_nothing_do_nothing(name: str, tmp_path: Path, *, low: bool) -> None:
    """Random networks with random masks give the same bits without the idle ones: in fp32 those idle anywhere.

    Softmax alone may differ by rounding: bit 1 has it keep four channels side by side instead of eight, and add them up
    in another order, in fp16 all the same.
    """
    target, precision = target_of(name), PRECISION[name] if low else "fp32"
    jobs, dropped, sums = [], 0, []
    for seed in SEEDS:
        path, sample = draw(seed, tmp_path)
        model = load(path)
        drawn, left = masked_pair(model, target, seed, anywhere=not low)
        dropped += sum((drawn[index] ^ left[index]).bit_count() for index in drawn)
        sums.append(low and any(layer.type == "Softmax" for layer in model.graph.layers))
        for kind, masks in {"drawn": drawn, "left": left}.items():
            changed = tmp_path / f"{seed}-{kind}.param"
            changed.write_bytes(model.document.with_masks(masks).to_bytes())
            jobs.append(Job(changed, bin_beside(path), {"data": sample}, model.outputs, PRECISIONS[precision]))
    assert dropped > 3 * len(SEEDS)
    runs = engine_named(name, 30.0).run_all(jobs)
    for may_differ, drawn_run, left_run in zip(sums, runs[::2], runs[1::2], strict=True):
        for blob, values in drawn_run.blobs.items():
            assert difference_db(values, left_run.blobs[blob]) >= (60 if may_differ else math.inf)
