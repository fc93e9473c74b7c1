"""Normalising layers in every storage format: packed by eight, by four and not at all, each rank, with and without weights."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import PROFILES, Case, chain

_PRECISIONS = ("fp16", "fp16-storage", "bf16")
_SOME = ("normal", "halfway")

_GROUPS: tuple[tuple[int, tuple[int, ...]], ...] = (
    # groups, shape
    (2, (16,)), (3, (12,)), (2, (10,)), (2, (16, 5)), (3, (6, 7)), (2, (16, 3, 5)), (3, (12, 3, 5)), (2, (10, 3, 5)),
    (3, (15, 4, 4)), (2, (16, 2, 3, 3)), (5, (5, 3, 7)), (1, (24, 3, 3)),
)  # fmt: skip

_ROWS: tuple[tuple[int, tuple[int, ...]], ...] = (
    # affine_size, shape
    (13, (13,)), (32, (32,)), (3, (3,)), (13, (3, 13)), (13, (8, 13)), (9, (4, 9)), (7, (8, 3, 7)), (21, (8, 3, 7)),
    (21, (4, 3, 7)), (7, (5, 3, 7)), (16, (5, 4, 4)), (15, (8, 2, 3, 5)), (30, (3, 2, 3, 5)),
)  # fmt: skip

_CHANNELS: tuple[tuple[int, ...], ...] = (
    (13,), (32,), (3,), (8, 13), (4, 9), (5, 8), (8, 3, 7), (4, 3, 7), (5, 3, 7), (5, 4, 4), (3, 1, 1), (8, 2, 3, 5),
)  # fmt: skip


def _named(name: str, words: str, shape: tuple[int, ...]) -> Iterator[Case]:
    for precision in _PRECISIONS:
        full = f"{precision} {name} of {'x'.join(map(str, shape))}"
        profiles = PROFILES if shape in {(13,), (5, 3, 7), (8, 3, 7)} else _SOME
        yield Case(full, chain(words), shape, profiles, precision, data=f"{name} {shape}")


def _norms() -> Iterator[Case]:
    for affine in (1, 0):
        weighted = "weighted" if affine else "plain"
        for group, shape in _GROUPS:
            yield from _named(f"{weighted} groupnorm {group}", f"GroupNorm 0={group} 1={shape[0]} 3={affine}", shape)
        for size, shape in _ROWS:
            for kind in ("LayerNorm", "RMSNorm"):
                yield from _named(f"{weighted} {kind.lower()} {size}", f"{kind} 0={size} 1=1e-5 2={affine}", shape)
        for shape in _CHANNELS:
            channels = shape[0] if len(shape) > 2 else 8
            yield from _named(f"{weighted} instancenorm", f"InstanceNorm 0={channels} 2={affine}", shape)
    for words in ("GroupNorm 0=2 1=8", "LayerNorm 0=7", "RMSNorm 0=21", "InstanceNorm 0=8"):
        off = frozenset({"use_packing_layout"})
        yield Case(f"unpacked {words}", chain(words), (8, 3, 7), ("normal", "nan"), without=off)
        yield Case(f"31=1 {words}", chain(f"{words} 31=1"), (8, 3, 7), ("normal", "nan"))


CASES = tuple(_norms())
