"""Layers that move elements or name them anew: equal to the bit, whatever the elements are."""

from __future__ import annotations

from tests.layers.row import BITS, Row

_BEYOND = "reads behind the end of the blob or of a parameter"

_NOT_ALL_COLUMNS = "does not skip what no top takes (columns, rows of volumes), and gives it for the next piece"
_COARSER = "copies channels that lie one by one (or in fours) as if they lay in fours (or eights)"


def _row(words: str, *inputs: tuple[int, ...], tops: int = 1) -> Row:
    return Row(words, inputs, tops=tops, least_db=BITS)


def _refused(words: str, *inputs: tuple[int, ...], tops: int = 1, because: str, why: str = "raises") -> Row:
    return Row(words, inputs, tops=tops, profiles=("normal",), refused=because, why=why)


_SPLIT_AND_CONCAT = (
    _row("Split", (7,), tops=2),
    _row("Split", (3, 4, 5), tops=3),
    _row("Split", (2, 3, 4, 5)),
    _row("Concat", (4,), (8,)),
    _row("Concat 0=3", (3,), (5,), (1,)),
    _row("Concat 0=-1", (3, 5), (3, 1)),
    _row("Concat 0=0", (8, 5), (4, 5), (1, 5)),
    _row("Concat 0=0", (4, 3, 5)),
    _row("Concat 0=0", (4, 3, 5), (12, 3, 5)),
    _row("Concat 0=1", (3, 2, 5), (3, 1, 5), (3, 4, 5)),
    _row("Concat 0=-1", (8, 3, 1), (8, 3, 4)),
    _row("Concat 0=0", (1, 2, 3, 4), (5, 2, 3, 4)),
    _row("Concat 0=1", (4, 1, 3, 4), (4, 2, 3, 4)),
    _row("Concat 0=-2", (3, 2, 3, 4), (3, 2, 1, 4)),
    _row("Concat 0=3", (16, 2, 3, 1), (16, 2, 3, 5)),
    _refused("Concat 0=2", (3, 4), (3, 4), because="gives an empty blob for an axis it does not have"),
    _refused("Concat", (3, 4), (3, 5), because=_BEYOND),
)

_SLICE = (
    _row("Slice 0=2,-233", (5,), tops=2),
    _row("Slice 0=2,2 1=2", (5,), tops=2),
    _row("Slice 0=-233,-233,-233 1=1", (2, 8), tops=3),
    _row("Slice 0=4,-233 1=0", (12, 3), tops=2),
    _row("Slice 0=3,5,-233 1=0", (16, 3), tops=3),
    _row("Slice 0=1,-233 1=0", (4, 2, 3), tops=2),
    _row("Slice 0=8,8 1=0", (16, 2, 3), tops=2),
    _row("Slice -23300=2,512,64 1=1", (3, 576, 2), tops=2),
    _row("Slice 0=1,3 1=-1", (5, 3, 4), tops=2),
    _row("Slice 0=1,2 1=1", (5, 4, 4), tops=2),
    _row("Slice 0=1,2 1=0", (8, 3, 4), tops=2),
    _row("Slice 0=1,2 1=1", (4, 5), tops=2),
    _row("Slice 0=-233,-233 1=0", (8, 2, 3, 1), tops=2),
    _row("Slice 0=1,-233 1=1", (3, 4, 2, 5), tops=2),
    _row("Slice 0=1,-233 1=2", (4, 2, 3, 5), tops=2),
    _row("Slice 0=2,3 1=3", (4, 2, 3, 5), tops=2),
    _row("Slice 0=1,2 1=1", (3, 5, 2, 3), tops=2),
    _row("Slice 2=1,-1 1=0", (6, 2), tops=3),
    _row("Slice 2=4, 1=-1", (3, 5), tops=2),
    _row("Slice 2=4,8 1=0", (13, 2, 2), tops=3),
    _row("Slice 2=-2, 0=1,1 1=1", (4, 5, 3), tops=2),
    _row("Slice 0=3,", (5, 2)),
    _row("Slice 0=4,3", (9, 2, 2), tops=2),
    _row("Slice 0=4,", (12, 2, 2)),
    _row("Slice 0=4,", (6,)),
    _refused("Slice 0=4,", (6, 2, 2), because=_COARSER),
    _refused("Slice 0=4,4", (9, 5), tops=2, because=_COARSER),
    _refused("Slice 0=8,", (12, 2, 2), because=_COARSER),
    _refused("Slice 0=1,2 1=-1", (5, 3, 4), tops=2, because=_NOT_ALL_COLUMNS),
    _refused("Slice 0=1,2 1=2", (4, 2, 5, 3), tops=2, because=_NOT_ALL_COLUMNS),
    _refused("Slice 0=2,2 1=3", (4, 2, 3, 5), tops=2, because=_NOT_ALL_COLUMNS),
    _refused("Slice 0=3,3", (5,), tops=2, because=_BEYOND),
    _refused("Slice 0=2,", (5,), tops=2, because=_BEYOND),
    _refused("Slice", (5,), tops=2, because="crashes without slices"),
    _refused("Slice 0=1,1 1=2", (5, 2), tops=2, because="gives empty blobs for an axis it does not have"),
    _refused("Slice 0=5,-233", (5, 2), tops=2, because="makes no empty blob"),
)

