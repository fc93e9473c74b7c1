"""Which rules run: names of rules and groups, some chosen and some ignored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from maskctl.errors import InputError, did_you_mean
from maskctl.lint.rule import GROUPS, Rule, rules

ALL = "all"


def selectors(names: Iterable[str], where: str) -> tuple[str, ...]:
    """The names, each that of a rule, of a group, or "all"; raises `InputError` for another, told to be in `where`."""
    found = tuple(names)
    for name in found:
        if name != ALL and name not in GROUPS and name not in rules():
            hint = did_you_mean(name, (*rules(), *GROUPS, ALL), f"Groups are: {', '.join(GROUPS)}, {ALL}.")
            raise InputError(
                f"{where} names '{name}', which is no rule and no group. {hint} See maskctl lint --list-rules."
            )
    return found


def chosen(select: Sequence[str], ignore: Sequence[str], extend: Sequence[str] = ()) -> tuple[Rule, ...]:
    """The rules that `select` names and `ignore` does not, and those that `extend` names.

    Where `select` is empty these are all rules that are on by default.

    A rule's own name counts more than that of its group, and a group's more than "all"; of two that are equal, `ignore` counts.
    """
    return tuple(
        rule
        for rule in rules().values()
        if (_rank(rule, select) or _default(rule, select)) > _rank(rule, ignore) or _rank(rule, extend)
    )


def _default(rule: Rule, select: Sequence[str]) -> int:
    """How closely a rule is chosen where nothing is."""
    return _rank(rule, [ALL]) if not select and rule.is_default else 0


def matches(rule: Rule, names: Iterable[str]) -> bool:
    """True where one of the names is the rule's, its group's, or "all"."""
    return _rank(rule, names) > 0


def _rank(rule: Rule, names: Iterable[str]) -> int:
    """How closely the names name a rule: 3 by its own, 2 by its group's, 1 as one of all, 0 not at all."""
    ranks = {rule.name: 3, rule.group: 2, ALL: 1}
    return max((ranks.get(name, 0) for name in names), default=0)
