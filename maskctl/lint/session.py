"""One call of the linter: many files, each with the settings that hold for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from maskctl.errors import EditRefusedError, InputError
from maskctl.lint.discover import Failure
from maskctl.lint.files import subject_from, subject_of
from maskctl.lint.finding import Finding
from maskctl.lint.ignores import UNUSED, Ignores
from maskctl.lint.inputs import Inputs
from maskctl.lint.plan import Asked, Plan, plan_for
from maskctl.lint.reach import Reach
from maskctl.lint.repair import repaired
from maskctl.lint.report import FileReport, Report
from maskctl.lint.rule import Rule, rules
from maskctl.lint.run import lint
from maskctl.lint.settings import Settings
from maskctl.lint.subject import Subject
from maskctl.lint.unmatched import UNMATCHED, Unmatched

NOTHING: Mapping[str, bytes] = {}


@dataclass(frozen=True)
class _Held:
    """One settings file, what is asked of its files, and what of it is of use."""

    settings: Settings
    plan: Plan
    ignores: Ignores
    unmatched: Unmatched

    def idle(self) -> Iterable[Finding]:
        """What nothing needs, as far as the rules that tell it were asked for."""
        asked = {rule.name: rule for rule in self.plan.rules}
        if UNUSED in asked:
            yield from self.ignores.unused(asked[UNUSED])
        if UNMATCHED in asked:
            yield from self.unmatched.findings(asked[UNMATCHED])


class Session:
    """Lints file after file, and remembers what only all of them together show.

    `settings_for` gives the settings that hold for a file; `texts` are the texts of files that are not on disk. With
    `fixes` "safe" or "all" texts are repaired, in memory.
    """

    def __init__(
        self,
        asked: Asked,
        settings_for: Callable[[str], Settings],
        *,
        texts: Mapping[str, bytes] = NOTHING,
        fixes: str = "",
    ) -> None:
        self._asked, self._settings_for, self._texts, self._fixes = asked, settings_for, texts, fixes
        self._held: dict[str, _Held] = {}
        self._inputs = Inputs(asked)

    def lint(self, paths: Iterable[str]) -> Report:
        """What is found in these files; one that cannot be read or mended does not keep the others from it.

        Raises `InputError` for settings that cannot be meant, and for a shape or range of a blob that no file has.
        """
        found = [row for path in paths for row in self._file(path)]
        files = tuple(row for row in found if isinstance(row, FileReport))
        if files:
            self._inputs.refuse_unknown()
        failures = tuple(row for row in found if isinstance(row, Failure))
        return Report(files, failures, self._rules(), tuple(self._of_settings()))

    def _file(self, path: str) -> Iterator[FileReport | Failure]:
        """What is found in a file, and what could not be read, itself or of what lies beside it."""
        held = self._hold(path)
        try:
            subject = self._subject(path, held)
            yield self._report(subject, held.plan, held.ignores)
            yield from held.plan.failures(subject.unread)
        except InputError as error:
            if error.place and error.place.path == held.settings.path:
                raise
            yield Failure(path, error.problem)
        except EditRefusedError as error:
            yield Failure(path, error.problem)

    def _report(self, subject: Subject, plan: Plan, ignores: Ignores) -> FileReport:
        def check(now: Subject) -> tuple[Finding, ...]:
            return ignores.kept(lint(now, plan.rules), now.path, plan.rules)

        fixed: tuple[Finding, ...] = ()
        source = subject.source
        if self._fixes:
            subject, findings, fixed = repaired(subject, check, unsafe=self._fixes == "all")
        else:
            findings = check(subject)
        return FileReport(subject.path, subject.scan.lines, findings, source, fixed, plan.is_strict)

    def _subject(self, path: str, held: _Held) -> Subject:
        text, conditions = self._texts.get(path), held.plan.conditions
        subject = subject_of(path, conditions) if text is None else subject_from(text, path, conditions)
        held.unmatched.saw(subject)
        return replace(subject, conditions=self._inputs.fitted(subject))

    def _hold(self, path: str) -> _Held:
        settings = self._settings_for(path)
        if settings.path not in self._held:
            reach, plan = Reach(settings), plan_for(self._asked, settings)
            self._held[settings.path] = _Held(settings, plan, Ignores(reach), Unmatched(reach))
        return self._held[settings.path]

    def _rules(self) -> tuple[Rule, ...]:
        """The rules that ran on any file, each with the severity it had first."""
        ran: dict[str, Rule] = {}
        for held in self._held.values():
            for rule in held.plan.rules:
                ran.setdefault(rule.name, rule)
        return tuple(ran[name] for name in rules() if name in ran)

    def _of_settings(self) -> Iterable[FileReport]:
        """The settings files in which something is of no use."""
        for held in self._held.values():
            found = tuple(held.idle())
            if found:
                lines = tuple(held.settings.text.splitlines(keepends=True))
                yield FileReport(held.settings.path, lines, found, is_strict=held.plan.is_strict)
