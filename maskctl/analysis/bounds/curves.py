"""Functions of single elements, or of several blobs element by element: the ends of the bounds and the turning points.

Between its turning points such a function rises or falls with each of its operands, so that its extremes lie where every
operand is at an end of its bounds or at a turning point. What the kernels of 16-bit blobs make of it is measured: a blob of
one of these formats has no more than 65,536 values, and the kernel is run on all that the bounds leave.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from maskctl.analysis.bounds import interval
from maskctl.analysis.bounds.activations import MISH_BOTTOM, hard_swish_points
from maskctl.analysis.bounds.case import Bounds, Case, Rule, nothing_known, rounded, spacing
from maskctl.analysis.bounds.interval import Interval, every_value, everywhere, hull
from maskctl.executor.layer import run_layer
from maskctl.layers import binaryop, eltwise, unaryop
from maskctl.layers.base import Params
from maskctl.numeric.formats import FORMATS, FloatArray

Points = Callable[[Params], tuple[float, ...]]

_OPERATIONS = 8
"""Roundings inside of one function."""

_MOST_OPERANDS = 6
_KEEPS_SIGN = {"add", "mul", "max", "min", "div"}
"""Operations of two numbers that give none below 0 where both are 0 or more."""

_REVERSED = {f"r{name}": name for name in binaryop.functions()}


def curve(points: Points) -> Rule:
    """The rule of a function of one blob with these turning points."""

    def rule(case: Case) -> Bounds:
        return _elementwise(case, [points(case.params)])

    return rule


def no_points(_: Params) -> tuple[float, ...]:
    """For functions that only rise or only fall."""
    return ()


def at(*places: float) -> Points:
    """For functions that turn at the same places whatever their parameters."""
    return lambda _: places


def hard_swish(params: Params) -> tuple[float, ...]:
    """The turning points of HardSwish."""
    return hard_swish_points(params.real("alpha"), params.real("beta"))


def shrink(params: Params) -> tuple[float, ...]:
    """Both sides of the two steps of Shrink."""
    ends = (-params.real("lambd"), params.real("lambd"))
    return tuple(
        float(np.nextafter(np.float32(end), np.float32(way))) for end in ends for way in (-np.inf, end, np.inf)
    )


def line_at_zero(params: Params) -> tuple[float, ...]:
    """Where the straight line of a Power is 0."""
    scale = params.real("scale")
    return (-params.real("shift") / scale,) if scale else ()


GELU_POINTS = at(-0.7517916, -0.7524614)
SWISH_POINTS = at(-1.2784645)
MISH_POINTS = at(MISH_BOTTOM)


def unary_op(case: Case) -> Bounds:
    """UnaryOp: sines lie within 1, a tangent is unbounded from pole to pole, the others turn at 0 or not at all."""
    name = unaryop.name_of(case.params)
    if name in {"sin", "cos"}:
        error, lost = _measured(case)  # far from 0 the engine's own sines leave +-1
        (known,) = rounded(case, [everywhere(case.samples, case.shapes[0], -1, 1)], _OPERATIONS)
        return Bounds((known.widened(np.float32(2 * error)),), _inside(case, lost=lost))
    if name == "tan" and case.inputs[0].peaks.max(initial=0) > np.pi / 2:
        return nothing_known(case, "tan has poles")
    return _elementwise(case, [(0.0,)])


def binary_op(case: Case) -> Bounds:
    """BinaryOp: at the ends of both operands, and at 0 where one divides or is raised to a power."""
    name = _REVERSED.get(binaryop.name_of(case.params), binaryop.name_of(case.params))
    if name == "atan2":
        return Bounds(rounded(case, [everywhere(case.samples, case.shapes[0], -np.pi, np.pi)], 64))
    if name in {"fmod", "remainder"} or (name == "pow" and len(case.inputs) > 1):
        return _remainder_or_power(case, name)
    found = _elementwise(case, [(0.0,)] * len(case.inputs))
    if name in _KEEPS_SIGN and all((blob.low >= 0).all() for blob in case.inputs):
        with_number = len(case.inputs) == 1
        positive = np.array(not with_number or case.params.real("b") >= 0)
        return replace(found, tops=tuple(top.never_negative(positive) for top in found.tops))
    # A quotient that is rounded up to a whole number is one more.
    return replace(found, tops=tuple(top.widened(np.float32(name == "floor_divide")) for top in found.tops))


def _remainder_or_power(case: Case, name: str) -> Bounds:
    """Remainders are no larger than what is divided; powers of two blobs are known where no base is negative."""
    reverse = name != binaryop.name_of(case.params)
    if name == "pow" and not any((blob.low <= 0).any() for blob in case.inputs):
        return _elementwise(case, [()] * 2)
    if name == "pow" or len(case.inputs) > 1 or reverse or not case.params.real("b"):
        return nothing_known(case, f"{name} may leave its domain")
    most = case.inputs[0].magnitude
    return Bounds(rounded(case, [everywhere(case.samples, case.shapes[0], -most, most)], _OPERATIONS))


def element_wise(case: Case) -> Bounds:
    """Eltwise: a sum of terms that each rise or fall, a maximum, or a product at all ends."""
    number = case.params.integer("op_type")
    if number == eltwise.PRODUCT and len(case.inputs) > _MOST_OPERANDS:
        return nothing_known(case, f"it multiplies more than {_MOST_OPERANDS} blobs")
    if number == eltwise.PRODUCT:
        return _elementwise(case, [()] * len(case.inputs))
    factors = (case.params.array("coeffs") if number == eltwise.SUM else ()) or (1,) * len(case.inputs)
    pairs = list(zip(case.inputs, factors, strict=False))
    low = case.run(*(blob.low if factor >= 0 else blob.high for blob, factor in pairs))[0]
    high = case.run(*(blob.high if factor >= 0 else blob.low for blob, factor in pairs))[0]
    with np.errstate(all="ignore"):
        magnitudes = sum(blob.magnitude * np.float32(abs(factor)) for blob, factor in pairs)
    room = np.float32(2 * len(pairs) * spacing(case.step.stored)) * np.asarray(magnitudes, np.float32)
    peaks = Interval(-np.asarray(magnitudes), np.asarray(magnitudes)).widened(room).peaks
    only_partial = number == eltwise.SUM and len(pairs) > 2
    positive = [blob.low >= 0 if factor >= 0 else blob.high <= 0 for blob, factor in pairs]
    top = hull([low, high]).widened(room).never_negative(np.logical_and.reduce(positive))
    return Bounds((top,), {"sum": peaks} if only_partial else {})


def affine(case: Case) -> Bounds:
    """A factor and an offset per channel, which may come as a blob (Scale)."""
    return _elementwise(case, [(0.0,)] + [()] * (len(case.inputs) - 1))


def _elementwise(case: Case, points: Sequence[tuple[float, ...]]) -> Bounds:
    """The hull of the function at all ends and turning points of its operands, with room for the kernel's rounding."""
    choices = [
        [blob.low, blob.high, *(blob.nearest_to(place) for place in places)]
        for blob, places in zip(case.inputs, points, strict=True)
    ]
    known = hull(case.run(*chosen)[0] for chosen in itertools.product(*choices))
    at_zero = case.run(*(np.zeros_like(blob.low) for blob in case.inputs))[0]
    error, lost = _measured(case)
    if _can_measure(case):
        room = error + 2 * spacing(case.step.stored)
        return Bounds((interval.rounded(known, room, 0).widened(np.float32(error)),), _inside(case, lost=lost))
    with np.errstate(all="ignore"):
        scale = known.magnitude + np.where(np.isfinite(at_zero), np.abs(at_zero), np.float32(0))
        return Bounds((known.widened(np.float32(_OPERATIONS * spacing(case.step.stored)) * scale),))


