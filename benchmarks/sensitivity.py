"""What the effect of every layer on the outputs costs, beside one fp32 pass and beside runs from scratch.

python benchmarks/sensitivity.py [--kind int8] [--samples 8] [--jobs 1 2] [--rounds 3] [--memory]
python benchmarks/sensitivity.py --model resnet50 --scope alone layerwise --jobs 2 --rounds 1

Prints the seconds of all layers alone in a kind of loss, of the clock and of the processor, layer executions
against running each variant from scratch, and with --memory what is allocated at the peak against the bytes of all fp32 blobs.
With --scope it is instead all that `analyze` measures by that scope, in every usual kind of loss. Seconds are medians: machines
are shared, ratios hold. squeezenet is v1.1 with its real weights and pictures, from the folder MASKCTL_SHARED (by default
`shared` beside the repository); resnet50 is written by `resnet50.py`, with made-up weights and noise for samples; anything else
is a .param, with made-up weights and noise too.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from maskctl.analysis.pool import Means
    from maskctl.executor.samples import Samples
    from maskctl.executor.suffixes import Effort
    from maskctl.executor.trace import Trace
    from maskctl.graph.model import Model

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("MASKCTL_SHARED", ROOT.parent / "shared"))


def main() -> None:
    """Prints the figures."""
    sys.path.insert(0, str(ROOT))
    arguments = _arguments()
    from maskctl.analysis import pool
    from maskctl.executor.policy import Policy
    from maskctl.executor.run import run
    from maskctl.executor.samples import batches

    pool._WORTH_A_PROCESS_US = -1  # noqa: SLF001 - the benchmark says how many processes
    model, samples = _model(arguments.model, arguments.samples)
    portions = [portion.inputs for portion in batches(model, samples)]

    def fp32() -> list[Trace]:
        return [run(model, inputs, Policy("fp32"), keep=["*"]) for inputs in portions]

    before = _processor_s()
    one_pass, _ = _median(fp32, 3 * arguments.rounds)
    busy = (_processor_s() - before) / (3 * arguments.rounds)
    print(f"fp32 pass of {len(samples)} samples: {one_pass:.3f} s, {busy:.3f} s of processor")
    for jobs in arguments.jobs:
        means = pool.Means(jobs=jobs)
        ways = {f"--scope {scope}": partial(_analyzed, model, samples, scope, means) for scope in arguments.scope}
        alone = {f"{arguments.kind} alone": partial(_alone, model, samples, arguments.kind, means)}
        for name, way in (ways or alone).items():
            before = _processor_s()
            spent, effort = _median(way, arguments.rounds)
            busy = (_processor_s() - before) / arguments.rounds
            print(f"{name}, --jobs {jobs}: {spent:.2f} s, {busy:.2f} s of processor{_executions(effort)}", flush=True)
    if arguments.memory:
        blobs = {id(values): values.nbytes for found in fp32() for values in found.values()}  # a Split copies nothing
        trace = sum(blobs.values())
        peak = _peak_bytes(lambda: pool.effects(model, samples, [arguments.kind]))
        print(f"peak {peak / 1e6:.0f} MB, all fp32 blobs {trace / 1e6:.0f} MB: {peak / trace:.2f} times")


def _arguments() -> argparse.Namespace:
    from maskctl.analysis.kinds import KINDS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", default="int8", choices=sorted(KINDS))
    parser.add_argument("--model", default="squeezenet", help="squeezenet, resnet50, or a .param")
    parser.add_argument("--scope", nargs="+", default=[], choices=["layerwise", "alone", "leave-one-out"])
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", action="store_true")
    return parser.parse_args()


def _executions(effort: Effort) -> str:
    if not effort.naive:
        return ""
    share = effort.executions / effort.naive
    return f"; layer executions {effort.executions:,} of {effort.naive:,} naive ({share:.1%})"


def _alone(model: Model, samples: Samples, kind: str, means: Means) -> Effort:
    """What the variants took where each layer's effect in one kind of loss is measured, and nothing else."""
    from maskctl.analysis.pool import effects

    return effects(model, samples, [kind], means=means)[1]


def _analyzed(model: Model, samples: Samples, scope: str, means: Means) -> Effort:
    """What the variants took where all is measured that `analyze` measures by a scope."""
    from maskctl.analysis.pool import Shares
    from maskctl.analysis.sensitivity import Wishes
    from maskctl.executor.policy import Policy

    with closing(Shares(model, samples, Policy("fp16"), Wishes(scope), lambda *_: None, means)) as shares:
        return shares.measure()[1]


def _model(name: str, count: int) -> tuple[Model, Samples]:
    """A model and samples for it."""
    from benchmarks.resnet50 import resnet50
    from maskctl.executor.inputs import input_shapes
    from maskctl.executor.samples import Samples, synthetic
    from maskctl.graph.model import load

    if name == "squeezenet":
        return _squeezenet(count)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(name)
        if name == "resnet50":
            path = Path(folder) / "resnet50.param"
            path.write_text(resnet50(), encoding="utf-8")
        model = load(path, "random:1")
    shapes = input_shapes(model, {})
    noise = [synthetic(shapes, seed).by_blob for seed in range(count)]
    return model, Samples({blob: [found[blob][0] for found in noise] for blob in shapes})


def _squeezenet(count: int) -> tuple[Model, Samples]:
    """The model, and pictures for it: those there are, then their mirror images."""
    from maskctl.executor.images import ImageRecipe
    from maskctl.executor.inputs import read_samples
    from maskctl.executor.samples import Samples
    from maskctl.graph.model import load

    model = load(SHARED / "models" / "squeezenet_v1.1.param")
    files = [f"data={path}" for path in sorted((SHARED / "images").glob("*.jpg"))]
    pictures = read_samples(model, files, ImageRecipe((104.0, 117.0, 123.0), (1.0,), "bgr", (227, 227))).by_blob["data"]
    mirrored = [picture[:, :, ::-1].copy() for picture in pictures]
    return model, Samples({"data": [*pictures, *mirrored][:count]})


def _processor_s() -> float:
    """Processor time of this process and of those it has waited for: what neighbours do changes it less than seconds."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _median(one: Callable[[], T], rounds: int) -> tuple[float, T]:
    """The median of the seconds that a call takes, and what it gave."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        found = one()
        times.append(time.perf_counter() - start)
    return statistics.median(times), found


def _peak_bytes(one: Callable[[], object]) -> int:
    tracemalloc.start()
    one()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


if __name__ == "__main__":
    main()
