"""What the effect of every layer on the outputs costs, beside one fp32 pass and beside runs from scratch.

python benchmarks/sensitivity.py [--kind int8] [--samples 8] [--jobs 1 2] [--rounds 3] [--memory]

Prints, for SqueezeNet v1.1 with its real weights, the seconds of all layers alone in a kind of loss, what they are in fp32
passes of the same samples, layer executions against running each variant from scratch, and with --memory what is allocated at
the peak against the bytes of all fp32 blobs. Seconds are medians: machines are shared, ratios hold. The model and pictures come
from the folder MASKCTL_SHARED (by default `shared` beside the repository).
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskctl.executor.samples import Samples
    from maskctl.executor.trace import Trace
    from maskctl.graph.model import Model

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
    model, samples = _squeezenet(arguments.samples)
    portions = [portion.inputs for portion in batches(model, samples)]

    def fp32() -> list[Trace]:
        return [run(model, inputs, Policy("fp32"), keep=["*"]) for inputs in portions]

    one_pass = _median(fp32, 3 * arguments.rounds)
    print(f"fp32 pass of {len(samples)} samples: {one_pass:.3f} s")
    for jobs in arguments.jobs:
        alone = partial(pool.effects, model, samples, [arguments.kind], means=pool.Means(jobs=jobs))
        effort = alone()[1]
        spent = _median(alone, arguments.rounds)
        print(
            f"{arguments.kind} alone, --jobs {jobs}: {spent:.2f} s, {spent / one_pass:.1f} fp32 passes; layer executions "
            f"{effort.executions:,} of {effort.naive:,} naive ({effort.executions / effort.naive:.1%})"
        )
    if arguments.memory:
        blobs = {id(values): values.nbytes for found in fp32() for values in found.values()}  # a Split copies nothing
        trace = sum(blobs.values())
        peak = _peak_bytes(lambda: pool.effects(model, samples, [arguments.kind]))
        print(f"peak {peak / 1e6:.0f} MB, all fp32 blobs {trace / 1e6:.0f} MB: {peak / trace:.2f} times")


def _arguments() -> argparse.Namespace:
    from maskctl.analysis.kinds import KINDS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", default="int8", choices=sorted(KINDS))
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", action="store_true")
    return parser.parse_args()


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


def _median(one: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        one()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _peak_bytes(one: Callable[[], object]) -> int:
    tracemalloc.start()
    one()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


if __name__ == "__main__":
    main()
