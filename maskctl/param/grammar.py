"""What a layer line of a `.param` file must be: the words and tokens of it, and the error for anything else.

Checking keeps nothing, however long a line is; `lines.py` makes something of lines that were checked.
"""

from __future__ import annotations

import re
from functools import cache

from maskctl.errors import ParamSyntaxError, Place
from maskctl.param.text import SPACE
from maskctl.param.values import MAX_PARAM_COUNT, ValueSyntaxError, check_value, ends_of, meant_id

WORD = re.compile(r"[^ \t\r\n\v\f]+")
"""A word of a layer line."""
COMMENTS = ("#", "//")
"""What a line begins with that is meant as a comment."""
HEAD = re.compile(r"[ \t\r\n\v\f]*" + r"[ \t\r\n\v\f]+".join([r"([^ \t\r\n\v\f]+)"] * 4))
"""The words before the names of blobs: type, name and two counts."""
TOKEN = re.compile(r'([+-]?[0-9]{1,9})=("[^"]*"?|[^ \t\r\n\v\f]*)')
"""An `id=value` token: its id and its value as written."""

_COUNT = re.compile(r"[0-9]{1,6}\Z")
_FILLED = re.compile(r"[^ \t\r\n\v\f]")
_MAX_NAME_BYTES = 255

# A line as converters write it, and short enough that nothing in it can be too long or too large. By far the most are, and
# three matches see it; 63 characters are at most 252 bytes, and 32 parameters are all there are.
_PLAIN_NAME = r"[^ \t\r\n\v\f]{1,63}"
_PLAIN_NUMBER = r"[+-]?(?:[0-9]{1,9}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE](?:\+?[0-2]?[0-9]|-[0-9]{1,3}))?"
_PLAIN_ARRAY = "|".join(f"{length}(?:,{_PLAIN_NUMBER}){{{length}}}" for length in range(5))
_PLAIN_TOKEN = rf"(?:(?:[12]?[0-9]|3[01])={_PLAIN_NUMBER}|-233(?:[012][0-9]|3[01])=(?:{_PLAIN_ARRAY}))"
_PLAIN_HEAD = re.compile(
    rf"(?=[A-Za-z_]){_PLAIN_NAME}[ \t]+{_PLAIN_NAME}[ \t]+([0-9]{{1,2}})[ \t]+([0-9]{{1,2}})(?=[ \t\r\n]|\Z)"
)
_PLAIN_TAIL = re.compile(rf"(?:[ \t]+{_PLAIN_TOKEN}){{0,32}}[ \t\r\n]*\Z")


def is_comment(text: str) -> bool:
    """True for a line that is meant as a comment, of which the format has none; layers commented out are such lines."""
    return text.lstrip(SPACE).startswith(COMMENTS)


def check_layer_line(text: str, number: int, path: str) -> None:
    r"""Raises `ParamSyntaxError` with line and column for anything in a layer line that cannot be read.

    >>> check_layer_line("ReLU relu1 1 1 a b 0=0.1\n", 3, "net.param")
    >>> check_layer_line("ReLU relu1 1 1 a b 0=0.1.2\n", 3, "net.param")
    Traceback (most recent call last):
    maskctl.errors.ParamSyntaxError: net.param:3:20: parameter 0: '0.1.2' is not a number.
    """
    if not _is_plain(text):
        _check_word_by_word(text, number, path)


def _is_plain(text: str) -> bool:
    """True where the line is one as converters write it; such a line can be read."""
    head = _PLAIN_HEAD.match(text)
    names = head and _plain_names(int(head[1]) + int(head[2])).match(text, head.end())
    return bool(names and _PLAIN_TAIL.match(text, names.end()))


@cache
def _plain_names(count: int) -> re.Pattern[str]:
    """So many names, each behind white space."""
    return re.compile(rf"(?:[ \t]+{_PLAIN_NAME}){{{count}}}(?![^ \t\r\n\v\f])")


