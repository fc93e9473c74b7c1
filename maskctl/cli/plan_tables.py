"""A plan of masks on the terminal: what it reaches, what it costs, and what keeps a goal out of reach."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import click

from maskctl.analysis.analyze import Analysis
from maskctl.analysis.goal import Goal, Outcome
from maskctl.analysis.metrics import COSINE, SQNR
from maskctl.analysis.plan import FrontPoint
from maskctl.analysis.sets import Masks
from maskctl.cli.text import cosine_text, counted, decibels, mask_text, print_table, sqnr_text, table

_MOST_LISTED = 6


def print_proposal(analysis: Analysis) -> None:
    """What is proposed, its price, and the least any plan costs."""
    plan, goal = analysis.plan, analysis.goal
    masks = masks_text(plan.masks)
    if analysis.fences:
        masks += f" and {counted(len(analysis.fences), 'fence')}"
    if plan.interrupted:
        click.echo(f"Interrupted. The best tried so far takes {masks} and {_reaches(analysis)}.")
    elif not plan.before.outputs:
        click.echo("No layer gives a blob that counts as an output: nothing to propose. --output-blob names one.")
    elif plan.reached:
        click.echo(
            f"With {masks} every output {_met(goal)}."
            if plan.masks
            else f"Every output {_met(goal)} as the model is: nothing to propose."
        )
    elif plan.masks:
        click.echo(
            f"{_missed(goal)} with masks the engine honours. The best found takes {masks} and {_reaches(analysis)}."
        )
    else:
        within = " within the budget" if math.isfinite(analysis.decision.budget) else ""
        click.echo(f"{_missed(goal)}: no mask the engine honours helps{within}.")
    if plan.masks:
        _print_price(analysis)
    for limit in analysis.decision.limits:
        click.echo(f"  {limit.layer} {_state(limit.noise)}: {limit.why}.")


def masks_text(masks: Masks) -> str:
    """How many masks are put in, and how many of the file's own go.

    >>> masks_text({3: 64}), masks_text({3: 0}), masks_text({3: 64, 4: 1, 5: 0})
    ('1 mask', '1 mask taken away', '2 masks and 1 taken away')
    """
    put = sum(1 for mask in masks.values() if mask)
    gone = len(masks) - put
    if not gone:
        return counted(put, "mask")
    return f"{counted(put, 'mask')} and {gone} taken away" if put else f"{counted(gone, 'mask')} taken away"


def written_text(masks: Masks, fences: int, path: str) -> str:
    """What was done to a file.

    >>> written_text({3: 64}, 0, "a.param"), written_text({3: 0}, 0, "a.param")
    ('Wrote 1 mask to a.param', 'Took 1 mask away in a.param')
    >>> written_text({3: 64, 4: 1, 5: 0}, 1, "a.param")
    'Wrote 2 masks and 1 fence (layers put in) to a.param, and took 1 mask away'
    """
    put = sum(map(bool, masks.values()))
    wrote = [counted(put, "mask")] if put else []
    wrote += [f"{counted(fences, 'fence')} (layers put in)"] if fences else []
    gone = counted(len(masks) - put, "mask")
    if not wrote:
        return f"Took {gone} away in {path}"
    return f"Wrote {' and '.join(wrote)} to {path}{f', and took {gone} away' if put < len(masks) else ''}"


def print_next(analysis: Analysis, model: str, options: Mapping[str, Any]) -> None:
    """How to write what is proposed, and what was not tried where the goal is out of reach."""
    if analysis.masks:
        there, beside = (
            ("puts the masks into", "into a copy") if any(analysis.masks.values()) else ("changes", "a copy")
        )
        click.echo(f"Nothing was written: --write {there} {model}, -o OUT {beside}.")
    if not analysis.plan.reached:
        untried = {
            "layers put in that cast to 32 bits (--fences)": not options["fences"] and not options["also_vulkan"],
            "bits 2 and 4, which --also-vulkan leaves out": options["also_vulkan"],
            f"what costs more than --budget {options['budget']}": options["budget"] is not None,
        }
        named = [what for what, is_so in untried.items() if is_so]
        if named:
            click.echo(f"Not tried: {'; '.join(named)}.")


def _met(goal: Goal) -> str:
    return "is finite" if goal.is_finiteness else f"reaches {goal}"


def _missed(goal: Goal) -> str:
    what = str(goal)
    return f"{what[0].upper()}{what[1:]} {'are' if goal.is_finiteness else 'is'} out of reach"


def _state(noise: float) -> str:
    """Noise over signal in words.

    >>> _state(0.001), _state(math.inf)
    ('is at 30.0 dB SQNR', 'loses elements')
    """
    return f"is at {decibels(-10 * math.log10(noise))} dB SQNR" if math.isfinite(noise) else "loses elements"


def _reaches(analysis: Analysis) -> str:
    worst = min(analysis.plan.after.outputs.values(), key=SQNR.worst_first)
    return f"reaches {sqnr_text(SQNR.of(worst))}, cosine {cosine_text(analysis.plan.after.worst_cosine)}"


def _print_price(analysis: Analysis) -> None:
    decision, plan = analysis.decision, analysis.plan
    how = "scaled to the measured times" if decision.measured else "estimated"
    they, s = ("It", "s") if len(plan.masks) == 1 else ("They", "")
    put = sum(map(bool, plan.masks.values()))
    whose = "its layer holds" if len(plan.masks) == 1 else f"the masked layer{' holds' if put == 1 else 's hold'}"
    hold = f", and {whose} {percent(decision.share)} of the multiply-adds" if put else ""
    share = decision.added / (decision.total or 1)
    verb, way = ("save", "of") if share < 0 else ("add", "to")
    click.echo(f"{they} {verb}{s} {percent(abs(share))} {way} the network's time ({how}){hold}.")
    if plan.bound is not None and plan.needed:
        _print_bound(analysis)


def _print_bound(analysis: Analysis) -> None:
    """The least any plan costs, and the layers that it must mask, with what is reached at best where one has no mask."""
    plan, total, goal = analysis.plan, analysis.decision.total or 1, analysis.goal
    plans = "With these fences no plan" if analysis.fences else "No plan of masks alone"
    least = f"{plans} adds less than {percent((plan.bound or 0) / total)}" if (plan.bound or 0) > 0 else "In any plan"
    named = [f"#{index}" for index in plan.needed]
    come_to = [_come_to(outcome, goal) for outcome in plan.needed.values()]
    if len(named) == 1:
        need = f"{named[0]} needs a mask. With all others there are, and none on it, the worst output comes to {come_to[0]}."
    else:
        shown = [f"{figure} ({name})" for name, figure in zip(named, come_to, strict=True)][:_MOST_LISTED]
        more = ", ..." if len(named) > len(shown) else "."
        need = (
            f"each of {_all_of(named)} needs a mask. With all there are but that one, the worst output comes to "
            f"{', '.join(shown)}{more}"
        )
    click.echo(f"{least}, as long as more masks never lose accuracy: {need}")


def _come_to(outcome: Outcome, goal: Goal) -> str:
    """The figure that misses its target at the worst output; the score of the user's check where that is what does."""
    for metric, target in goal.targets:
        sums = min(outcome.outputs.values(), key=metric.worst_first)
        if not metric.reaches(sums, target):
            value = metric.of(sums)
            said = f"cosine {cosine_text(value)}" if metric is COSINE else sqnr_text(value)
            return "NaN" if math.isnan(value) else said
    return "a failed check" if goal.by_status else f"a check of {goal.score_text(outcome.score or 0.0)}"


