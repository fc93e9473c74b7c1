"""Interp, GridSample and DeformableConv2D."""

from __future__ import annotations

from collections.abc import Iterator

from tests.layers.row import BITS, EVERY, Made, Row, Shape, between

FINITE = ("normal", "sparse", "special", "huge", "denormal")


def _nearest(words: str, *shapes: Shape) -> Row:
    return Row(f"Interp 0=1 {words}", shapes, least_db=BITS)


def _sizes() -> Iterator[Row]:
    """Every way to say the size."""
    for channels in (1, 3, 4, 5, 8, 12, 16):
        yield _nearest("1=2 2=2", (channels, 3, 4))
    yield _nearest("1=1.5 2=0.7", (3, 5, 7))
    yield _nearest("1=0.5 2=0.5", (3, 5, 7))
    yield _nearest("3=7 4=5", (4, 3, 4))
    yield _nearest("3=2 4=9", (3, 5, 4))
    yield _nearest("3=7 1=2.5 2=1.7", (3, 3, 4))
    yield _nearest("4=7 1=2.5 2=1.7", (3, 3, 4))
    yield _nearest("5=1", (3, 3, 4), (2, 7, 8))
    yield _nearest("5=1", (8, 5, 4), (1, 2, 3))
    yield _nearest("5=1 1=2 2=2", (3, 3, 4), (2, 4, 9))
    yield _nearest('9="*(0w,2),+(0h,1)"', (3, 3, 4))
    yield _nearest('9="1w,1h"', (3, 3, 4), (5, 7, 2))
    yield _nearest('9="1w,2h"', (3, 3, 4), (5, 7, 2), (1, 5, 6))
    yield _nearest('9="*(0w,2)"', (3, 3, 4))
    yield _nearest("1=1.3 2=3.3", (3, 40, 50))
    yield Row("Interp 0=1 1=2 2=2", ((3, 3, 4), (1, 9, 9)), refused="refuses the model", why="refuses, too")
    yield Row(
        "Interp 0=1 5=1", ((3, 3, 4), (8, 6)), refused="counts the packed rows of the second input", why="counts rows"
    )
    yield _nearest("1=1 2=1", (3, 3, 4))
    yield _nearest("3=3 4=4", (3, 2, 3, 4))
    yield _nearest("3=5 4=4", (3, 2, 3, 4))
    yield _nearest("1=2 2=3", (5,))
    yield _nearest("3=2 4=3", (8,))
    yield _nearest("5=1", (4,), (3, 2, 5))
    yield _nearest("1=2 2=1.5", (3, 6))
    yield _nearest("3=9 4=3", (8, 7))
    yield _nearest("3=9 4=7", (8, 7))
    yield _nearest('9="*(0w,2)"', (5, 6))
    yield Row("Interp 0=2 3=2 4=3", ((6,),), least_db=BITS)
    yield Row("Interp 1=2 2=2", ((3, 4, 5),), refused="leaves the output as it was in memory", why="refuses")
    yield Row("Interp 0=1 1=0.1 2=1", ((3, 4, 5),), refused="no rows are left", why="refuses, too")


def _interpolated() -> Iterator[Row]:
    for kind in (2, 3):
        for channels in (1, 3, 4, 5, 8, 12, 16):
            yield Row(f"Interp 0={kind} 1=2 2=2", ((channels, 4, 5),))
        for words, shape in (
            ("1=0.5 2=0.5", (3, 9, 8)),
            ("3=7 4=9", (4, 6, 5)),
            ("3=7 4=9 6=1", (4, 6, 5)),
            ("3=5 4=3", (3, 5, 8)),
            ("3=5 4=3 6=1", (8, 5, 8)),
            ("1=2.5 2=1.3", (5, 4, 6)),
            ("1=3.3 2=0.7", (3, 20, 50)),
            ("3=7 1=2.5 2=1.7", (3, 4, 5)),
            ("4=7 1=2.5 2=1.7", (3, 4, 5)),
            ("2=1.7", (3, 6)),
            ("1=2.5 2=1.3 6=1", (5, 4, 6)),
            ("3=1 4=1", (3, 4, 5)),
            ("3=5 4=4", (3, 2, 4, 4)),
            ("1=2 2=2", (3, 7)),
            ("1=2 2=1.7 6=1", (8, 9)),
            ("4=3 3=1", (4, 9)),
            ("3=1 4=1 6=1", (3, 4, 5)),
        ):
            yield Row(f"Interp 0={kind} {words}", (shape,))
        # Of maps smaller than the taps the engine sums the same in another way, with other infinities multiplied by 0.
        for words, shape in (
            ("3=5 4=7", (3, 2, 3)),
            ("3=5 4=7 6=1", (3, 3, 2)),
            ("4=7 3=1", (4, 3)),
            ("3=5 4=7", (3, 1, 4)),
            ("3=5 4=7 6=1", (4, 3, 1)),
            ("4=3 3=1", (4, 1)),
        ):
            yield Row(f"Interp 0={kind} {words}", (shape,), profiles=FINITE)
        yield Row(f"Interp 0={kind} 5=1", ((3, 4, 5), (1, 7, 9)))
        yield Row(f'Interp 0={kind} 9="1w,1h"', ((3, 4, 5), (1, 7, 9)))


