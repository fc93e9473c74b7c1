"""What a plan of masks has to reach, and what a run under masks has come to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from maskctl.analysis.metrics import COSINE, SQNR, Comparison, Metric


class Score(float):
    """A score that stands for something else that was said, e.g. "exit status 3" where `wanted` is "0"."""

    def __new__(cls, value: float, said: str = "", wanted: str = "") -> Score:  # noqa: PYI034 - Self is of Python 3.11
        """The number to compare by, and what is told of it; "" for the number itself."""
        score = super().__new__(cls, value)
        score.said, score.wanted = said, wanted
        return score

    said: str
    wanted: str


@dataclass(frozen=True)
class Goal:
    """What every output must reach: pairs of a metric and its target; and what the user's own score must, if there is one.

    Without either, outputs must be finite. With `by_status` a score is 1 where the user's check ended with exit status 0,
    else 0.
    """

    targets: tuple[tuple[Metric, float], ...]
    least_score: float | None = None
    by_status: bool = False

    def reached(self, outcome: Outcome) -> bool:
        """True when every output reaches every target, and so does the score; NaN reaches none."""
        if self.is_finiteness:
            return not any(sums.lost for sums in outcome.outputs.values())
        if self.least_score is not None and not (outcome.score is not None and outcome.score >= self.least_score):
            return False
        return all(metric.reaches(sums, target) for sums in outcome.outputs.values() for metric, target in self.targets)

    @property
    def is_finiteness(self) -> bool:
        """True where nothing is asked for but finite outputs."""
        return not self.targets and self.least_score is None

    def __str__(self) -> str:
        if self.is_finiteness:
            return "finite values"
        words = [metric.words.format(f"{target!r}".removesuffix(".0")) for metric, target in self.targets]
        if self.least_score is not None:
            words.append("exit status 0 of the check" if self.by_status else f"the check's {self.least_score:g}")
        return " and ".join(words)

    def score_text(self, score: float) -> str:
        """A score as it is shown; what a check could not say, and so reaches nothing, is no number.

        >>> Goal((), 0.9).score_text(0.9800001), Goal((), 0.9).score_text(-math.inf), Goal((), 1, by_status=True).score_text(0)
        ('0.98', 'NaN', 'failed')
        """
        if self.by_status:
            return "passed" if score >= 1 else "failed"
        return "NaN" if score == -math.inf else f"{score:g}"


DEFAULT_GOAL = Goal(((COSINE, 0.999),))


@dataclass(frozen=True)
class Outcome:
    """The outputs of one lowered run against fp32, and the layers where the non-finite begins; the user's score of it."""

    outputs: Mapping[str, Comparison]
    sources: tuple[int, ...] = ()
    score: float | None = None

    @property
    def worst_sqnr_db(self) -> float:
        """The SQNR of the worst output; NaN when one has lost elements."""
        return SQNR.of(min(self.outputs.values(), key=SQNR.worst_first))

    @property
    def worst_cosine(self) -> float:
        """The cosine of the worst output; NaN when one has lost elements."""
        return COSINE.of(min(self.outputs.values(), key=COSINE.worst_first))

    def is_better_than(self, other: Outcome) -> bool:
        """True where the worst output has a greater SQNR; NaN is worse than every number."""
        return best_first(self) < best_first(other)


def best_first(outcome: Outcome) -> tuple[bool, float]:
    """A sort key for the worst output: the highest SQNR first, NaN last."""
    value = outcome.worst_sqnr_db
    return (math.isnan(value), 0.0 if math.isnan(value) else -value)
