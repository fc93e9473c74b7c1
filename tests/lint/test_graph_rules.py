"""Rules about layers and blobs, where the pages' examples do not reach."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from maskctl.layers import known_types
from maskctl.lint.conditions import Conditions
from maskctl.lint.editing import edited
from maskctl.lint.files import subject_from
from maskctl.lint.rule import rules
from maskctl.lint.run import lint
from maskctl.param import parse
from maskctl.param.text import Lines
from tests.lint.linting import found

HEAD = "7767517\n{} {}\nInput data 0 1 data 0=4 1=3 2=2\n"


def net(layers: int, blobs: int, *lines: str) -> str:
    """A file with these counts, an input `data`, and these layers."""
    return HEAD.format(layers, blobs) + "".join(f"{line}\n" for line in lines)


def mended(folder: Path, rule: str, param: str, number: int = 0) -> list[str]:
    """The lines behind the input after one fix of a rule, with the counts before them."""
    fix = found(folder, rule, param)[number].problem.fix
    assert fix
    lines = edited(Lines(param.encode()), fix.edits).splitlines()
    return [lines[1], *(" ".join(line.split()) for line in lines[3:])]


def test_a_split_takes_every_reader_and_both_counts(tmp_path: Path) -> None:
    """Three places that read a blob get a top each; the line ends as those of the file do."""
    param = net(4, 4, "ReLU a 1 1 data x", "BinaryOp b 2 1 x x y 0=2", "Eltwise c 2 1 x y z 0=1")
    assert [
        "5 7",
        "ReLU a 1 1 data x",
        "Split split_x_0 1 3 x x_split_0 x_split_1 x_split_2",
        "BinaryOp b 2 1 x_split_0 x_split_1 y 0=2",
        "Eltwise c 2 1 x_split_2 y z 0=1",
    ] == mended(tmp_path, "blob-read-twice-without-split", param)
    (told,) = found(tmp_path, "blob-read-twice-without-split", param.replace("\n", "\r\n"))
    assert told.problem.fix
    assert told.problem.fix.edits[0].text.endswith("\r\n")
    assert parse(edited(Lines(param.encode()), told.problem.fix.edits).encode()).layer_count == 5


def test_a_split_near_masks_is_not_safe(tmp_path: Path) -> None:
    """A layer put between masked ones has no mask, so that fix has to be asked for."""
    param = net(4, 4, "ReLU a 1 1 data x", "ReLU b 1 1 x y{}", "Eltwise c 2 1 x y z 0=1")
    safe = [
        finding.problem.fix.is_safe
        for mask in ("", " 31=2")
        for finding in found(tmp_path, "blob-read-twice-without-split", param.format(mask))
        if finding.problem.fix
    ]
    assert [True, False] == safe


def test_one_layer_may_read_a_blob_twice(tmp_path: Path) -> None:
    """The engine frees a blob only when a layer has taken all its bottoms."""
    assert () == found(tmp_path, "blob-read-twice-without-split", net(2, 2, "BinaryOp b 2 1 data data y 0=2"))


def test_the_second_of_two_blobs_goes_to_the_readers_behind_it(tmp_path: Path) -> None:
    """Each later blob of the name gets its own, for the readers up to and with the next layer that produces it."""
    param = net(4, 4, "ReLU a 1 1 data x", "ReLU b 1 1 x x", "ReLU c 1 1 x x")
    assert ["4 4", "ReLU a 1 1 data x", "ReLU b 1 1 x x_2", "ReLU c 1 1 x_2 x"] == mended(
        tmp_path, "duplicate-blob", param
    )
    assert ["4 4", "ReLU a 1 1 data x", "ReLU b 1 1 x x", "ReLU c 1 1 x x_3"] == mended(
        tmp_path, "duplicate-blob", param, 1
    )


def test_names_are_numbered_past_those_that_are_taken(tmp_path: Path) -> None:
    """The fix of a name that several layers have makes no new twins."""
    param = net(4, 4, "ReLU a 1 1 data x", "ReLU a_2 1 1 x y", "ReLU a 1 1 y z")
    assert ["4 4", "ReLU a 1 1 data x", "ReLU a_2 1 1 x y", "ReLU a_3 1 1 y z"] == mended(
        tmp_path, "duplicate-layer-name", param
    )


def test_blobs_of_a_line_that_cannot_be_read_are_not_missed(tmp_path: Path) -> None:
    """What a broken line may produce is not undefined, what it may read is not unused."""
    param = net(4, 5, "Split s 1 2 data a b", "ReLU r one 1 a x", "ReLU q 1 1 x y", "ReLU t 1 1 b z")
    assert () == found(tmp_path, "undefined-blob", param)
    assert () == found(tmp_path, "unused-blob", param)
    assert 1 == len(found(tmp_path, "undefined-blob", param.replace("ReLU r one 1 a x", "ReLU r 1 1 a w")))
    assert 1 == len(found(tmp_path, "unused-blob", param.replace("ReLU r one 1 a x", "ReLU r one 1 w x")))


def test_a_blob_that_comes_later_is_not_taken_for_misspelled(tmp_path: Path) -> None:
    """Where a later layer produces the blob, the line is to move and no name to change."""
    (told,) = found(tmp_path, "undefined-blob", net(3, 4, "ReLU a 1 1 datb x", "ReLU b 1 1 data datb"))
    assert told.problem.fix is None
    assert "#2 'b' (ReLU) produces it later: move that line up." in told.problem.message


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("LSTM l 1 3 data y h c 0=4 1=64 2=0", []),
        ("Slice s 1 2 data a b -23300=2,1,-233", []),
        ("Split s 1 1 data a", []),
        ("MemoryData m 0 1 m 0=4", ["'data'", "'m'"]),
    ],
)
def test_outputs_are_not_called_unused(line: str, told: list[str], tmp_path: Path) -> None:
    """States of recurrent layers and tops of which none is read are outputs; constants and inputs are not."""
    findings = found(tmp_path, "unused-blob", net(2, 4, line))
    assert told == [finding.problem.message.split()[3] for finding in findings]


def test_what_only_an_end_needs_is_told_with_it(tmp_path: Path) -> None:
    """A layer without tops takes along those that nothing else needs."""
    param = net(5, 5, "Split s 1 2 data a b", "ReLU r 1 1 a x", "ReLU q 1 1 x y", "Noop n 1 0 y")
    (told,) = found(tmp_path, "unreachable-layer", param)
    assert "Nor does it get to the 2 layers that nothing else needs." in told.problem.message


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("Relu r 1 1 data x", "write ReLU"),
        ("convolution r 1 1 data x", "write Convolution"),
        ("Shape r 1 1 data x", None),
    ],
)
def test_a_type_is_looked_for_whatever_its_capitals(line: str, fix: str | None, tmp_path: Path) -> None:
    """A near name is offered, one that is not near is not."""
    (told,) = found(tmp_path, "unknown-layer-type", net(2, 2, line))
    assert fix == (told.problem.fix and told.problem.fix.what)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("BinaryOp b 2 1 data x y 0=0 1=1 2=3.0", "Expected 1,"),
        ("Scale b 1 1 data y 0=-233", "Expected 2,"),
        ("Convolution b 2 1 data x y 0=2 1=1 6=4", "Expected 1,"),
        ("Convolution b 1 1 data y 0=2 1=1 19=1", "Expected 2 to 3,"),
        ("Interp b 1 1 data y 0=1 5=1", "Expected 2,"),
        ("Crop b 2 1 data x y 3=1 4=1 5=1", "Expected 1,"),
    ],
)
def test_bottoms_follow_from_parameters(line: str, expected: str, tmp_path: Path) -> None:
    """How many blobs a layer reads depends on what its parameters say."""
    (told,) = found(tmp_path, "wrong-input-count", net(3, 3, "MemoryData m 0 1 x 0=4", line))
    assert expected in told.problem.message


@pytest.mark.parametrize(
    ("line", "rule", "after"),
    [
        ("UnaryOp u 1 2 data y 0=1", "wrong-output-count", "UnaryOp u 1 1 data y 0=1"),
        ("UnaryOp u 1 3 data y 0=1 -23301=1,2", "wrong-output-count", "UnaryOp u 1 1 data y 0=1 -23301=1,2"),
        ("UnaryOp u 2 1 data y 0=1", "wrong-input-count", "UnaryOp u 1 1 data y 0=1"),
        ("BinaryOp b 1 2 data y 1=1 2=3.0", "wrong-output-count", "BinaryOp b 1 1 data y 1=1 2=3.0"),
        ("Split s 1 3 data y z 31=1", "wrong-output-count", "Split s 1 2 data y z 31=1"),
        ("YoloV5Focus f 1 2 data y 31=1", "wrong-output-count", "YoloV5Focus f 1 1 data y 31=1"),
        ("UnaryOp u 2 2 data 0=1 1=2 2=3", "wrong-input-count", ""),
    ],
)
def test_parameters_that_counts_take_for_blobs(line: str, rule: str, after: str, tmp_path: Path) -> None:
    """A parameter among the names of blobs is told by one rule, which writes the count that was meant where it is certain."""
    text, told = net(2, 4, line), {}
    for name in ("wrong-input-count", "wrong-output-count", "unused-blob"):
        told[name] = found(tmp_path, name, text)
    (only,) = told.pop(rule)
    assert "takes the parameter for the name" in only.problem.message
    assert not any(told.values())
    fix = only.problem.fix
    mended = edited(Lines(text.encode()), fix.edits) if fix else ""
    assert (net(2, 4, after) if after else "") == mended


def test_the_engine_takes_parameters_for_blobs_too() -> None:
    """The real engine loads a Split whose count takes its mask for a blob, and has a blob of that name."""
    ncnn = pytest.importorskip("ncnn", reason="the ncnn wheel is not installed")
    loaded = ncnn.Net()
    assert 0 == loaded.load_param_mem(net(2, 4, "Split s 1 3 data y z 31=1"))
    assert ["y", "z", "31=1"] == list(loaded.output_names())


_LOADED = """
import json, sys, ncnn
for text in json.load(sys.stdin):
    print("case", file=sys.stderr, flush=True)
    ncnn.Net().load_param_mem(text)
