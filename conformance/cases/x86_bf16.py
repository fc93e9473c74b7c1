"""bf16 storage on x86-64: every kernel that the target's table names, and types that are their definition rounded once."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import ACTIVATIONS, FEW, PROFILES, WITHOUT_BIG, Case, chain, convolution, inner_product

SUMS = "the engine sums in fp32 in an order of its own: now and then a sum rounds to the next bf16 value"
MATH = "the engine's exp, log and rsqrt are approximations of fp32: now and then one rounds to the next bf16 value"
FINITE = ("normal", "sparse", "tiny", "special")
"""For activations, whose bound NaN becomes goes by the width of the vector it is in."""
ZEROS_ARE_POSITIVE = ("normal", "sparse", "big", "tiny")
"""Whether PReLU keeps the sign of -0 depends on the width of the vector it is in."""
TAME = ("normal", "sparse", "tiny", "infinite", "nan")
"""For winograd: beside a value of 65504 in their tile, small sums have few digits left, here and there others."""


def _case(
    name: str,
    layers: tuple[str, ...],
    shape: tuple[int, ...],
    profiles: tuple[str, ...] = WITHOUT_BIG,
    loose: str = "",
    without: frozenset[str] = frozenset(),
) -> Case:
    least = 0.98 if loose else 1.0
    return Case(f"x86 {name}", layers, shape, profiles, "bf16", without, "x86", least, 2.0**-16, loose)


def _convolutions() -> Iterator[Case]:
    shapes = (
        ("gemm 1x1 of 16 to 8", convolution(16, 8, 1, ""), (16, 3, 5)),
        ("gemm 1x1 of 33 to 19", convolution(33, 19, 1, ""), (33, 3, 3)),
        ("gemm 1x1 of 3 to 3", convolution(3, 3, 1, "9=1"), (3, 4, 4)),
        ("gemm 3x3 stride 2 of 3 to 24", convolution(3, 24, 3, "3=2 4=1 9=2 -23310=1,0.1"), (3, 9, 9)),
        ("gemm 5x5 of 20 to 7", convolution(20, 7, 5, "4=2"), (20, 5, 6)),
        ("packed 3x3 of 8 to 8", convolution(8, 8, 3, "4=1"), (8, 6, 7)),
        ("packed 3x3 of 3 to 5", convolution(3, 5, 3, "4=1"), (3, 6, 7)),
        ("packed 2x2 of 10 to 10", convolution(10, 10, 2, ""), (10, 5, 5)),
        ("packed 5x5 dilated of 4 to 12", convolution(4, 12, 5, "2=2 4=4 5=0", 0), (4, 9, 9)),
        ("padded with a value", convolution(8, 12, 3, "4=1 18=0.3 3=2"), (8, 6, 7)),
        ("rank 1", convolution(12, 5, 1, ""), (12,)),
    )
    for name, line, shape in shapes:
        yield _case(f"convolution {name}", chain(line), shape, loose=SUMS)
    for name, more in ACTIVATIONS.items():
        yield _case(f"convolution {name}", chain(convolution(16, 12, 1, more)), (16, 4, 5), FINITE, SUMS)
    off = frozenset({"use_sgemm_convolution"})
    yield _case("31=32 of 20 to 8", chain(convolution(20, 8, 3, "4=1 3=2 31=32")), (20, 6, 6), loose=SUMS)
    yield _case("without sgemm", chain(convolution(18, 8, 3, "4=1 3=2")), (18, 6, 6), loose=SUMS, without=off)
    unpacked = frozenset({"use_packing_layout"})
    yield _case("without packing", chain(convolution(16, 8, 1, "")), (16, 4, 5), loose=SUMS, without=unpacked)


def _winograd() -> Iterator[Case]:
    for channels, outputs, side in (
        (16, 16, 14),
        (3, 16, 9),
        (32, 5, 7),
        (9, 12, 13),
        (64, 16, 9),
        (36, 40, 6),
        (8, 33, 7),
    ):
        yield _case(
            f"winograd {channels} to {outputs}",
            chain(convolution(channels, outputs, 3)),
            (channels, side, side + 1),
            TAME,
            SUMS,
        )
    for name in ("leaky relu", "hard swish"):
        layers = chain(convolution(16, 16, 3, f"4=1 {ACTIVATIONS[name]}"))
        yield _case(f"winograd {name}", layers, (16, 8, 8), TAME, SUMS)
    yield _case("31=64 of 16 to 16", chain(convolution(16, 16, 3, "4=1 31=64")), (16, 8, 8), loose=SUMS)
    off = frozenset({"use_winograd_convolution"})
    yield _case("without winograd", chain(convolution(20, 16, 3)), (20, 8, 8), loose=SUMS, without=off)


def _products() -> Iterator[Case]:
    for inputs, outputs in ((50, 10), (50, 8), (17, 17), (9, 1), (64, 12)):
        layers = chain(inner_product(inputs, outputs))
        yield _case(f"inner product {inputs} to {outputs}", layers, (inputs,), loose=SUMS)
    yield _case("inner product of rows", chain(inner_product(16, 12, "9=1")), (5, 16), loose=SUMS)
    yield _case("inner product of a map", chain(inner_product(36, 7)), (4, 3, 3), loose=SUMS)
    yield _case("deconvolution", chain("Deconvolution 0=3 1=4 3=2 4=1 5=1 6=384"), (8, 5, 5), loose=SUMS)
    yield _case("deconvolution of 8", chain("Deconvolution 0=8 1=2 3=2 5=1 6=256 9=1"), (8, 4, 5), loose=SUMS)
    yield _case("convolution1d", chain("Convolution1D 0=5 1=3 4=1 5=1 6=75"), (5, 9), loose=SUMS)
    yield _case("convolution1d of 20", chain("Convolution1D 0=8 1=3 4=1 5=1 6=480"), (20, 9), loose=SUMS)
    yield _case("gemm", chain("Gemm 3=1 5=1 6=1 8=19 9=33 10=4"), (5, 33), loose=SUMS)
    yield _case("gemm transposed", chain("Gemm 0=0.5 1=2.0 5=1 6=1 8=6 9=12 10=4"), (4, 12), loose=SUMS)


def _elementwise() -> Iterator[Case]:
    for shape, name in (((8, 5, 7), "8"), ((5, 3, 3), "5"), ((19,), "rank 1"), ((3, 7), "rank 2")):
        yield _case(f"binaryop add {name}", chain("BinaryOp 0=0 1=1 2=1.7"), shape, PROFILES)
        yield _case(f"binaryop mul {name}", chain("BinaryOp 0=2 1=1 2=0.3"), shape, PROFILES)
        yield _case(f"binaryop rsub {name}", chain("BinaryOp 0=7 1=1 2=2.5"), shape, PROFILES)
        yield _case(f"relu {name}", chain("ReLU"), shape, PROFILES)
        yield _case(f"leaky relu {name}", chain("ReLU 0=0.1"), shape, PROFILES)
        yield _case(f"clip {name}", chain("Clip 0=-0.4 1=1.1"), shape, PROFILES[:-1])  # not NaN
        yield _case(f"hard swish {name}", chain("HardSwish 0=0.16666667 1=0.5"), shape)
        yield _case(f"hard sigmoid {name}", chain("HardSigmoid 0=0.16666667 1=0.5"), shape, WITHOUT_BIG)
        for kind in ("Sigmoid", "Swish", "Mish", "TanH", "ELU 0=0.3", "SELU", "GELU", "Erf"):
            tame = ("normal", "sparse", "nan")
            yield _case(f"{kind} {name}", chain(kind), shape, tame, loose=MATH)
        yield _case(f"dropout {name}", chain("Dropout 0=0.3"), shape, PROFILES)
        yield _case(f"absval {name}", chain("AbsVal"), shape, PROFILES)
    yield _case("prelu", chain("PReLU 0=8"), (8, 5, 3), ZEROS_ARE_POSITIVE)
    yield _case("prelu of 5", chain("PReLU 0=5"), (5, 3, 3), ZEROS_ARE_POSITIVE)
    for op, name in (
        (0, "abs"),
        (1, "neg"),
        (2, "floor"),
        (4, "square"),
        (5, "sqrt"),
        (7, "exp"),
        (16, "tanh"),
        (18, "round"),
    ):
        yield _case(
            f"unaryop {name}",
            chain(f"UnaryOp 0={op}"),
            (8, 5, 3),
            ("normal", "sparse"),
            loose=MATH if op in {5, 7, 16} else "",
        )


def _two_inputs() -> Iterator[Case]:
    split = "Split s 1 3 data a b c"
    for shape, name in (((8, 4, 5), "8"), ((3, 3, 3), "3")):
        for op, word in ((0, "product"), (1, "sum"), (2, "maximum")):
            relu = "ReLU r 1 1 b d 0=0.3"
            yield _case(f"eltwise {word} of three {name}", (split, relu, f"Eltwise e 3 1 a d c out 0={op}"), shape)
        add = ("Split s 1 2 data a b", "ReLU r 1 1 b d 0=0.3", "BinaryOp e 2 1 a d out 0=0")
        yield _case(f"binaryop of two {name}", add, shape, PROFILES)


def _rest() -> Iterator[Case]:
    for shape, axis in (((13,), 0), ((10,), 0), ((3, 5), 1), ((8, 5), 0), ((8, 3, 4), 0), ((6, 3, 4), 2)):
        name = "x".join(map(str, shape))
        yield _case(
            f"softmax {name} axis {axis}",
            chain(f"Softmax 0={axis} 1=1"),
            shape,
            ("normal", "sparse", "tiny"),  # NaN goes where the lanes of the engine's maximum lead it
            loose=MATH,
        )
    for channels in (8, 3):
        maximum = chain("Pooling 0=0 1=3 2=2")
        yield _case(f"max pooling {channels}", maximum, (channels, 5, 6), ("normal", "sparse", "big"))
        for more in ("1=3 2=2", "1=2 2=2 5=1", "4=1", "1=3 2=1 3=1 6=1"):
            yield _case(
                f"average pooling {channels} {more}", chain(f"Pooling 0=1 {more}"), (channels, 6, 7), loose=SUMS
            )
        yield _case(f"bilinear {channels}", chain("Interp 0=2 1=2.0 2=2.0"), (channels, 4, 5), FEW, loose=SUMS)
        yield _case(f"nearest {channels}", chain("Interp 0=1 1=2.0 2=2.0"), (channels, 4, 5), PROFILES)
        norm = f"BatchNorm 0={channels} 1=0.001"
        yield _case(f"batchnorm {channels}", chain(norm), (channels, 4, 5), ("normal", "sparse"), loose=MATH)
        group = f"GroupNorm 0=1 1={channels} 2=0.001 3=1"
        yield _case(f"groupnorm {channels}", chain(group), (channels, 4, 5), ("normal", "sparse"), loose=SUMS)
        scale = f"Scale 0={channels} 1=1"
        yield _case(f"scale {channels}", chain(scale), (channels, 4, 5), WITHOUT_BIG, loose=SUMS)
    yield _case("layernorm", chain("LayerNorm 0=12 1=0.001 2=1"), (5, 12), ("normal", "sparse"), loose=SUMS)
    yield _case("rmsnorm", chain("RMSNorm 0=12 1=0.001 2=1"), (5, 12), ("normal", "sparse"), loose=SUMS)


CASES = (*_convolutions(), *_winograd(), *_products(), *_elementwise(), *_two_inputs(), *_rest())
