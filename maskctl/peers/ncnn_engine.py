"""The real ncnn as a witness: in a process of its own, because a bad mask or file can crash it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskctl.errors import ExecutionError
from maskctl.numeric.formats import FloatArray
from maskctl.targets import PRECISIONS
from maskctl.targets.table import Options

_PROCESS = Path(__file__).with_name("ncnn_process.py")
_SWITCHES = sorted({name for options in PRECISIONS.values() for name in options})


@dataclass(frozen=True)
class EngineRun:
    """What the engine computed: blobs (n, …) by name, and the engine's version."""

    blobs: Mapping[str, FloatArray]
    version: str


@dataclass(frozen=True)
class Job:
    """One network with its samples (n, …), the blobs to read, and the engine's options."""

    param: Path
    weights: Path
    inputs: Mapping[str, FloatArray]
    blobs: Sequence[str]
    options: Options
    threads: int = 1


@dataclass(frozen=True)
class NcnnEngine:
    """An ncnn that `python` (a command line) can import: of this machine, or of another under an emulator."""

    python: Sequence[str] = (sys.executable,)
    timeout_s: float = 300.0

    def run(
        self,
        param: Path,
        weights: Path,
        inputs: Mapping[str, FloatArray],
        blobs: Iterable[str],
        options: Options,
        threads: int = 1,
    ) -> EngineRun:
        """Runs samples (n, …) under the engine's `options` and reads `blobs`.

        Raises `ExecutionError` when the engine refuses, crashes or hangs, with what it said.
        """
        return self.run_all([Job(param, weights, inputs, tuple(blobs), options, threads)])[0]

    def run_all(self, jobs: Sequence[Job]) -> list[EngineRun]:
        """As `run`, for many jobs in one process; what one of them breaks, it breaks for all."""
        if not jobs:
            return []
        with tempfile.TemporaryDirectory() as folder:
            files = [_written(job, Path(folder), number) for number, job in enumerate(jobs)]
            self._start(files, jobs)
            return [_read(job, outputs) for job, (_, _, outputs) in zip(jobs, files, strict=True)]

    def _start(self, files: Sequence[Sequence[Path]], jobs: Sequence[Job]) -> None:
        command = [*self.python, str(_PROCESS), *(str(path) for paths in files for path in paths)]
        last = str(jobs[-1].param)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=self.timeout_s, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            raise ExecutionError(f"ncnn did not finish within {self.timeout_s:g} s.", last) from None
        if done.returncode:
            finished = sum(paths[2].exists() for paths in files)
            broken = str(jobs[min(finished, len(jobs) - 1)].param)
            how = (
                f"was killed by signal {-done.returncode}"
                if done.returncode < 0
                else f"ended with code {done.returncode}"
            )
            said = (done.stderr.strip() or "without a message").splitlines()[-1]
            raise ExecutionError(f"ncnn {how}: {said}", broken)


def _written(job: Job, folder: Path, number: int) -> tuple[Path, Path, Path]:
    """The request and the inputs of a job as files, and where its outputs will be."""
    request, inputs, outputs = (folder / f"{number}-{name}" for name in ("request.json", "inputs.npz", "outputs.npz"))
    switches: dict[str, bool | int] = {name: name in job.options for name in _SWITCHES}
    content = {
        "param": str(job.param),
        "bin": str(job.weights),
        "blobs": list(job.blobs),
        "options": {**switches, "num_threads": job.threads},
    }
    request.write_text(json.dumps(content), encoding="utf-8")
    arrays: dict[str, Any] = dict(job.inputs)
    np.savez(inputs, **arrays)
    return request, inputs, outputs


def _read(job: Job, outputs: Path) -> EngineRun:
    with np.load(outputs, allow_pickle=False) as stored:
        return EngineRun({name: stored[name] for name in job.blobs}, str(stored["__version__"]))
