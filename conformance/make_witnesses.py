"""Make the stored witnesses: what the real arm64 engine computes for the cases in cases/, a file per family.

  python -m conformance.make_witnesses tests/stored/arm64 [FAMILY ...] --python ROOT/python

Run it in the folder of the repository. ROOT/python is the launcher that setup-arm64.sh leaves behind; it runs the engine with one
thread. The weights and samples follow from --seed, so the same engine gives the same file.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from conformance.case import Case
from conformance.cases import families
from conformance.witnesses import Witness, store
from maskctl.peers.ncnn_engine import Job, NcnnEngine
from maskctl.targets import PRECISIONS


def collect(engine: NcnnEngine, cases: Sequence[Case], seed: int) -> tuple[str, list[Witness]]:
    """The engine's version, and what it computes for each case, all in one process."""
    with TemporaryDirectory() as folder:
        jobs = []
        for case in cases:
            path = case.write(Path(folder), seed)
            samples = {"data": case.fed(case.samples(seed))}
            jobs.append(
                Job(path, path.with_suffix(".bin"), samples, ("out",), PRECISIONS[case.precision] - case.without)
            )
        runs = engine.run_all(jobs)
    found = [
        Witness(
            case.name,
            case.precision,
            case.profiles,
            case.param,
            case.weights(seed),
            case.samples(seed),
            run.blobs["out"].astype(np.float32),
            case.without,
        )
        for case, run in zip(cases, runs, strict=True)
    ]
    return runs[0].version, found


def main() -> None:
    """Writes a file per family and says what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("family", nargs="*", help="default: all")
    known = os.environ.get("MASKCTL_ARM64_PYTHON")
    parser.add_argument("--python", default=known, required=not known, help="default: $MASKCTL_ARM64_PYTHON")
    parser.add_argument("--cpu", default="qemu-aarch64 -cpu max", help="the CPU the engine runs on, for the record")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.folder.mkdir(exist_ok=True, parents=True)
    for name, all_cases in families().items():
        cases = [case for case in all_cases if case.target == "arm82"]
        if not cases or (arguments.family and name not in arguments.family):
            continue
        version, found = collect(NcnnEngine((arguments.python,), timeout_s=1800), cases, arguments.seed)
        about = {
            "engine": f"ncnn {version} (arm64 wheel)",
            "cpu": arguments.cpu,
            "threads": "1",
            "seed": str(arguments.seed),
            "numpy": np.__version__,
            "python": platform.python_version(),
        }
        path = arguments.folder / f"{name}.npz"
        store(path, found, about)
        elements = sum(witness.outputs.size for witness in found)
        print(f"{path}: {len(found)} cases, {elements:,} elements, {path.stat().st_size:,} bytes, {about}")


if __name__ == "__main__":
    main()
