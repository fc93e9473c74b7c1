"""The real ncnn as a witness: in a process of its own, because a bad mask or file can crash it."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from maskctl.errors import ExecutionError
from maskctl.kernels.packing import Options
from maskctl.numeric.formats import FloatArray
from maskctl.targets import PRECISIONS

_PROCESS = Path(__file__).with_name("ncnn_process.py")
_KILLED, _LATE = "was killed by signal ", "did not finish within"
_STARTING_S = 30.0
_SWITCHES = sorted({name for options in PRECISIONS.values() for name in options})


@dataclass(frozen=True)
class EngineRun:
    """What the engine computed: per blob one array without a sample axis for each sample, and the engine's version."""

    rows: Mapping[str, Sequence[npt.NDArray[Any]]]
    version: str

    @property
    def blobs(self) -> Mapping[str, FloatArray]:
        """The blobs stacked, (n, …); raises `ValueError` where samples gave blobs of different shapes."""
        return {name: np.stack(rows) for name, rows in self.rows.items()}


@dataclass(frozen=True)
class Job:
    """One network with its samples (n, …), the blobs to read, and the engine's options.

    `guarded` puts every blob in front of a page that cannot be read, so that code which reads past a blob's end is killed.
    """

    param: Path
    weights: Path
    inputs: Mapping[str, npt.NDArray[Any]]
    blobs: Sequence[str]
    options: Options
    threads: int = 1
    guarded: bool = False

    @property
    def samples(self) -> int:
        """How many samples there are; a network without inputs has one."""
        return len(next(iter(self.inputs.values()))) if self.inputs else 1


@dataclass(frozen=True)
class Observation:
    """What can be known of a run that may have failed: the blobs that came out before, and what happened at the next.

    `blobs` holds those of which every sample came out, (n, …). `failure` is empty for a whole run; `failed_at` is the blob and
    `failed_sample` the sample that did not come out.
    """

    blobs: Mapping[str, npt.NDArray[Any]]
    version: str = ""
    failure: str = ""
    failed_at: str = ""
    failed_sample: int = 0

    @property
    def is_dead(self) -> bool:
        """True where the engine crashed or hung, rather than refused."""
        return self.hangs or self.failure.startswith(_KILLED)

    @property
    def hangs(self) -> bool:
        """True where the engine did not finish in time."""
        return self.failure.startswith(_LATE)


