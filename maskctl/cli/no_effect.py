"""Options that were given and change nothing: said in one line on stderr, so that nobody waits for their effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click


def is_given(name: str) -> bool:
    """True where the command line has the parameter of that name, be it with its default."""
    context = click.get_current_context(silent=True)
    return context is not None and context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def note(said: str) -> None:
    """Says on stderr what has no effect."""
    click.echo(f"maskctl: note: {said}", err=True)


def note_of_table(json_path: str | None, *names: str) -> None:
    """Notes the options among `names` that are of the table, where JSON for stdout takes its place."""
    given = [f"--{name}" for name in names if is_given(name)]
    if given and json_path == "-":
        them = "is" if len(given) == 1 else "are"
        note(f"{' and '.join(given)} {them} of the table, and --json - prints none: no effect.")


def note_of_seed(options: Mapping[str, Any]) -> None:
    """Notes a seed of synthetic input where there are samples."""
    if options["inputs"] and is_given("seed"):
        note("--seed is of synthetic input, and -i gives samples: no effect.")


def note_of_worst(worst: int | None, samples: int) -> None:
    """Notes that so many samples are all there are."""
    if worst is not None and worst >= samples:
        count = "is 1 sample" if samples == 1 else f"are {samples} samples"
        note(f"--worst {worst} leaves none out, as there {count}: no effect.")


def note_of_fp32(options: Mapping[str, Any], switches: Mapping[str, str]) -> None:
    """Notes what only lower precisions depend on, where a run in fp32 follows each layer's definition; `switches` by parameter."""
    given = [option for name, option in switches.items() if is_given(name)]
    if given and options["precision"] == "fp32":
        note(f"fp32 follows each layer's definition, whatever computes it: {', '.join(given)} without effect.")
