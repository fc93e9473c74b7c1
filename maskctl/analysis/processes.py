"""A share of the samples in a process of its own, which runs `maskctl.analysis.worker` and is spoken to through pipes."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from maskctl.errors import ExecutionError

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_ROOT = Path(__file__).resolve().parents[2]


class Process:
    """A worker: what `Share` is built from goes to it, then calls go to it and answers come back.

    It has its own `threads` for matrix products, so that several do not get in each other's way.
    """

    def __init__(self, share: tuple[object, ...], told: Callable[[str, int, int], None], threads: int) -> None:
        path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "PYTHONPATH": path, **dict.fromkeys(_THREADS, str(threads))}
        self._told = told
        self._process = subprocess.Popen(
            [sys.executable, "-m", "maskctl.analysis.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self._send(share)

    def ask(self, method: str, *arguments: object) -> None:
        """Begins a call."""
        self._send((method, arguments))

    def answer(self) -> Any:
        """What the call returned, after all it has told on the way; raises what it raised."""
        while True:
            kind, found = self._receive()
            if kind == "told":
                self._told(*found)
            elif kind == "raised":
                raise found
            else:
                return found

    def close(self) -> None:
        """Ends the process and waits for it, whatever it is doing."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:  # something was left to be sent
                    continue
        self._process.wait()

    def _send(self, message: object) -> None:
        if self._process.stdin is None:
            raise AssertionError("the worker was started without a pipe")
        try:
            pickle.dump(message, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None

    def _receive(self) -> Any:
        if self._process.stdout is None:
            raise AssertionError("the worker was started without a pipe")
        try:
            return pickle.load(self._process.stdout)  # noqa: S301 - from our own process
        except EOFError:
            raise self._ended() from None

    def _ended(self) -> ExecutionError:
        return ExecutionError(
            f"a process that measured some of the samples ended by itself (exit status {self._process.wait()}), as it does when "
            "the system is short of memory. Give --jobs 1, or fewer samples."
        )
