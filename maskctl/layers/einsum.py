"""Einsum: products of the elements of all inputs, summed over the letters that the result has not.

The equation is an array of character codes. Letters are i to x, at most four for an input; the result is i, ij, ijk or
ijkl, nothing else. Where a letter has several extents, the last one is its own, and of larger ones the first elements
are taken. "ii" alone is the trace of a matrix. Source: ncnn `src/layer/einsum.cpp`; versions up to July 2026 took
results like "il" or "ji", and computed "ij".
"""

from __future__ import annotations

import math

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import ONE_OR_MORE, Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

TRACE = "ii"
FIRST, LAST = "i", "x"
RESULTS = ("i", "ij", "ijk", "ijkl")
SAMPLES = "n"
"""Letters of the equation are moved to capitals before numpy sees them, so that this one is free."""

PARAMS = (Param(0, "equation", (), 'character codes, e.g. of "ijk,ikl->ijl"'),)


def equation(params: Params) -> tuple[tuple[str, ...], str]:
    """The letters of each input and of the result; none at all for the trace.

    Raises `GraphError` for what the engine refuses.
    """
    codes = params.array("equation")
    text = "".join(chr(code) if isinstance(code, int) and 0 < code < 128 else "?" for code in codes)
    if text == TRACE:
        return (), ""
    left, _, result = text.partition("->")
    tokens = tuple(left.split(","))
    wrong = [letter for letter in left if letter != "," and not FIRST <= letter <= LAST]
    if wrong or result not in RESULTS or not all(0 < len(token) <= len(RESULTS) for token in tokens):
        raise GraphError(
            f"the equation is '{text}'. Expected one to four of the letters i to x for each input, '->', and i, ij, ijk or ijkl."
        )
    if not set(result) <= set(left):
        raise GraphError(f"the equation is '{text}'. Expected every letter of the result in an input.")
    return tokens, result


def weights(params: Params) -> tuple[Weight, ...]:
    """None; the engine refuses a wrong equation when it loads the model."""
    equation(params)
    return ()


def _extents(params: Params, inputs: tuple[Shape, ...]) -> dict[str, int]:
    """The extent of each letter; raises `ExecutionError` where the engine would read past the end of an input."""
    tokens, _ = equation(params)
    if not tokens:
        if len(inputs) != 1 or len(inputs[0]) != 2 or inputs[0][0] > inputs[0][1]:
            raise ExecutionError(
                f"the inputs have shapes {inputs}. Expected one matrix, not higher than wide, for a trace."
            )
        return {}
    if [len(token) for token in tokens] != [len(shape) for shape in inputs]:
        raise ExecutionError(f"the inputs have shapes {inputs}. Expected axes for the letters {', '.join(tokens)}.")
    pairs = [pair for token, shape in zip(tokens, inputs, strict=True) for pair in zip(token, shape, strict=True)]
    extents = dict(pairs)
    short = next((letter for letter, extent in pairs if extent < extents[letter]), "")
    if short:
        raise ExecutionError(f"the inputs have shapes {inputs}, with different extents for '{short}'.")
    return extents


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The extents of i, j, k and l as far as the result goes; (1,) for a trace."""
    extents = _extents(params, inputs)
    return (tuple(extents[letter] for letter in equation(params)[1]) or (1,),)


def macs(params: Params, inputs: tuple[Shape, ...], _: tuple[Shape, ...]) -> int:
    """Multiply-adds: one per combination of the letters and input but the first."""
    return math.prod(_extents(params, inputs).values()) * (len(inputs) - 1)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """Sums of products in fp32."""
    given = tuple(values.shape[1:] for values in inputs)
    extents, (tokens, result) = _extents(params, given), equation(params)
    with np.errstate(all="ignore"):
        if not tokens:
            trace: FloatArray = np.trace(inputs[0], axis1=1, axis2=2, dtype=np.float32)
            return (trace[:, None],)
        cut = [
            values[(slice(None), *(slice(extents[letter]) for letter in token))]
            for token, values in zip(tokens, inputs, strict=True)
        ]
        text = ",".join(SAMPLES + token.upper() for token in tokens) + "->" + SAMPLES + result.upper()
        found: FloatArray = np.einsum(text, *cut, optimize=True)
    return (found,)


LAYER = LayerType("Einsum", ONE_OR_MORE, forward, PARAMS, weights, shapes, macs)
