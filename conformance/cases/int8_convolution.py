"""int8 convolutions and inner products in every precision: codes are made as blobs are stored, sums are exact.

Float output is stored before the activation where that is a layer of its own; codes are made of sums and activation at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import ACTIVATIONS, FEW, PROFILES, Case, chain, convolution, inner_product

TO_CODES = ("normal", "sparse", "special")
PRECISIONS = ("fp32", "fp16", "fp16-storage", "bf16")
ALL_ACTIVATIONS = {"none": "", **ACTIVATIONS, "mish": "9=5", "steep leaky relu": "9=2 -23310=1,1.5"}
UNPACKED = frozenset({"use_packing_layout"})


def grouped(channels: int, outputs: int, groups: int, kernel: int, more: str) -> str:
    """A ConvolutionDepthWise as "Type params"."""
    size = channels * outputs // groups * kernel * kernel
    return f"ConvolutionDepthWise 0={outputs} 1={kernel} 5=1 6={size} 7={groups} {more}"


def _shapes(precision: str) -> Iterator[Case]:
    profiles = ("normal", "special") if precision == "fp16" else ("sparse",)
    for channels, outputs, kernel, more in (
        (3, 8, 3, "4=1"), (8, 5, 1, ""), (8, 12, 3, "4=1 3=2"), (16, 16, 3, "4=1"), (5, 4, 5, "4=4 2=2"), (4, 8, 3, "4=4 18=7.0"),
    ):  # fmt: skip
        for term in (2, 102):
            layers = chain(convolution(channels, outputs, kernel, f"8={term} {more}"))
            yield Case(
                f"int8 {precision} {channels}-{outputs} {kernel} {more} {term}",
                layers,
                (channels, 3, 5),
                profiles,
                precision,
            )
    for channels, outputs, groups, kernel, more in (
        (8, 8, 8, 3, "4=1"), (8, 8, 8, 3, "4=1 3=2"), (5, 5, 5, 3, "4=1"), (5, 5, 5, 3, "4=1 3=2 9=1"), (8, 8, 8, 5, "4=2"),
        (12, 12, 12, 5, "4=2 9=1"), (8, 8, 2, 3, "4=1"), (6, 4, 2, 1, "9=1"),
    ):  # fmt: skip
        for term in (1, 102):
            layers = chain(grouped(channels, outputs, groups, kernel, f"8={term} {more}"))
            name = f"int8 {precision} {channels}-{outputs} in {groups} {kernel} {more} {term}"
            yield Case(name, layers, (channels, 3, 9), profiles, precision)
    for inputs, outputs, shape in (
        (20, 8, (20,)),
        (20, 7, (4, 5)),
        (10, 8, (3, 10)),
        (10, 7, (4, 10)),
        (30, 4, (3, 2, 5)),
    ):
        layers = chain(inner_product(inputs, outputs, "8=2"))
        yield Case(
            f"int8 {precision} inner product {inputs}-{outputs} {len(shape)}", layers, shape, profiles, precision
        )
    yield Case(
        f"int8 {precision} without bias", chain(convolution(8, 8, 1, "8=102", 0)), (8, 2, 3), PROFILES, precision
    )
    yield Case(
        f"int8 {precision} with bit 8", chain(convolution(8, 8, 3, "4=1 8=2 31=8")), (8, 2, 3), profiles, precision
    )


def _activations(precision: str) -> Iterator[Case]:
    for name, words in ALL_ACTIVATIONS.items():
        for outputs, term in ((8, 2), (5, 2), (8, 102), (5, 102)):
            if term == 2 and (name == "mish" or precision == "fp32"):  # a layer of its own, with code of its own
                continue
            layers = chain(convolution(4, outputs, 1, f"8={term} {words}"))
            yield Case(f"int8 {precision} {name} of {outputs} {term}", layers, (4, 3, 5), ("normal",), precision)
        for outputs in (8, 5) if precision == "fp16" else ():
            layers = chain(inner_product(20, outputs, f"8=2 {words}"))
            yield Case(
                f"int8 {precision} {name} of inner product of {outputs}", layers, (3, 20), ("normal",), precision
            )
            layers = chain(grouped(outputs, outputs, outputs, 5, f"4=2 8=101 {words}"))
            yield Case(
                f"int8 {precision} {name} of depthwise of {outputs}", layers, (outputs, 3, 5), ("normal",), precision
            )


def _int8() -> Iterator[Case]:
    for precision in PRECISIONS:
        yield from _shapes(precision)
        if precision != "fp16-storage":
            yield from _activations(precision)
    for words in (convolution(8, 8, 3, "4=1 8=102 9=2 -23310=1,0.1"), grouped(8, 8, 8, 3, "4=1 8=101")):
        yield Case(f"int8 unpacked {words.split()[0]}", chain(words), (8, 3, 9), TO_CODES, without=UNPACKED)
    for term, words in ((2, "31=1"), (102, "31=1"), (2, "31=2"), (102, "31=3"), (2, "31=32"), (2, "31=64")):
        layers = chain(convolution(8, 8, 3, f"4=1 8={term} {words}"))
        yield Case(f"int8 {term} masked {words}", layers, (8, 3, 5), TO_CODES)
        yield Case(f"int8 {term} masked {words} bf16", layers, (8, 3, 5), FEW, "bf16")


CASES = tuple(_int8())
