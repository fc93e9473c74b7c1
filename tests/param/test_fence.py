"""Layers put into a `.param`: nothing else changes, and the writer proves it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskctl.errors import EditRefusedError
from maskctl.param import load, parse
from maskctl.param.fence import Fence, with_fences, without_fences
from maskctl.param.write import prove_edit, write
from maskctl.targets import TARGETS
from maskctl.targets.table import UNSUPPORTED
from tests.builders import graph_of

BEFORE = (
    b"7767517\r\n  5 6\r\nInput data 0 1 data\r\nSplit  s 1 2 data  a b\r\nReLU r1 1 1 a c\t0=0.1\r\n"
    b"\r\nEltwise e   2 1 c b  d 0=1 \r\nReLU r2 1 1 d f"
)
BOTH = [Fence(3, 0), Fence(3, 1)]
AFTER = (
    b"7767517\r\n  7 8\r\nInput data 0 1 data\r\nSplit  s 1 2 data  a b\r\nReLU r1 1 1 a c\t0=0.1\r\n\r\n"
    b"DeepCopy                 e_in0_fp32               1 1 c e_in0_fp32\r\n"
    b"DeepCopy                 e_in1_fp32               1 1 b e_in1_fp32\r\n"
    b"Eltwise e   2 1 e_in0_fp32 e_in1_fp32  d 0=1 \r\nReLU r2 1 1 d f"
)


def test_the_lines() -> None:
    """A fence is a line of its own in front of its reader, which reads its blob; the counts grow, all else is as it was."""
    assert AFTER == with_fences(parse(BEFORE), BOTH).to_bytes()
    assert BEFORE == without_fences(AFTER, BOTH)


FENCES = st.sets(st.sampled_from([Fence(1, 0), Fence(2, 0), Fence(3, 0), Fence(3, 1), Fence(4, 0)]))


@given(FENCES, st.dictionaries(st.sampled_from([1, 2, 3, 4]), st.integers(1, 255)))
def test_in_and_out_again(fences: set[Fence], masks: dict[int, int]) -> None:
    """Whatever fences go in, taking them out gives the file back, and masks on its own layers are proved."""
    placed = sorted(fences)
    document = with_fences(parse(BEFORE), placed)
    assert BEFORE == without_fences(document.to_bytes(), placed)
    moved = {index + sum(fence.reader <= index for fence in placed): mask for index, mask in masks.items()}
    prove_edit(BEFORE, document.with_masks(moved).to_bytes(), moved, placed)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"DeepCopy                 e_in1", b"Noop                 e_in1"),
        (b"1 1 b e_in1_fp32\r\n", b"1 1 b e_in1_fp32 31=1\r\n"),
        (b"2 1 e_in0_fp32 e_in1_fp32", b"2 1 e_in1_fp32 e_in0_fp32"),
        (b"1 1 d f", b"1 1 e_in1_fp32 f"),
        (b"7 8", b"7 9"),
        (b"0=1 ", b"0=2 "),
        (b"\t0=0.1", b" 0=0.1"),
        (b"1 1 c e_in0", b"1 1 a e_in0"),
    ],
)
def test_anything_else_is_refused(old: bytes, new: bytes) -> None:
    """A fence that is not a plain copy for its reader alone, and any other change beside it, is refused."""
    prove_edit(BEFORE, AFTER, {}, BOTH)
    assert 1 == AFTER.count(old)
    with pytest.raises(EditRefusedError):
        prove_edit(BEFORE, AFTER.replace(old, new), {}, BOTH)


def test_a_fence_carries_no_mask() -> None:
    """A mask asked for on a fence itself is refused."""
    with pytest.raises(EditRefusedError):
        prove_edit(BEFORE, AFTER, {3: 1}, BOTH)


def test_written(tmp_path: Path) -> None:
    """The file on disk gets fences and masks in one step."""
    path = tmp_path / "net.param"
    path.write_bytes(BEFORE)
    document = with_fences(load(path), BOTH).with_masks({5: 2})
    write(document, path, {5: 2}, fences=BOTH)
    assert AFTER.replace(b"0=1 ", b"0=1 31=2 ") == path.read_bytes()


def test_names_that_are_taken() -> None:
    """A fence gets a name that no layer and no blob has, and one that the engine does not cut."""
    long = b"x" * 250
    text = b"7767517\n3 3\nInput r1_in0_fp32 0 1 data\nReLU r1 1 1 data a\nReLU " + long + b" 1 1 a b\n"
    layers = with_fences(parse(text), [Fence(1, 0), Fence(2, 0)]).layers
    assert ["r1_in0_fp32_", "layer2_in0_fp32"] == [layer.name for layer in layers if layer.type == "DeepCopy"]


@pytest.mark.parametrize("target", TARGETS)
def test_no_target_keeps_it_in_16_bits(target: str) -> None:
    """On every target the type of a fence has no 16-bit storage."""
    support = TARGETS[target].supports(graph_of("Input data 0 1 data", "DeepCopy fence 1 1 data out").layers[1])
    assert (UNSUPPORTED.fp16, UNSUPPORTED.bf16) == (support.fp16, support.bf16)
