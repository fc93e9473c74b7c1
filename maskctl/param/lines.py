"""One layer line of a `.param` file: its characters, the tokens in them, and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

from maskctl import featmask
from maskctl.errors import ParamSyntaxError, Place
from maskctl.param.values import Value, ValueSyntaxError, normal_id, parse_value

# What C calls white space: the engine knows no other, so a name may hold a no-break space.
_WORD = re.compile(r"[^ \t\r\n\v\f]+")
_KEY = re.compile(r"([+-]?[0-9]{1,9})=")
_COUNT = re.compile(r"[0-9]{1,6}\Z")
_SPACE = " \t\r\n\v\f"
_MAX_NAME_BYTES = 255
_HEAD = re.compile(r"([^ \t\r\n\v\f]+)[ \t]+([^ \t\r\n\v\f]+)[ \t]+([0-9]{1,2})[ \t]+([0-9]{1,2})(?=[ \t\r\n])")
_TOKEN = re.compile(r"[ \t]*(([0-9]{1,2}|-233[0-9]{2})=([-+.0-9][^ \t\r\n\v\f]*))")
_COMMENTS = ("#", "//")


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
    tokens: tuple[ParamToken, ...]
    end_of_names: int

    @cached_property
    def params(self) -> Mapping[int, Value]:
        """Value by parameter id; the last of duplicates wins, as in the engine."""
        return {token.id: token.value for token in self.tokens}

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
        return parse_layer_line(self._text_with(number, value), self.number, "")

    def _text_with(self, number: int, value: int | None) -> str:
        text = self.text
        found = [token for token in self.tokens if token.id == number]
        if value is None:
            for token in reversed(found):
                head = text[: token.start].rstrip(_SPACE)
                text = head + text[token.end :]
            return text
        if found:
            last = found[-1]
            return f"{text[: last.start]}{number}={value}{text[last.end :]}"
        end = self.tokens[-1].end if self.tokens else self.end_of_names
        return f"{text[:end]} {number}={value}{text[end:]}"


def is_comment(text: str) -> bool:
    """True for a line that is meant as a comment, of which the format has none; layers commented out are such lines."""
    return text.lstrip(_SPACE).startswith(_COMMENTS)


def parse_layer_line(text: str, number: int, path: str) -> LayerLine:
    r"""Reads one layer line; raises `ParamSyntaxError` with line and column for anything unreadable.

    >>> line = parse_layer_line("ReLU relu1 1 1 a b 0=0.1\n", 3, "net.param")
    >>> line.name, line.bottoms, line.tops, line.params, line.with_mask(1).text
    ('relu1', ('a',), ('b',), {0: 0.1}, 'ReLU relu1 1 1 a b 0=0.1 31=1\n')
    """
    return _plain_line(text, number) or _parse_word_by_word(text, number, path)


def _plain_line(text: str, number: int) -> LayerLine | None:
    """The line where it is written as converters write it, else None; by far the most are, and this is the quicker way."""
    head = _HEAD.match(text)
    if head is None:
        return None
    layer_type, name, bottom_count, top_count = head.groups()
    bottoms, count = int(bottom_count), int(bottom_count) + int(top_count)
    names = _names(count).match(text, head.end())
    if names is None or (len(text) > _MAX_NAME_BYTES // 4 and 4 * max(map(len, text.split(" "))) > _MAX_NAME_BYTES):
        return None
    if layer_type.isdigit() or layer_type.startswith(_COMMENTS):
        return None
    end = names.end()
    tokens = _plain_tokens(text, end)
    blobs = tuple(_WORD.findall(names.group()))
    if tokens is None:
        return None
    return LayerLine(number, text, layer_type, name, blobs[:bottoms], blobs[bottoms:], tokens, end)


@cache
def _names(count: int) -> re.Pattern[str]:
    """So many words, each behind white space."""
    return re.compile(rf"(?:[ \t]+[^ \t\r\n\v\f]+){{{count}}}(?![^ \t\r\n\v\f])")


def _plain_tokens(text: str, end: int) -> tuple[ParamToken, ...] | None:
    """The parameters behind `end` where all of them are numbers, or arrays of numbers, else None."""
    tokens = []
    while found := _TOKEN.match(text, end):
        end = found.end()
        param_id = normal_id(int(found[2]))
        try:
            value = parse_value(int(found[2]), found[3])
        except ValueSyntaxError:
            return None
        if param_id is None:
            return None
        tokens.append(ParamToken(param_id, value, found.start(1), end))
    return None if text[end:].strip(_SPACE) else tuple(tokens)


def _parse_word_by_word(text: str, number: int, path: str) -> LayerLine:
    """The line, however it is written; raises as `parse_layer_line` does."""
    words = [(match.group(), match.start(), match.end()) for match in _WORD.finditer(text)]
    if is_comment(text):
        raise _comment(Place(path, number, words[0][1] + 1))
    reader = _HeadReader(words, number, path, len(text.rstrip(_SPACE)))
    layer_type = reader.name("layer type")
    if layer_type.isdigit():
        raise ParamSyntaxError(
            f"layer type '{layer_type}' is a number. The text format names its types, and the engine refuses "
            "numbers there. Write the type's name, e.g. 'Convolution'.",
            Place(path, number, words[0][1] + 1),
        )
    layer_name = reader.name("layer name")
    bottom_count = reader.count("bottom count")
    top_count = reader.count("top count")
    bottoms = tuple(reader.name(f"bottom {i + 1} of {bottom_count}") for i in range(bottom_count))
    tops = tuple(reader.name(f"top {i + 1} of {top_count}") for i in range(top_count))
    end_of_names = reader.end
    tokens = tuple(_param_tokens(text, end_of_names, number, path))
    return LayerLine(number, text, layer_type, layer_name, bottoms, tops, tokens, end_of_names)


class _HeadReader:
    """The words at the head of a layer line, taken one by one."""

    def __init__(self, words: list[tuple[str, int, int]], number: int, path: str, length: int) -> None:
        self._words = iter(words)
        self._number, self._path, self._length = number, path, length
        self.end = 0

    def name(self, what: str) -> str:
        """The next word as a name; raises `ParamSyntaxError` where there is none, or one too long for the engine."""
        word, start = self._next(what)
        if 4 * len(word) > _MAX_NAME_BYTES and len(word.encode("utf-8", "surrogateescape")) > _MAX_NAME_BYTES:
            raise self._error(
                f"{what} '{word[:20]}…' is longer than {_MAX_NAME_BYTES} bytes. "
                "Older engines cut it there, the newest refuses it. Give it a shorter one.",
                start,
                "name-too-long",
            )
        return word

    def count(self, what: str) -> int:
        word, start = self._next(what)
        if not _COUNT.match(word):
            raise self._error(f"{what} is '{word}'. Expected a whole number, as in 'type name 1 1 bottom top'.", start)
        return int(word)

    def _next(self, what: str) -> tuple[str, int]:
        word, start, self.end = next(self._words, ("", self._length, self._length))
        if not word:
            raise self._error(
                f"the line ends before its {what}. Expected 'type name bottom_count top_count bottoms… tops… id=value…'; "
                "the line was cut short, or its counts are wrong.",
                start,
            )
        return word, start

    def _error(self, message: str, start: int, mistake: str = "syntax-error") -> ParamSyntaxError:
        return ParamSyntaxError(message, Place(self._path, self._number, start + 1), mistake)


def _param_tokens(text: str, position: int, number: int, path: str) -> Iterator[ParamToken]:
    while True:
        while position < len(text) and text[position] in _SPACE:
            position += 1
        if position == len(text):
            return
        token = _param_token(text, position, Place(path, number, position + 1))
        yield token
        position = token.end


def _param_token(text: str, start: int, place: Place) -> ParamToken:
    word = _WORD.match(text, start)
    key = _KEY.match(text, start)
    if key is None and word and word.group().startswith(_COMMENTS):
        raise _comment(place)
    if key is None:
        raise ParamSyntaxError(
            f"'{word.group() if word else ''}' stands where a parameter was expected. Expected 'id=value', e.g. '0=64'; "
            "check the bottom and top counts of this layer.",
            place,
        )
    end = _value_end(text, key.end())
    value_text = text[key.end() : end]
    param_id = normal_id(int(key.group(1)))
    if param_id is None:
        raise ParamSyntaxError(
            f"parameter id {key.group(1)} does not exist. Ids run from 0 to 31, arrays from -23300 to -23331.",
            place,
            "unknown-param-id",
        )
    if not value_text:
        raise ParamSyntaxError(
            f"parameter {key.group(1)} has no value. Write it directly behind the '=', without a space.", place
        )
    try:
        return ParamToken(param_id, parse_value(int(key.group(1)), value_text), start, end)
    except ValueSyntaxError as error:
        raise ParamSyntaxError(f"parameter {key.group(1)}: {error}.", place, error.mistake) from None


def _comment(place: Place) -> ParamSyntaxError:
    return ParamSyntaxError(
        "this is a comment. The format has none, and the engine reads it as a layer or a parameter. Take it out.",
        place,
        "comment-in-file",
    )


def _value_end(text: str, start: int) -> int:
    if text[start : start + 1] == '"':
        closing = text.find('"', start + 1)
        return closing + 1 if closing >= 0 else len(text.rstrip(_SPACE))
    word = _WORD.match(text, start)
    return word.end() if word else start
