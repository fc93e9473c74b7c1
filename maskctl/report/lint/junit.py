"""Findings as JUnit's XML, which most CI systems show as tests: a suite per file, a case per finding.

What makes the command fail is a failed test; other findings are passed ones whose output says what was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from maskctl.lint.finding import Finding
from maskctl.lint.report import FileReport, Report

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    """The document; a file without findings is one passed test, one that could not be linted an error."""
    suites = [_suite(file) for file in report.everything]
    failed = sum(file.must_not_be(finding) for file in report.everything for finding in file.findings)
    tests = sum(max(1, len(file.findings)) for file in report.everything) + len(report.failures)
    errors = [
        f'  <testsuite name={_quoted(one.path)} tests="1" failures="0" errors="1">\n'
        f'    <testcase name="lint" classname={_quoted(one.path)}>\n'
        f"      <error message={_quoted(one.message)}/>\n    </testcase>\n  </testsuite>\n"
        for one in report.failures
    ]
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<testsuites name="maskctl lint" tests="{tests}" failures="{failed}" errors="{len(report.failures)}">\n'
        f"{''.join(suites)}{''.join(errors)}</testsuites>\n"
    )


def _suite(file: FileReport) -> str:
    failed = sum(map(file.must_not_be, file.findings))
    cases = "".join(_case(file, finding) for finding in file.findings)
    cases = cases or f'    <testcase name="lint" classname={_quoted(file.path)}/>\n'
    count = max(1, len(file.findings))
    return f'  <testsuite name={_quoted(file.path)} tests="{count}" failures="{failed}" errors="0">\n{cases}  </testsuite>\n'


def _case(file: FileReport, finding: Finding) -> str:
    span = finding.problem.span
    place = "".join(f":{number}" for number in (span.line, span.column) if number)
    attributes = f"name={_quoted(finding.rule + place)} classname={_quoted(file.path)} file={_quoted(file.path)}"
    line = f' line="{span.line}"' if span.line else ""
    return f"    <testcase {attributes}{line}>\n" + "".join(_result(file, finding)) + "    </testcase>\n"


def _result(file: FileReport, finding: Finding) -> Iterator[str]:
    text = escape(_legal(str(finding)), quote=False)
    if file.must_not_be(finding):
        yield f"      <failure type={_quoted(finding.severity.value)} message={_quoted(finding.problem.message)}>{text}</failure>\n"
    else:
        yield f"      <system-out>{text}</system-out>\n"


def _quoted(text: str) -> str:
    """An attribute; a line end in it would be read as a space."""
    return '"' + escape(_legal(text)).replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;") + '"'


def _legal(text: str) -> str:
    """The text with what XML cannot hold written by number."""
    return _NO_XML.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)
