"""A lock: the masks of a model, each with what its layer looks like, in a file that outlives the model's next export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from maskctl import featmask
from maskctl.errors import InputError
from maskctl.graph.network import Graph
from maskctl.lock import toml
from maskctl.lock.fingerprint import NEAR, Alike, Fingerprint, fingerprints
from maskctl.param.document import meant_file
from maskctl.toml_text import parse_toml, refuse_unknown

VERSION = 1
SUFFIX = ".masks.toml"
_EXACT = 2**53
"""Every whole number up to this is a float."""
_ALIKE = ("shape", "up", "down", "around", "fine", "up_apart", "down_apart")
_NAMES = ("name", "type", "shape", "name_bytes", "type_bytes", "shape_bytes")
_KEYS = (*_NAMES, "mask", "words", "reason", "gain", "plan", "up", "down", "around", "fine", "alike")
_Key = TypeVar("_Key", str, float)
_Four: TypeAlias = tuple[_Key, _Key, _Key, _Key]
_GAIN = ("sqnr_db_without", "sqnr_db_with", "cosine_without", "cosine_with")
_PLAN = ("sqnr_db_before", "sqnr_db_after", "cosine_before", "cosine_after")
_PLAN_ONCE = ("db_before", "db_after", "cosine_before", "cosine_after")
"""Figures by their keys, and those of a plan as older locks have them under `gain`."""
_HEAD = """\
# Feature masks, written by `maskctl lock`. `maskctl apply` puts them back after a re-export; keep this file with the model.
# `mask` counts, `words` says it in words; `reason` may be edited. The rest is how a layer is found that is called otherwise.
masks = {count}
lock = {version}
"""
"""The count stands first: a file cut behind it has no version, or fewer tables."""


@dataclass(frozen=True)
class Gain:
    """What one mask gave when it was written: the worst output without it, beside all others of its plan, and with it.

    SQNR in dB; NaN where an output lost elements, or the engine does not honour what is left without the mask.
    """

    sqnr_db_without: float
    sqnr_db_with: float
    cosine_without: float
    cosine_with: float


@dataclass(frozen=True)
class Together:
    """What the masks of a plan gave when they were written: the worst output before and after, in dB SQNR and cosine."""

    masks: int
    sqnr_db_before: float
    sqnr_db_after: float
    cosine_before: float
    cosine_after: float


@dataclass(frozen=True)
class Entry:
    """One masked layer of a lock. `reason`, `gain` and `plan` are what `analyze` said when it proposed the mask, if it did."""

    name: str
    type: str
    mask: int
    fingerprint: Fingerprint
    reason: str = ""
    gain: Gain | None = None
    plan: Together | None = None

    def __str__(self) -> str:
        return f"'{self.name}' ({self.type})"


@dataclass(frozen=True)
class Lock:
    """The masked layers of a model, in file order."""

    entries: tuple[Entry, ...]
    path: str = field(default="", compare=False)


def beside(model: str | Path) -> Path:
    """Where the lock of a model lies unless another place is named.

    >>> beside("models/net.ncnn.param").name
    'net.ncnn.masks.toml'
    """
    return Path(str(Path(model)).removesuffix(".param") + SUFFIX)


def lock_of(graph: Graph, masks: Sequence[int] | None = None) -> Lock:
    """The lock of a network's masked layers; of those masked by `masks`, one per layer, instead, where given."""
    prints = fingerprints(graph)
    chosen = [layer.mask for layer in graph.layers] if masks is None else masks
    return Lock(
        tuple(
            Entry(layer.name, layer.type, mask, found)
            for layer, mask, found in zip(graph.layers, chosen, prints, strict=True)
            if mask
        )
    )


def to_text(lock: Lock) -> str:
    """The file of a lock: the same for the same lock, one table per layer."""
    tables = ["\n".join(["\n[[layer]]", *toml.lines(_table(entry)), ""]) for entry in lock.entries]
    return "".join([_HEAD.format(count=len(tables), version=VERSION), *tables])


def parse(data: bytes, path: str = "<lock>") -> Lock:
    """Reads the bytes of a lock; raises `InputError` that says what is wrong, and where."""
    try:
        table = parse_toml(data.decode())
    except ValueError as error:
        raise InputError(f"this is no TOML: {error}. Expected a lock, as 'maskctl lock' writes it.", path) from None
    version = table.get("lock")
    if version != VERSION or isinstance(version, bool):
        said = (
            "has no line 'lock = 1'"
            if version is None
            else f"has version {version!r}, and this maskctl reads {VERSION}"
        )
        raise InputError(f"the file {said}. Expected a lock; 'maskctl lock MODEL' writes one.", path)
    layers = table.get("layer", [])
    if not isinstance(layers, list):
        raise InputError("'layer' is no list of tables. Expected [[layer]] for each masked layer.", path)
    entries = tuple(_Reader(layer, number, path).entry() for number, layer in enumerate(layers, 1))
    refuse_unknown(table, ("masks", "lock", "layer"), path)  # a misspelt [[layer]] would be a mask that nobody misses
    _refuse_cut(table.get("masks", len(entries)), len(entries), path)
    return Lock(entries, path)


