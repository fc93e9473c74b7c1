"""Many files under their settings: what is ignored, what is known, what shapes and ranges are of use."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskctl.errors import InputError
from maskctl.lint.baseline import baseline_text, parse_baseline, updated, without_known
from maskctl.lint.plan import Asked
from maskctl.lint.report import Report
from maskctl.lint.session import Session
from maskctl.lint.settings_files import settings_finder

HEAD = "7767517\n3 3\nInput data 0 1 data 0=4 1=4 2=3\n"
TWO = HEAD + "ReLU relu1 1 1 data a 31=256\nReLU relu2 1 1 a b 31=512\n"
RULES = ("unknown-mask-bit", "layer-count-mismatch", "unused-ignore")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two files of the same two mistakes, which is the current one."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.param", "sub/b.param"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(TWO, encoding="utf-8")
    return tmp_path


def linted(*paths: str, select: tuple[str, ...] = RULES) -> Report:
    """What some rules find in files, under the settings beside them."""
    return Session(Asked(select=select), settings_finder()).lint(paths or ("a.param", "sub/b.param"))


def told(report: Report) -> list[str]:
    """Each finding as its file, line and rule."""
    return [f"{finding.path}:{finding.problem.span.line} {finding.rule}" for finding in report.findings]


BOTH = [f"{path}:{line} unknown-mask-bit" for path in ("a.param", "sub/b.param") for line in (4, 5)]


@pytest.mark.parametrize(
    ("ignores", "left"),
    [
        ('"*.param" = ["unknown-mask-bit"]', []),
        ('"a.param" = ["mask"]', BOTH[2:]),
        ('"sub/**" = ["all"]', BOTH[:2]),
        ('"*.param:relu1" = ["unknown-mask-bit"]', [BOTH[1], BOTH[3]]),
        ('"sub/b.param:relu?" = ["unknown-mask-bit"]', BOTH[:2]),
        ('"c.param" = ["unknown-mask-bit"]', BOTH),
        ('"a.param" = ["layer-count-mismatch"]', [*BOTH, "maskctl.toml:2 unused-ignore"]),
        ('"a.param:conv*" = ["unknown-mask-bit"]', [*BOTH, "maskctl.toml:2 unused-ignore"]),
        ('"a.param" = ["undefined-blob"]', BOTH),
    ],
)
def test_ignores(folder: Path, ignores: str, left: list[str]) -> None:
    """Findings are ignored by file and by layer; an entry about linted files that ignores nothing is told, if its rule ran."""
    (folder / "maskctl.toml").write_text(f"[lint.per-file-ignores]\n{ignores}\n", encoding="utf-8")
    if '"all"' in ignores:  # which stands for more rules than these
        assert left == [row for row in told(linted(select=("all",))) if "unknown-mask-bit" in row]
    else:
        assert left == told(linted())


def test_unused_only_where_all_was_seen(folder: Path) -> None:
    """An ignore is not called unused while files that it is about were not linted."""
    text = '[lint.per-file-ignores]\n"*.param" = ["layer-count-mismatch"]\n'
    (folder / "maskctl.toml").write_text(text, encoding="utf-8")
    assert BOTH[:2] == told(linted("a.param"))
    (finding,) = [finding for finding in linted().findings if finding.rule == "unused-ignore"]
    assert (2, 1, 9) == (finding.problem.span.line, finding.problem.span.column, finding.problem.span.length)


def test_baseline(folder: Path) -> None:
    """Known findings are not told, wherever their lines have moved; those that are no more are noted, and dropped when written."""
    path = str(folder / "known.json")
    known = updated(linted("a.param"), (), path)
    assert known == parse_baseline(text := baseline_text(known), path)
    assert text == baseline_text(reversed(known))
    moved = (
        TWO.replace("3 3\n", "4 4\n")
        .replace("ReLU relu1", "ReLU new 1 1 data n 31=1024\nReLU relu1")
        .replace("data a", "n a")
    )
    (folder / "a.param").write_text(moved.replace("n a 31=256", "n a"), encoding="utf-8")
    report = without_known(linted(), known, path)
    assert ["a.param:4 unknown-mask-bit", *BOTH[2:]] == told(report)
    assert (f"{path}: 1 known finding is no more. Write it again with --write-baseline.",) == report.notes
    again = updated(linted("sub/b.param"), known, path)
    assert {"a.param", "sub/b.param"} == {row.path for row in again}
    assert ["a.param", "a.param"] == [row.path for row in updated(linted("a.param"), known, path)]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "[" * 5000, "9" * 5000, '{"schema": 2, "findings": []}', '{"schema": 1, "findings": [{"path": "a"}]}'],
)
def test_no_baseline(text: str) -> None:
    """A file that is no baseline, or a later one, is refused with its name."""
    with pytest.raises(InputError, match=r"known\.json: this (is no )?baseline"):
        parse_baseline(text, "known.json")


def test_fingerprints_stay(folder: Path) -> None:
    """A finding keeps its fingerprint when lines come before it, spaces change, or the line ends do."""
    before = [finding.fingerprint for finding in linted("a.param").findings]
    text = TWO.replace("3 3\n", "3  3\n\n").replace("ReLU ", "ReLU     ").replace("\n", "\r\n")
    (folder / "a.param").write_bytes(text.encode())
    assert before == [finding.fingerprint for finding in linted("a.param").findings]
    assert 2 == len(set(before))


@pytest.mark.usefixtures("folder")
def test_blobs_that_no_file_has() -> None:
    """A shape or range is refused where no file has the blob, and fits where one has, by name or pattern."""
    Session(Asked(shapes={"d*": (3, 4, 4)}, ranges={"data": ((0, 1),)}), settings_finder()).lint(["a.param"])
    with pytest.raises(InputError, match=r"--shape names blob 'dat', which no file has\. Did you mean 'data'\?"):
        Session(Asked(shapes={"dat": (3, 4, 4)}), settings_finder()).lint(["a.param"])
