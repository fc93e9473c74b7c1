"""All samples of an analysis, shared out over processes where that pays; the sums do not depend on how."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from maskctl.analysis.alone import Effect
from maskctl.analysis.cluster import Cluster
from maskctl.analysis.distributions import Profile
from maskctl.analysis.finders import needs_single_samples
from maskctl.analysis.goal import Outcome
from maskctl.analysis.kinds import Setting
from maskctl.analysis.measuring import Crew, Measuring, Telling, Worker
from maskctl.analysis.metrics import Comparison
from maskctl.analysis.processes import Process
from maskctl.analysis.sensitivity import LayerLoss, Wishes, losses_of
from maskctl.analysis.sets import Masks
from maskctl.analysis.shares import Blobs, Keeping, Share, merged, outputs_of
from maskctl.analysis.tasks import Board, Measurements
from maskctl.analysis.trials import Trials, teams_of
from maskctl.analysis.work import Progress, Work
from maskctl.executor.layer import joined
from maskctl.executor.policy import Policy
from maskctl.executor.samples import Portion, Samples, batches
from maskctl.executor.suffixes import Effort
from maskctl.graph import memory
from maskctl.graph.model import Model
from maskctl.layers.base import Array

_REMEMBERED_ELEMENTS = 1 << 28
"""Blobs of all samples together that are kept between trials: 1 GiB."""

_LEAST_FOR_TRIALS, _MOST_FOR_TRIALS = 1 << 27, 1 << 29
"""Bytes of blobs of trials that are kept beside these: between the two as many as these take, at most an eighth of what is left."""

_WORTH_A_PROCESS_US = 2_000_000
"""Estimated work below which no process is started: that takes half a second."""

_USUAL_TRIALS = 10
"""Runs of the lowered network that a plan takes at least, mostly."""

_METHODS_OF_SCOPE = {"leave-one-out": ("lowered", "layers", "left_out")}
_OF_VARIANTS = {"effects", "left_out"}


class Here:
    """A share in this process."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._asked: tuple[str, tuple[Any, ...]] = ("", ())

    def ask(self, method: str, *arguments: object) -> None:
        """Remembers the call."""
        self._asked = method, arguments

    def answer(self) -> Any:
        """Does it."""
        method, arguments = self._asked
        return getattr(self._share, method)(*arguments)

    def close(self) -> None:
        """There is nothing to end."""


@dataclass(frozen=True)
class Means:
    """How an analysis may be run: processes at once, or the `scheduler` of a Dask cluster; the user's score of outputs.

    `memory` are the bytes of blobs to keep in memory at once, all processes together (None: as usual). `remembered` is what an
    interrupted run has measured.
    """

    jobs: int = 1
    memory: int | None = None
    scheduler: str | None = None
    score: Callable[[Mapping[str, Array]], float] | None = None
    remembered: Measurements | None = None


_FP16, _ALONE = Policy("fp16"), Means()