def _refuse_cut(count: object, found: int, path: str) -> None:
    """Raises `InputError` where a lock does not hold as many masks as its head says; older ones say nothing."""
    if count != found or type(count) is not int:
        raise InputError(
            f"the file says masks = {count!r} and holds {found}: it was cut short, merged, or edited. Take a whole copy of it, or, "
            f"where it should hold these, write masks = {found}.",
            path,
        )


def load(path: str | Path) -> Lock:
    """Reads a lock; raises `InputError` when it cannot be read or is none."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read the file: {error.strerror}. 'maskctl lock MODEL' writes one.{meant_file(path, '*.toml')}",
            str(path),
        ) from None
    return parse(data, str(path))


def _table(entry: Entry) -> toml.Table:
    found = entry.fingerprint
    story: dict[str, Any] = {"reason": entry.reason} if entry.reason else {}
    story |= {key: vars(said) for key, said in (("gain", entry.gain), ("plan", entry.plan)) if said}
    return {
        **_named("name", entry.name),
        **_named("type", entry.type),
        "mask": entry.mask,
        "words": featmask.words(entry.mask),
        **story,
        **_named("shape", found.label),
        "up": " ".join(found.up),
        "down": " ".join(found.down),
        "around": found.around,
        "fine": found.fine,
        "alike": dict(zip(_ALIKE, vars(found.alike).values(), strict=True)),
    }


def _named(key: str, text: str) -> dict[str, toml.Scalar]:
    """A name as text; the bytes of one that is no UTF-8 stand beside it in hexadecimal."""
    data = text.encode("utf-8", "surrogateescape")
    shown = data.decode("utf-8", "backslashreplace")
    return {key: text} if shown == text else {key: shown, f"{key}_bytes": data.hex()}


class _Reader:
    """One [[layer]] of a file, read key by key."""

    def __init__(self, table: Any, number: int, path: str) -> None:
        self._table, self._where, self._path = table, f"[[layer]] {number}", path
        if not isinstance(table, dict):
            raise self._error("is no table")
        if isinstance(table.get("name"), str):
            self._where = f"layer '{table['name']}'"

    def entry(self) -> Entry:
        """The entry that the table spells."""
        mask = self._whole(self._table, "mask")
        if not 0 < mask <= 0x7FFFFFFF:
            raise self._error(f"has the mask {mask}. Expected a number above 0 that fits the engine's 32-bit integer")
        up, down = self._colours("up"), self._colours("down")
        alike = self._part("alike")
        counts = [self._whole(alike, key, "alike.") for key in _ALIKE]
        found = Fingerprint(self._name("shape"), up, down, self._text("around"), self._text("fine"), Alike(*counts))
        reason = self._text("reason") if "reason" in self._table else ""
        refuse_unknown(self._table, _KEYS, self._path, "layer.")
        gain, plan = self._told()
        return Entry(self._name("name"), self._name("type"), mask, found, reason, gain, plan)

    def _told(self) -> tuple[Gain | None, Together | None]:
        """What the mask gave, and its plan; the gain of an older lock is that of its plan."""
        told = self._table.get("gain")
        if isinstance(told, dict) and "masks" in told:
            return None, self._together("gain", _PLAN_ONCE)
        gain = Gain(*self._figures("gain", _GAIN)) if told is not None else None
        return gain, self._together("plan", _PLAN) if "plan" in self._table else None

    def _together(self, part: str, keys: _Four[str]) -> Together:
        return Together(self._whole(self._part(part), "masks", f"{part}."), *self._figures(part, keys))

    def _figures(self, part: str, keys: _Four[str]) -> _Four[float]:
        table = self._part(part)
        one, two, three, four = (self._figure(table, part, key) for key in keys)
        return one, two, three, four

    def _figure(self, table: Mapping[str, Any], part: str, key: str) -> float:
        value = table.get(key)
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or (isinstance(value, int) and abs(value) > _EXACT)
        ):
            raise self._error(f"has no number under '{part}.{key}'")
        return float(value)

    def _colours(self, key: str) -> tuple[str, ...]:
        found = tuple(self._text(key).split())
        if len(found) != NEAR + 1:
            raise self._error(f"has {len(found)} words in '{key}'. Expected {NEAR + 1}")
        return found

    def _name(self, key: str) -> str:
        if f"{key}_bytes" not in self._table:
            return self._text(key)
        try:
            return bytes.fromhex(self._text(f"{key}_bytes")).decode("utf-8", "surrogateescape")
        except ValueError:
            raise self._error(f"has '{key}_bytes' that are not hexadecimal") from None

    def _text(self, key: str) -> str:
        value = self._table.get(key)
        if not isinstance(value, str):
            raise self._error(f"has no text under '{key}'")
        return value

    def _part(self, key: str) -> Mapping[str, Any]:
        value = self._table.get(key)
        if not isinstance(value, dict):
            raise self._error(f"has no table under '{key}'")
        return value

    def _whole(self, table: Mapping[str, Any], key: str, where: str = "") -> int:
        value = table.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._error(f"has no whole number under '{where}{key}'")
        return value

    def _error(self, problem: str) -> InputError:
        anew = "Mend it, or write the lock anew, without its reasons, with 'maskctl lock MODEL --force'."
        return InputError(f"{self._where} {problem}. {anew}", self._path)
