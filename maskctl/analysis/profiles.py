"""What the blobs of each layer hold and how far the lowered network's are from them, once an analysis is done."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import closing

from maskctl.analysis.analyze import Analysis, silent
from maskctl.analysis.distributions import Profile
from maskctl.analysis.pool import Shares
from maskctl.analysis.work import Progress


def profiles(
    analysis: Analysis, indices: Collection[int] | None = None, progress: Progress = silent
) -> Mapping[int, Profile]:
    """The profile of every layer that runs, or of those in `indices`, by layer index.

    Runs the model three times over all samples, with the means of the analysis: in fp32, lowered, and what the proposed
    masks change of that.
    """

    def looking(_what: str, done: int, total: int) -> None:
        progress("looking at values", done, total)

    wishes, means = analysis.wishes, analysis.means
    with closing(
        Shares(analysis.model, analysis.samples, analysis.policy, wishes, looking, means, only="lowered")
    ) as shares:
        return shares.profiles(analysis.masks, indices)
