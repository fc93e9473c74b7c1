"""Rules about the text of a file, where the pages' examples do not reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskctl.lint.conditions import Conditions
from maskctl.lint.editing import edited
from maskctl.lint.files import subject_of
from maskctl.lint.rule import rules
from maskctl.lint.run import lint
from maskctl.param.text import Lines
from tests.lint.linting import found

INPUT = "Input data 0 1 data 0=4 1=3 2=2\n"
RELU = "ReLU relu 1 1 data relu\n"
SOUND = f"7767517\n2 2\n{INPUT}{RELU}"


def names(folder: Path, param: str | bytes) -> list[str]:
    """The rules of the group `file` that find something, in the order of the lines."""
    path = folder / "net.param"
    path.write_bytes(param.encode("utf-8", "surrogateescape") if isinstance(param, str) else param)
    chosen = [rule for rule in rules().values() if rule.group == "file"]
    return [finding.rule for finding in lint(subject_of(path, Conditions()), chosen)]


def mended(folder: Path, rule: str, param: str) -> str:
    """The file after the first fix of a rule."""
    fix = found(folder, rule, param)[0].problem.fix
    assert fix
    return edited(Lines(param.encode()), fix.edits)


@pytest.mark.parametrize(
    ("param", "told"),
    [
        (b"", ["magic-number"]),
        (b" \n\n", ["magic-number"]),
        (b"PK\x03\x04\0\0", ["magic-number"]),
        (SOUND.encode("utf-16"), ["magic-number"]),
        (b"\xef\xbb\xbf" + SOUND.encode(), ["magic-number"]),
        ("# net\n# of ours\nimport numpy\n", ["magic-number"]),
        (SOUND, []),
        (SOUND.replace("\n", "\r\n"), []),
        (SOUND.replace("\n", "\n\n").strip(), []),
        (f"# net\n{SOUND}", ["comment-in-file"]),
        (f"{SOUND}# end\n", ["trailing-content"]),
        (f"{SOUND}\nReLU cut 1 1 relu", ["trailing-content"]),
        (f"{SOUND}ReLU more 1 1 relu more\n# end\n", ["layer-count-mismatch", "comment-in-file"]),
        (f"{SOUND}ReLU more 1 1 relu more\nReLU cut 1 1\n", ["syntax-error"]),
        (f"7767517\n3 3\n{INPUT}#ReLU old 1 1 data old\n{RELU}", ["layer-count-mismatch", "comment-in-file"]),
        (f"7767517\n2 2\n{INPUT}ReLU {'é' * 128} 1 1 data relu\n", ["name-too-long"]),
        ("7767517\n", ["syntax-error"]),
        (f"7767517\n2 2\n{INPUT}{RELU.strip()} 0=\n", ["syntax-error"]),
        (f"7767517\n2 1\n{INPUT}ReLU relu 1 1 data relu 0=3.x\nReLU b 1 1 relu b\n", ["syntax-error"]),
        (
            f"7767517\n3 1\n{INPUT}ReLU relu 1 1 data relu 0=3.x\nReLU b 1 1 relu b\n",
            ["blob-count-mismatch", "syntax-error"],
        ),
    ],
)
def test_each_text_is_told_once(param: str | bytes, told: list[str], tmp_path: Path) -> None:
    """A file that is none, comments, text behind the layers and lines that cannot be read have one rule each."""
    assert told == names(tmp_path, param)


def test_the_counts_are_mended_together(tmp_path: Path) -> None:
    """A file that counts a layer too few gets the blob count the layer needs, so that no table is too small."""
    param = f"7767517\r\n 1 1\r\n{INPUT}{RELU}"
    assert f"7767517\r\n 2 2\r\n{INPUT}{RELU}" == mended(tmp_path, "layer-count-mismatch", param)


def test_blobs_are_counted_as_the_engine_makes_them(tmp_path: Path) -> None:
    """A blob that two layers produce is two, one that is read before it is produced another."""
    param = f"7767517\n4 5\n{INPUT}{RELU}ReLU more 1 1 relu relu\nReLU late 1 1 later later\n"
    assert [] == names(tmp_path, param)
    assert ["blob-count-mismatch"] == names(tmp_path, param.replace("4 5", "4 3"))
    assert ["surplus-blob-count"] == names(tmp_path, param.replace("4 5", "4 6"))


@pytest.mark.parametrize(
    ("rule", "bad", "good"),
    [
        ("magic-number", f"\ufeff{SOUND}", SOUND),
        ("comment-in-file", f"7767517\n2 2\n{INPUT}{RELU.strip()} 0=0.5 # leaky\r\n", f"{SOUND.strip()} 0=0.5\r\n"),
        ("comment-in-file", f"7767517\n// counts\n2 2\n{INPUT}{RELU}", SOUND),
        ("trailing-content", f"{SOUND}\nby hand\n# end", f"{SOUND}\n"),
        ("mixed-line-endings", SOUND.replace("2\n", "2\r\n", 1), SOUND),
        ("lone-carriage-return", SOUND.replace("\n", "\r"), f"{SOUND[:-1]}\r"),
        ("lone-carriage-return", SOUND.replace(" 1=3", "\r 1=3"), SOUND.replace(" 1=3", "  1=3")),
    ],
)
def test_texts_are_mended(rule: str, bad: str, good: str, tmp_path: Path) -> None:
    """A fix takes out or rewrites what is at fault and nothing else."""
    assert good == mended(tmp_path, rule, bad)


def test_a_line_that_begins_as_a_layer_is_not_taken_out_unasked(tmp_path: Path) -> None:
    """Text behind the layers is dropped safely, but for what may be a layer that was cut short."""
    told = [
        *found(tmp_path, "trailing-content", f"{SOUND}end\n"),
        *found(tmp_path, "trailing-content", f"{SOUND}ReLU r\n"),
    ]
    assert [True, False] == [finding.problem.fix.is_safe for finding in told if finding.problem.fix]


def test_a_carriage_return_at_the_end_is_none_in_the_line(tmp_path: Path) -> None:
    """CR CR LF ends a line in every engine, and is not told."""
    assert () == found(tmp_path, "lone-carriage-return", SOUND.replace("\n", "\r\r\n"))


def test_names_that_are_no_ascii_are_told_where_they_stand_first(tmp_path: Path) -> None:
    """A blob's name is told once, a byte that is no UTF-8 and a no-break space are named."""
    param = f"7767517\n3 3\n{INPUT}ReLU a\u00a0b 1 1 data \udce9\nReLU c 1 1 \udce9 out\n"
    told = found(tmp_path, "non-ascii-name", param)
    assert [(4, 6, 3), (4, 19, 1)] == [
        (span.line, span.column, span.length) for span in (finding.problem.span for finding in told)
    ]
    assert [True, True] == [
        text in finding.problem.message for text, finding in zip(("U+00A0", "byte 0xe9"), told, strict=True)
    ]


def test_the_span_of_an_error_is_its_word(tmp_path: Path) -> None:
    """A line that cannot be read is told at the word where reading ended."""
    (told,) = found(tmp_path, "syntax-error", f"7767517\n2 2\n{INPUT}ReLU relu one 1 data relu\n")
    assert (4, 11, 3) == (told.problem.span.line, told.problem.span.column, told.problem.span.length)
