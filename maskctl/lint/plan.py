"""What is asked of a file: the command line over the settings that hold for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from maskctl.lint.conditions import Conditions, Ranges
from maskctl.lint.discover import Failure
from maskctl.lint.rule import Rule
from maskctl.lint.select import chosen
from maskctl.lint.settings import Settings, conditions_of
from maskctl.targets import TARGETS


@dataclass(frozen=True)
class Asked:
    """What the command line says; what is empty or false says nothing."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    target: str = ""
    runtime: int = 0
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    ranges: Ranges = field(default_factory=dict)
    no_weights: bool = False
    strict: bool = False


@dataclass(frozen=True)
class Plan:
    """The rules for a file, with the severities asked for, what it is held against, and whether its warnings fail."""

    rules: tuple[Rule, ...]
    conditions: Conditions
    is_strict: bool

    def failures(self, unread: Mapping[Path, str]) -> Iterator[Failure]:
        """Of the files beside a `.param` that cannot be read, with the reason, those that a rule would have looked at."""
        of_weights = self.conditions.reads_weights and any(rule.group == "weights" for rule in self.rules)
        of_lock = any(rule.name == "mask-lost" for rule in self.rules)
        for path, why in unread.items():
            if of_weights and path.suffix == ".bin":
                yield Failure(str(path), f"cannot read the weights: {why}. Make it readable, or give --no-weights.")
            elif of_lock and path.suffix == ".toml":
                yield Failure(str(path), f"cannot read the lock: {why}. Make it readable, or give --ignore mask-lost.")


def plan_for(asked: Asked, settings: Settings) -> Plan:
    """What is asked, where `asked` goes before the settings.

    `select` takes the place of what the settings select and ignore; what `ignore` and `extend_select` name comes on top.
    """
    select = asked.select or settings.select
    ignore = asked.ignore if asked.select else (*settings.ignore, *asked.ignore)
    extend = (
        asked.extend_select if asked.select else _without(settings.extend_select, asked.ignore) + asked.extend_select
    )
    rules = tuple(
        replace(rule, severity=settings.severity.get(rule.name, rule.severity))
        for rule in chosen(select, ignore, extend)
    )
    given = conditions_of(settings)
    conditions = replace(
        given,
        target=TARGETS.get(asked.target, given.target),
        runtime=asked.runtime or given.runtime,
        shapes={**given.shapes, **asked.shapes},
        ranges={**given.ranges, **asked.ranges},
        reads_weights=given.reads_weights and not asked.no_weights,
    )
    return Plan(rules, conditions, asked.strict or settings.strict)


def _without(names: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in others)