def _inside(case: Case, *, lost: bool) -> dict[str, FloatArray]:
    """Infinite where the kernel leaves the finite numbers although its result is one of the format."""
    return {"inside": np.full(case.samples, np.inf, np.float32)} if lost else {}


def _can_measure(case: Case) -> bool:
    """True for kernels that take one 16-bit blob and treat all channels alike."""
    return len(case.inputs) == 1 and not case.weights and case.step.stored != "fp32"


def _measured(case: Case) -> tuple[float, bool]:
    """What the kernel makes of every value of its format within the bounds.

    Twice its largest error, relative to 1 + the result, and whether it loses a result that the format holds.
    """
    step = case.step
    if not _can_measure(case):
        return 0.0, False
    low, high = case.inputs[0].low.min(initial=0), case.inputs[0].high.max(initial=0)
    values = every_value(step.stored, low, high).reshape(1, 1, 1, -1)
    actual, wanted = run_layer(case.op, case.weights, (values,), step, case.target)[0], case.run(values)[0]
    with np.errstate(all="ignore"):
        error = np.abs(actual - wanted) / (1 + np.abs(wanted))
        lost = ~np.isfinite(actual) & (np.abs(wanted) <= FORMATS[step.stored].largest)
    return 2 * float(error[np.isfinite(error)].max(initial=0)), bool(lost.any())
