"""A row of the tables in `rows/`: one layer, the shapes it is fed, and how well the two engines must agree."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from conformance.case import sample
from maskctl.graph.model import Model, load
from maskctl.graph.network import build
from maskctl.graph.operators import operators
from maskctl.graph.weights import write_random
from maskctl.numeric.formats import FloatArray
from maskctl.param import parse

Shape: TypeAlias = tuple[int, ...]
Made: TypeAlias = Callable[[np.random.Generator, str, Shape], npt.NDArray[Any]]
"""Makes one sample of an input: (generator, profile, shape) -> float32, or int32 where the layer reads integers."""

FINITE = ("normal", "sparse", "special")
SAFE = ("normal", "sparse")
EVERY = ("normal", "sparse", "special", "huge", "denormal", "infinite", "nan")
WITHOUT_NAN = tuple(profile for profile in EVERY if profile != "nan")
TAME = ("normal", "sparse", "special", "denormal")

BITS = math.inf
"""Equal to the bit, signs of zeros included: data movement."""
SUMS = 110.0
"""dB: sums that differ in their order alone."""
APPROXIMATE = 60.0
"""dB: where the engine's own approximate exp, log, tanh or erf is the difference."""


@dataclass(frozen=True)
class Row:
    """One layer with its parameters as in a `.param`, and the shapes of its inputs (without samples).

    Each of `profiles` is one sample. `least_db` under 110 needs a reason in `why`. `fed` makes the values of inputs (by
    number) that are not arbitrary. `refused` says why the engine gives no answer to compare with (it fails, crashes or
    gives undefined values there); where maskctl does not refuse it too, `why` says what it gives. `either_zero` lets -0
    stand for +0.
    """

    words: str
    inputs: tuple[Shape, ...]
    tops: int = 1
    profiles: tuple[str, ...] = EVERY
    least_db: float = SUMS
    why: str = ""
    fed: Mapping[int, Made] = field(default_factory=dict)
    refused: str = ""
    either_zero: bool = False

    def __str__(self) -> str:
        shapes = " ".join("x".join(map(str, shape)) for shape in self.inputs)
        return f"{self.words} of {shapes or 'nothing'}" + (f" -> {self.tops}" if self.tops != 1 else "")

    @property
    def type(self) -> str:
        """The layer type."""
        return self.words.split()[0]

    @property
    def tops_named(self) -> tuple[str, ...]:
        """Names of the layer's tops."""
        return tuple(f"out{number}" for number in range(self.tops))

    @property
    def param(self) -> str:
        """The text of a `.param` with one Input per input and the layer."""
        kind, *words = self.words.split()
        bottoms = [f"in{number}" for number in range(len(self.inputs))]
        lines = [f"Input {name} 0 1 {name}" for name in bottoms]
        lines.append(" ".join([kind, "layer", str(len(bottoms)), str(self.tops), *bottoms, *self.tops_named, *words]))
        return "\n".join(["7767517", f"{len(lines)} {len(bottoms) + self.tops}", *lines, ""])

    def samples(self, seed: int) -> dict[str, npt.NDArray[Any]]:
        """One sample per profile for each input, (n, …)."""
        rng = np.random.default_rng([seed, zlib.crc32(str(self).encode())])
        return {
            f"in{number}": np.stack([self.fed.get(number, plain)(rng, profile, shape) for profile in self.profiles])
            for number, shape in enumerate(self.inputs)
        }

    def write(self, folder: Path, seed: int) -> Path:
        """Writes `.param` and `.bin` into `folder`, which is made, and returns the path of the `.param`."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "row.param"
        path.write_text(self.param, encoding="utf-8")
        ops = operators(build(parse(self.param.encode(), "row.param")))
        write_random(path.with_suffix(".bin"), ops, seed)
        return path

    def model(self, folder: Path, seed: int) -> Model:
        """The model as maskctl loads it."""
        return load(self.write(folder, seed))


def plain(rng: np.random.Generator, profile: str, shape: Shape) -> FloatArray:
    """A sample of a profile: those of the conformance cases, and fp32's own extremes.

    huge: up to 3e38, so that sums pass the largest float. denormal: among others, values under 2**-126.
    """
    values = sample(rng, "normal" if profile in {"huge", "denormal"} else profile, shape)
    if profile == "huge":
        return values * np.float32(6e37)
    if profile == "denormal":
        return np.where(rng.random(shape) < 0.5, values * np.float32(1e-39), values).astype(np.float32)
    return values


def between(low: float, high: float) -> Made:
    """Uniform values, whatever the profile."""
    return lambda rng, _, shape: rng.uniform(low, high, shape).astype(np.float32)


def whole(low: int, high: int) -> Made:
    """Uniform int32 values from `low` to below `high`, for inputs that are read as integers."""
    return lambda rng, _, shape: rng.integers(low, high, shape).astype(np.int32)
