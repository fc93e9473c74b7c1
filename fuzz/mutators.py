"""Changes to text that keep it nearly right, so that more of it gets past the first check; random bytes seldom do."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from maskctl.layers import known_types

_NUMBERS = (
    *("0", "1", "2", "3", "4", "7", "8", "-1", "-2", "-233", "16", "64", "255", "256", "65535", "1000000000"),
    *("2147483647", "-2147483648", "2147483648", "0.5", "1e38", "1e-45", "1e39", "-0.0", ".5", "5.", "nan", "0x3"),
)
_TEXTS = ('"0w,0h"', '"*(0w,2),-1"', '"' + "-(" * 40 + '0w"', "ij,jk->ik", "abc", '"', "3,1,2,3", "1,2,", "0,", "")
_IDS = (*map(str, range(32)), *(str(-23300 - number) for number in range(32)), "32", "-1", "-23332")


def mutate_param(data: bytes, most: int, seed: int) -> bytes:
    """The text of a `.param` with one to four lines changed, added or taken away, cut to `most` bytes."""
    draw = random.Random(seed)  # noqa: S311 - nothing secret
    lines = data.decode("latin-1").split("\n")
    for _ in range(draw.randint(1, 4)):
        draw.choice(_ON_LINES)(lines, draw)
    if draw.random() < 0.8:
        _mend_counts(lines)
    return "\n".join(lines).encode("latin-1", "replace")[:most]


def _place(lines: Sequence[str], draw: random.Random) -> int:
    return draw.randrange(min(2, len(lines) - 1), len(lines))


def _set_param(lines: list[str], draw: random.Random) -> None:
    value = draw.choice(_NUMBERS if draw.random() < 0.8 else _TEXTS)
    if draw.random() < 0.1:
        values = [draw.choice(_NUMBERS) for _ in range(draw.randint(0, 4))]
        value = ",".join([str(len(values)), *values])
    place = _place(lines, draw)
    lines[place] = f"{lines[place].rstrip()} {draw.choice(_IDS)}={value}"


def _change_word(lines: list[str], draw: random.Random) -> None:
    place = _place(lines, draw)
    words = lines[place].split(" ")
    number = draw.randrange(len(words))
    key, equals, _ = words[number].partition("=")
    words[number] = key + equals + draw.choice(_NUMBERS) if equals else draw.choice([*_NUMBERS, *_TEXTS, "data", "b1"])
    lines[place] = " ".join(words)


def _change_type(lines: list[str], draw: random.Random) -> None:
    place = _place(lines, draw)
    _, *rest = lines[place].split(" ")
    lines[place] = " ".join([draw.choice(_TYPES), *rest])


def _append_layer(lines: list[str], draw: random.Random) -> None:
    """One more layer, which reads what nobody reads yet."""
    tops, read = list[str](), set[str]()
    for line in lines[2:]:
        words = line.split()
        if len(words) > 3 and words[2].isdecimal() and words[3].isdecimal():
            count = int(words[2][:2])
            read.update(words[4 : 4 + count])
            tops += words[4 + count : 4 + count + int(words[3][:2])]
    free = [name for name in tops if name not in read]
    bottoms = draw.sample(free, min(len(free), draw.choice([0, 1, 1, 1, 2, 2, 3])))
    made = [f"b{len(lines)}_{number}" for number in range(draw.choice([1, 1, 1, 2, 3]))]
    words = [draw.choice(_TYPES), f"l{len(lines)}", str(len(bottoms)), str(len(made)), *bottoms, *made]
    words += [f"{draw.choice(_IDS[:20])}={draw.choice(_NUMBERS[:9])}" for _ in range(draw.randint(0, 5))]
    while lines and not lines[-1].strip():
        lines.pop()
    lines += [" ".join(words), ""]


def _drop(lines: list[str], draw: random.Random) -> None:
    if len(lines) > 3:
        del lines[_place(lines, draw)]


def _double(lines: list[str], draw: random.Random) -> None:
    place = _place(lines, draw)
    lines.insert(place, lines[place])


def _mend_counts(lines: list[str]) -> None:
    """Writes counts that fit, as far as the lines are layers."""
    if len(lines) > 1:
        filled = [line for line in lines[2:] if line.strip()]
        lines[1] = f"{max(1, len(filled))} {max(1, len(' '.join(filled).split()))}"


_TYPES = known_types()
_ON_LINES: Sequence[Callable[[list[str], random.Random], None]] = (
    *(_set_param, _set_param, _change_word, _change_word, _change_type),
    *(_append_layer, _append_layer, _drop, _double),
)

MUTATORS = dict.fromkeys(("param", "network", "lint"), mutate_param)
"""By reader; the others are fed with changed bytes alone."""
