"""A case of the tables in `cases/`: a small network that enters one kernel of the engine, and the values it is fed.

A case is a chain of layers behind one Input `data`, its last blob is `out`. Every case is fed one sample per profile;
weights and samples follow from a seed and the case's name, so anyone can make them again.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from maskctl.graph.network import build
from maskctl.graph.operators import Operator, operators
from maskctl.layers import Weight
from maskctl.layers.base import Array
from maskctl.numeric.formats import FloatArray
from maskctl.param import parse

PROFILES = ("normal", "sparse", "big", "tiny", "special", "infinite", "nan")
LARGE = ("normal", "big", "special", "nan")
"""For cases with many elements, so that the stored witnesses stay small."""
FEW = ("normal", "nan")
WITHOUT_BIG = tuple(profile for profile in PROFILES if profile != "big")
"""For fp32 sums: where big terms cancel, another order of summation moves the result by more than one fp16 value."""
Doubles: TypeAlias = npt.NDArray[np.float64]
_PERIOD = 251
_INT8_TAG = (0x000D4B38).to_bytes(4, "little")
_CODE_STD = 73.0
_CODES_PER_UNIT = 32.0
"""Standard deviation of weights in int8, and codes for each unit of a blob."""
_SPECIAL = (0.0, -0.0, 65504, 65519.996, 65520, 2**-15, -(2**-24), 2**-25, 1 + 2**-11, 1 + 3 * 2**-11, 2049, -2051)


@dataclass(frozen=True)
class Case:
    """A chain of layers, the shape fed to it, a profile of values per sample, and what the engine is asked for.

    `precision` is one of `PRECISIONS`, `without` names options of the engine that are off. `least` is the share of elements
    that must have the engine's bits; where it is under 1, `loose` says why, and the others may differ by one value of the
    storage format, or by `within` times the sample's largest output. What is not finite must be the same in any case.
    Cases with the same `data` get the same weights and samples; by default each has its own. `integers` feeds whole numbers
    of 32 bits.
    """

    name: str
    layers: tuple[str, ...]
    shape: tuple[int, ...]
    profiles: tuple[str, ...] = PROFILES
    precision: str = "fp16"
    without: frozenset[str] = frozenset()
    target: str = "arm82"
    least: float = 1.0
    within: float = 2.0**-20
    loose: str = ""
    data: str = ""
    integers: bool = False

    def __post_init__(self) -> None:
        """A case that may differ says why."""
        assert (self.least < 1) == bool(self.loose), self.name  # noqa: S101

    @property
    def stored(self) -> str:
        """The format in which blobs are kept where the engine can."""
        return self.precision.partition("-")[0]

    @property
    def param(self) -> str:
        """The text of the `.param`."""
        blobs = {word for line in self.layers for word in _blobs(line)} | {"data"}
        return "\n".join(["7767517", f"{len(self.layers) + 1} {len(blobs)}", "Input data 0 1 data", *self.layers, ""])

    def weights(self, seed: int) -> bytes:
        """The bytes of the `.bin`."""
        ops = operators(build(parse(self.param.encode(), f"{self.name}.param")))
        rng = self._rng(seed, "weights")
        cancelling = "cancelling" in self.profiles
        return b"".join(_tensor(rng, weight, cancelling=cancelling) for op in ops for weight in _weights(op))

    def samples(self, seed: int) -> FloatArray:
        """One sample per profile, (n, …)."""
        rng = self._rng(seed, "samples")
        if self.integers:
            return rng.integers(-140, 141, (len(self.profiles), *self.shape)).astype(np.float32)
        return np.stack([sample(rng, profile, self.shape) for profile in self.profiles])

    def fed(self, samples: FloatArray) -> Array:
        """Samples as the networks take them."""
        return samples.astype(np.int32) if self.integers else samples

    def write(self, folder: Path, seed: int) -> Path:
        """Writes the model into `folder` and returns the path of its `.param`, the `.bin` beside it."""
        folder.mkdir(exist_ok=True)
        path = folder / f"{self.name.replace(' ', '_').replace('/', '-')}.param"
        path.write_text(self.param, encoding="utf-8")
        path.with_suffix(".bin").write_bytes(self.weights(seed))
        return path

    def _rng(self, seed: int, what: str) -> np.random.Generator:
        return np.random.default_rng([seed, zlib.crc32(f"{self.data or self.name} {what}".encode())])


def _blobs(line: str) -> list[str]:
    words = line.split()
    return words[4 : 4 + int(words[2]) + int(words[3])]


def _weights(op: Operator) -> tuple[Weight, ...]:
    return op.kind.weights(op.params)


def _tensor(rng: np.random.Generator, weight: Weight, *, cancelling: bool = False) -> bytes:
    """Sums of weight times standard normal inputs have about unit variance; many weights lie halfway between fp16 values.

    Large tensors repeat a prime number of values, so that no two kernels are the same and the file stays small.
    Where inputs are `cancelling`, the weights of a second half of inputs are those of the first, and a bias is small.
    Weights of int8 layers are codes, and come to unit variance by their scales.
    """
    if weight.role == "int8":
        codes = np.resize(rng.integers(-127, 128, min(weight.count, _PERIOD)), weight.count).astype(np.int8)
        return _INT8_TAG + codes.tobytes() + bytes(-weight.count % 4)
    if weight.role == "int8 scale":
        scale = _CODE_STD * weight.fan_in**0.5 if weight.fan_in else _CODES_PER_UNIT
        return rng.uniform(0.8 * scale, 1.2 * scale, weight.count).astype("<f4").tobytes()
    fan_in = weight.count // weight.shape[0] if weight.tagged else 4
    values = rng.standard_normal(min(weight.count, _PERIOD)) * fan_in**-0.5
    values = np.resize(np.where(rng.random(len(values)) < 0.05, values * 3e-5, values), weight.count)
    if cancelling and weight.tagged:
        values = _second_half(values.reshape(weight.shape), 1, 1).reshape(-1)
    elif cancelling:
        values = values * 2.0**-14
    return (b"\0\0\0\0" if weight.tagged else b"") + _with_bits(values, 12).astype("<f4").tobytes()


def _second_half(values: Doubles, axis: int, sign: int) -> Doubles:
    """Values whose second half along an axis is the first, turned by one place, times a sign."""
    moved = np.moveaxis(values.copy(), axis, 0)
    half = len(moved) // 2
    moved[half : 2 * half] = sign * np.roll(moved[:half], 1, axis=0)
    return np.moveaxis(moved, 0, axis)


def _with_bits(values: Doubles, bits: int) -> FloatArray:
    """Values cut to so many significant bits; with 12, every other one is a tie of fp16."""
    fraction, exponent = np.frexp(values)
    cut: FloatArray = np.ldexp(np.round(np.ldexp(fraction, bits)), exponent - bits).astype(np.float32)
    return cut


def _halfway(wide: Doubles, fp16: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> FloatArray:
    """Magnitudes moved to the middle between two fp16 values, or two bf16 values."""
    exponent = np.frexp(wide)[1] - 1
    middle = np.where(fp16, 2.0**-11, 2.0**-8)
    cut = np.floor(np.abs(np.ldexp(wide, -exponent)) / (2 * middle)) * 2 * middle + middle
    moved: FloatArray = np.copysign(np.ldexp(cut, exponent), wide).astype(np.float32)
    return moved


def _of_rounding(rng: np.random.Generator, profile: str, shape: tuple[int, ...]) -> FloatArray:
    """A sample that shows how values or sums are rounded."""
    if profile == "halfway":
        return _halfway(rng.standard_normal(shape), rng.random(shape) < 0.5)
    wide = _with_bits(64 * rng.standard_normal(shape), 11).astype(np.float64)
    return _second_half(wide, 1 if len(shape) == 2 else 0, -1).astype(np.float32)


def sample(rng: np.random.Generator, profile: str, shape: tuple[int, ...]) -> FloatArray:
    """One sample.

    normal: standard normal. wide: as normal, times 1/256 to 256. sparse: half of them 0. big: up to 60000, so that sums
    pass 65504. tiny: fp16 subnormals and less. special: ties, limits, signed zeros. infinite and nan: one or two such
    elements among others. halfway: half of them lie halfway between two fp16 values, the others between two bf16 values.
    cancelling: the sum over channels (the elements of vectors and rows) is 0, but for what rounding left of large terms, so
    that it shows the order of a sum to its last bit.
    """
    normal = _with_bits(rng.standard_normal(shape), 7)
    if profile == "sparse":
        return np.maximum(normal, np.float32(0))
    if profile == "big":
        return _with_bits(rng.uniform(-60000, 60000, shape), 8)
    if profile in {"cancelling", "halfway"}:
        return _of_rounding(rng, profile, shape)
    if profile in {"tiny", "wide"}:
        exponent = -rng.integers(10, 25, shape) if profile == "tiny" else rng.integers(-8, 9, shape)
        return normal * np.ldexp(np.float32(1), exponent).astype(np.float32)
    if profile in {"special", "infinite", "nan"}:
        values = np.round(normal * 4) / np.float32(4)
        chosen = {"special": _SPECIAL, "infinite": (np.inf, -np.inf), "nan": (np.nan,)}[profile]
        count = {"special": max(1, values.size // 5), "infinite": 1 + values.size // 60, "nan": 1}[profile]
        values.reshape(-1)[rng.permutation(values.size)[:count]] = rng.choice(chosen, count)
        return values.astype(np.float32)
    return normal


def chain(*layers: str) -> tuple[str, ...]:
    """Layer lines of "Type params", each reading the one before.

    >>> chain("ReLU", "Softmax 0=0")
    ('ReLU l0 1 1 data b0', 'Softmax l1 1 1 b0 out 0=0')
    """
    lines, blob = [], "data"
    for number, words in enumerate(layers):
        kind, *params = words.split()
        top = "out" if number == len(layers) - 1 else f"b{number}"
        lines.append(" ".join([kind, f"l{number}", "1", "1", blob, top, *params]))
        blob = top
    return tuple(lines)


def convolution(channels: int, outputs: int, kernel: int, more: str = "4=1", bias: int = 1) -> str:
    """A square Convolution as "Type params"; `more` may change any of it, 11= (kernel height) included."""
    height = next((int(word[3:]) for word in more.split() if word.startswith("11=")), kernel)
    return f"Convolution 0={outputs} 1={kernel} 5={bias} 6={channels * outputs * kernel * height} {more}".strip()


def depthwise(channels: int, kernel: int, more: str = "") -> str:
    """A square ConvolutionDepthWise with a group per channel as "Type params"."""
    return (
        f"ConvolutionDepthWise 0={channels} 1={kernel} 5=1 6={channels * kernel * kernel} 7={channels} {more}".strip()
    )


def in_groups(
    kind: str, channels: int, outputs: int, kernel: int, more: str = "", groups: int = 1, bias: int = 1
) -> str:
    """A convolution or deconvolution of any type as "Type params"; 11= (kernel height) in `more` counts."""
    axes = 1 if kind.endswith("1D") else 2
    height = next((int(word[3:]) for word in more.split() if word.startswith("11=")), kernel) if axes == 2 else 1
    size = channels // groups * outputs * kernel * height
    group = f" 7={groups}" if kind.endswith("DepthWise") else ""
    return f"{kind} 0={outputs} 1={kernel} 5={bias} 6={size}{group} {more}".strip()


def inner_product(inputs: int, outputs: int, more: str = "", bias: int = 1) -> str:
    """An InnerProduct as "Type params"."""
    return f"InnerProduct 0={outputs} 1={bias} 2={inputs * outputs} {more}".strip()


ACTIVATIONS = {
    "relu": "9=1",
    "leaky relu": "9=2 -23310=1,0.1",
    "clip": "9=3 -23310=2,-0.3,0.7",
    "sigmoid": "9=4",
    "mish": "9=5",
    "hard swish": "9=6 -23310=2,0.16666667,0.5",
}