"""


@pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed")
def test_the_engine_refuses_no_count_that_the_rules_let_pass() -> None:
    """For every type with up to 3 bottoms and 2 tops, rules tell each count that the engine calls wrong."""
    cases = [
        _counts(f"{name} x {read} {made}", read, made)
        for name in known_types()
        for read, made in ((0, 1), (1, 1), (2, 1), (3, 1), (1, 2), (2, 2), (1, 0))
    ]
    run = subprocess.run(
        [sys.executable, "-c", _LOADED],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    answers = run.stderr.split("case\n")[1:]
    chosen = [rules()["wrong-input-count"], rules()["wrong-output-count"]]
    refused = [case for case, answer in zip(cases, answers, strict=True) if "for one_blob_only layer" in answer]
    assert len(refused) > 100
    assert [] == [case for case in refused if not lint(subject_from(case.encode(), "net.param", Conditions()), chosen)]


def _counts(head: str, read: int, made: int) -> str:
    """A file in which a layer reads and produces so many blobs."""
    inputs = [f"Input i{number} 0 1 i{number} 0=4 1=4 2=4" for number in range(read)]
    words = [head, *(f"i{number}" for number in range(read)), *(f"o{number}" for number in range(made))]
    return "\n".join(["7767517", f"{read + 1} {read + made}", *inputs, " ".join(words), ""])