_PERMUTE = (
    _row("Permute 0=1", (6,)),
    *(_row(f"Permute 0={order}", (4, 7)) for order in range(2)),
    *(_row(f"Permute 0={order}", (3, 4, 5)) for order in range(6)),
    *(_row(f"Permute 0={order}", (8, 4, 3)) for order in range(2, 6)),
    *(_row(f"Permute 0={order}", (2, 3, 4, 5)) for order in range(24)),
    _refused("Permute 0=2", (3, 4), because="knows two orders of a matrix"),
    _refused("Permute 0=6", (3, 4, 5), because="knows six orders of a map"),
    _refused("Permute 0=24", (2, 3, 4, 5), because="refuses the parameter"),
)

_TILE = (
    _row("Tile 0=3 1=2", (5,)),
    _row("Tile 0=0 1=3", (4, 3)),
    _row("Tile 0=1 1=2", (4, 3)),
    _row("Tile 0=2 1=2", (4, 3)),
    *(_row(f"Tile 0={axis} 1=2", (3, 4, 5)) for axis in range(3)),
    *(_row(f"Tile 0={axis} 1=3", (2, 3, 1, 5)) for axis in range(4)),
    _row("Tile 0=0 1=1", (2, 3)),
    _row("Tile 2=3,", (5,)),
    _row("Tile 2=2,3", (4,)),
    _row("Tile 2=2,1,2", (3,)),
    _row("Tile 2=2,3,1,2", (3,)),
    _row("Tile 2=3,", (2, 3)),
    _row("Tile 2=1,1,1", (3, 4)),
    _row("Tile 2=2,2,2,2", (3, 4)),
    _row("Tile 2=2,3", (3, 4, 5)),
    _row("Tile -23302=3,16,1,1", (1, 4, 5)),
    _row("Tile 2=1,7,1,1", (8, 4, 5)),
    _row("Tile -23302=4,1,2,1,1", (2, 3, 4, 5)),
    _row("Tile 2=2,3,2", (2, 3, 4, 5)),
    _row("Tile 2=2,3", (2, 3, 4, 5)),
    _refused("Tile 0=-1 1=2", (3, 4), because="refuses the parameter"),
    _refused("Tile 0=4 1=2", (3, 4), because="refuses the parameter"),
    _refused("Tile 1=0", (3, 4), because="refuses the parameter"),
    _refused("Tile 2=1,1,1,1,2", (3, 4), because="refuses the parameter"),
)

_ORDERS_OF_CHANNELS = (
    _row("ShuffleChannel 0=2", (6, 3, 2)),
    _row("ShuffleChannel 0=3", (12, 3, 2)),
    _row("ShuffleChannel 0=2", (16, 1, 1)),
    _row("ShuffleChannel 0=4", (16, 2, 3)),
    _row("ShuffleChannel 0=2 1=1", (8, 2, 3)),
    _row("ShuffleChannel 0=3 1=1", (12, 2, 3)),
    _row("ShuffleChannel 0=2", (6, 2, 2, 1)),
    _row("ShuffleChannel", (5, 4)),
    _refused("ShuffleChannel 0=4", (6, 2, 2), because="refuses channels that do not divide"),
    _refused("ShuffleChannel 0=5 1=1", (12, 2, 2), because="leaves channels without values"),
    _refused("ShuffleChannel 0=0", (6, 2, 2), because="refuses the parameter"),
    _row("PixelShuffle 0=2", (8, 2, 3)),
    _row("PixelShuffle 0=2 1=1", (12, 2, 3)),
    _row("PixelShuffle 0=3", (9, 1, 4)),
    _row("PixelShuffle 0=3 1=1", (18, 2, 1)),
    _row("PixelShuffle 0=4", (16, 2, 2)),
    _row("PixelShuffle 0=2", (11, 2, 3)),
    _row("PixelShuffle 0=2 1=1", (9, 2, 3)),
    _row("PixelShuffle 0=1", (3, 4)),
    _row("PixelShuffle 0=2", (4, 2, 3, 2)),
    _refused("PixelShuffle 0=2", (3, 2, 3), because="makes no blob without channels"),
    _refused("PixelShuffle 0=2 1=2", (4, 2, 3), because="refuses the parameter"),
    _refused("PixelShuffle 0=0", (9, 1, 1), because="refuses the parameter"),
    _row("Reorg 0=2", (3, 4, 6)),
    _row("Reorg 0=2 1=1", (3, 4, 6)),
    _row("Reorg 0=2", (4, 5, 7)),
    _row("Reorg 0=3 1=1", (1, 6, 3)),
    _row("Reorg 0=2", (4, 6)),
    _row("Reorg 0=2", (2, 4, 5, 2)),
    _row("Reorg", (5, 3, 3)),
    _refused("Reorg 0=3", (2, 2, 2), because="makes no blob without rows"),
    _refused("Reorg 0=2 1=2", (2, 2, 2), because="refuses the parameter"),
    _refused("Reorg 0=0", (2, 2, 2), because="refuses the parameter"),
)

