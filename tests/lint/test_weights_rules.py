"""Rules about weights, where the pages' examples do not reach."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from maskctl.lint.conditions import Conditions
from maskctl.lint.files import subject_of
from maskctl.lint.rule import rules
from maskctl.lint.run import lint
from maskctl.targets import TARGETS
from tests.lint.linting import found

PRODUCT = "7767517\n2 2\nInput data 0 1 data 0=2\nInnerProduct fc 1 1 data fc 0=2 2=4{}\n"


@pytest.mark.parametrize(("words", "told"), [("0 1 2 3", 1), ("0 1 2 3 4", 0), ("0 1 2 3 4 5", 1), ("", 1)])
def test_a_bin_fits_to_the_byte(words: str, told: int, tmp_path: Path) -> None:
    """A `.bin` with a word too few or too many, or empty, is told."""
    assert told == len(found(tmp_path, "bin-size-mismatch", PRODUCT.format(""), bin=words))


@pytest.mark.parametrize(
    "param",
    [PRODUCT.format("").replace("InnerProduct", "Mystery"), PRODUCT.format(" 0=x=y"), "7767517\n1 1\n"],
)
def test_a_bin_is_left_alone_where_it_is_not_known_what_belongs_there(param: str, tmp_path: Path) -> None:
    """With a layer of an unknown type, a line that cannot be read or no layers nothing is said about sizes."""
    assert () == found(tmp_path, "bin-size-mismatch", param, bin="0 1 2 3 4 5")


def test_a_file_whose_count_leaves_layers_out_is_held_against_the_layers_that_are_loaded(tmp_path: Path) -> None:
    """The weights of layers behind the count are not expected: the engine does not load them."""
    param = PRODUCT.format("").replace("2 2\n", "2 3\n", 1) + "InnerProduct more 1 1 fc more 0=1 2=2\n"
    assert () == found(tmp_path, "bin-size-mismatch", param, bin="0 1 2 3 4")


def test_no_weights_means_no_weights(tmp_path: Path) -> None:
    """Where the `.bin` is to be left alone it may be anything."""
    path = tmp_path / "net.param"
    path.write_text(PRODUCT.format(""))
    path.with_suffix(".bin").write_bytes(b"x")
    subject = subject_of(path, Conditions(reads_weights=False))
    assert () == lint(subject, [rule for rule in rules().values() if rule.group == "weights"])


def test_weights_beyond_fp16_matter_where_they_are_kept_in_fp16(tmp_path: Path) -> None:
    """A layer with fp16 storage off is not told, nor one that is kept in fp32 anyway."""
    assert 1 == len(found(tmp_path, "weight-beyond-fp16", PRODUCT.format(""), bin="0 1 2 3 65505"))
    assert 0 == len(found(tmp_path, "weight-beyond-fp16", PRODUCT.format(" 31=3"), bin="0 1 2 3 65505"))
    scale = "7767517\n2 2\nInput data 0 1 data 0=2\nScale s 1 1 data s 0=2\n"
    assert 0 == len(found(tmp_path, "weight-beyond-fp16", scale, bin="1 65505"))


def test_half_precision_files_are_read_as_they_are_stored(tmp_path: Path) -> None:
    """An infinity that is stored as fp16 is found at its place."""
    path = tmp_path / "net.param"
    path.write_text(PRODUCT.format(""))
    path.with_suffix(".bin").write_bytes(struct.pack("<I4e", 0x01306B47, 1, 2, float("inf"), 4))
    (told,) = lint(subject_of(path, Conditions()), [rules()["weight-not-finite"]])
    assert "the first is inf at [1, 0]" in told.problem.message


@pytest.mark.parametrize(
    ("before", "low", "high", "told"),
    [
        ("Sigmoid before 1 1 data before", None, None, 0),
        ("Clip before 1 1 data before 0=0 1=6", None, None, 0),
        ("Clip before 1 1 data before 0=-400 1=6", None, None, 1),
        ("Clip before 1 1 data before 0=0", None, None, 0),
        ("Noop before 1 1 data before", None, None, 0),
        ("Noop before 1 1 data before", -300.0, 0.0, 1),
        ("ReLU before 1 1 data before", -300.0, 0.0, 0),
        ("ReLU before 1 1 data before 0=-1.0", -300.0, 0.0, 1),
        ("Dropout before 1 1 data before 0=0.5", -300.0, 0.0, 0),
        ("Exp before 1 1 data before", -300.0, 0.0, 0),
    ],
)
def test_ranges_reach_sums_through_layers_that_keep_them(
    before: str, low: float | None, high: float | None, told: int, tmp_path: Path
) -> None:
    """A sum over 120 and 120 is told from inputs of 274 on, whose range is given or follows from a layer before."""
    path = tmp_path / "net.param"
    path.write_text(f"7767517\n3 3\nInput data 0 1 data 0=2\n{before}\nInnerProduct fc 1 1 before fc 0=1 2=2\n")
    path.with_suffix(".bin").write_bytes(struct.pack("<3f", 0, 120, -120))
    ranges = {} if low is None or high is None else {"data": ((low, high),)}
    rule = [rules()["sum-may-overflow-fp16"]]
    assert told == len(lint(subject_of(path, Conditions(ranges=ranges)), rule))
    assert () == lint(subject_of(path, Conditions(TARGETS["x86"], ranges=ranges)), rule)
