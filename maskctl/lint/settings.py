"""What a `maskctl.toml`, or `[tool.maskctl.lint]` in a `pyproject.toml`, says about linting; every key and value is checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from maskctl.errors import InputError, did_you_mean
from maskctl.graph.given import parse_ends, parse_extents
from maskctl.lint.conditions import Conditions, Ranges, parse_runtime
from maskctl.lint.finding import Severity
from maskctl.lint.rule import rules
from maskctl.lint.select import selectors
from maskctl.targets import DEFAULT, TARGETS
from maskctl.toml_text import parse_toml, refuse_unknown

_Given = TypeVar("_Given")

OWN_FILE, PROJECT_FILE = "maskctl.toml", "pyproject.toml"


@dataclass(frozen=True)
class Ignore:
    """Rules that are ignored in files of a pattern, and there on layers of a pattern over names; "" for all of the file."""

    glob: str
    layer_glob: str
    names: tuple[str, ...]

    @property
    def key(self) -> str:
        """The entry as the settings file has it."""
        return f"{self.glob}:{self.layer_glob}" if self.layer_glob else self.glob


@dataclass(frozen=True)
class Settings:
    """One settings file; `path` is "" and everything at its default where there is none. `text` is the file's."""

    path: str = ""
    text: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    target: str = ""
    runtime: int = 0
    weights: bool = True
    strict: bool = False
    custom_layers: frozenset[str] = frozenset()
    severity: Mapping[str, Severity] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ranges: Ranges = field(default_factory=dict)
    per_file_ignores: tuple[Ignore, ...] = ()


def parse_settings(text: str, path: str) -> Settings:
    """The settings in the text of a file; raises `InputError` that names the file and the key for what cannot be meant.

    In a file named `pyproject.toml` they are the table `tool.maskctl.lint`, in any other one `lint`.
    """
    try:
        table: Any = parse_toml(text)
    except ValueError as error:
        raise InputError(f"this is no TOML: {error}.", path) from None
    parents = ["tool", "maskctl"] if Path(path).name == PROJECT_FILE else []
    for name in parents:
        table = _table(table.get(name, {}), path, name)
    refuse_unknown(table, ["lint"], path, "".join(f"{name}." for name in parents))
    where = ".".join([*parents, "lint"])
    rows = _table(table.get("lint", {}), path, where)
    refuse_unknown(rows, _KEYS, path, f"{where}.")
    read: dict[str, Any] = {key.replace("-", "_"): _read(key, value, path, where) for key, value in rows.items()}
    return Settings(path, text, **read)


def has_settings(text: str) -> bool:
    """True for the text of a `pyproject.toml` with a table `tool.maskctl`, or with its head where the text is no TOML.

    What is in the table may be misspelled: `parse_settings` says so.
    """
    if "maskctl" not in text:
        return False
    try:
        tool = parse_toml(text).get("tool")
    except ValueError:
        return "[tool.maskctl" in text
    own = tool.get("maskctl") if isinstance(tool, dict) else None
    return isinstance(own, dict) and bool(own)


def conditions_of(settings: Settings) -> Conditions:
    """What the files are held against."""
    return Conditions(
        TARGETS.get(settings.target, DEFAULT),
        settings.runtime,
        settings.shapes,
        settings.ranges,
        reads_weights=settings.weights,
        custom_layers=settings.custom_layers,
    )


class _MeaninglessError(ValueError):
    """What is wrong with a value; the file and the key are known to who asked for it."""


def _read(key: str, value: object, path: str, where: str) -> object:
    try:
        return _KEYS[key](value)
    except (_MeaninglessError, InputError) as error:
        _refuse(f"'{where}.{key}' {str(error).strip()}", path)


def _refuse(message: str, path: str) -> NoReturn:
    raise InputError(message, path)