def _check_word_by_word(text: str, number: int, path: str) -> None:
    """Raises as `check_layer_line` does, however the line is written."""
    if is_comment(text):
        raise _comment(Place(path, number, _first_column(text)))
    reader = _HeadReader(text, number, path)
    layer_type = reader.name("layer type")
    if layer_type.isdigit():
        raise ParamSyntaxError(
            f"layer type '{layer_type}' is a number. The text format names its types, and the engine refuses "
            "numbers there. Write the type's name, e.g. 'Convolution'.",
            Place(path, number, _first_column(text)),
        )
    reader.name("layer name")
    for what, count in [(what, reader.count(f"{what} count")) for what in ("bottom", "top")]:
        for place in range(count):
            reader.name(f"{what} {place + 1} of {count}")
    _check_params(text, reader.end, number, path)


def _first_column(text: str) -> int:
    """The column of the first word."""
    return len(text) - len(text.lstrip(SPACE)) + 1


class _HeadReader:
    """The words at the head of a layer line, taken one by one."""

    def __init__(self, text: str, number: int, path: str) -> None:
        self._words = WORD.finditer(text)
        self._number, self._path, self._length = number, path, len(text.rstrip(SPACE))
        self.end = 0

    def name(self, what: str) -> str:
        """The next word as a name; raises `ParamSyntaxError` where there is none, or one too long for the engine."""
        word, start = self._next(what)
        if len(word) > _MAX_NAME_BYTES or len(word.encode("utf-8", "surrogateescape")) > _MAX_NAME_BYTES:
            raise self._error(
                f"{what} '{word[:20]}…' is longer than {_MAX_NAME_BYTES} bytes. "
                "Older engines cut it there, the newest refuses it. Give it a shorter one.",
                start,
                "name-too-long",
            )
        return word

    def count(self, what: str) -> int:
        """The next word as a count; raises `ParamSyntaxError` where there is none, or another word."""
        word, start = self._next(what)
        if not _COUNT.match(word):
            raise self._error(
                f"{what} is '{ends_of(word)}'. Expected a whole number, as in 'type name 1 1 bottom top'.", start
            )
        return int(word)

    def _next(self, what: str) -> tuple[str, int]:
        found = next(self._words, None)
        if found is None:
            raise self._error(
                f"the line ends before its {what}. Expected 'type name bottom_count top_count bottoms… tops… id=value…'; "
                "the line was cut short, or its counts are wrong.",
                self._length,
            )
        self.end = found.end()
        return found.group(), found.start()

    def _error(self, message: str, start: int, mistake: str = "syntax-error") -> ParamSyntaxError:
        return ParamSyntaxError(message, Place(self._path, self._number, start + 1), mistake)


def _check_params(text: str, position: int, number: int, path: str) -> None:
    """Raises `ParamSyntaxError` for anything from a position on that is no parameter."""
    while found := _FILLED.search(text, position):
        start = found.start()
        token = TOKEN.match(text, start)
        if token is None:
            raise _no_param(text, start, Place(path, number, start + 1))
        try:
            _check_param(*token.groups())
        except ValueSyntaxError as error:
            raise ParamSyntaxError(f"{error}.", Place(path, number, start + 1), error.mistake) from None
        position = token.end()


def _check_param(key: str, value: str) -> None:
    """Raises `ValueSyntaxError` where an id or the value behind it is none."""
    if not 0 <= meant_id(int(key)) < MAX_PARAM_COUNT:
        raise ValueSyntaxError(
            f"parameter id {key} does not exist. Ids run from 0 to 31, arrays from -23300 to -23331", "unknown-param-id"
        )
    if not value:
        raise ValueSyntaxError(f"parameter {key} has no value. Write it directly behind the '=', without a space")
    try:
        check_value(int(key), value)
    except ValueSyntaxError as error:
        raise ValueSyntaxError(f"parameter {key}: {error}", error.mistake) from None


def _no_param(text: str, start: int, place: Place) -> ParamSyntaxError:
    if text.startswith(COMMENTS, start):
        return _comment(place)
    word = WORD.match(text, start)
    return ParamSyntaxError(
        f"'{ends_of(word.group()) if word else ''}' stands where a parameter was expected. Expected 'id=value', e.g. '0=64'; "
        "check the bottom and top counts of this layer.",
        place,
    )


def _comment(place: Place) -> ParamSyntaxError:
    return ParamSyntaxError(
        "this is a comment. The format has none, and the engine reads it as a layer or a parameter. Take it out.",
        place,
        "comment-in-file",
    )
