"""Layers that move values, and what is cast on the way, in every storage format."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import FEW, Case, chain, convolution

MOVED = ("special", "tiny", "halfway", "nan")
_PRECISIONS = ("fp16", "fp16-storage", "bf16")

_MOVES: tuple[tuple[str, tuple[int, ...]], ...] = (
    # type and params, shapes
    ("Flatten", (3, 2, 3)),
    ("Flatten", (8, 2, 3)),
    ("Flatten", (12, 5)),
    ("Flatten", (4, 2, 3, 3)),
    ("Reshape 0=-1", (5, 3, 3)),
    ("Reshape 0=6 1=-1", (8, 3, 3)),
    ("Reshape 0=3 1=1 2=-1", (8, 9)),
    ("Reshape 0=2 1=3 2=4", (24,)),
    ("Reshape 0=3 1=2 11=2 2=-1", (4, 6, 3)),
    ("Noop", (5, 3, 3)),
    ("Packing 0=4", (8, 3, 3)),
    ("Packing 0=1", (8, 3, 3)),
    ("Crop 0=1 1=1 3=2 4=2 5=-233", (8, 3, 5)),
    ("Crop 0=1 1=0 2=2 3=3 4=2 5=4", (12, 3, 5)),
    ("Crop 2=4 3=3 4=3 5=8", (16, 3, 5)),
    ("Crop -23309=3,1,0,1 -23310=3,-1,2,3", (5, 3, 3)),
    ("Crop 0=2 3=6", (10,)),
    ("Crop 0=1 1=4 3=3 4=4", (12, 5)),
    ("PixelShuffle 0=2", (16, 3, 3)),
    ("PixelShuffle 0=2 1=1", (16, 3, 3)),
    ("PixelShuffle 0=2", (8, 3, 3)),
    ("PixelShuffle 0=3", (9, 2, 3)),
    ("ShuffleChannel 0=2", (8, 3, 3)),
    ("ShuffleChannel 0=2", (12, 3, 3)),
    ("ShuffleChannel 0=2", (24, 2, 3)),
    ("ShuffleChannel 0=2", (10, 3, 3)),
    ("ShuffleChannel 0=4", (16, 3, 3)),
    ("ShuffleChannel 0=2 1=1", (8, 3, 3)),
    ("Permute 0=1", (8, 3, 3)),
    ("Permute 0=3", (5, 3, 4)),
    ("Permute 0=1", (5, 4)),
    ("Cast 0=0 1=0", (5, 3, 3)),
)

_PADS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("0=1 1=1 2=1 3=2 5=0.3", (8, 3, 5)),
    ("0=1 1=1 2=1 3=2 5=0.3", (12, 3, 5)),
    ("0=1 1=1 2=1 3=2 5=0.3", (5, 3, 5)),
    ("0=1 1=1 2=1 3=1 5=70000.0", (3, 2, 3)),
    ("0=1 1=1 2=1 3=1 5=1.00048828125", (4, 2, 3)),
    ("0=1 1=1 2=1 3=1 5=1.00390625", (3, 2, 3)),
    ("0=1 1=1 2=1 3=1 5=3.4e38", (3, 2, 3)),
    ("0=1 1=1 2=1 3=1 5=3e-5", (8, 2, 3)),
    ("0=2 1=3 2=4 3=5 4=1", (8, 3, 5)),
    ("0=2 1=3 2=4 3=5 4=1", (4, 3, 5)),
    ("0=2 1=3 2=4 3=5 4=1", (3, 3, 5)),
    ("0=2 1=1 2=3 3=4 4=2", (8, 3, 5)),
    ("0=2 1=1 2=3 3=4 4=2", (4, 3, 5)),
    ("0=2 1=1 2=3 3=4 4=2", (5, 3, 5)),
    ("0=1 1=1 7=4 8=4 5=0.3", (8, 2, 3)),
    ("7=1 8=2 5=0.3", (8, 2, 3)),
    ("7=1 8=2 4=1", (5, 2, 3)),
    ("7=1 8=2 4=2", (5, 2, 3)),
    ("0=1 1=1 2=1 3=1 6=8", (8, 2, 3)),
    ("0=1 1=1 2=1 3=1 6=4", (4, 2, 3)),
    ("0=1 1=1 2=1 3=1 6=5", (5, 2, 3)),
    ("0=1 1=1 7=4 6=8", (4, 2, 3)),
    ("0=1 1=1 7=4 8=4 6=12", (4, 2, 3)),
    ("0=1 1=1 7=1 8=1 6=3", (3, 2, 1, 3)),
    ("2=3 3=2 5=0.3", (10,)),
    ("2=4 3=4 4=1", (8,)),
    ("0=1 1=2 2=3 3=1 5=0.3", (5, 6)),
    ("0=4 1=4 2=3 3=1 5=0.3", (8, 6)),
    ("0=1 1=1 2=3 3=1 4=1", (5, 6)),
    ("0=1 1=1 2=3 3=1 4=2", (4, 6)),
    ("0=1 1=1 2=2 3=1 5=0.3", (8, 2, 3, 3)),
    ("0=1 1=1 2=2 3=1 5=0.3", (3, 2, 3, 3)),
    ("0=1 1=1 2=2 3=1 7=1 8=1 5=0.3", (8, 2, 3, 3)),
    ("0=1 1=1 2=2 3=1 4=1", (3, 2, 3, 3)),
    ("0=1 1=1 2=2 3=1 4=2", (3, 2, 3, 3)),
)

_SLICES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("-23300=2,8,8", (16, 3, 3)),
    ("-23300=2,8,-233", (12, 3, 3)),
    ("-23300=2,3,-233", (8, 3, 3)),
    ("-23300=2,4,-233 1=1", (8, 9, 3)),
    ("-23300=2,2,-233 1=2", (8, 3, 5)),
    ("-23300=2,4,-233", (13,)),
    ("-23300=2,4,-233", (12, 5)),
    ("-23300=2,3,-233 1=1", (4, 7)),
)


def _moves() -> Iterator[Case]:
    yield Case("dropout", chain("Dropout 0=0.5"), (5, 2, 3))
    # The engine hands Dropout's fp32 blob on packed, so that its cast has no scalar rest.
    between = chain(convolution(3, 8, 1, ""), "Dropout 0=0.3", convolution(8, 4, 1, ""))
    yield Case("dropout between", between, (3, 2, 3), ("normal", "big", "infinite", "nan"))
    yield Case("dropout between tiny", between, (3, 2, 3), ("tiny",) * 3)
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


def _everywhere() -> Iterator[Case]:
    for precision in _PRECISIONS:
        for words, shape in _MOVES:
            name = f"{precision} {words} of {'x'.join(map(str, shape))}"
            yield Case(name, chain(words), shape, MOVED, precision, data=words)
        for words, shape in _PADS:
            name = f"{precision} padding {words} of {'x'.join(map(str, shape))}"
            yield Case(name, chain(f"Padding {words}"), shape, ("special", "halfway"), precision, data=words)
        for words, shape in _SLICES:
            axis = next((word[2:] for word in words.split() if word.startswith("1=")), "0")
            lines = (f"Slice slice 1 2 data a b {words}", f"Concat concat 2 1 b a out 0={axis}")
            name = f"{precision} slice {words} of {'x'.join(map(str, shape))}"
            yield Case(name, lines, shape, MOVED, precision, data=words)


CASES = (*_moves(), *_everywhere())