def _table(value: Any, path: str, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(f"'{name}' is {value!r}. Expected a table, [{name}].", path)
    return value


def _words(value: object, example: str, entry: str = "") -> tuple[str, ...]:
    """A list of names, the value of the key or of an `entry` in it."""
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        given = f"has {value!r} for '{entry}'" if entry else f"is {value!r}"
        raise _MeaninglessError(f"{given}. Expected a list of names, e.g. {example}.")
    return tuple(value)


def _rule_names(value: object, entry: str = "") -> tuple[str, ...]:
    return selectors(_words(value, '["graph", "unknown-mask-bit"]', entry), "")


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _MeaninglessError(f"is {value!r}. Expected true or false.")
    return value


def _target(value: object) -> str:
    if not isinstance(value, str) or value not in TARGETS:
        raise _MeaninglessError(f"is {value!r}. {_expected(value, TARGETS)}")
    return value


def _expected(value: object, words: Iterable[str]) -> str:
    """What would have been right, the nearest first."""
    known = f"Expected one of {', '.join(words)}."
    near = did_you_mean(str(value), words)
    return f"{near} {known}" if near else known


def _runtime(value: object) -> int:
    return parse_runtime(str(value), "")


def _pairs(value: object, example: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _MeaninglessError(f"is {value!r}. Expected a table, e.g. {example}.")
    return value


def _severities(value: object) -> Mapping[str, Severity]:
    found = {}
    words = [severity.value for severity in Severity]
    for name, word in _pairs(value, 'unknown-mask-bit = "error"').items():
        if name not in rules():
            raise _MeaninglessError(
                f"names '{name}', which is no rule. {did_you_mean(name, rules(), 'See maskctl lint --list-rules.')}"
            )
        if word not in words:
            raise _MeaninglessError(f"has {word!r} for '{name}'. {_expected(word, words)}")
        found[name] = Severity(word)
    return found


def _shapes(value: object) -> Mapping[str, tuple[int, ...]]:
    return _by_blob(value, "shape", "[3, 224, 224]", lambda found: parse_extents(_joined(found, ",")))


def _ranges(value: object) -> Ranges:
    def ends(found: object) -> tuple[tuple[float, float], ...] | None:
        pairs = found if isinstance(found, list) and found and isinstance(found[0], list) else [found]
        return parse_ends(",".join(_joined(pair, ":") for pair in pairs))

    return _by_blob(value, "range", "[0, 255], or [[-104, 151], [-117, 138]] for channels", ends)


def _by_blob(value: object, what: str, example: str, read: Callable[[Any], _Given | None]) -> dict[str, _Given]:
    """What is given for each blob, a list or the text that the command line takes."""
    found = {}
    for blob, given in _pairs(value, f"data = {example}").items():
        meant = read(given)
        if meant is None:
            raise _MeaninglessError(f"has {given!r} for '{blob}', which is no {what}. Expected e.g. {example}.")
        found[blob] = meant
    return found


def _joined(value: object, by: str) -> str:
    """A list as the command line spells it; text as it is."""
    return by.join(map(str, value)) if isinstance(value, list) else str(value)


def _ignores(value: object) -> tuple[Ignore, ...]:
    found = []
    for key, names in _pairs(value, '"models/*.param" = ["redundant-mask"]').items():
        glob, colon, layer_glob = key.partition(":")
        if not glob or (colon and not layer_glob):
            raise _MeaninglessError(
                f"has the key '{key}'. Expected a pattern of paths, or one of paths and one of layer names: 'net.param:conv*'."
            )
        found.append(Ignore(glob, layer_glob, _rule_names(names, key)))
    return tuple(found)


_KEYS: Mapping[str, Callable[[object], object]] = {
    "select": _rule_names,
    "ignore": _rule_names,
    "extend-select": _rule_names,
    "target": _target,
    "runtime": _runtime,
    "weights": _flag,
    "strict": _flag,
    "custom-layers": lambda value: frozenset(_words(value, '["YoloV5Focus"]')),
    "severity": _severities,
    "shapes": _shapes,
    "ranges": _ranges,
    "per-file-ignores": _ignores,
}
"""How each key is read."""
