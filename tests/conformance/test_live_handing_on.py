"""Layers under bits 2 and 4 behind 16-bit blobs, of every shape that decides whether the engine hands the blob on, in real engines.

Runs where it is asked for (MASKCTL_REAL_MODELS=1, some minutes); set MASKCTL_ARM64_PYTHON to the launcher that
conformance/setup-arm64.sh leaves behind.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from conformance.random_dags import PRECISION
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import load
from maskctl.layers import Shape
from maskctl.numeric.formats import FloatArray
from maskctl.peers.engines import engine_named, target_of
from maskctl.peers.ncnn_engine import Job
from maskctl.targets.storage import hazards
from tests.builders import param_text
from tests.conformance.engines import ENGINES

pytestmark = pytest.mark.skipif(
    not os.environ.get("MASKCTL_REAL_MODELS"), reason="takes minutes: set MASKCTL_REAL_MODELS=1, as .ci/run does"
)
MASKS = {"arm64": (2, 3), "host": (4,)}
CHANNELS = (3, 4, 6, 8, 12)
PAIRS = ((4, 12), (3, 5), (2, 2), (8, 8), (4, 8), (3, 4))


@dataclass(frozen=True)
class Case:
    """A layer as type and parameters, how many tops it has, and the shapes of its bottoms."""

    line: str
    shapes: tuple[Shape, ...]
    tops: int = 1


def cases() -> Iterator[Case]:
    """Layers that move values, over blobs whose channels lie in eights, in fours and one by one."""
    for first, second in PAIRS:
        yield Case("Concat 0=-3", ((first, 5, 3), (second, 5, 3)))
        yield Case("Concat 0=0", ((first, 2, 5, 3), (second, 2, 5, 3), (first, 2, 5, 3)))
        yield Case("Concat 0=0", ((first,), (second,)))
    for channels in CHANNELS:
        image, rows, vector = (channels, 6, 4), (channels, 5), (channels,)
        yield Case("Concat 0=1", (image, image))
        yield from (Case("Concat 0=0", (shape,)) for shape in (image, rows, vector))
        yield from (Case(f"Concat 0={axis}", (image,)) for axis in (1, -1))
        yield from (
            Case(f"Concat 0={axis}", (shape,))
            for axis, shape in ((1, rows), (2, (channels, 1, 5)), (-1, (channels, 5, 1)))
        )
        yield from (Case(f"Concat 0={axis}", ((channels, deep, 3, 2),)) for axis in (1, 2, 3) for deep in (1, 2))
        yield from (Case(f"Slice -23300=2,{cut},-233", (image,), 2) for cut in (2, -233))
        yield Case("Slice -23300=2,2,-233 1=1", (image,), 2)
        if channels % 8 == 0:
            yield Case("Slice -23300=1,4", (image,))
        yield Case("Slice -23300=2,-233,-233", (rows,), 2)
        yield from (Case("Flatten", (shape,)) for shape in (vector, rows, image, (channels, 5, 3)))
        for extents in ("0=6 1=4 2=-1", "0=3 1=4 11=2 2=-1", "0=-1", "0=24 1=-1", "0=12 1=-1"):
            yield Case(f"Reshape {extents}", (image,))
        yield from (Case(f"Reshape 0={width} 1=-1", (rows,)) for width in (1, 5))
        for kind in ("", " 4=1", " 5=1.5"):
            yield Case(f"Padding 0=1 1=1 2=1 3=1{kind}", (image,))
            yield Case(f"Padding 2=1 3=3{kind}", (vector,))
        yield Case("Padding 7=2 8=2", (image,))
        yield Case("Padding 0=0", (image,))
        yield Case("Crop 0=1 1=1 2=1 3=2 4=2 5=2", (image,))
        for group in (1, 2, 3):
            yield from (Case(f"ShuffleChannel 0={group} 1={way}", (image,)) for way in (0, 1) if channels % group == 0)
        yield from (Case(f"Interp 0=2 1={scale} 2=1", (image,)) for scale in (1, 2))


def network(path: Path, case: Case, mask: int) -> tuple[str, ...]:
    """Writes it between layers that keep 16 bits, and returns the names of its outputs."""
    ids = {1: (0,), 2: (1, 0), 3: (2, 1, 0), 4: (2, 11, 1, 0)}
    lines = []
    for place, shape in enumerate(case.shapes):
        extents = " ".join(f"{number}={extent}" for number, extent in zip(ids[len(shape)], shape, strict=True))
        lines += [f"Input in{place} 0 1 in{place} {extents}", f"Sigmoid s{place} 1 1 in{place} s{place}"]
    bottoms, tops = [f"s{place}" for place in range(len(case.shapes))], [f"y{place}" for place in range(case.tops)]
    kind, _, params = case.line.partition(" ")
    lines.append(f"{kind} moved {len(bottoms)} {len(tops)} {' '.join((*bottoms, *tops))} {params} 31={mask}")
    lines += [f"Sigmoid z{place} 1 1 {top} z{place}" for place, top in enumerate(tops)]
    path.write_bytes(param_text(*lines))
    path.with_suffix(".bin").write_bytes(b"")
    return tuple(f"z{place}" for place in range(case.tops))


def inputs(shapes: Sequence[Shape]) -> dict[str, FloatArray]:
    """One sample of each input."""
    rng = np.random.default_rng(5)
    return {f"in{place}": rng.standard_normal((1, *shape), np.float32) for place, shape in enumerate(shapes)}


@pytest.mark.parametrize("name", ENGINES)
def test_what_hands_16_bit_blobs_on(name: str, tmp_path: Path) -> None:
    """Bits 2 and 4 are called safe exactly where the engine gives what it gives without them, to the bit and inside its blobs.

    A Padding with a constant counts as unsafe throughout, although bf16 makes it right where nothing comes in fours.
    """
    policy = Policy(PRECISION[name], target_of(name))
    asked = [(case, mask) for case in cases() for mask in MASKS[name]]
    jobs, wanted, called = [], [], []
    for number, (case, mask) in enumerate(asked):
        path, sample = tmp_path / f"{number}.param", inputs(case.shapes)
        jobs.append(
            Job(path, path.with_suffix(".bin"), sample, network(path, case, mask), policy.options, guarded=True)
        )
        model = load(path)
        wanted.append(run(model.with_masks(dict.fromkeys(range(len(model.operators)), 0)), sample, policy))
        called.append(not hazards(model.graph, policy.target, model.document.masks))
        if called[-1]:
            np.testing.assert_equal(run(model, sample, policy).blobs, wanted[-1].blobs)
    runs = engine_named(name, 20.0).observe_all(jobs)
    safe = [
        not seen.failure and all(np.array_equal(seen.blobs[blob], want[blob]) for blob in job.blobs)
        for job, want, seen in zip(jobs, wanted, runs, strict=True)
    ]
    differ = [ask for ask, is_safe, is_called in zip(asked, safe, called, strict=True) if is_safe != is_called]
    assert [] == [(case, mask) for case, mask in differ if " 5=1.5" not in case.line]
    assert {True, False} == set(called)
