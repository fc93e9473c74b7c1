"""What the settings name and no file has: patterns of paths, and blobs with a shape or a range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from maskctl.errors import did_you_mean
from maskctl.lint.discover import SUFFIX
from maskctl.lint.finding import Finding, Problem, Span
from maskctl.lint.inputs import input_blobs, names_of_use
from maskctl.lint.path_globs import path_matches
from maskctl.lint.reach import Reach
from maskctl.lint.rule import Rule
from maskctl.lint.subject import Subject

UNMATCHED = "unmatched-setting"


class Unmatched:
    """Names of one settings file, of which those that a linted file has are taken away."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        settings = reach.settings
        self._idle = [(table, name) for table in ("shapes", "ranges") for name in getattr(settings, table)]
        self._blobs: dict[str, None] = {}

    def saw(self, subject: Subject) -> None:
        """Takes away what a file has; one with lines that cannot be read may have anything."""
        if not self._idle:
            return
        self._reach.saw(subject.path)
        self._blobs.update(dict.fromkeys(input_blobs(subject)))
        used = names_of_use([name for _, name in self._idle], subject)
        self._idle = [] if subject.scan.errors else [row for row in self._idle if row[1] not in used]

    def findings(self, rule: Rule) -> Iterator[Finding]:
        """Patterns that are of no file on disk; and, where all files of the settings were linted, blobs that none of them has."""
        if not self._reach.is_whole:
            return
        yield from self._patterns(rule)
        if self._idle and not any(self._reach.left()):
            for table, name in self._idle:
                known = f"Input blobs are: {', '.join(self._blobs)}." if self._blobs else "They have no input blobs."
                hint = did_you_mean(name, self._blobs, known)
                told = f"'{table}' names the blob '{name}', which no file has. {hint}"
                yield self._finding(rule, told, self._reach.span(name, table), f"{table} {name}")

    def _patterns(self, rule: Rule) -> Iterator[Finding]:
        ignores = self._reach.settings.per_file_ignores
        idle = [ignore for ignore in ignores if not _matches_any(self._reach.seen, ignore.glob)]
        places = [*self._reach.everything()] if idle else []
        for ignore in idle:
            if not _matches_any(places, ignore.glob):
                hint = did_you_mean(ignore.glob, _spellings(places, ignore.glob), "Mend it, or take it out.")
                told = f"'per-file-ignores' has the pattern '{ignore.glob}', which no file matches. {hint}"
                yield self._finding(rule, told, self._reach.span(ignore.key), ignore.key)

    def _finding(self, rule: Rule, message: str, span: Span, key: str) -> Finding:
        return Finding(self._reach.settings.path, rule.name, rule.severity, Problem(message, span), key)


def _matches_any(places: Iterable[str], glob: str) -> bool:
    return any(path_matches(place, glob) for place in places)


def _spellings(places: Iterable[str], glob: str) -> set[str]:
    """What a pattern may have been meant to be: names of files, their paths, and its own last part in their folders."""
    last = PurePosixPath(glob).name
    found = set[str]()
    for place in places:
        path = PurePosixPath(place)
        if path.suffix == SUFFIX:
            moved = str(path.parent / last)
            found |= {path.name, place, *([moved] if path_matches(place, moved) else [])}
    return found
