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
        switches: dict[str, bool | int] = {name: name in options for name in _SWITCHES}
        request = {
            "param": str(param),
            "bin": str(weights),
            "blobs": list(blobs),
            "options": {**switches, "num_threads": threads},
        }
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / name for name in ("request.json", "inputs.npz", "outputs.npz")]
            paths[0].write_text(json.dumps(request), encoding="utf-8")
            arrays: dict[str, Any] = dict(inputs)
            np.savez(paths[1], **arrays)
            self._start(paths, param)
            with np.load(paths[2], allow_pickle=False) as stored:
                version = str(stored["__version__"])
                return EngineRun({name: stored[name] for name in request["blobs"]}, version)

    def _start(self, paths: Sequence[Path], param: Path) -> None:
        command = [*self.python, str(_PROCESS), *map(str, paths)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=self.timeout_s, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            raise ExecutionError(f"ncnn did not finish within {self.timeout_s:g} s.", str(param)) from None
        if done.returncode:
            how = (
                f"was killed by signal {-done.returncode}"
                if done.returncode < 0
                else f"ended with code {done.returncode}"
            )
            last = (done.stderr.strip() or "without a message").splitlines()[-1]
            raise ExecutionError(f"ncnn {how}: {last}", str(param))
