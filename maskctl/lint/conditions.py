"""What a file is held against: the target and engine it is for, and what is known of its inputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from maskctl.errors import InputError
from maskctl.targets import DEFAULT
from maskctl.targets.table import Target

Ranges = Mapping[str, tuple[tuple[float, float], ...]]


@dataclass(frozen=True)
class Conditions:
    """What rules may take as given, from the command line or a settings file.

    `runtime` is the date in the engine's version, 20241226 of 1.0.20241226, 0 where any may run the file. `shapes` and
    `ranges` (one pair, or one per channel) are those of input blobs. `reads_weights` is False where the `.bin` beside
    the file is to be left alone. `custom_layers` are types that the application registers.
    """

    target: Target = DEFAULT
    runtime: int = 0
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ranges: Ranges = field(default_factory=dict)
    reads_weights: bool = True
    custom_layers: frozenset[str] = frozenset()


_RUNTIME = re.compile(r"(?:1\.0\.)?(20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))\Z")


def parse_runtime(text: str, where: str) -> int:
    """The date in an engine's version; raises `InputError`, told to be in `where`.

    >>> parse_runtime("1.0.20241226", "--runtime"), parse_runtime("20241226", "--runtime")
    (20241226, 20241226)
    """
    found = _RUNTIME.match(text)
    if found is None:
        raise InputError(
            f"{where} '{text}' is no version of the engine. Expected its date, e.g. 1.0.20241226 or 20241226."
        )
    return int(found.group(1))
