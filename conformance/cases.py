"""Small networks that together enter every fp16 kernel of the arm64 engine, and the values they are fed.

`CASES` is the table. A case is a chain of layers behind one Input `data`, its last blob is `out`. Every case is fed one
sample per profile; weights and samples follow from a seed and the case's name, so anyone can make them again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from maskctl.graph.network import build
from maskctl.graph.operators import Operator, operators
from maskctl.layers import Weight
from maskctl.numeric.formats import FloatArray
from maskctl.param import parse

PROFILES = ("normal", "sparse", "big", "tiny", "special", "infinite", "nan")
LARGE = ("normal", "big", "special", "nan")
"""For cases with many elements, so that the stored witnesses stay small."""
FEW = ("normal", "nan")
WITHOUT_BIG = tuple(profile for profile in PROFILES if profile != "big")
"""For fp32 sums: where big terms cancel, another order of summation moves the result by more than one fp16 value."""
SUMS_IN_FP32 = "the engine sums in fp32, in an order of its own: now and then a sum rounds to the next fp16 value"
_PERIOD = 251
_SPECIAL = (0.0, -0.0, 65504, 65519.996, 65520, 2**-15, -(2**-24), 2**-25, 1 + 2**-11, 1 + 3 * 2**-11, 2049, -2051)


@dataclass(frozen=True)
class Case:
    """A chain of layers, the shape fed to it, and a profile of values per sample.

    `loose` is the reason why two fp16 neighbours count as equal here; empty where every bit must be.
    Cases with the same `data` get the same weights and samples; by default each has its own.
    """

    name: str
    layers: tuple[str, ...]
    shape: tuple[int, ...]
    profiles: tuple[str, ...] = PROFILES
    precision: str = "fp16"
    loose: str = ""
    data: str = ""

    @property
    def param(self) -> str:
        """The text of the `.param`."""
        blobs = {word for line in self.layers for word in _blobs(line)} | {"data"}
        return "\n".join(["7767517", f"{len(self.layers) + 1} {len(blobs)}", "Input data 0 1 data", *self.layers, ""])

    def weights(self, seed: int) -> bytes:
        """The bytes of the `.bin`."""
        ops = operators(build(parse(self.param.encode(), f"{self.name}.param")))
        rng = self._rng(seed, "weights")
        return b"".join(_tensor(rng, weight) for op in ops for weight in _weights(op))

    def samples(self, seed: int) -> FloatArray:
        """One sample per profile, (n, …)."""
        rng = self._rng(seed, "samples")
        return np.stack([sample(rng, profile, self.shape) for profile in self.profiles])

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


def _tensor(rng: np.random.Generator, weight: Weight) -> bytes:
    """Sums of weight times standard normal inputs have about unit variance; many weights lie halfway between fp16 values.

    Large tensors repeat a prime number of values, so that no two kernels are the same and the file stays small.
    """
    fan_in = weight.count // weight.shape[0] if weight.tagged else 4
    values = rng.standard_normal(min(weight.count, _PERIOD)) * fan_in**-0.5
    values = np.resize(np.where(rng.random(len(values)) < 0.05, values * 3e-5, values), weight.count)
    return (b"\0\0\0\0" if weight.tagged else b"") + _with_bits(values, 12).astype("<f4").tobytes()


def _with_bits(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], bits: int) -> FloatArray:
    """Values cut to so many significant bits; with 12, every other one is a tie of fp16."""
    fraction, exponent = np.frexp(values)
    cut: FloatArray = np.ldexp(np.round(np.ldexp(fraction, bits)), exponent - bits).astype(np.float32)
    return cut


def sample(rng: np.random.Generator, profile: str, shape: tuple[int, ...]) -> FloatArray:
    """One sample.

    normal: standard normal. sparse: half of them 0. big: up to 60000, so that sums pass 65504. tiny: fp16 subnormals and
    less. special: ties, limits, signed zeros. infinite and nan: one or two such elements among others.
    """
    normal = _with_bits(rng.standard_normal(shape), 7)
    if profile == "sparse":
        return np.maximum(normal, np.float32(0))
    if profile == "big":
        return _with_bits(rng.uniform(-60000, 60000, shape), 8)
    if profile == "tiny":
        return normal * np.ldexp(np.float32(1), -rng.integers(10, 25, shape)).astype(np.float32)
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


def inner_product(inputs: int, outputs: int, more: str = "", bias: int = 1) -> str:
    """An InnerProduct as "Type params"."""
    return f"InnerProduct 0={outputs} 1={bias} 2={inputs * outputs} {more}".strip()


ACTIVATIONS = {
    "relu": "9=1",
    "leaky relu": "9=2 -23310=1,0.1",
    "clip": "9=3 -23310=2,-0.3,0.7",
    "sigmoid": "9=4",
    "hard swish": "9=6 -23310=2,0.16666667,0.5",
}

_CONVOLUTIONS: tuple[tuple[str, int, int, int, tuple[int, int], str], ...] = (
    # one accumulator: gemm, and what is written by hand for one to four input planes
    ("gemm 1x1 8-16", 8, 16, 1, (3, 3), ""),
    ("gemm 1x1 12-10", 12, 10, 1, (3, 3), ""),
    ("gemm 1x1 7-5", 7, 5, 1, (3, 5), ""),
    ("gemm 1x1 s2 8-8", 8, 8, 1, (3, 5), "3=2"),
    ("gemm 1x1 pad 16-9", 16, 9, 1, (2, 2), "4=1"),
    ("gemm 1x1 31=32", 8, 8, 1, (2, 3), "31=32"),
    ("gemm 3x3 24-24 31=64", 24, 24, 3, (2, 3), "4=1 31=64"),
    ("gemm 3x3 17-5 31=64", 17, 5, 3, (2, 3), "4=1 31=64"),
    ("gemm 3x3 12-20 31=64", 12, 20, 3, (2, 2), "4=1 31=64"),
    ("gemm 3x3 s2 20-12", 20, 12, 3, (3, 3), "3=2 4=1"),
    ("gemm 2x2 17-4", 17, 4, 2, (2, 4), ""),
    ("planes 3x3 1-8", 1, 8, 3, (3, 5), "4=1"),
    ("planes 3x3 3-8 s2", 3, 8, 3, (4, 7), "3=2 4=1"),
    ("planes 3x3 1-4", 1, 4, 3, (3, 5), "4=1"),
    ("planes 3x3 3-4 s2", 3, 4, 3, (4, 7), "3=2 4=1"),
    ("planes 3x3 7-12 s2", 7, 12, 3, (4, 5), "3=2 4=1"),
    ("planes 3x3 3-20 s2", 3, 20, 3, (3, 5), "3=2 4=1"),
    ("planes 7x7 3-8 s2", 3, 8, 7, (5, 9), "3=2 4=3"),
    ("planes 7x7 1-16 s2", 1, 16, 7, (5, 7), "3=2 4=3"),
    ("planes 7x7 3-4 s2", 3, 4, 7, (5, 7), "3=2 4=3"),
    ("planes 7x7 3-20 s2", 3, 20, 7, (5, 7), "3=2 4=3"),
    # columns of a row in groups of four, two and one
    *((f"direct 3x3 8-8 width {width}", 8, 8, 3, (2, width), "4=1") for width in (4, 5, 6, 7)),
    ("direct 3x3 8-8 one pixel", 8, 8, 3, (1, 1), "4=1"),
    ("direct 3x3 8-8 one row", 8, 8, 3, (1, 7), "4=1"),
    ("direct 3x3 8-8 one column", 8, 8, 3, (5, 1), "4=1"),
    ("direct 3x3 16-24 31=64", 16, 24, 3, (2, 7), "4=1 31=64"),
    *((f"direct 3x3 4-4 width {width}", 4, 4, 3, (2, width), "4=1") for width in (4, 5, 6, 7)),
    ("direct 3x3 12-12", 12, 12, 3, (2, 7), "4=1"),
    ("direct 3x3 4-12", 4, 12, 3, (2, 7), "4=1"),
    ("direct 3x3 20-4 31=64", 20, 4, 3, (2, 7), "4=1 31=64"),
    ("direct 3x3 8-8 s2", 8, 8, 3, (3, 13), "3=2 4=1"),
    ("direct 3x3 16-8 s2", 16, 8, 3, (3, 11), "3=2"),
    ("direct 3x3 16-24 s2", 16, 24, 3, (3, 9), "3=2"),
    ("direct 5x5 8-8", 8, 8, 5, (2, 7), "4=2"),
    ("direct 5x5 16-8", 16, 8, 5, (2, 6), "4=2"),
    ("direct 5x5 8-8 s2", 8, 8, 5, (2, 13), "3=2 4=2"),
    # winograd
    ("winograd F(6,3) 16-16", 16, 16, 3, (3, 5), "4=1"),
    ("winograd F(6,3) 3-16", 3, 16, 3, (3, 7), "4=1"),
    ("winograd F(6,3) 16-3", 16, 3, 3, (3, 7), "4=1"),
    ("winograd F(6,3) 18-12", 18, 12, 3, (2, 3), "4=1"),
    ("winograd F(4,3) 16-129", 16, 129, 3, (2, 2), "4=1"),
    # packed
    ("packed 3x3 8-12", 8, 12, 3, (3, 5), "4=1"),
    ("packed 3x3 12-8 s2", 12, 8, 3, (3, 5), "3=2 4=1"),
    ("packed 3x3 8-4", 8, 4, 3, (2, 5), "4=1"),
    ("packed 3x3 4-8", 4, 8, 3, (2, 5), "4=1"),
    ("packed 3x3 4-4 s2", 4, 4, 3, (3, 7), "3=2 4=1"),
    ("packed 5x5 3-8", 3, 8, 5, (3, 5), "4=2"),
    ("packed 3x3 8-3", 8, 3, 3, (3, 5), "4=1"),
    ("packed 3x3 3-3", 3, 3, 3, (3, 5), "4=1"),
    ("packed 3x3 1-1", 1, 1, 3, (3, 5), "4=1"),
    ("packed 3x3 5-2", 5, 2, 3, (3, 5), "4=1"),
    ("packed 3x3 7-7", 7, 7, 3, (3, 5), "4=1"),
    ("packed 3x3 13-14", 13, 14, 3, (2, 3), "4=1"),
    ("packed 3x3 15-6 dilation 2", 15, 6, 3, (3, 4), "2=2 4=2"),
    ("packed 3x3 20-12 31=96", 20, 12, 3, (2, 3), "4=1 31=96"),
    ("packed 2x2 8-8", 8, 8, 2, (3, 5), ""),
    ("packed 3x1 8-8", 8, 8, 3, (3, 5), "11=1 4=1 14=0"),
    ("packed 1x3 4-6", 4, 6, 1, (3, 5), "11=3 4=0 14=1"),
    ("packed 3x3 8-8 s1x2", 8, 8, 3, (3, 5), "3=1 13=2 4=1"),
    ("packed 16-16 3x3 dilation 2 31=64", 16, 16, 3, (2, 3), "2=2 4=2 31=64"),
    # borders
    ("border larger than the kernel", 4, 4, 3, (2, 2), "4=4"),
    ("border of 0 to 3", 8, 4, 3, (3, 4), "4=1 15=2 14=0 16=3"),
    ("border SAME_UPPER", 8, 8, 3, (3, 6), "3=2 4=-233"),
    ("border SAME_LOWER", 8, 8, 3, (3, 6), "3=2 4=-234"),
    ("border SAME_UPPER 2x2", 3, 4, 2, (3, 4), "4=-233"),
    ("border of value 0.3", 4, 4, 3, (2, 4), "4=1 18=0.3"),
    ("border of value 0.3, planes", 3, 8, 3, (2, 4), "4=1 18=0.3"),
    ("border of value 70000", 3, 4, 1, (2, 3), "4=1 18=70000.0"),
)

_KERNELS_WITH_ACTIVATIONS = {
    "gemm": ((8, 2, 3), convolution(8, 12, 1, "")),
    "gemm of 5": ((8, 2, 3), convolution(8, 5, 1, "")),
    "direct": ((8, 2, 5), convolution(8, 8, 3)),
    "packed": ((8, 2, 3), convolution(8, 12, 3)),
    "packed of 3": ((8, 2, 3), convolution(8, 3, 3)),
    "winograd": ((16, 2, 3), convolution(16, 5, 3)),
    "inner product of 8": ((20,), inner_product(20, 8)),
    "inner product of 12": ((20,), inner_product(20, 12)),
    "inner product of 10": ((20,), inner_product(20, 10)),
    "inner product of rows": ((3, 12), inner_product(12, 8)),
    "inner product of rows, 10": ((3, 12), inner_product(12, 10)),
}

_INNER_PRODUCTS: tuple[tuple[tuple[int, ...], int], ...] = (
    ((64,), 10), ((32,), 16), ((50,), 12), ((50,), 10), ((3,), 8), ((10,), 24), ((1,), 1), ((7,), 4), ((13,), 3),
    ((8, 2, 2), 10), ((12, 2, 3), 16), ((12, 1, 1), 10), ((3, 3, 3), 12), ((3, 3, 3), 10), ((2, 3, 4), 6), ((8, 3, 3), 4),
)  # fmt: skip

_ROWS = ((3, 16, 8), (3, 16, 12), (3, 16, 10), (8, 12, 16), (8, 7, 10), (4, 5, 4), (4, 9, 3), (1, 8, 8), (12, 8, 20))
"""Rows, their elements, outputs."""


def _convolutions() -> Iterator[Case]:
    for name, channels, outputs, kernel, size, more in _CONVOLUTIONS:
        profiles = PROFILES if max(channels, outputs) * size[0] * size[1] < 60 else LARGE
        yield Case(name, chain(convolution(channels, outputs, kernel, more)), (channels, *size), profiles)
    yield Case("direct 3x3 8-8 without bias", chain(convolution(8, 8, 3, bias=0)), (8, 2, 7), FEW)
    yield Case("packed 3x3 5-6 without bias", chain(convolution(5, 6, 3, bias=0)), (5, 2, 3), FEW)
    yield Case("gemm of a vector 8-10", chain(convolution(8, 10, 1, "")), (8,))
    yield Case("gemm of a vector 12-16", chain(convolution(12, 16, 1, "")), (12,))
    yield Case("gemm of a vector 7-4", chain(convolution(7, 4, 1, "")), (7,))


def _depthwise() -> Iterator[Case]:
    """All column groups and rows, for each packing; stride 2 misreads in the pair of columns of eights."""
    for channels, size, (kernel, more) in product(
        (8, 4, 3), ((4, 5), (3, 6), (3, 7)), ((3, "4=1"), (3, "3=2 4=1"), (5, "4=2"), (5, "3=2 4=2"), (3, "2=2 4=2"))
    ):
        plain = kernel == 3 and "2=2" not in more.split()
        if plain or (channels != 3 and size == (4, 5)):
            shape = (channels, *size) if "3=2" not in more.split() else (channels, size[0], 2 * size[1])
            words = depthwise(channels, kernel, more)
            name = f"depthwise {kernel}x{kernel} {more} of {'x'.join(map(str, shape))}"
            yield Case(name, chain(words), shape, FEW)
    for channels, (name, words) in product((12, 3), ACTIVATIONS.items()):
        yield Case(
            f"{name} of depthwise of {channels}", chain(depthwise(channels, 3, f"4=1 {words}")), (channels, 3, 3)
        )
    masked = chain(depthwise(8, 3, "3=2 4=1 31=1"))
    yield Case("31=1 depthwise 3x3 s2", masked, (8, 3, 12), WITHOUT_BIG, loose=SUMS_IN_FP32)


def _activations() -> Iterator[Case]:
    for (kernel, (shape, layer)), (name, words) in product(_KERNELS_WITH_ACTIVATIONS.items(), ACTIVATIONS.items()):
        profiles = ("normal", "big", "tiny", "infinite", "nan")
        yield Case(f"{name} of {kernel}", chain(f"{layer} {words}"), shape, profiles, data=kernel)


def _inner_products() -> Iterator[Case]:
    for shape, outputs in _INNER_PRODUCTS:
        name = f"inner product {'x'.join(map(str, shape))}-{outputs}"
        yield Case(name, chain(inner_product(int(np.prod(shape)), outputs)), shape)
    for rows, inputs, outputs in _ROWS:
        yield Case(
            f"inner product of {rows} rows {inputs}-{outputs}", chain(inner_product(inputs, outputs)), (rows, inputs)
        )
    yield Case("inner product of rows flattened", chain(inner_product(24, 8)), (3, 8))
    yield Case("inner product without bias", chain(inner_product(20, 8, bias=0), inner_product(8, 3, bias=0)), (20,))


def _poolings() -> Iterator[Case]:
    for channels, kind in product((8, 4, 3), ("max", "average")):
        number = ("max", "average").index(kind)
        for window, mode in product(("1=2 2=2", "1=3 2=2", "1=3 2=1 3=1", "1=3 2=3 3=2"), range(4)):
            words = f"Pooling 0={number} {window} 5={mode}"
            name = f"{kind} pooling of {channels}, {window} 5={mode}"
            profiles = PROFILES if window == "1=3 2=2" and mode == 0 else ("normal", "nan")
            yield Case(name, chain(words), (channels, 4, 5), profiles)
            if kind == "average":
                yield Case(f"{name} 6=1", chain(f"{words} 6=1"), (channels, 4, 5), ("normal",))
        yield Case(f"global {kind} pooling of {channels}", chain(f"Pooling 0={number} 4=1"), (channels, 3, 5))


_SOFTMAXES: tuple[tuple[int, tuple[int, ...]], ...] = (
    (0, (3, 5)), (0, (8, 6)), (1, (3, 5)), (1, (8, 12)), (1, (4, 5)), (1, (12, 6)), (1, (3, 4, 5)), (2, (3, 4, 5)),
    (1, (8, 3, 4)), (2, (8, 3, 4)), (1, (4, 3, 5)), (1, (4, 3, 6)), (2, (4, 2, 5)), (2, (12, 2, 6)), (0, (3, 2, 2, 3)),
    (1, (3, 4, 2, 5)), (2, (4, 2, 3, 5)), (3, (8, 2, 2, 3)),
)  # fmt: skip
"""Axis and shape."""


def _softmaxes() -> Iterator[Case]:
    for width in (*range(1, 29), 1000):
        yield Case(f"softmax of {width}", chain("Softmax 0=0 1=1"), (width,), PROFILES if width < 1000 else ("normal",))
    for channels, size in product((8, 16, 12, 3, 10), ((1, 1), (3, 5), (2, 6))):
        over = (channels, *size)
        yield Case(f"softmax over channels of {'x'.join(map(str, over))}", chain("Softmax 0=0 1=1"), over)
    for axis, shape in _SOFTMAXES:
        yield Case(f"softmax over axis {axis} of {'x'.join(map(str, shape))}", chain(f"Softmax 0={axis} 1=1"), shape)


def _moves() -> Iterator[Case]:
    yield Case("dropout", chain("Dropout 0=0.5"), (5, 2, 3))
    # The engine hands Dropout's fp32 blob on packed, so that its cast has no scalar rest; maskctl knows no packed blobs.
    # The two differ in fp16 subnormals only, so no sample here is tiny.
    between = chain(convolution(3, 8, 1, ""), "Dropout 0=0.3", convolution(8, 4, 1, ""))
    yield Case("dropout between", between, (3, 2, 3), ("normal", "big", "infinite", "nan"))
    for channels, axis in ((8, 0), (4, 0), (3, 0), (3, 1), (8, 2), (4, -1)):
        lines = ("Split split 1 2 data left right", f"Concat concat 2 1 left right out 0={axis}")
        yield Case(f"split and concat of {channels} along {axis}", lines, (channels, 2, 3), ("special", "nan"))
    yield Case(
        "split and concat of vectors", ("Split split 1 2 data a b", "Concat concat 2 1 a b out"), (7,), ("special",)
    )
    mixed = (
        "Split split 1 2 data a b",
        f"{convolution(8, 3, 1, '').replace(' ', ' conv 1 1 a c ', 1)}",
        "Concat concat 2 1 b c out",
    )
    yield Case("concat of 8 and 3 channels", mixed, (8, 2, 3), FEW)


def _pairs() -> Iterator[Case]:
    yield Case("direct then inner product", chain(convolution(3, 8, 3), inner_product(48, 12)), (3, 2, 3))
    yield Case("four channels then inner product", chain(convolution(3, 12, 3), inner_product(72, 10)), (3, 2, 3))
    yield Case("pooling then softmax", chain("Pooling 0=1 4=1", "Softmax 0=0 1=1"), (10, 2, 2))
    yield Case("gemm then pooling", chain(convolution(8, 12, 1, "9=1"), "Pooling 0=0 1=3 2=2"), (8, 3, 5))
    behind = chain(*(convolution(8, 8, 1, mask) for mask in ("", "31=1")))
    yield Case("31=1 behind", behind, (8, 2, 3), WITHOUT_BIG, loose=SUMS_IN_FP32)


def _fp32_sums() -> Iterator[Case]:
    sums: tuple[tuple[str, tuple[str, ...], tuple[int, ...]], ...] = (
        ("gemm", chain(convolution(8, 10, 1, "")), (8, 3, 5)),
        ("direct", chain(convolution(8, 8, 3)), (8, 2, 7)),
        ("planes", chain(convolution(3, 8, 3)), (3, 3, 7)),
        ("packed of 3", chain(convolution(5, 3, 3, "4=1 9=1")), (5, 3, 5)),
        ("inner product of 10", chain(inner_product(50, 10)), (50,)),
        ("inner product of 8", chain(inner_product(50, 8)), (50,)),
        ("inner product of rows", chain(inner_product(16, 12)), (3, 16)),
        ("average pooling of 8", chain("Pooling 0=1 1=3 2=2"), (8, 4, 5)),
        ("average pooling of 3", chain("Pooling 0=1 1=3 2=2"), (3, 4, 5)),
    )
    for name, layers, shape in sums:
        masked = tuple(f"{line} 31=1" for line in layers)
        is_pooling = name.startswith("average")  # its fp32 sums are computed in the engine's order
        loose = "" if is_pooling else SUMS_IN_FP32
        yield Case(f"31=1 {name}", masked, shape, PROFILES if is_pooling else WITHOUT_BIG, loose=loose)
        yield Case(f"fp16-storage {name}", layers, shape, FEW, "fp16-storage", loose, data=f"31=1 {name}")
    yield Case("31=1 max pooling of 3", chain("Pooling 0=0 1=3 2=2 31=1"), (3, 4, 5), FEW)
    yield Case("31=1 softmax", chain("Softmax 0=0 1=1 31=1"), (13,), FEW)
    yield Case("fp16-storage softmax", chain("Softmax 0=0 1=1"), (13,), FEW, "fp16-storage")


def _out_of_reach() -> Iterator[Case]:
    yield Case("winograd F(2,3) 8-136", chain(convolution(8, 136, 3)), (8, 3, 5), ("normal",))
    yield Case("winograd F(2,3) 136-8", chain(convolution(136, 8, 3)), (136, 2, 3), ("normal",))
    between = chain(convolution(3, 8, 1, ""), "Dropout 0=0.3", convolution(8, 4, 1, ""))
    yield Case("dropout between tiny", between, (3, 2, 3), ("tiny",) * 3)


OUT_OF_REACH = {
    "winograd F(2,3) 8-136": "the engine takes F(2,3), which is not known to the last bit; maskctl sums directly",
    "winograd F(2,3) 136-8": "the engine takes F(2,3), which is not known to the last bit; maskctl sums directly",
    "dropout between tiny": "the engine casts a packed fp32 blob without a scalar rest; maskctl knows no packed blobs",
}
"""Cases that are not equal to the bit, and why."""

CASES = tuple(
    case
    for part in (
        _convolutions,
        _depthwise,
        _activations,
        _inner_products,
        _poolings,
        _softmaxes,
        _moves,
        _pairs,
        _fp32_sums,
        _out_of_reach,
    )
    for case in part()
)
