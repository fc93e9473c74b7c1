"""The layer lines of a `.param` file: their characters, the tokens in them, and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from typing import NamedTuple, overload

from maskctl import featmask
from maskctl.param.grammar import HEAD, TOKEN, WORD, check_layer_line
from maskctl.param.text import SPACE, Lines
from maskctl.param.values import Value, meant_id, parse_value


class ParamToken(NamedTuple):
    """One `id=value` token: the id it means (0 to 31), its value, and where its characters stand."""

    id: int
    value: Value
    start: int
    end: int


@dataclass(frozen=True)
class LayerLine:
    """One layer as written: `text` is the whole line with its line end, `number` counts from 1."""

    number: int
    text: str
    type: str
    name: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    end_of_names: int

    @cached_property
    def tokens(self) -> tuple[ParamToken, ...]:
        """The parameters as they are written, duplicates included."""
        return tuple([_token(found) for found in TOKEN.finditer(self.text, self.end_of_names)])

    @cached_property
    def params(self) -> Mapping[int, Value]:
        """Value by parameter id; the last of duplicates wins, as in the engine."""
        return {param_id: value for param_id, value, _, _ in self.tokens}

    @cached_property
    def mask(self) -> int:
        """The feature mask, 0 when there is none or when it is not a whole number from 0 on."""
        value = self.params.get(featmask.PARAM_ID, 0)
        return value if isinstance(value, int) and value >= 0 else 0

    @property
    def malformed_mask(self) -> str:
        """The mask token as written where no engine reads it as a mask (`31=1.0`, `31=-1`), else ""."""
        for token in self.tokens:
            if token.id == featmask.PARAM_ID and not (isinstance(token.value, int) and token.value >= 0):
                return self.text[token.start : token.end]
        return ""

    def with_mask(self, mask: int) -> LayerLine:
        """This line with another feature mask, changed by one token; mask 0 removes the token.

        Setting a mask on a line without one and clearing it again gives the first line back.
        """
        if mask < 0:
            raise ValueError(f"mask {mask} is negative")
        return self.with_param(featmask.PARAM_ID, mask or None)

    def with_param(self, number: int, value: int | None) -> LayerLine:
        r"""This line with another whole number for one parameter, changed by one token; None removes the parameter.

        >>> parse_layer_line("ReLU relu1 1 1 a b 0=1 -23310=1,2\n", 3, "").with_param(10, None).with_param(0, 2).text
        'ReLU relu1 1 1 a b 0=2\n'
        """
        return parse_layer_line(self.text_with(number, value), self.number, "")

    def text_with(self, number: int, value: int | None) -> str:
        """The characters of this line with another whole number for one parameter; None removes the parameter."""
        text = self.text
        found = [token for token in self.tokens if token.id == number]
        if value is None:
            pieces, done = [], 0
            for token in found:
                pieces.append(text[done : token.start].rstrip(SPACE))
                done = token.end
            return "".join([*pieces, text[done:]])
        if found:
            last = found[-1]
            return f"{text[: last.start]}{number}={value}{text[last.end :]}"
        end = self.tokens[-1].end if self.tokens else self.end_of_names
        return f"{text[:end]} {number}={value}{text[end:]}"


def _token(found: re.Match[str]) -> ParamToken:
    key, value = found.groups()
    param_id, meaning = _known(key, value) if len(value) < _SHORT else _meaning(key, value)
    start, end = found.span()
    return ParamToken(param_id, meaning, start, end)


def _meaning(key: str, value: str) -> tuple[int, Value]:
    written = int(key)
    return meant_id(written), parse_value(written, value)


_SHORT = 32
_known = lru_cache(maxsize=1024)(_meaning)
"""The meaning of short tokens, of which the layers of a network have the same again and again."""


@dataclass(frozen=True)
class Layers(Sequence[LayerLine]):
    r"""The layers of a file, each of them read from its line when it is first asked for, and kept from then on.

    `numbers` are those of their lines, which were checked. Before it is asked for, a layer takes 4 bytes: as an object it
    takes more than ten times the 8 that it may have in the file.

    >>> Layers(Lines(b"7767517\n2 1\nInput data 0 1 data\nNoop end 1 0 data\n"), (3, 4))[1].type
    'Noop'
    """

    lines: Lines
    numbers: Sequence[int] = field(hash=False)
    _kept: dict[int, LayerLine] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> LayerLine: ...
    @overload
    def __getitem__(self, index: slice) -> Layers: ...
    def __getitem__(self, index: int | slice) -> LayerLine | Layers:
        if isinstance(index, slice):
            return Layers(self.lines, self.numbers[index], self._kept)
        return self._read(self.numbers[index])

    def __iter__(self) -> Iterator[LayerLine]:
        return map(self._read, self.numbers)

    def changed(self, lines: Iterable[LayerLine]) -> Layers:
        """The layers with some of their lines written otherwise."""
        others = {line.number: line for line in lines}
        text = self.lines.changed({number - 1: line.text for number, line in others.items()})
        return Layers(text, self.numbers, self._kept | others)

    def _read(self, number: int) -> LayerLine:
        line = self._kept.get(number)
        if line is None:
            line = self._kept[number] = _read_line(self.lines[number - 1], number)
        return line


def parse_layer_line(text: str, number: int, path: str) -> LayerLine:
    r"""Reads one layer line; raises `ParamSyntaxError` with line and column for anything unreadable.

    >>> line = parse_layer_line("ReLU relu1 1 1 a b 0=0.1\n", 3, "net.param")
    >>> line.name, line.bottoms, line.tops, line.params, line.with_mask(1).text
    ('relu1', ('a',), ('b',), {0: 0.1}, 'ReLU relu1 1 1 a b 0=0.1 31=1\n')
    """
    check_layer_line(text, number, path)
    return _read_line(text, number)


def _read_line(text: str, number: int) -> LayerLine:
    """What a line says that was checked."""
    head = HEAD.match(text)
    if head is None:
        raise AssertionError(f"the line '{text}' was checked before")
    layer_type, name, bottom_count, top_count = head.groups()
    bottoms = int(bottom_count)
    found = list(islice(WORD.finditer(text, head.end()), bottoms + int(top_count)))
    blobs = tuple([word[0] for word in found])
    return LayerLine(number, text, layer_type, name, blobs[:bottoms], blobs[bottoms:], (found or [head])[-1].end())
