"""Parameters as a layer's line writes them, beside what its type declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from maskctl import featmask
from maskctl.graph.network import Layer
from maskctl.layers import LayerType, Param
from maskctl.lint.finding import Edit, Fix, Problem
from maskctl.lint.subject import Subject
from maskctl.param import ParamToken, Value

HINTS_ID = 30
"""The parameter that holds shape hints; it and the feature mask belong to every type."""

_BLANK = " \t\r\n\v\f"


@dataclass(frozen=True)
class Written:
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
        return Values(self.layer, self.kind)[self.param.same_as] if self.param.same_as else self.param.default

    @property
    def value_text(self) -> str:
        """What is written behind the `=`."""
        return self.text.partition("=")[2]


@dataclass(frozen=True)
class Values:
    """What the parameters of a layer are by name, whatever their kind: as written, or what they are without that."""

    layer: Layer
    kind: LayerType

    def __getitem__(self, name: str) -> Value:
        param = next(param for param in self.kind.params if param.name == name)
        if param.id in self.layer.params:
            return self.layer.params[param.id]
        return self[param.same_as] if param.same_as else param.default

    def has(self, name: str) -> bool:
        """True where the type has a parameter of that name."""
        return any(param.name == name for param in self.kind.params)

    def integer(self, name: str) -> int:
        """A whole number; that of the type where the line has something else."""
        value = self[name]
        if isinstance(value, int):
            return value
        default = next(param for param in self.kind.params if param.name == name).default
        return default if isinstance(default, int) else 0

    def length(self, name: str) -> int:
        """The elements of an array; 0 where the line has something else."""
        value = self[name]
        return len(value) if isinstance(value, tuple) else 0


def written(subject: Subject) -> Iterator[Written]:
    """Every parameter of the layers whose types are known, but for shape hints and masks; of duplicates the last."""
    declared: dict[str, Mapping[int, Param]] = {}
    for layer, kind in zip(subject.layers, subject.kinds, strict=True):
        if kind is None:
            continue
        if layer.type not in declared:
            declared[layer.type] = {param.id: param for param in kind.params}
        params = declared[layer.type]
        for token in {token.id: token for token in layer.line.tokens}.values():
            if token.id not in {HINTS_ID, featmask.PARAM_ID}:
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


def problem(subject: Subject, at: Written, message: str, fix: Fix | None = None) -> Problem:
    """A problem with a parameter; the message goes on behind the layer."""
    return Problem(f"{at.layer} {message}", subject.token_span(at.layer, at.token), at.layer.name, fix)


def rewritten(layer: Layer, token: ParamToken, text: str) -> Edit:
    """The edit that writes a token anew."""
    return Edit(layer.line.number, token.start, token.end, text)


def taken_off(layer: Layer, token: ParamToken) -> Edit:
    """The edit that takes a token off its line, with the white space in front of it."""
    head = layer.line.text[: token.start].rstrip(_BLANK)
    return Edit(layer.line.number, len(head), token.end, "")