@dataclass(frozen=True)
class NcnnEngine:
    """An ncnn that `python` (a command line) can import: of this machine, or of another under an emulator."""

    python: Sequence[str] = (sys.executable,)
    timeout_s: float = 300.0

    @property
    def _patience_s(self) -> float:
        """How long a job is waited for that does not end itself when its time is over: starting the engine takes some as well."""
        return self.timeout_s + min(self.timeout_s, _STARTING_S)

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
        """As `run`, for many jobs in one start of the engine; raises for the first that fails."""
        found = self.attempt_all(jobs)
        for outcome in found:
            if isinstance(outcome, ExecutionError):
                raise outcome
        return [outcome for outcome in found if isinstance(outcome, EngineRun)]

    def attempt_all(self, jobs: Sequence[Job]) -> list[EngineRun | ExecutionError]:
        """As `run_all`, with the error in place of each run that failed; a crash costs only its own job."""
        if not jobs:
            return []
        with tempfile.TemporaryDirectory() as folder:
            files = [self._written(job, Path(folder), number) for number, job in enumerate(jobs)]
            problem = self._start(files)
            return [self._read(job, outputs, problem) for job, (_, _, outputs) in zip(jobs, files, strict=True)]

    def observe(self, job: Job) -> Observation:
        """One job, blob by blob in its order; a refusal, a crash or a hang is an answer, with what came out before."""
        return self.observe_all([job])[0]

    def observe_all(self, jobs: Sequence[Job]) -> list[Observation]:
        """As `observe`, for many jobs in one start of the engine; what one does to memory costs no other."""
        with tempfile.TemporaryDirectory() as folder:
            files = [self._written(job, Path(folder), number, one_by_one=True) for number, job in enumerate(jobs)]
            problem = self._start(files, "--apart")
            return [self._seen(job, outputs, problem) for job, (_, _, outputs) in zip(jobs, files, strict=True)]

    def _seen(self, job: Job, outputs: Path, problem: str) -> Observation:
        found = self._read(job, outputs, problem)
        if isinstance(found, EngineRun):
            return Observation(found.blobs, found.version)
        blobs, failed_at, sample = self._rescued(job, outputs)
        version = Path(f"{outputs}.version")
        known = version.read_text(encoding="utf-8") if version.exists() else ""
        said = found.problem.removeprefix("ncnn: ").removeprefix("ncnn ")
        return Observation(blobs, known, said, "" if said.startswith("refuses") else failed_at, sample)

    def _rescued(self, job: Job, outputs: Path) -> tuple[dict[str, npt.NDArray[Any]], str, int]:
        """The blobs of which all samples came out, the first blob that did not, and of which sample."""
        rows: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in job.blobs}
        for number in range(job.samples * len(job.blobs)):
            name, path = job.blobs[number % len(job.blobs)], Path(f"{outputs}.{number}.npy")
            try:
                rows[name].append(np.load(path, allow_pickle=False))
            except (OSError, ValueError, EOFError):  # none, or one that a crash cut short
                whole = {name: np.stack(found) for name, found in rows.items() if len(found) == job.samples}
                return whole, name, number // len(job.blobs)
        return {name: np.stack(found) for name, found in rows.items()}, "", 0

    def _start(self, files: Sequence[Sequence[Path]], *options: str) -> str:
        """Runs the process; returns what it complained of when it did not even begin."""
        command = [*self.python, str(_PROCESS), *(str(path) for paths in files for path in paths), *options]
        try:
            done = subprocess.run(  # noqa: S603
                command, capture_output=True, text=True, timeout=self._patience_s * (len(files) + 1), check=False
            )
        except subprocess.TimeoutExpired:
            return f"{_LATE} {self.timeout_s:g} s"
        if not done.returncode:
            return "gave no answer"
        said = (done.stderr.strip() or "without a message").splitlines()[-1]
        return f"ended with code {done.returncode}: {said}"

    def _written(self, job: Job, folder: Path, number: int, *, one_by_one: bool = False) -> tuple[Path, Path, Path]:
        """The request and the inputs of a job as files, and where its outputs will be."""
        request, inputs, outputs = (
            folder / f"{number}-{name}" for name in ("request.json", "inputs.npz", "outputs.npz")
        )
        switches: dict[str, bool | int] = {name: name in job.options for name in _SWITCHES}
        content = {
            "param": str(job.param),
            "bin": str(job.weights),
            "blobs": list(job.blobs),
            "samples": job.samples,
            "one_by_one": one_by_one,
            "guarded": job.guarded,
            "seconds": math.ceil(self.timeout_s),
            "patience": self._patience_s,
            "options": {**switches, "num_threads": job.threads},
        }
        request.write_text(json.dumps(content), encoding="utf-8")
        # The engine's blobs of 32-bit integers are ordinary ones; the binding takes them by their bits.
        arrays: dict[str, Any] = {
            name: values.view(np.float32) if values.dtype == np.int32 else values for name, values in job.inputs.items()
        }
        np.savez(inputs, **arrays)
        return request, inputs, outputs

    def _in_words(self, said: str) -> str:
        """What ended the process, a signal by its name and a hang as what it is."""
        if not said.startswith(_KILLED):
            return said
        number = int(said.removeprefix(_KILLED))
        if number == signal.SIGALRM:
            return f"{_LATE} {self.timeout_s:g} s"
        return f"{_KILLED}{number} ({signal.Signals(number).name})"

    def _read(self, job: Job, outputs: Path, problem: str) -> EngineRun | ExecutionError:
        if not outputs.exists():
            failed = Path(f"{outputs}.failed")
            said = failed.read_text(encoding="utf-8").strip() if failed.exists() else problem
            said = self._in_words(said)
            return ExecutionError(f"ncnn: {said}", str(job.param))
        with np.load(outputs, allow_pickle=False) as stored:
            rows = {name: [stored[f"{name} {number}"] for number in range(job.samples)] for name in job.blobs}
            return EngineRun(rows, str(stored["__version__"]))