def _all_of(names: Sequence[str]) -> str:
    """Layers, all of which are meant.

    >>> _all_of(["#4"]), _all_of(["#6", "#17"]), _all_of([f"#{index}" for index in range(8)])
    ('#4', '#6 and #17', '#0, #1, #2, #3, #4, #5 and 2 others')
    """
    named = [*names[:_MOST_LISTED]]
    more = len(names) - len(named)
    if more:
        named.append(f"{more} other{'s' if more > 1 else ''}")
    return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))


def percent(share: float) -> str:
    """A share in percent.

    >>> percent(0.0312), percent(-0.01), percent(0.00001)
    ('3.1 %', '-1.0 %', '0.0 %')
    """
    return f"{100 * share + 0.0:.1f} %".replace("-0.0 %", "0.0 %")


def print_front(analysis: Analysis) -> None:
    """What a little more cost buys, cheapest first."""
    columns = ("adds", "masks", "worst dB", "worst cos")
    made = table(*columns, "which", numbers=columns)
    for point in analysis.plan.front:
        made.add_row(
            percent(point.cost / (analysis.decision.total or 1)),
            str(sum(map(bool, point.masks.values()))),
            decibels(point.outcome.worst_sqnr_db),
            cosine_text(point.outcome.worst_cosine),
            _which(point),
        )
    print_table(made)
    click.echo("")


def _which(point: FrontPoint) -> str:
    shown = [f"#{index} {mask_text(mask) if mask else 'taken away'}" for index, mask in sorted(point.masks.items())[:3]]
    return ", ".join(shown) + (", ..." if len(point.masks) > len(shown) else "")
