"""Quantize and Requantize in every precision, and chains of int8 layers with what may lie between them."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import PROFILES, Case, chain, convolution, inner_product

_SHAPES: tuple[tuple[int, tuple[int, ...]], ...] = (
    (1, (7,)), (1, (16,)), (3, (3, 5)), (8, (8, 5)), (4, (4, 5)), (5, (5, 3, 3)), (1, (8, 3, 3)), (12, (12, 3, 3)), (8, (8, 2, 3, 4)),
)  # fmt: skip
"""Scales and shape."""
_BETWEEN = {"relu": "ReLU", "leaky relu": "ReLU 0=0.1", "padding": "Padding 0=1 1=1 2=1 3=1", "noop": "Noop"}
_ACTIVATIONS = ("", "3=1", "3=2 -23304=1,0.1", "3=3 -23304=2,-0.3,0.7", "3=4", "3=6 -23304=2,0.2,0.5")


def _named(words: str, line: str) -> str:
    """The words "Type params" with a name and blobs."""
    return words.replace(" ", f" {line} ", 1)


def _quantisers(precision: str) -> Iterator[Case]:
    for scales, shape in _SHAPES:
        extents = "x".join(map(str, shape))
        yield Case(f"quantize {precision} {extents}", chain(f"Quantize 0={scales}"), shape, PROFILES, precision)
        for words in _ACTIVATIONS if precision == "fp16" else ("3=1",):
            layers = chain(f"Requantize 0={scales} 1={scales} 2={scales} {words}")
            name = f"requantize {precision} {extents} {words}"
            yield Case(name, layers, shape, ("normal",), precision, integers=True)
    layers = chain("Requantize 0=5 1=5 3=2 -23304=1,0.1")
    yield Case(f"requantize {precision} without bias", layers, (5, 3, 3), ("normal",), precision, integers=True)


def _chains(precision: str) -> Iterator[Case]:
    for name, words in _BETWEEN.items():
        for channels in (8, 6):
            layers = chain(convolution(3, channels, 3, "4=1 8=102"), words, convolution(channels, 5, 3, "4=1 8=2"))
            yield Case(f"int8 {precision} {name} between {channels}", layers, (3, 4, 5), ("normal",), precision)
    two = (
        _named(convolution(3, 8, 3, "4=1 8=102 9=1"), "a 1 1 data a"),
        "Split s 1 2 a b c",
        _named(convolution(8, 8, 1, "8=2 9=1"), "left 1 1 b d"),
        _named(convolution(8, 12, 3, "4=1 8=2 9=1"), "right 1 1 c e"),
        "Concat f 2 1 d e f",
        _named(convolution(20, 5, 1, "8=2"), "last 1 1 f out"),
    )
    yield Case(f"int8 {precision} split and concat", two, (3, 6, 5), ("normal", "sparse"), precision)
    layers = chain(
        convolution(3, 6, 3, "4=1 8=102"), "Flatten", inner_product(120, 5, "8=2"), inner_product(5, 3, "8=2")
    )
    yield Case(f"int8 {precision} flatten", layers, (3, 4, 5), ("normal",), precision)
    layers = chain("Quantize 0=1", convolution(5, 8, 3, "4=1 8=102"), convolution(8, 7, 1, "8=2"))
    yield Case(f"int8 {precision} quantize first", layers, (5, 4, 5), ("normal",), precision)


def _layers() -> Iterator[Case]:
    for precision in ("fp32", "fp16", "fp16-storage", "bf16"):
        yield from _quantisers(precision)
        yield from _chains(precision)


CASES = tuple(_layers())