_REVERSED_AND_DIAGONAL = (
    _row("Flip", (4, 5)),
    _row("Flip 0=0,", (5,)),
    _row("Flip 0=3,", (5,)),
    _row("Flip 0=0,", (4, 5)),
    _row("Flip 0=-1,", (4, 5)),
    _row("Flip 0=3,", (4, 5)),
    _row("Flip 0=0,2", (3, 4, 5)),
    _row("Flip 0=-2,", (8, 4, 5)),
    _row("Flip 0=1,-1", (2, 3, 4, 5)),
    _row("Flip 0=0,1,2,3", (2, 3, 4, 5)),
    _refused("Flip 0=0,1,0,1,0", (3,), because="refuses the parameter"),
    _row("Diag", (4,)),
    _row("Diag 0=2", (3,)),
    _row("Diag 0=-1", (1,)),
    _row("Diag", (3, 5)),
    _row("Diag 0=1", (5, 3)),
    _row("Diag 0=3", (3, 5)),
    _row("Diag 0=-4", (5, 3)),
    _row("Diag 0=-5", (3, 4)),
    _refused("Diag", (2, 3, 4), because="gives an empty blob"),
)

_SAME_ELEMENTS = (
    _row("Noop", (2, 3), (4,), tops=2),
    _row("Noop", (2, 3), (4,), (1, 2, 3), tops=2),
    _row("Noop", (4, 3, 2, 2)),
    _refused("Noop", (2,), tops=2, because="crashes"),
    _row("DeepCopy", (3, 4, 5)),
    _row("DeepCopy", (6,)),
    _row("DeepCopy", (8, 2, 1, 3)),
    _row("Packing 0=4", (8, 2, 3)),
    _row("Packing 0=8", (12, 3)),
    _row("Packing 0=1 2=1 3=2", (16,)),
    _row("Packing 0=4 1=1", (4, 2, 1, 3)),
    _row("Packing 0=3", (6, 2, 2)),
    _refused("Packing 0=4 1=1", (5, 2, 2), because="adds channels of undefined value"),
    _refused("Packing 0=0", (4,), because="refuses the parameter"),
    _row("Cast", (5,)),
    _row("Cast 0=1 1=1", (3, 4)),
    _row("Cast 0=3 1=3", (3, 4, 2)),
    _row("Flatten", (7,)),
    _row("Flatten", (8, 3)),
    _row("Flatten", (5, 3, 3)),
    _row("Flatten", (16, 2, 3)),
    _row("Flatten", (3, 2, 1, 5)),
)

_STORED = tuple(
    Row(f"MemoryData {words}", (), profiles=("normal",), least_db=BITS)
    for words in ("0=5", "0=3 1=4", "0=3 1=4 2=5", "0=2 1=3 11=4 2=5", "0=7 21=0", "0=1 1=1 2=3 21=0")
) + tuple(
    Row(f"CopyTo {words}", inputs, least_db=BITS)
    for words, inputs in (
        ("0=1", ((6,), (3,))),
        ("0=1", ((5,), (5,))),
        ("9=-3, 11=1,", ((6,), (2,))),
        ("0=1 1=2", ((4, 5), (2, 3))),
        ("9=-2, 11=-1,", ((3, 4), (2, 2))),
        ("9=1,-2", ((3, 4), (2, 2))),
        ("9=1,-233,2", ((8, 3, 4), (4, 3, 2))),
        ("0=1 1=1 2=2", ((5, 3, 4), (3, 2, 2))),
        ("0=1 1=1 2=1", ((4, 3, 4), (2, 3))),
        ("0=1 1=1 13=1 2=1", ((3, 3, 3, 3), (2, 2, 2, 2))),
        ("0=1", ((4, 1, 3, 4), (3, 3, 2))),
        ("9=1,0,1,0 11=3,2,1,0", ((3, 3, 3, 3), (3, 2, 3, 2))),
    )
)

ROWS = (
    *_SPLIT_AND_CONCAT,
    *_SLICE,
    *_PERMUTE,
    *_TILE,
    *_ORDERS_OF_CHANNELS,
    *_REVERSED_AND_DIAGONAL,
    *_SAME_ELEMENTS,
    *_STORED,
    _refused("CopyTo 0=4", (5,), (3,), because="writes behind the end of the blob"),
    _refused("CopyTo 9=1, 11=0,1", (4, 5), (2, 3), because="refuses lists of different lengths"),
)
