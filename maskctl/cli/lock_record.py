"""What `analyze` enters into the lock of a model whose masks it has just written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from maskctl.analysis.analyze import Analysis
    from maskctl.analysis.goal import Outcome
    from maskctl.lock import Gain, Together

_DB_DIGITS, _COSINE_DIGITS = 2, 9
"""As much as the same command gives on another processor; more would make differences of nothing."""


def fills_lock(model: str, options: Mapping[str, Any]) -> bool:
    """True where the file that the options say to write has a lock beside it."""
    from maskctl import lock
    from maskctl.cli.writing import STDOUT

    written = options.get("output") or (model if options.get("write") else None)
    return bool(written) and written != STDOUT and lock.beside(str(written)).exists()


def record(path: str, analysis: Analysis) -> str:
    """Enters the changes of an analysis into the lock beside the model just written; what to say of it, "" without a lock."""
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
            graph, gains, plan = build(load(path)), gains_of(analysis), together(analysis)
            after = lock.recorded(lock.load(beside), graph, reasons, gains, plan)
            write_file(str(beside), lock.to_text(after).encode())
    except MaskctlError as error:
        return f" The lock {beside} is as it was: {error}"
    return f" {beside} has {'them' if all(analysis.masks.values()) else 'this'} too."


def gains_of(analysis: Analysis) -> Mapping[int, Gain]:
    """What each new mask of a plan does to its worst output, by layer index."""
    from maskctl.lock import Gain

    with_it = analysis.plan.after
    return {
        index: Gain(_db(without), _db(with_it), _cosine(without), _cosine(with_it))
        for index, without in analysis.plan.without.items()
    }


def together(analysis: Analysis) -> Together:
    """What all new masks of a plan do to its worst output."""
    from maskctl.lock import Together

    before, after = analysis.plan.before, analysis.plan.after
    return Together(sum(map(bool, analysis.masks.values())), _db(before), _db(after), _cosine(before), _cosine(after))


def _db(outcome: Outcome) -> float:
    return round(outcome.worst_sqnr_db, _DB_DIGITS)


def _cosine(outcome: Outcome) -> float:
    return round(outcome.worst_cosine, _COSINE_DIGITS)
