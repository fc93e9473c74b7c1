"""What was measured as JSON, and back: to the bit, and what is not ours is refused rather than run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from functools import cache
from typing import Any


@cache
def _types() -> Mapping[str, type]:
    from maskctl.analysis.evidence import Evidence
    from maskctl.analysis.goal import Outcome
    from maskctl.analysis.metrics import Comparison
    from maskctl.analysis.overflow import Overflow
    from maskctl.analysis.tasks import Measured
    from maskctl.executor.suffixes import Effort

    return {made.__name__: made for made in (Comparison, Effort, Evidence, Measured, Outcome, Overflow)}


def to_json(value: Any) -> Any:
    """A value as lists, dicts and plain numbers; sequences become tuples when they are read."""
    if is_dataclass(value):
        return {"is": type(value).__name__, **{part.name: to_json(getattr(value, part.name)) for part in fields(value)}}
    if isinstance(value, Mapping):
        return {"pairs": [[key, to_json(held)] for key, held in value.items()]}
    if isinstance(value, Fraction):
        return {"fraction": str(value)}
    return list(map(to_json, value)) if isinstance(value, tuple | list) else value


def from_json(stored: Any) -> Any:
    """The value; raises `ValueError`, `KeyError` or `TypeError` for what `to_json` does not write."""
    if isinstance(stored, list):
        return tuple(map(from_json, stored))
    if not isinstance(stored, dict):
        return stored
    if "pairs" in stored:
        return {key: from_json(held) for key, held in stored["pairs"]}
    if "fraction" in stored:
        return Fraction(stored["fraction"])
    made = _types()[stored["is"]]
    given = {name: from_json(held) for name, held in stored.items() if name != "is"}
    if given.keys() != {part.name for part in fields(made)}:
        raise ValueError(f"{sorted(given)} are not the fields of {made.__name__}")
    return made(**given)
