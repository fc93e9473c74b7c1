"""The options that say what a plan of masks is to reach, what it may cost, and what is done with it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from maskctl.analysis.decide import Terms
    from maskctl.analysis.goal import Goal
    from maskctl.graph.network import Graph

PROFILES = {"quality": 0.9999, "balanced": 0.999, "fast": 0.99}
"""The cosine every output must reach, by profile; where errors are not correlated with the output 37, 27 and 17 dB."""

DEFAULT_PROFILE = "balanced"

_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+) *%\Z")

PLAN_OPTIONS = (
    click.option("--target-cos", type=float, metavar="COS", help="Cosine every output must reach. [default: 0.999]"),
    click.option("--target-sqnr", type=float, metavar="DB", help="SQNR in dB every output must reach."),
    click.option(
        "--profile",
        type=click.Choice(list(PROFILES)),
        help=f"In place of --target-cos: {', '.join(f'{name} for {cosine}' for name, cosine in PROFILES.items())}.",
    ),
    click.option(
        "--budget",
        metavar="PERCENT",
        help="The other way round: the best found that masks reach which cost no more than this of the network's time, e.g. 5%.",
    ),
    click.option(
        "--timings",
        metavar="FILE",
        help="The device's own times of layers, as ncnn built with NCNN_BENCHMARK prints them, in place of estimates.",
    ),
    click.option(
        "--fences",
        is_flag=True,
        help="Where masks alone miss the target, put layers in that cast to 32 bits, so that bits 2 and 4 hold behind them.",
    ),
    click.option("--also-vulkan", is_flag=True, help="Only masks that hold under Vulkan compute too: no bits 2 and 4."),
    click.option(
        "--no-cache",
        is_flag=True,
        help="Keep nothing in .maskctl-cache, where an interrupted run finds what was measured and tried; a run that ends leaves none.",
    ),
)

PLAN_ACTIONS = (
    click.option("--pareto", is_flag=True, help="List what more masks cost and what they reach."),
    click.option(
        "--verify",
        is_flag=True,
        help="Run the model with the proposed masks in the real engine too (see maskctl verify), before anything is written.",
    ),
)
"""What else is done for a plan than choosing masks."""


def goal_of(options: Mapping[str, Any]) -> Goal:
    """What every output must reach; with a budget and nothing else, finite values. Raises `InputError`."""
    from maskctl.analysis.goal import Goal
    from maskctl.analysis.metrics import COSINE, SQNR
    from maskctl.errors import InputError

    cosine, sqnr, profile = options["target_cos"], options["target_sqnr"], options["profile"]
    for name, target in (("--target-cos", cosine), ("--target-sqnr", sqnr)):
        if target is not None and math.isnan(target):
            raise InputError(
                f"{name} '{target}' is not a number. Expected e.g. --target-cos 0.999 or --target-sqnr 40."
            )
    if cosine is not None and cosine > 1:
        raise InputError(f"--target-cos {cosine:g} is more than a cosine can be. Expected at most 1.")
    if profile and cosine is not None:
        raise InputError(
            f"--profile {profile} is a cosine of {PROFILES[profile]}, and there is --target-cos. Give one."
        )
    if profile or (cosine is None and sqnr is None and options["budget"] is None):
        cosine = PROFILES[profile or DEFAULT_PROFILE]
    return Goal(tuple((metric, target) for metric, target in ((COSINE, cosine), (SQNR, sqnr)) if target is not None))


def terms_of(options: Mapping[str, Any], graph: Graph) -> Terms:
    """What a plan may cost and hold. Raises `InputError`."""
    from maskctl.analysis.decide import Terms
    from maskctl.analysis.timings import load_timings
    from maskctl.errors import InputError

    if options["fences"] and options["also_vulkan"]:
        raise InputError("--fences is for bits 2 and 4, and with --also-vulkan there are none. Give one of the two.")

    return Terms(
        budget=budget_of(options["budget"]),
        timings=load_timings(options["timings"], graph) if options["timings"] else None,
        also_vulkan=options["also_vulkan"],
        fences=options["fences"],
        front=options.get("pareto", False),
    )


def budget_of(text: str | None) -> float:
    """The share of the network's time, infinite for none; raises `InputError`.

    >>> budget_of("5%"), budget_of(None)
    (0.05, inf)
    """
    from maskctl.errors import InputError

    if text is None:
        return math.inf
    found = _PERCENT.match(text)
    if found is None:
        raise InputError(f"--budget '{text}' is no percentage. Expected what masks may add, e.g. --budget 5%.")
    return float(found[1]) / 100
