"""A parameter has a value that its type does not know.

The newest engine refuses most such layers at load ("load_param failed"). Older ones load them and compute nothing, or something
else: an operation that does not exist leaves the output as memory happens to be, a kernel or stride of 0 and negative borders
read and write beyond the blob, a group that does not divide the channels mixes them. A parameter that is missing counts with its
default, which is 0 for most sizes. What else the engine does not load, such as an equation it cannot read, is told here too.

Bad:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Pooling  pool  1 1 data pool 0=2 1=2 2=2

Bad:
    7767517
    2 2
    Input                 data  0 1 data 0=4 1=4 2=4
    ConvolutionDepthWise  conv  1 1 data conv 0=4 1=1 6=4 7=3

Bad:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=4
    Softmax  prob  1 1 data prob 0=1

Good:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Pooling  pool  1 1 data pool 0=1 1=2 2=2
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.graph.network import Layer
from maskctl.layers import LayerType, Param
from maskctl.lint.editing import line_edit
from maskctl.lint.facts.declared import Values, called
from maskctl.lint.facts.limits import Divides, Limit, broken_limits, undivided
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.lint.told import is_told

GROUP = "params"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every integer that is none of the values its type has, every one that has to divide another and does not.

    The fix, where there is one value only, writes that, unsafely.
    """
    for layer, kind in zip(subject.layers, subject.kinds, strict=True):
        if kind is None:
            continue
        for param, limit in broken_limits(layer, kind):
            span = subject.param_span(layer, param.id)
            yield Problem(_beyond(layer, param, limit), span, layer.name, _fix(layer, param, limit))
        for row in undivided(layer, kind):
            yield Problem(_undivided(layer, kind, row), subject.param_span(layer, _id(kind, row.part)), layer.name)
    for layer, error in subject.refusals:
        if not is_told(subject, layer):
            yield Problem(f"{layer}: {error.problem}", subject.type_span(layer), layer.name)


def _beyond(layer: Layer, param: Param, limit: Limit) -> str:
    there = f"'{layer.params[param.id]}'" if param.id in layer.params else f"not written, so {param.default}"
    return f"{layer}: {called(param)} is {there}. Expected {limit.words or param.meaning}."


def _fix(layer: Layer, param: Param, limit: Limit) -> Fix | None:
    if not isinstance(limit.allowed, tuple) or len(limit.allowed) > 1:
        return None
    (value,) = limit.allowed
    edit = line_edit(layer.line.number, layer.line.text, layer.line.with_param(param.id, value).text)
    return Fix(f"write {param.id}={value}", (edit,), is_safe=False)


def _undivided(layer: Layer, kind: LayerType, row: Divides) -> str:
    values = Values(layer, kind)
    whole, part = (called(values.named(name)) for name in (row.whole, row.part))
    return (
        f"{layer}: {part} is {values.integer(row.part)} and does not divide {whole}, which is {values.integer(row.whole)}. "
        "Expected one of its divisors."
    )


def _id(kind: LayerType, name: str) -> int:
    return next(param.id for param in kind.params if param.name == name)
