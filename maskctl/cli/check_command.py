"""The user's own score of a candidate: a command that is given its outputs."""

from __future__ import annotations

import math
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from maskctl.errors import InputError

if TYPE_CHECKING:
    from maskctl.layers.base import Array

_SHOWN = 200


class CheckCommand:
    """Runs a command on outputs written as an `.npz`, an array (n, …) per output; `{}` in it is the path, else it comes last.

    The command is split as a shell would and run without one. Its score is the number in the last line it prints where a
    `number` is asked for, else 1 for exit status 0 and 0 for any other. Raises `InputError` for a command that cannot be run
    or that prints no number where one is asked for.
    """

    def __init__(self, command: str, *, number: bool) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise InputError(f"--check '{command}': {error}. Quote it as for a shell.") from None
        if not self._words:
            raise InputError("--check is empty. Expected a command, e.g. --check 'python score.py {}'.")
        self._command, self._number = command, number

    def __call__(self, outputs: Mapping[str, Array]) -> float:
        """The score of these outputs."""
        from maskctl.executor.trace import write_blobs

        with tempfile.TemporaryDirectory(prefix="maskctl-check-") as folder:
            path = Path(folder) / "outputs.npz"
            with open(path, "wb") as file:
                write_blobs(file, outputs)
            return self._score(str(path))

    def _score(self, path: str) -> float:
        from maskctl.analysis.goal import Score

        words = [word.replace("{}", path) for word in self._words]
        words += [] if any("{}" in word for word in self._words) else [path]
        try:
            done = subprocess.run(words, stdout=subprocess.PIPE, check=False)  # noqa: S603 - the user asks for it
        except OSError as error:
            raise InputError(f"--check '{self._command}' cannot be run: {error.strerror}.") from None
        if not self._number:
            return Score(done.returncode == 0, f"exit status {done.returncode}", "0")
        text = done.stdout.decode(errors="replace").strip()
        last = text.splitlines()[-1] if text else ""
        if done.returncode:
            raise InputError(
                f"--check '{self._command}' ended with exit status {done.returncode}. With --target-check it has to print a "
                "number and end with 0."
            )
        try:
            score = float(last)
        except ValueError:
            raise InputError(
                f"--check '{self._command}' printed '{last[:_SHOWN]}' last. With --target-check that has to be a number; without, "
                "the exit status counts."
            ) from None
        return Score(-math.inf, "nan") if math.isnan(score) else score  # nan reaches nothing
