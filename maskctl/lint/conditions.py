"""What a file is held against: the target and engine it is for, and what is known of its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from maskctl.targets import DEFAULT
from maskctl.targets.table import Target

Ranges = Mapping[str, tuple[tuple[float, float], ...]]


@dataclass(frozen=True)
class Conditions:
    """What rules may take as given, from the command line or a settings file.

    `runtime` is the date in the engine's version, 20241226 of 1.0.20241226, 0 where any may run the file. `shapes` and
    `ranges` (one pair, or one per channel) are those of input blobs. `reads_weights` is False where the `.bin` beside
    the file is to be left alone.
    """

    target: Target = DEFAULT
    runtime: int = 0
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ranges: Ranges = field(default_factory=dict)
    reads_weights: bool = True
