"""x86-64 without bf16 sums: movement, casts on the way, int8 under every precision, fp16 weights of InnerProduct, masks."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import FEW, PROFILES, Case, chain, convolution, depthwise, inner_product

FP32 = "sums of fp32 are kept as they are, and the engine has an order of its own"


def _case(name: str, layers: tuple[str, ...], shape: tuple[int, ...], precision: str = "bf16", loose: str = "") -> Case:
    least, profiles = (0.2, FEW) if loose else (1.0, PROFILES)
    return Case(f"x86 {name}", layers, shape, profiles, precision, target="x86", least=least, loose=loose)


def _moves() -> Iterator[Case]:
    for shape in ((13,), (8,), (3, 5), (5, 3, 3), (8, 2, 3), (3, 2, 2, 5)):
        size = "x".join(map(str, shape))
        yield _case(f"split {size}", ("Split s 1 2 data out b",), shape)
        yield _case(f"flatten {size}", chain("Flatten"), shape)
        yield _case(f"reshape {size}", chain("Reshape 0=-1"), shape)
    yield _case("permute", chain("Permute 0=3"), (4, 5, 6))
    yield _case("padding", chain("Padding 0=1 1=2 2=1 3=0"), (5, 3, 4))
    yield _case("padding with a value", chain("Padding 0=1 1=2 2=1 3=1 5=0.3"), (8, 3, 4))
    yield _case("padding that reflects", chain("Padding 0=1 1=2 2=1 3=1 4=2"), (3, 4, 4))
    yield _case("crop", chain("Crop 0=1 1=1 2=1 3=2 4=2 5=3"), (6, 4, 4))
    yield _case("slice and concat", ("Slice s 1 2 data a b -23300=2,3,-233 1=0", "Concat c 2 1 b a out 0=0"), (8, 3, 3))
    yield _case("shuffle between", chain("ReLU", "ShuffleChannel 0=2", "ReLU"), (8, 3, 3))
    yield _case("pixelshuffle between", chain("ReLU", "PixelShuffle 0=2", "ReLU"), (12, 3, 3))
    yield _case("packed cast", chain("ShuffleChannel 0=2", "ReLU"), (8, 3, 3))


def _weights_in_fp16() -> Iterator[Case]:
    for inputs, outputs in ((12, 16), (9, 8), (7, 12), (5, 4), (7, 10), (9, 1)):
        layers = chain(inner_product(inputs, outputs))
        yield _case(f"fp16 inner product {inputs} to {outputs}", layers, (inputs,), "fp16", FP32)
        yield _case(f"fp16 31=2 inner product {inputs} to {outputs}", (f"{layers[0]} 31=2",), (inputs,), "fp16", FP32)
    yield _case("fp16 31=1 inner product", chain(inner_product(9, 8, "31=1")), (9,), "fp16", FP32)
    yield _case("fp16 convolution", chain(convolution(8, 8, 1, "")), (8, 3, 3), "fp16", FP32)


def _depthwise() -> Iterator[Case]:
    for channels, kernel, more in ((16, 3, "4=1"), (8, 3, "3=2 4=1 9=1"), (12, 5, "4=2"), (4, 2, "9=2 -23310=1,0.1")):
        name = f"depthwise {channels} {kernel}x{kernel}"
        for precision in ("fp32", "bf16"):
            layers = chain(depthwise(channels, kernel, more))
            tame = ("normal", "sparse", "tiny", "nan")  # the activation's own rounding shows where sums cancel
            yield Case(f"x86 {precision} {name}", layers, (channels, 6, 7), tame, precision, target="x86")


CASES = (*_moves(), *_weights_in_fp16(), *_depthwise())
