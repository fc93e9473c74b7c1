"""A layer needs a newer engine than the one that has to run the file.

With `--runtime VERSION`, or `runtime` in the settings, files are held against an engine of that release. It refuses a layer type
that came later; a parameter that came later it ignores, and computes with what it did before; values that came later it mostly
takes for no operation at all; spellings that came later it refuses or misreads, and masks it does not honour. Export the model for
the older engine, or ship a newer one.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4
    Crop   crop  1 1 data crop 9=1, 10=3, 11=0,

Bad settings:
    [lint]
    runtime = "1.0.20241226"

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4
    Crop   crop  1 1 data crop -23309=1,1 -23310=1,3 -23311=1,0

Good settings:
    [lint]
    runtime = "1.0.20241226"
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from maskctl import featmask
from maskctl.graph.network import Layer
from maskctl.lint.facts import since
from maskctl.lint.facts.declared import HINTS_ID, called, problem, spelled
from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.param import ParamToken

GROUP = "params"
SEVERITY = Severity.ERROR

_LONG = re.compile(r"[^,]{16,}|\.[0-9]{10,}")


def check(subject: Subject) -> Iterator[Problem]:
    """Every type, spelling, parameter and value that came after the runtime; of a layer or a token the first of these."""
    runtime = subject.conditions.runtime
    if not runtime:
        return
    told = set[tuple[int, int]]()
    for layer in subject.layers:
        came = since.type_since(layer.type)
        if came > runtime:
            told.update((layer.index, token.id) for token in layer.line.tokens)
            message = f"{layer}: the type came with {since.release(came)}, and {since.release(runtime)} refuses it."
            yield Problem(message, subject.type_span(layer), layer.name)
            continue
        for token in layer.line.tokens:
            came, what = _spelling(layer, token)
            if came > runtime:
                told.add((layer.index, token.id))
                text = f"{what} with {since.release(came)}, after {since.release(runtime)}."
                yield Problem(
                    f"{layer} has '{spelled(layer, token)}'. {text}", subject.token_span(layer, token), layer.name
                )
    yield from _params(subject, runtime, told)


def _params(subject: Subject, runtime: int, told: Container[tuple[int, int]]) -> Iterator[Problem]:
    """The parameters and values that are too new, but for those that are told already, by layer and id."""
    for at in subject.written:
        if at.param is None or (at.layer.index, at.token.id) in told or at.token.value == at.unwritten:
            continue
        since_param = since.param_since(at.layer.type, at.token.id)
        came = max(since_param, since.value_since(at.layer.type, at.param, at.token.value))
        if came > runtime:
            what = (
                f"{called(at.param)}, which came with {since.release(came)}: {since.release(runtime)} ignores it"
                if since_param > runtime
                else f"a value of {called(at.param)} that came with {since.release(came)}, after {since.release(runtime)}"
            )
            yield problem(at, f"has '{at.text}', {what}.")


def _spelling(layer: Layer, token: ParamToken) -> tuple[int, str]:
    """The release in which the way a parameter is written came, and what came; 0 where it was always there."""
    text = spelled(layer, token)
    if token.id == featmask.PARAM_ID:
        return _of_mask(layer.mask)
    if token.id == HINTS_ID and isinstance(token.value, tuple) and len(token.value) == 5 * len(layer.tops):
        return since.LONG_HINTS, "Shape hints of five values came"
    if isinstance(token.value, str):
        return since.STRINGS, "Strings came"
    if _LONG.search(text.partition("=")[2]):
        return since.LONG_NUMBERS, "Numbers of more than 15 characters, or 9 digits behind the point, are read"
    if isinstance(token.value, tuple) and not text.startswith("-"):
        return since.NEW_ARRAYS, "Arrays without their length came"
    return 0, ""


def _of_mask(mask: int) -> tuple[int, str]:
    """The release from which on a mask counts; 0 for none."""
    if mask & featmask.BITS[-1].value:
        return since.MASK_BIT_128, "Bit 128 came"
    return (since.MASKS, "Feature masks came") if mask else (0, "")