def _grid(words: str, values: Shape, grid: Shape, profiles: tuple[str, ...] = EVERY, far: float = 1.2) -> Row:
    return Row(f"GridSample {words}", (values, grid), profiles=profiles, fed={1: between(-far, far)})


def _grids() -> Iterator[Row]:
    for kind in (1, 2, 3):
        # Of packed channels the engine takes a + share * (b - a), which is NaN where a is infinite.
        packed = FINITE if kind == 1 else EVERY
        for padding in (1, 2, 3):
            for align in (0, 1):
                words = f"0={kind} 1={padding} 2={align}"
                yield _grid(words, (3, 5, 6), (4, 7, 2))
                yield _grid(f"{words} 3=1", (8, 5, 6), (2, 3, 5), packed)
                if kind != 3:
                    yield _grid(words, (4, 3, 5, 6), (2, 4, 3, 3), packed)
                    yield _grid(f"{words} 3=1", (3, 3, 4, 5), (3, 2, 3, 4))
        yield _grid(f"0={kind}", (1, 1, 1), (3, 3, 2))
        # Points far away leave few digits for the share between pixels, which counts most in cubic weights.
        yield _grid(f"0={kind}", (5, 4, 3), (3, 3, 2), far=4.0 if kind != 3 else 1.5)
        yield _grid(f"0={kind} 1=2", (16, 4, 3), (3, 3, 2), packed, far=9.0)
        yield _grid(f"0={kind} 1=3", (12, 4, 3), (3, 3, 2), packed, far=9.0)
    yield Row(
        "GridSample 0=3", ((3, 2, 3, 4), (2, 2, 2, 3)), refused="bicubic volumes are an error", why="refuses, too"
    )


def _deformable(
    words: str, channels: int, outputs: int, size: Shape, kernel: Shape, out: Shape, *, mask: bool = False
) -> Row:
    positions = kernel[0] * kernel[1]
    words = f"0={outputs} 1={kernel[1]} 11={kernel[0]} 6={positions * channels * outputs} {words}"
    inputs: tuple[Shape, ...] = ((channels, *size), (2 * positions, *out), *(((positions, *out),) if mask else ()))
    fed: dict[int, Made] = {1: between(-1.5, 1.5), 2: between(0, 1)}
    return Row(f"DeformableConv2D {words}", inputs, fed=fed)


def _deformables() -> Iterator[Row]:
    for channels, outputs in ((1, 1), (3, 5), (4, 4), (8, 16), (16, 3), (5, 8), (12, 12)):
        yield _deformable("4=1 5=1", channels, outputs, (4, 5), (3, 3), (4, 5))
        yield _deformable("4=1", channels, outputs, (4, 5), (3, 3), (4, 5), mask=True)
    yield _deformable("3=2 13=1 2=1 12=2 5=1", 3, 4, (7, 9), (3, 2), (3, 4), mask=True)
    yield _deformable("4=1 15=0 14=2 16=1 5=1", 4, 3, (3, 4), (2, 3), (5, 3))
    yield _deformable("5=1", 3, 4, (1, 1), (1, 1), (1, 1))
    yield _deformable("4=3 5=1", 3, 4, (1, 1), (3, 3), (5, 5), mask=True)


def _kept_sizes() -> Iterator[Row]:
    """Scales that leave a size as it was: bilinear leaves that axis alone, and bicubic moves its pixels all the same."""
    for kind in (1, 2, 3):
        for words, shape in (
            ("1=2 2=1.1", (16, 4, 5)),
            ("1=1.1 2=2", (3, 4, 5)),
            ("1=0.7 2=1.1", (4, 4, 5)),
            ("1=1.1 2=1.1", (4, 4, 5)),
            ("1=1.1 2=1.1 6=1", (4, 4, 5)),
            ("1=1.1 2=1.1", (3, 2, 4, 5)),
            ("1=1.1 2=1.1 6=1", (3, 2, 4, 5)),
            ("1=1.1", (3, 4, 5)),
            ("3=4 2=1.1", (5, 4, 5)),
            ("1=1.1 2=1.1", (4, 5)),
            ("1=1.1", (4, 5)),
        ):
            yield Row(f"Interp 0={kind} {words}", (shape,))


ROWS = (*_sizes(), *_interpolated(), *_kept_sizes(), *_grids(), *_deformables())