class Shares:
    """The samples of an analysis, or those with the `numbers`; to be closed, for it may have started processes.

    `only` names the one part of measuring that will be asked for, where it is one: "effects" without a lowered network, or
    "lowered".
    """

    def __init__(
        self,
        model: Model,
        samples: Samples,
        policy: Policy,
        wishes: Wishes,
        progress: Progress,
        means: Means,
        numbers: Sequence[int] | None = None,
        only: str | None = None,
    ) -> None:
        self._model, self._policy, self._wishes = model, policy, wishes
        self._means = means
        self.outputs = outputs_of(model, policy, wishes)
        self._cluster = Cluster(means.scheduler) if means.scheduler else None
        jobs = len(self._cluster.workers) if self._cluster else means.jobs
        self._portions = portions_of(model, samples, jobs, numbers, _portion_elements(means, jobs))
        self._methods = (only,) if only else _METHODS_OF_SCOPE.get(wishes.scope, ("lowered", "layers"))
        self._work = Work(model, self._portions, policy, progress, wishes, self._methods)
        tried = _USUAL_TRIALS if only is None and numbers is None else 0
        pays = self._work.total_us + tried * self._work.lowered_us > _WORTH_A_PROCESS_US
        jobs = jobs if pays or self._cluster else 1
        self._telling = Telling(self._work)
        self._measuring: Measuring | None = None
        self._own = [tuple(range(place, len(self._portions), jobs)) for place in range(jobs)]
        self._workers: list[Worker] = []
        teams = min(max(1, jobs // len(self._portions)), _teams_that_fit(self._portions, means))
        keeping = _keeping(self._portions, means, teams)
        for own in self._own:
            self._workers.append(self._worker({number: self._portions[number] for number in own}, keeping))
        given = means.score is not None
        self._trials = Trials(teams_of(self._workers, self._own, self._portions, teams), give=given)

    def close(self) -> None:
        """Ends the processes."""
        self._trials.close()
        for worker in self._workers:
            worker.close()
        if self._cluster:
            self._cluster.close()

    def measure(self) -> tuple[tuple[LayerLoss, ...], Effort]:
        """The losses of every layer over all samples, and what runs of variants took."""
        self._measuring = self._begun()
        self._measuring.run(self._telling)
        self._work.finish()
        losses, effort = self._losses(), Effort()
        effort.merge(self._measuring.add_to(losses))
        if self._methods[-1] in _OF_VARIANTS or self._wishes.scope == "alone":
            effort.add_base(self._model, sum(len(portion.members) for portion in self._portions))
        return losses, effort

    def known(self) -> tuple[LayerLoss, ...]:
        """Once measuring was cut short: the losses of the layers that have been measured by themselves over all samples.

        What else was to be measured is empty where it has not been over all samples.
        """
        if self._measuring is None:
            return ()
        losses = self._losses()
        self._measuring.add_to(losses)
        lowered, layers, left_out = map(self._measuring.complete, ("lowered", "layers", "left_out"))
        for loss in losses:
            if loss.op.layer.index not in lowered:
                loss.graphwise = Comparison()
            if loss.op.layer.index not in left_out:
                loss.leave_one_out = {}
        return tuple(loss for loss in losses if loss.op.layer.index in layers)

    def _begun(self) -> Measuring:
        ranges: dict[str, float] = {}
        if "int8" in self._wishes.kinds:
            for found in self._all("ranges"):
                ranges.update({name: max(value, ranges.get(name, 0.0)) for name, value in found.items()})
        indices = [loss.op.layer.index for loss in self._losses()]
        board = Board(self._work, dict.fromkeys(self._methods, indices), len(self._portions), len(self._workers))
        depends = (self._wishes, sorted(ranges.items()), self._methods)
        text = self._model.document.to_bytes()
        of = [repr((depends, portion.members)).encode() + text for portion in self._portions]
        crew = Crew(self._workers, self._own, self._portions)
        return Measuring(crew, board, ranges, of, self._means.remembered)

    def _losses(self) -> tuple[LayerLoss, ...]:
        return losses_of(Setting(self._model, self._policy, 1))

    @property
    def layers(self) -> int:
        """How many layers are measured."""
        return len(self._losses())

    def evaluate(self, masks: Masks) -> Outcome:
        """The outcome under `masks`, pooled over all samples, with the user's score of the outputs where there is one."""
        score = self._means.score
        found = self._trials.find(masks)
        outcome = merged(outcome for outcome, _ in found)
        if score is None:
            return outcome
        return replace(outcome, score=score(in_order([blobs for _, some in found for blobs in some])))

    def ahead(self, masks: Iterable[Masks]) -> None:
        """Says which masks will probably be evaluated next, the most likely first: processes without work begin with them."""
        self._trials.ahead(masks)

    def exact_score(self) -> float | None:
        """The user's score of the fp32 outputs, None without one."""
        if self._means.score is None:
            return None
        return self._means.score(in_order([blobs for some in self._all("exact_outputs") for blobs in some]))

    def profiles(self, masks: Masks, indices: Collection[int] | None) -> Mapping[int, Profile]:
        """What the blobs of layers, or of those in `indices`, hold over all samples, and their errors before and after `masks`."""
        found: dict[int, Profile] = {}
        for some in self._all("profiles", dict(masks), None if indices is None else tuple(indices)):
            for index, profile in some.items():
                if index in found:
                    found[index].merge(profile)
                else:
                    found[index] = profile
        return found

    def worst(self, count: int) -> list[int]:
        """The numbers of the samples whose worst output is worst in the lowered network, in the order they came in."""
        keys = [key for found in self._all("worst_first") for key in found]
        return sorted(member for _, member in sorted(keys)[:count])

    def _all(self, method: str, *arguments: object) -> Iterator[Any]:
        """What the share of every worker that has portions of its own gives."""
        owners = [worker for worker, own in zip(self._workers, self._own, strict=True) if own]
        for worker in owners:
            worker.ask(method, *arguments)
        yield from [worker.answer() for worker in owners]

    def _worker(self, portions: Mapping[int, Portion], keeping: Keeping) -> Worker:
        share = (self._model, portions, self._policy, self._wishes, keeping)
        if self._cluster:
            return self._cluster.share(len(self._workers), share)
        if len(self._own) == 1:
            return Here(Share(*share[:4], self._telling.told, share[4]))
        threads = max(1, (os.cpu_count() or 1) // len(self._own))
        return Process(share, self._telling.told, threads)


def in_order(blobs: Sequence[Blobs]) -> Mapping[str, Array]:
    """The blobs of all samples, (n, …), in the order of the samples; shorter ones filled up with NaN."""
    order = np.argsort([member for members, _ in blobs for member in members])
    return {name: joined(tuple(found[name] for _, found in blobs))[order] for name in blobs[0][1]}


def effects(
    model: Model, samples: Samples, kinds: Sequence[str], policy: Policy = _FP16, *, means: Means = _ALONE
) -> tuple[Mapping[int, Mapping[str, Effect]], Effort]:
    """By layer and kind of loss, what that does to the outputs in an fp32 network; and what the runs took.

    Much faster than an analysis where the kinds are not exact fp16 sums: the network itself is not lowered.
    """
    wishes = Wishes("alone", tuple(kinds))
    with closing(Shares(model, samples, policy, wishes, lambda *_: None, means, only="effects")) as shares:
        losses, effort = shares.measure()
    return {loss.op.layer.index: loss.alone for loss in losses if loss.alone}, effort


def _portion_elements(means: Means, jobs: int) -> int | None:
    """The elements of a portion's blobs, of which a process holds three times as many: fp32, lowered, and of variants."""
    return None if means.memory is None else means.memory // (4 * 3 * jobs)


def _teams_that_fit(portions: Sequence[Portion], means: Means) -> int:
    """How many teams may remember the blobs of all samples between trials; one, where these are too many for any."""
    total = sum(portion.elements for portion in portions)
    if means.memory is None:
        left = memory.available_bytes()
        most = _REMEMBERED_ELEMENTS if left is None else min(_REMEMBERED_ELEMENTS, left // 16)
        return max(1, most // max(1, total))
    largest = max(portion.elements for portion in portions)
    return max(1, means.memory // max(1, 4 * (total + 2 * largest)))


def _keeping(portions: Sequence[Portion], means: Means, teams: int) -> Keeping:
    """Without a limit blobs of up to a GiB are remembered. With one, those of single samples too large for it lie on disk."""
    total = sum(portion.elements for portion in portions)
    if means.memory is None:
        room = min(max(4 * total, _LEAST_FOR_TRIALS), _MOST_FOR_TRIALS)
        left = memory.available_bytes()
        room = room if left is None else min(room, left // 8)
        return Keeping(total <= _REMEMBERED_ELEMENTS, room_by_element=room / teams / max(1, total))
    largest = max(portion.elements for portion in portions)
    room = means.memory // teams - 4 * (total + 2 * largest)
    return Keeping(room >= 0, on_disk=4 * 3 * largest > means.memory, room_by_element=max(0, room) / max(1, total))


def portions_of(
    model: Model, samples: Samples, jobs: int = 1, numbers: Sequence[int] | None = None, most: int | None = None
) -> tuple[Portion, ...]:
    """The samples, or those of these numbers, in portions; one by one where a layer reads blobs whose extents differ."""
    found = batches(model, samples if numbers is None else samples.only(numbers), parts=jobs, most=most)
    if numbers is not None:
        found = tuple(replace(part, members=tuple(numbers[place] for place in part.members)) for part in found)
    if not needs_single_samples(model):
        return found
    return tuple(
        Portion(
            {name: values[place : place + 1] for name, values in portion.inputs.items()},
            portion.elements // len(portion.members),
            (member,),
        )
        for portion in found
        for place, member in enumerate(portion.members)
    )
