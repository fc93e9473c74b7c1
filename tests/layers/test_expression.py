"""Shape expressions: what they come to here and in the real engine, and what is said of broken ones."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskctl.errors import ExecutionError, GraphError, MaskctlError
from maskctl.layers.families.expression import evaluate, references
from maskctl.peers.ncnn_engine import Job, NcnnEngine
from maskctl.targets import PRECISIONS

SHAPES = ((4, 6, 10), (3, 5), (7,), (2, 3, 4, 5))
"""Of the inputs the engine is fed."""

EXPRESSIONS = (
    *("0w", "0h", "0d", "0c", "0n", "1w", "1h", "1c", "1d", "2w", "2h", "3w", "3h", "3d", "3c"),
    *("+(0w,1)", "-(0w,1)", "*(0w,2)", "//(0w,3)", "max(0w,0h)", "min(0w,0h)", "/(0w,3)"),
    *("neg(-(0h,0w))", "abs(-(0h,0w))", "+(sign(-(0h,0w)),3)", "square(0h)", "neg(//(-7,2))"),
    *("+(//(-7.5,2),10)", "*(/(0w,4),2)", "+(0w,2.75)", "-(0w,2.75)", "*(0w,1.25)", "max(0h,6.5)", "min(0w,6.5)"),
    *("trunc(/(0w,4))", "ceil(/(0w,4))", "floor(/(0w,4))", "round(/(0w,4))", "round(3.5)", "+(round(-2.5),9)"),
    *("+(ceil(-2.5),9)", "+(floor(-2.5),9)", "+(trunc(-2.5),9)", "round(5)", "abs(-3.5)", "neg(-3.5)", "square(2.5)"),
    *("+(sign(-2.5),3)", "*(acos(0.5),10)", "*(acosh(3),10)", "*(asin(0.5),10)", "*(asinh(3),10)", "*(atan(3),10)"),
    *("*(atanh(0.5),10)", "*(cos(1),10)", "cosh(3)", "*(erf(0.5),20)", "exp(2)", "*(log(9),10)", "*(log10(150),10)"),
    *("*(reciprocal(3),10)", "*(rsqrt(3),10)", "*(sin(1),10)", "sinh(3)", "*(sqrt(3),10)", "*(tan(1),10)"),
    *("*(tanh(1),10)", "*(atan2(3,2),10)", "fmod(17,6.5)", "pow(2,5)", "pow(2.5,3)", "remainder(7,4)"),
    *("+(remainder(-7,4),2)", "+(remainder(7,-4),5)", "*(logaddexp(1,2),10)", "and(12,10)", "or(12,10)", "xor(12,10)"),
    *("lshift(3,4)", "rshift(300,3)", "+(rshift(-9,1),9)", "1e1", "2.0", "2.9", "10w", "3abc", "+3", ".5e1", " 7"),
    *("((5))", "+((1),(2))", "*(+(0w,1),//(*(0h,3),2))", "//(*(0w,0h),+(1h,1))", " 3w", "*(2.0,3)", "/(7,2)"),
)


def engine_values(expressions: tuple[str, ...], folder: Path) -> list[int]:
    """What the real engine makes of each: the width of an image resized to it (Interp; Reshape refuses what does not divide)."""
    jobs = []
    for number, text in enumerate(expressions):
        names = [f"i{i}" for i in range(max(1, references(text)))]
        lines = [f"Input {name} 0 1 {name}" for name in names]
        lines.append(f'Interp layer {len(names)} 1 {" ".join(names)} out 0=1 9="{text},1"')
        path = folder / f"{number}.param"
        path.write_text("\n".join(["7767517", f"{len(lines)} {len(lines)}", *lines, ""]), encoding="utf-8")
        path.with_suffix(".bin").touch()
        inputs = {name: np.zeros((1, *shape), np.float32) for name, shape in zip(names, SHAPES, strict=False)}
        jobs.append(Job(path, path.with_suffix(".bin"), inputs, ("out",), PRECISIONS["fp32"]))
    return [run.rows["out"][0].shape[2] for run in NcnnEngine().run_all(jobs)]


@pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed")
def test_expressions_come_to_what_the_engine_finds(tmp_path: Path) -> None:
    """Every operator, on integers and floats, gives the engine's integer."""
    expected = dict(zip(EXPRESSIONS, engine_values(EXPRESSIONS, tmp_path), strict=True))
    assert expected == {text: evaluate(text, SHAPES)[0] for text in EXPRESSIONS}


def test_lists_keep_their_order() -> None:
    """Items come in reading order, truncated towards zero."""
    assert (10, 12, -2, 24, 2) == evaluate("0w,*(0h,2),-2.9,*(0c,0h),(2)", SHAPES)


@pytest.mark.parametrize(
    ("text", "count"), [("0w,0h", 1), ("1w,1h,128", 2), ("*(2c,0w)", 3), ("10w,11w", 0), ("4", 0), ("a1w", 0)]
)
def test_references(text: str, count: int) -> None:
    """The highest input an extent names decides how many inputs an expression needs."""
    assert count == references(text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("nonsense", "'nonsense'"),
        ("0x,1", "'0x'"),
        ("+ (1,2)", "'+ '"),
        ("'0w'", "no extent"),
        ("", "gives 0 values"),
        ("2,,3", "gives 0 values"),
        ("2,3,", "gives 0 values"),
        ("+(1,2)(3)", "gives 2 values"),
        ("(0w,0h)", "gives 2 values"),
        ("*(0w)", "'*' has 1 operands"),
        ("sqrt", "'sqrt' has 0 operands"),
        ("(", "parentheses"),
        ("0w),(0h", "parentheses"),
        ("1w", "the layer has 1"),
        ("4294967296", "32-bit"),
    ],
)
def test_broken_expressions_are_named(text: str, part: str) -> None:
    """A text that is no expression is a GraphError that names the token."""
    with pytest.raises(GraphError) as caught:
        evaluate(text, SHAPES[:1])
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("//(0w,-(0h,6))", "//(10, 0): division by zero"),
        ("*(65536,65536)", "*(65536, 65536)"),
        ("lshift(1,32)", "shift"),
        ("rshift(1,-1)", "shift"),
        ("lshift(3,31)", "32-bit"),
        ("sqrt(-1)", "not a number"),
        ("/(0w,0)", "comes to inf"),
        ("floor(/(0w,0))", "32-bit"),
        ("1e10", "comes to 1"),
    ],
)
def test_what_cannot_be_computed_is_named(text: str, part: str) -> None:
    """Division by zero, overflow and what is not a number are ExecutionErrors; the engine defines none of them."""
    with pytest.raises(ExecutionError) as caught:
        evaluate(text, SHAPES[:1])
    assert part in str(caught.value)


TOKENS = st.sampled_from(
    [
        *"0123456789",
        "0w",
        "1h",
        "-1",
        "2.5",
        "1e9",
        ",",
        "(",
        ")",
        "+",
        "//",
        "/",
        "pow",
        "exp",
        "lshift",
        "round",
        "square",
    ]
)


@settings(max_examples=300)
@given(st.lists(TOKENS, max_size=12).map("".join))
def test_any_text_is_a_list_or_a_reason(text: str) -> None:
    """Whatever stands there, the answer is a list of 32-bit integers or a MaskctlError."""
    try:
        found = evaluate(text, SHAPES)
    except MaskctlError:
        return
    assert found
    assert all(isinstance(value, int) and -(2**31) <= value < 2**31 for value in found)
