"""Einsum: products of one to three inputs, letters summed over, traces, letters the result has in another order."""

from __future__ import annotations

from dataclasses import replace

from tests.layers.row import SAFE, Row, Shape

SUMMED = (*SAFE, "special", "denormal")
"""Products of two inputs: where they are not finite the order of the sum decides."""


def _row(equation: str, *inputs: Shape) -> Row:
    codes = ",".join(str(ord(letter)) for letter in equation)
    return Row(f"Einsum -23300={len(equation)},{codes}", inputs, profiles=SUMMED)


ROWS = (
    _row("ikl,jkl->ij", (3, 4, 5), (2, 4, 5)),
    _row("ikm,jkm->ijk", (3, 4, 5), (2, 4, 5)),
    _row("imj,mk->ijk", (3, 4, 5), (4, 2)),
    _row("ixw,iwx->i", (3, 4, 5), (3, 5, 4)),
    _row("i,j->ij", (4,), (5,)),
    _row("i,i->i", (6,), (6,)),
    _row("ij,kl->ijkl", (2, 3), (4, 5)),
    _row("ijkm,ijml->ijkl", (2, 3, 4, 5), (2, 3, 5, 2)),
    _row("ijkl,l->ijk", (2, 3, 4, 5), (5,)),
    _row("im,mn,nj->ij", (3, 4), (4, 5), (5, 2)),
    _row("ijkl->i", (2, 3, 4, 5)),
    _row("ijkl->ijkl", (2, 3, 4, 5)),
    _row("ji->ij", (3, 4)),
    _row("ljki->ijkl", (2, 3, 4, 5)),
    _row("ii", (5, 5)),
    _row("ii", (3, 5)),
    replace(_row("ii", (5, 3)), refused="it reads past the ends of rows", why="it is refused"),
    _row("ii->i", (5, 5)),
    _row("iji->ij", (4, 3, 4)),
    _row("xi,xj->ij", (7, 3), (7, 4)),
    _row("im,mj->ij", (3, 5), (4, 2)),
    replace(
        _row("im,mj->ij", (3, 3), (4, 2)), refused="it reads past the end of the first matrix", why="it is refused"
    ),
)
