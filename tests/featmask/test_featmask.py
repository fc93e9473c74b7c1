"""Masks as numbers and words, and changes to them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskctl import featmask
from maskctl.errors import InputError
from maskctl.featmask import MaskChange, parse_change

WORDS = "no-fp16-arithmetic, no-fp16-storage, no-bf16-storage, no-int8, no-vulkan, no-sgemm, no-winograd, single-thread"


@pytest.mark.parametrize(
    ("value", "cleared"),
    [
        (1, {"use_fp16_arithmetic"}),
        (2, {"use_fp16_packed", "use_fp16_storage"}),
        (4, {"use_bf16_packed", "use_bf16_storage"}),
        (8, {"use_int8_packed", "use_int8_storage", "use_int8_arithmetic"}),
        (16, {"use_vulkan_compute", "use_tensor_storage"}),
        (32, {"use_sgemm_convolution"}),
        (64, {"use_winograd_convolution"}),
        (128, {"num_threads"}),
        (0, set()),
        (256, set()),
        (3, {"use_fp16_arithmetic", "use_fp16_packed", "use_fp16_storage"}),
        (256 | 64, {"use_winograd_convolution"}),
    ],
)
def test_cleared_options(value: int, cleared: set[str]) -> None:
    """A mask clears the options that ncnn's get_masked_option clears, and unknown bits clear none."""
    assert frozenset(cleared) == featmask.cleared_options(value)


def test_bits_are_the_eight_of_the_engine() -> None:
    """The rows are the powers of two from 1 to 128, each with a word of its own."""
    assert [1, 2, 4, 8, 16, 32, 64, 128] == [bit.value for bit in featmask.BITS]
    assert WORDS.split(", ") == [bit.word for bit in featmask.BITS]
    assert 255 == featmask.KNOWN


@pytest.mark.parametrize(
    ("mask", "text"),
    [
        (0, "none"),
        (1, "no-fp16-arithmetic"),
        (3, "no-fp16-arithmetic,no-fp16-storage"),
        (97, "no-fp16-arithmetic,no-sgemm,no-winograd"),
        (255, WORDS.replace(" ", "")),
        (256, "256"),
        (0x300 | 128, "single-thread,768"),
    ],
)
def test_words(mask: int, text: str) -> None:
    """A mask is named bit by bit from the lowest, unknown bits as one number at the end."""
    assert text == featmask.words(mask)


@given(st.integers(0, 2**31 - 1))
@settings(deadline=None)
def test_words_read_back(mask: int) -> None:
    """Every mask the engine can hold is read back from its words."""
    assert mask == parse_change(featmask.words(mask)).apply(12345)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("0", MaskChange(0)),
        ("none", MaskChange(0)),
        ("3", MaskChange(3)),
        ("007", MaskChange(7)),
        ("0x43", MaskChange(0x43)),
        ("0XfF", MaskChange(255)),
        ("0b11", MaskChange(3)),
        ("2147483647", MaskChange(0x7FFFFFFF)),
        ("no-winograd", MaskChange(64)),
        (" no-winograd , 1 ", MaskChange(65)),
        ("no-winograd,no-winograd", MaskChange(64)),
        ("none,3", MaskChange(3)),
        ("+no-winograd", MaskChange(None, 64, 0)),
        ("-16", MaskChange(None, 0, 16)),
        ("+0x1,-no-vulkan,+2", MaskChange(None, 3, 16)),
        ("+none", MaskChange(None, 0, 0)),
        ("0" * 6000 + "3", MaskChange(3)),
    ],
)
def test_parse_change(text: str, change: MaskChange) -> None:
    """Numbers in three bases, words and relative terms give the change they spell."""
    assert change == parse_change(text)


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        ("3", 64, 3),
        ("none", 64, 0),
        ("+1", 64, 65),
        ("+1", 65, 65),
        ("-64", 65, 1),
        ("-2", 65, 65),
        ("+2,-1", 257, 258),
    ],
)
def test_apply(change: str, before: int, after: int) -> None:
    """An absolute change forgets the mask before, a relative one touches only its own bits."""
    assert after == parse_change(change).apply(before)


@pytest.mark.parametrize(
    ("text", "unknown"),
    [("3", 0), ("255", 0), ("256", 256), ("+512,-1024", 512), ("-1024", 0), ("0x7fffffff", 0x7FFFFF00)],
)
def test_unknown_bits(text: str, unknown: int) -> None:
    """Bits beyond 128 are reported where they would be set, not where they are dropped."""
    assert unknown == parse_change(text).unknown_bits


def _unknown(text: str, term: str, hint: str) -> str:
    return f"mask '{text}': unknown term '{term}'. Expected a number, 0x.., 0b.. or words. {hint}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no-winogard", _unknown("no-winogard", "no-winogard", "Did you mean 'no-winograd'?")),
        ("nofp16storage", _unknown("nofp16storage", "nofp16storage", "Did you mean 'no-fp16-storage'?")),
        ("", _unknown("", "", f"Words are: {WORDS}, none.")),
        ("3,", _unknown("3,", "", f"Words are: {WORDS}, none.")),
        ("+", _unknown("+", "", f"Words are: {WORDS}, none.")),
        ("0x", _unknown("0x", "0x", f"Words are: {WORDS}, none.")),
        ("0b2", _unknown("0b2", "0b2", f"Words are: {WORDS}, none.")),
        ("1.0", _unknown("1.0", "1.0", f"Words are: {WORDS}, none.")),
        ("٣", _unknown("٣", "٣", f"Words are: {WORDS}, none.")),
        ("--1", _unknown("--1", "-1", f"Words are: {WORDS}, none.")),
        (
            "3,+1",
            (
                "mask '3,+1' mixes absolute and relative terms. "
                "Give either '3' or 'word,word', or only terms that begin with + or -."
            ),
        ),
        ("+3,-1", "mask '+3,-1' both adds and drops no-fp16-arithmetic. Keep one of the two."),
        ("2147483648", "mask '2147483648' does not fit the engine's 32-bit integer. Known bits are 1 to 128."),
        ("+0x100000000", "mask '+0x100000000' does not fit the engine's 32-bit integer. Known bits are 1 to 128."),
        ("9" * 3500, f"mask '{'9' * 3500}' does not fit the engine's 32-bit integer. Known bits are 1 to 128."),
    ],
)
def test_refused(text: str, message: str) -> None:
    """What is no mask is refused with the text, what was expected, and the nearest word."""
    with pytest.raises(InputError) as caught:
        parse_change(text)
    assert message == str(caught.value)


@given(st.text(max_size=30) | st.text("+-,0123456789xbnoewigrad ", max_size=30))
@settings(deadline=None)
def test_any_text(text: str) -> None:
    """Any text gives a change that fits the engine's integer, or an InputError."""
    try:
        change = parse_change(text)
    except InputError:
        return
    assert 0 <= change.apply(0) <= 0x7FFFFFFF
