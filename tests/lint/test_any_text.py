"""What holds for any text: every rule answers, findings have places in it, and repairs make nothing worse."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from maskctl.layers import known_types
from maskctl.lint.conditions import Conditions
from maskctl.lint.files import subject_from
from maskctl.lint.finding import Finding
from maskctl.lint.repair import repaired
from maskctl.lint.rule import rules
from maskctl.lint.run import lint
from maskctl.lint.subject import Subject

RULES = tuple(rules().values())
NAMES = st.sampled_from(["data", "a", "b", "c", "daat", "é", "\udcff", "n" * 300])
NUMBERS = st.sampled_from(["0", "1", "2", "-1", "3", "257", "-233", "65536", "1.5", "1e9", "0.1"])
VALUES = NUMBERS | st.sampled_from(["1,2", "1,2,3,", '"0w,0h"', "2,1,2", "1,", "-", "nan", '"x', "x\r"])
IDS = st.integers(0, 32).map(str) | st.sampled_from(
    ["31", "30", "-23300", "-23303", "-23310", "-23330", "-23331", "-1"]
)
TOKENS = st.tuples(IDS, VALUES).map("=".join)
WELL_KNOWN = [
    "Convolution",
    "InnerProduct",
    "BatchNorm",
    "ReLU",
    "Split",
    "Concat",
    "Pooling",
    "BinaryOp",
    "Reshape",
    "Crop",
]


@st.composite
def layer_lines(draw: st.DrawFn) -> str:
    """A line that may be that of a layer, with counts that are mostly right."""
    bottoms, tops = draw(st.lists(NAMES, max_size=2)), draw(st.lists(NAMES, max_size=2))
    counts = draw(st.sampled_from([0, 0, 0, 0, 1, -1]))
    kind = draw(st.sampled_from(WELL_KNOWN) | st.sampled_from([*known_types(), "Nothing", "7", "#", "ArgMax"]))
    words = [kind, draw(NAMES), str(len(bottoms) + counts), str(len(tops)), *bottoms, *tops]
    return draw(st.sampled_from([" ", "  ", "\t"])).join([*words, *draw(st.lists(TOKENS, max_size=4))])


LINES = (
    layer_lines() | layer_lines() | st.sampled_from(["", "# comment", "Input data 0 1 data 0=4 1=4 2=3", "more", "\r"])
)


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """The bytes of a file that may nearly be a `.param`."""
    head = draw(st.sampled_from(["7767517", "7767517 ", "\ufeff7767517", "7767518", "3 3"]))
    counts = f"{draw(st.integers(0, 6))} {draw(st.integers(0, 6))}"
    lines = [head, counts, "Input data 0 1 data 0=4 1=4 2=3", *draw(st.lists(LINES, max_size=5))]
    ends = draw(st.sampled_from([["\n"], ["\r\n"], ["\n", "\r\n"], ["\n", "\n\n"]]))
    text = "".join(line + draw(st.sampled_from(ends)) for line in lines)
    return text[: draw(st.integers(0, len(text)) | st.just(len(text)))].encode("utf-8", "surrogateescape")


def found(subject: Subject) -> tuple[Finding, ...]:
    """What all rules find."""
    return lint(subject, RULES)


@given(texts())
@settings(deadline=None, max_examples=120)
def test_every_rule_answers(data: bytes) -> None:
    """No rule fails on any text, and each finding has a place in the file and edits that are in their lines."""
    subject = subject_from(data, "net.param", Conditions())
    lines = subject.scan.lines
    for finding in found(subject):
        span, fix = finding.problem.span, finding.problem.fix
        assert 0 <= span.line <= max(len(lines), 2), finding
        assert not span.length or span.column + span.length - 1 <= len(lines[span.line - 1]), finding
        for edit in fix.edits if fix else ():
            assert 0 <= edit.start <= edit.end <= len((*lines, "")[edit.line - 1]), finding


@given(data=texts(), unsafe=st.booleans())
@settings(deadline=None, max_examples=120)
def test_repairs_make_nothing_worse(data: bytes, *, unsafe: bool) -> None:
    """No repair is refused as a bug of ours, and a second run finds nothing more to repair."""
    subject, left, _ = repaired(subject_from(data, "net.param", Conditions()), found, unsafe=unsafe)
    again, _, mended = repaired(subject_from(subject.source, "net.param", Conditions()), found, unsafe=unsafe)
    assert (subject.source, ()) == (again.source, mended), left
