"""Parameters as a layer's line writes them, beside what its type declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from maskctl import featmask
from maskctl.graph.network import Layer
from maskctl.layers import LayerType, Param
from maskctl.lint.facts.per_kind import per_kind
from maskctl.lint.finding import Edit, Fix, Problem, Span
from maskctl.param import ParamToken, Value
from maskctl.param.text import SPACE

HINTS_ID = 30
"""The parameter that holds shape hints; it and the feature mask belong to every type."""

_OF_EVERY_TYPE = {HINTS_ID, featmask.PARAM_ID}


class Written(NamedTuple):
    """A parameter on a layer's line that counts; `param` is None where the layer's type declares none of that id."""

    layer: Layer
    kind: LayerType
    token: ParamToken
    param: Param | None

    @property
    def text(self) -> str:
        """The token as it is written."""
        return spelled(self.layer, self.token)

    @property
    def unwritten(self) -> Value | None:
        """What the parameter would be without being written: its default, or what another one says."""
        if self.param is None:
            return None
        return Values(self.layer, self.kind).value(self.param.same_as) if self.param.same_as else self.param.default

    @property
    def value_text(self) -> str:
        """What is written behind the `=`."""
        return self.text.partition("=")[2]


class Values(NamedTuple):
    """What the parameters of a layer are by name, whatever their kind: as written, or what they are without that."""

    layer: Layer
    kind: LayerType

    def named(self, name: str) -> Param:
        """The parameter of that name."""
        return by_name(self.kind)[name]

    def value(self, name: str) -> Value:
        """A value, of whatever kind."""
        param = self.named(name)
        if param.id in self.layer.params:
            return self.layer.params[param.id]
        return self.value(param.same_as) if param.same_as else param.default

    def has(self, name: str) -> bool:
        """True where the type has a parameter of that name."""
        return name in by_name(self.kind)

    def integer(self, name: str) -> int:
        """A whole number; that of the type where the line has something else."""
        value = self.value(name)
        if isinstance(value, int):
            return value
        default = self.named(name).default
        return default if isinstance(default, int) else 0

    def length(self, name: str) -> int:
        """The elements of an array; 0 where the line has something else."""
        value = self.value(name)
        return len(value) if isinstance(value, tuple) else 0


@per_kind
def by_name(kind: LayerType) -> Mapping[str, Param]:
    """The parameters of a type by name."""
    return {param.name: param for param in kind.params}


@per_kind
def _by_id(kind: LayerType) -> Mapping[int, Param]:
    return {param.id: param for param in kind.params}


def written(pairs: Iterable[tuple[Layer, LayerType | None]]) -> Iterator[Written]:
    """Every parameter of the layers whose types are known, but for shape hints and masks; of duplicates the last."""
    for layer, kind in pairs:
        if kind is None:
            continue
        params = _by_id(kind)
        for token in {token.id: token for token in layer.line.tokens}.values():
            if token.id not in _OF_EVERY_TYPE:
                yield Written(layer, kind, token, params.get(token.id))


def called(param: Param) -> str:
    """A parameter by its id and ncnn's name.

    >>> called(Param(6, "weight_data_size", 0, ""))
    'parameter 6 (weight_data_size)'
    """
    return f"parameter {param.id} ({param.name})"


def spelled(layer: Layer, token: ParamToken) -> str:
    """A token as it is written."""
    return layer.line.text[token.start : token.end]


def problem(at: Written, message: str, fix: Fix | None = None) -> Problem:
    """A problem with a parameter; the message goes on behind the layer."""
    span = Span(at.layer.line.number, at.token.start + 1, at.token.end - at.token.start)
    return Problem(f"{at.layer} {message}", span, at.layer.name, fix)


def rewritten(layer: Layer, token: ParamToken, text: str) -> Edit:
    """The edit that writes a token anew."""
    return Edit(layer.line.number, token.start, token.end, text)


def taken_off(layer: Layer, token: ParamToken) -> Edit:
    """The edit that takes a token off its line, with the white space in front of it."""
    text, start = layer.line.text, token.start
    while text[start - 1] in SPACE:
        start -= 1
    return Edit(layer.line.number, start, token.end, "")


def are_of_kind(layer: Layer, kind: LayerType) -> bool:
    """True where each parameter on the line is of the kind its type declares; an integer may stand for a float."""
    for param in kind.params:
        value = layer.params.get(param.id, param.default)
        wanted = (int, float) if isinstance(param.default, float) else type(param.default)
        if not isinstance(value, wanted):
            return False
    return True
