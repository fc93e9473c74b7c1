"""What is cast between layers of different storage: from fp32 to 16 bits and back, channels packed or not."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import Case, chain

PRECISIONS = ("fp16", "fp16-storage", "bf16")
CAST = ("special", "tiny", "halfway", "infinite", "nan")
FINITE = ("tiny", "halfway")
"""What the engine's fp32 code makes of infinity, NaN and -0 is not the question here."""

_WITHOUT_16_BITS = (
    "AbsVal", "Dropout 0=0.3", "Scale 0={c} 1=1", "Scale 0={c}", "DeepCopy", "Bias 0={c}", "Permute 0=0", "Permute 0=3",
    "Squeeze", "Tile 0=0 1=1", "Threshold 0=0.5", "Power 0=1.0 1=0.3 2=0.1", "Pooling 7=1 8=2 18=2", "Pooling 0=1 7=1 8=2 18=2",
    "Reduction 0=3 1=0 -23303=1,-1 4=1 5=1", "LRN 1=3", "LRN 0=1 1=3", "CumulativeSum 0=0", "Flip -23300=1,-1", "MVN",
)  # fmt: skip
"""Types that run in fp32 between layers that do not; {c} is the channels."""

_IN_32_BITS = (
    "ReLU", "ReLU 0=0.3", "BatchNorm 0={c}", "PReLU 0={c}", "HardSwish", "Clip 0=-0.7 1=0.7", "Noop", "Split", "Flatten",
    "PixelShuffle 0=2", "PixelShuffle 0=1", "ShuffleChannel 0=2", "Padding 0=1 1=1 2=1 3=2 5=0.3", "Padding 7=1 8=3",
    "Padding 7=4", "Crop 0=1 1=0 2=4 3=2 4=1 5=4", "Crop 0=1 1=0 2=2 3=2 4=1 5=4", "Packing 0=4", "Packing 0=1",
    "Interp 0=1 1=2.0 2=2.0", "Pooling 1=2 5=1", "Pooling 4=1", "Cast 0=0 1=0",
)  # fmt: skip
"""Types that a mask has run in fp32."""


def _casts() -> Iterator[Case]:
    """What the application feeds, cast by the first layer."""
    for precision in PRECISIONS:
        for shape in (
            (1,),
            (13,),
            (4, 3),
            (3, 5),
            (8, 1, 3),
            (4, 3, 3),
            (3, 2, 3),
            (5, 4, 4),
            (8, 2, 1, 3),
            (3, 1, 3, 2),
        ):
            name = f"{precision} cast of {'x'.join(map(str, shape))}"
            yield Case(name, chain("Noop"), shape, CAST, precision, data=f"cast {shape}")


def _between() -> Iterator[Case]:
    """An fp32 layer behind a 16-bit one and in front of another."""
    for precision in PRECISIONS:
        for words, channels in ((words, channels) for words in _WITHOUT_16_BITS for channels in (8, 3)):
            lines = chain("Noop", words.format(c=channels), "Noop")
            data = f"{words} between, {channels} channels"
            profiles = FINITE[1:] if "7=1" in words else FINITE  # its largest of -0 and 0 is either
            yield Case(f"{precision} {data}", lines, (channels, 2, 3), profiles, precision, data=data)
    for shape in ((12,), (8, 3), (4, 1, 2, 3)):
        yield Case(f"cast behind dropout of rank {len(shape)}", chain("Dropout 0=0.3", "Noop"), shape, CAST)
    off = frozenset({"use_packing_layout"})
    yield Case("cast behind dropout, unpacked", chain("Dropout 0=0.3", "Noop"), (8, 1, 3), CAST, without=off)


def _masked() -> Iterator[Case]:
    """Layers of the first 16-bit types that a mask lets run in fp32, and the cast behind them."""
    for words, channels in ((words, channels) for words in _IN_32_BITS for channels in (16, 3)):
        if channels == 3 and words.startswith(("PixelShuffle 0=2", "ShuffleChannel", "Crop", "Packing")):
            continue
        for precision, mask in (("fp16", 2), ("bf16", 4)):
            lines = chain(f"{words.format(c=channels)} 31={mask}", "Noop")
            data = f"{words} in 32 bits, {channels} channels"
            yield Case(f"{precision} {data}", lines, (channels, 2, 3), FINITE, precision, data=data)


def _both() -> Iterator[Case]:
    """A layer that reads one blob as it was fed and one that leaves an fp32 layer."""
    for precision in PRECISIONS:
        lines = ("Split s 1 2 data a b", "Dropout p 1 1 b e 0=0.3", "Concat k 2 1 a e out")
        yield Case(f"{precision} concat of 16 and 32 bits", lines, (8, 1, 3), CAST, precision, data="concat of both")


CASES = (*_casts(), *_between(), *_masked(), *_both())
