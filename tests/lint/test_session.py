"""Many files under their settings: what is ignored, what is known, what shapes and ranges are of use."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from maskctl.errors import InputError
from maskctl.lint.baseline import baseline_text, parse_baseline, updated, without_known
from maskctl.lint.plan import Asked
from maskctl.lint.report import Report
from maskctl.lint.session import Session
from maskctl.lint.settings_files import load_settings, settings_finder

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


def of_settings(*paths: str) -> list[str]:
    """What is told of the settings, by the place of the key."""
    found = linted(*paths, select=("unmatched-setting", "unused-ignore")).findings
    return [f"{row.problem.span.line}:{row.problem.span.column} {row.problem.message}" for row in found]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "'aa.param' = ['all']",
            "2:1 'per-file-ignores' has the pattern 'aa.param', which no file matches. Did you mean 'a.param'?",
        ),
        (
            '"sup/*.param:relu1" = ["all"]',
            "2:1 'per-file-ignores' has the pattern 'sup/*.param', which no file matches. Did you mean 'sub/*.param'?",
        ),
        (
            '"sub/new.param" = ["all"]',
            "2:1 'per-file-ignores' has the pattern 'sub/new.param', which no file matches. Did you mean 'sub/b.param'?",
        ),
        (
            '"models/**" = ["all"]',
            "2:1 'per-file-ignores' has the pattern 'models/**', which no file matches. Mend it, or take it out.",
        ),
    ],
)
def test_patterns_without_a_file(folder: Path, text: str, message: str) -> None:
    """A pattern that no file on disk matches is told, with the nearest, also where only one file is linted."""
    (folder / "maskctl.toml").write_text(f"[lint.per-file-ignores]\n{text}\n", encoding="utf-8")
    assert [message] == of_settings() == of_settings("a.param")


@pytest.mark.parametrize("pattern", ["sub/*.param", "net.txt", ".hidden/*.param"])
def test_patterns_with_a_file_elsewhere(folder: Path, pattern: str) -> None:
    """A pattern of files that this run does not lint is not told, whatever these are called and wherever they lie."""
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "c.param").write_text(TWO, encoding="utf-8")
    (folder / "net.txt").write_text(TWO, encoding="utf-8")
    (folder / "maskctl.toml").write_text(f'[lint.per-file-ignores]\n"{pattern}" = ["mask"]\n', encoding="utf-8")
    assert [] == of_settings("a.param")


def test_settings_from_elsewhere(folder: Path) -> None:
    """Settings for files outside of their folder are not told to match none: nobody knows which files they are for."""
    (folder / "ci").mkdir()
    own = folder / "ci" / "maskctl.toml"
    own.write_text('[lint.per-file-ignores]\n"b.param" = ["mask"]\n', encoding="utf-8")
    settings = load_settings(str(own))
    report = Session(Asked(select=("unmatched-setting",)), lambda _: settings).lint(["a.param"])
    assert [] == list(report.findings)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("shapes = { dat = [3, 4, 4], data = [3, 4, 4], a = [3, 4, 4] }", ["2:12 'shapes' names the blob 'dat'"]),
        ("[lint.ranges]\n'd*' = [0, 1]\n\"blob\" = [0, 1]", ["4:1 'ranges' names the blob 'blob'"]),
    ],
)
def test_settings_of_blobs_that_no_file_has(folder: Path, table: str, told: list[str]) -> None:
    """A blob of the settings that no file has is told when all files were linted and could be read, with what there is."""
    (folder / "maskctl.toml").write_text(f"[lint]\n{table}\n", encoding="utf-8")
    assert [] == of_settings("a.param")
    (message,) = of_settings()
    (begin,) = told
    assert message.startswith(f"{begin}, which no file has. ")
    assert message.endswith(("Did you mean 'data'?", "Input blobs are: data."))
    (folder / "a.param").write_text(TWO + "ReLU relu3 1\n", encoding="utf-8")
    assert [] == of_settings()


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


@pytest.mark.parametrize("way", ["folder", "dead link", "closed"])
@pytest.mark.parametrize(
    ("name", "rule", "what"),
    [
        ("a.bin", "weight-not-finite", "weights: {}. Make it readable, or give --no-weights."),
        ("a.masks.toml", "mask-lost", "lock: {}. Make it readable, or give --ignore mask-lost."),
    ],
)
def test_what_lies_beside_and_cannot_be_read(
    folder: Path, way: str, name: str, rule: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights or a lock that cannot be opened are a failure where a rule needs them, and the file is linted all the same."""
    if way == "folder":
        (folder / name).mkdir()
    elif way == "dead link":
        (folder / name).symlink_to("gone")
    else:
        (folder / name).write_bytes(b"")
        monkeypatch.setattr(Path, "open", opened)
    why = {"folder": "Is a directory", "dead link": "No such file or directory", "closed": "Permission denied"}[way]
    report = linted("a.param", select=(rule, "unknown-mask-bit"))
    assert [f"{name}: cannot read the {what.format(why)}"] == [str(failure) for failure in report.failures]
    assert BOTH[:2] == told(report)
    assert () == linted("a.param", select=("unknown-mask-bit",)).failures


def opened(path: Path, *how: Any, **more: Any) -> Any:
    """Opens what is named .param alone, as for somebody who may read nothing else."""
    if path.suffix != ".param":
        raise PermissionError(errno.EACCES, "Permission denied", str(path))
    return open(path, *how, **more)


@pytest.mark.usefixtures("folder")
def test_blobs_that_no_file_has() -> None:
    """A shape or range is refused where no file has the blob, and fits where one has, by name or pattern."""
    Session(Asked(shapes={"d*": (3, 4, 4)}, ranges={"data": ((0, 1),)}), settings_finder()).lint(["a.param"])
    with pytest.raises(InputError, match=r"--shape names blob 'dat', which no file has\. Did you mean 'data'\?"):
        Session(Asked(shapes={"dat": (3, 4, 4)}), settings_finder()).lint(["a.param"])
