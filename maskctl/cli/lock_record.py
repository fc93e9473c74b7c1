"""What `analyze` enters into the lock of a model whose masks it has just written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskctl.analysis.analyze import Analysis
    from maskctl.lock import Gain

_DB_DIGITS, _COSINE_DIGITS = 2, 9
"""As much as the same command gives on another processor; more would make differences of nothing."""


def record(path: str, analysis: Analysis) -> str:
    """Enters the new masks of an analysis into the lock beside the model just written; what to say of it, "" without a lock."""
    from maskctl import lock
    from maskctl.cli.writing import write_file
    from maskctl.errors import MaskctlError
    from maskctl.graph.network import build
    from maskctl.param import load
    from maskctl.param.exclusive import exclusive

    beside = lock.beside(path)
    if not beside.exists():
        return ""
    reasons = {row.layer.index: row.reason for row in analysis.rows if row.layer.index in analysis.masks}
    reasons = {index: reasons.get(index, "") for index in analysis.masks}
    try:
        with exclusive(beside):
            after = lock.recorded(lock.load(beside), build(load(path)), reasons, gain_of(analysis))
            write_file(str(beside), lock.to_text(after).encode())
    except MaskctlError as error:
        return f" The lock {beside} is as it was: {error}"
    return f" {beside} has them too."


def gain_of(analysis: Analysis) -> Gain:
    """What the new masks of a plan do to its worst output."""
    from maskctl.lock import Gain

    before, after = analysis.plan.before, analysis.plan.after
    return Gain(
        round(before.worst_sqnr_db, _DB_DIGITS),
        round(after.worst_sqnr_db, _DB_DIGITS),
        round(before.worst_cosine, _COSINE_DIGITS),
        round(after.worst_cosine, _COSINE_DIGITS),
        len(analysis.masks),
    )
