"""Layers that move values, and what is cast on the way."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import FEW, Case, chain, convolution

UNPACKED_CAST = "the engine casts a packed fp32 blob without a scalar rest; maskctl knows no packed blobs"


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
    yield Case("dropout between tiny", between, (3, 2, 3), ("tiny",) * 3, least=0.98, loose=UNPACKED_CAST)


CASES = tuple(_moves())
