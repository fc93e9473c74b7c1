"""A parameter has a value that its type does not know.

The newest engine refuses most such layers at load ("load_param failed"). Older ones load them and compute nothing, or something
else: an operation that does not exist leaves the output as memory happens to be, a kernel or stride of 0 and negative borders
read and write beyond the blob, a group that does not divide the channels mixes them. A parameter that is missing counts with its
default, which is 0 for most sizes.

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

Good:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Pooling  pool  1 1 data pool 0=1 1=2 2=2
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from maskctl.graph.network import Layer
from maskctl.layers import LayerType, Param
from maskctl.lint.declared import Values, called
from maskctl.lint.finding import Problem, Severity
from maskctl.lint.limits import DIVIDES, LIMITS, Divides, Limit
from maskctl.lint.subject import Subject

GROUP = "params"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every integer that is none of the values its type has, and those that have to divide another and do not."""
    limits: dict[str, Sequence[tuple[Param, Limit]]] = {}
    for layer, kind in zip(subject.layers, subject.kinds, strict=True):
        if kind is None:
            continue
        if layer.type not in limits:
            limits[layer.type] = _limits(kind)
        for param, limit in limits[layer.type]:
            if not _is_kept(layer, kind, param, limit):
                yield _problem(subject, layer, param, limit)
        for row in DIVIDES:
            found = _undivided(layer, kind, row)
            if found:
                yield Problem(found, subject.param_span(layer, _named(kind, row.part).id), layer.name)


def _limits(kind: LayerType) -> Sequence[tuple[Param, Limit]]:
    """The limits of a type's parameters."""
    return [
        (param, limit)
        for limit, param in product(LIMITS, kind.params)
        if param.name in limit.params.split() and (not limit.types or kind.type in limit.types.split())
    ]


def _is_kept(layer: Layer, kind: LayerType, param: Param, limit: Limit) -> bool:
    """True where the limit holds, or does not apply: a value that another parameter gives is that one's."""
    if param.id not in layer.params:
        value = param.default
        if limit.written or param.same_as:
            return True
    else:
        value = layer.params[param.id]
    if not isinstance(value, int) or value in limit.allowed:
        return True
    return limit.when is not None and not limit.when(Values(layer, kind))


def _problem(subject: Subject, layer: Layer, param: Param, limit: Limit) -> Problem:
    there = f"'{layer.params[param.id]}'" if param.id in layer.params else f"not written, so {param.default}"
    message = f"{layer}: {called(param)} is {there}. Expected {limit.words or param.meaning}."
    return Problem(message, subject.param_span(layer, param.id), layer.name)


def _undivided(layer: Layer, kind: LayerType, row: Divides) -> str:
    """Why one parameter does not divide another, "" where it does or a type has no such rule."""
    values = Values(layer, kind)
    if (row.types and kind.type not in row.types.split()) or not (values.has(row.whole) and values.has(row.part)):
        return ""
    whole, part = values.integer(row.whole), values.integer(row.part)
    if min(whole, part) < 1 or not whole % part:
        return ""
    return (
        f"{layer}: {called(_named(kind, row.part))} is {part} and does not divide {called(_named(kind, row.whole))}, which "
        f"is {whole}. Expected one of its divisors."
    )


def _named(kind: LayerType, name: str) -> Param:
    return next(param for param in kind.params if param.name == name)
