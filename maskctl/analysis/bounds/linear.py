"""Sums of products with weights: convolutions of all kinds, inner products, and matrix products with a constant operand.

The definition itself gives the exact bounds: run on the middles of the inputs, and with the magnitudes of the weights on
their radii, element by element, border included. A partial sum in any order lies within the bounds that the inputs give
when each term may also be missing, that is, when 0 is within the bounds of every input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from maskctl.analysis.bounds import winograd
from maskctl.analysis.bounds.activations import activated
from maskctl.analysis.bounds.case import Bounds, Case, nothing_known, spacing
from maskctl.analysis.bounds.interval import Interval, everywhere, sorted_out
from maskctl.analysis.bounds.signs import sums_of_none_negative
from maskctl.layers.base import Array, Params, Weights
from maskctl.layers.families import activation
from maskctl.layers.families.convolution_params import is_dynamic
from maskctl.numeric.formats import FORMATS, FloatArray

_BUILTIN = {param.id for param in activation.PARAMS}
_MISREAD_STRIDE = 2
_JOINS = 8
"""Roundings behind the sum of a kernel's accumulator: other accumulators, the bias, factors."""


def plain_params(case: Case) -> Params:
    """The layer's parameters without its built-in activation."""
    layer = case.op.layer
    written = {key: value for key, value in layer.params.items() if key not in _BUILTIN}
    has_activation = case.params.has("activation_type")
    return Params(case.op.kind.params, written, len(layer.tops), len(layer.bottoms)) if has_activation else case.params


@dataclass(frozen=True)
class Sum:
    """A layer as a sum over its first bottom: parameters and weights for middles, and for radii."""

    case: Case
    params: Params
    middle: Weights
    radius: Weights

    def over(self, inputs: Interval, border: tuple[float, float]) -> Interval:
        """The bounds of the sum, its bias included; the border holds what lies between these two numbers."""
        low, high = border
        middle = self._run(self.params, self.middle, inputs.middle, (low + high) / 2)
        radius = self._run(_without_sign(self.params), self.radius, inputs.radius, (high - low) / 2)
        with np.errstate(all="ignore"):
            return sorted_out(middle - radius, middle + radius)

    def _run(self, params: Params, weights: Weights, values: FloatArray, border: float) -> FloatArray:
        placed = params.replaced("pad_value", border) if params.has("pad_value") else params
        found = self.case.op.kind.forward(placed, weights, (values,))[0]
        return np.asarray(found, np.float32)


def _without_sign(params: Params) -> Params:
    return params.replaced("alpha", abs(params.real("alpha"))) if params.has("alpha") else params


def bounds(case: Case) -> Bounds:
    """The bounds of the sum before and behind its activation, and its largest partial sum."""
    problem = _not_linear(case)
    if problem:
        return nothing_known(case, problem)
    within, partial, positive = case.known.get(case.step.stored) or case.known.setdefault(
        case.step.stored, _exact(case)
    )
    size = Size(case, partial, terms(case), bias(case))
    if "winograd" in case.kernel:
        found = winograd.bounds(case, within, size.room)
        return replace(found, tops=tuple(activated(case, top) for top in found.tops))
    top = within.widened(size.room).never_negative(positive)
    return Bounds((activated(case, top),), {"sum": size.peaks})


def _exact(case: Case) -> tuple[Interval, Interval, Array]:
    """The bounds of the exact sums, and of their partial sums, biases included in both; and which cannot be negative."""
    params = plain_params(case)
    total = Sum(case, params, case.ready, case.op.kind.prepare(params, _magnitudes(case)))
    fill = params.real("pad_value") if params.has("pad_value") else 0.0
    seen = _seen(case)
    within, positive = total.over(seen, (fill, fill)), sums_of_none_negative(case, params, seen)
    if not fill and (seen.low <= 0).all() and (seen.high >= 0).all():
        return within, within, positive
    return within, total.over(seen.with_zero(), (min(fill, 0.0), max(fill, 0.0))), positive


def _seen(case: Case) -> Interval:
    """The bounds of what the kernel reads for each element of its input: any other of the same map where it misreads.

    The engine's fp16 depthwise kernel of 3x3 and stride 2 takes a wrong pixel in some columns.
    """
    blob = case.inputs[0]
    if case.kernel != "convolutiondepthwise_fp16sa" or case.params.integer("stride_w") != _MISREAD_STRIDE:
        return blob
    axes, joined = tuple(range(2, blob.low.ndim)), blob.with_zero()
    low, high = joined.low.min(axes, keepdims=True), joined.high.max(axes, keepdims=True)
    return everywhere(case.samples, blob.shape, low, high)


@dataclass(frozen=True)
class Size:
    """How large partial sums are: their exact bounds, the number of their terms, and the largest bias."""

    case: Case
    partial: Interval
    terms: int
    bias: float

    @property
    def exact(self) -> FloatArray:
        """The largest magnitude of a partial sum of exact terms, by element."""
        with np.errstate(all="ignore"):
            found: FloatArray = self.partial.magnitude + np.float32(self.bias)
        return found

    @property
    def room(self) -> FloatArray:
        """How far the computed sum may be from the exact one, by element.

        Each rounding moves a sum by no more than the unit of its arithmetic, and by no more than the smaller of what is
        added: the other is a number of the format. So however many there are, roundings move a sum of terms no farther than
        their magnitudes add up to, and the sum of such sums by no more than twice that again. Weights, and our own bounds,
        are rounded too.
        """
        case = self.case
        with np.errstate(all="ignore"):
            magnitudes = 2 * self.partial.radius + np.float32(2 * self.bias)
            growth = np.float32(np.expm1((self.terms + _JOINS) * np.log1p(case.unit)))
            summed = np.minimum(growth * self.exact, np.float32(3) * magnitudes)
            weights = spacing(case.step.weights) + 4 * self.terms * 2.0**-24
            tiny = np.float32(self.terms * 2.0**-24) * (1 + case.inputs[0].peaks)
            tiny = tiny + np.float32(small_weights(case)) * case.inputs[0].peaks
            tiny = tiny + np.float32(FORMATS[case.step.weights].smallest_normal)  # a bias that a cast makes 0
            found: FloatArray = summed + np.float32(weights) * magnitudes + _of_samples(tiny, magnitudes)
        return found

    @property
    def peaks(self) -> FloatArray:
        """The largest magnitude of a computed partial sum in each sample."""
        with np.errstate(all="ignore"):
            return Interval(-self.exact, self.exact).widened(self.room).peaks


def _of_samples(numbers: FloatArray, values: FloatArray) -> FloatArray:
    return numbers.reshape(-1, *(1,) * (values.ndim - 1))


def terms(case: Case) -> int:
    """How many products an output adds up at most."""
    outputs = sum(int(np.prod(shape)) for shape in case.shapes)
    macs = case.op.kind.macs(case.params, tuple(blob.shape for blob in case.inputs), case.shapes)
    kernel = case.weights.get("weight")
    return max(-(-macs // max(outputs, 1)), 0 if kernel is None else kernel.size // len(kernel), 1)


def small_weights(case: Case) -> float:
    """The largest sum, for one output, of the weights that a cast may make 0."""
    least, found = FORMATS[case.step.weights].smallest_normal, [0.0]
    for name in case.weights.keys() - _biases(case).keys():
        magnitudes = np.abs(case.weights[name])
        small = np.where(magnitudes < least, magnitudes, 0).reshape(len(magnitudes), -1)
        found += [float(small.sum(axis).max(initial=0)) for axis in (0, 1)]  # outputs are rows, but for some of Gemm's
    return max(found)


def bias(case: Case) -> float:
    """The largest magnitude of what is added to the products."""
    biases = _biases(case)
    factor = max(1.0, abs(case.params.real("alpha") * case.params.real("beta"))) if "C" in biases else 1.0
    return factor * max((float(np.abs(values).max(initial=0)) for values in biases.values()), default=0.0)


def _biases(case: Case) -> Mapping[str, FloatArray]:
    return {name: values for name, values in case.weights.items() if _role(case, name) == "bias"}


def _role(case: Case, name: str) -> str:
    return next(weight.role for weight in case.op.kind.weights(case.params) if weight.name == name)


def _magnitudes(case: Case) -> Weights:
    """The weights for radii: magnitudes, and no bias."""
    return {
        name: np.zeros_like(values) if _role(case, name) == "bias" else np.abs(values)
        for name, values in case.weights.items()
    }


def plain_sums(case: Case) -> FloatArray:
    """The sums of known inputs before the activation, in fp32; nothing, (n, 0), where the layer is no such sum."""
    if _not_linear(case):
        return np.zeros((case.samples, 0), np.float32)
    found = case.op.kind.forward(plain_params(case), case.ready, (case.inputs[0].low,))[0]
    return np.abs(np.asarray(found, np.float32))


def _not_linear(case: Case) -> str:
    """Why the layer is no sum of its first bottom with constant weights, "" where it is."""
    params = case.params
    if is_dynamic(params):
        return "its weights are blobs"
    term = next((name for name in ("int8_scale_term", "quantize_term") if params.has(name)), "")
    return "its weights are quantised" if term and params.integer(term) else ""


def product(case: Case) -> Bounds:
    """Products of blobs (Gemm, MatMul, Einsum): the largest magnitudes multiplied. A Gemm with one operand is a sum."""
    params, is_gemm = case.params, case.op.layer.type == "Gemm"
    if is_gemm and params.integer("quantize_term"):
        return nothing_known(case, "its weights are quantised")
    if not case.inputs:
        return nothing_known(case, "it multiplies constants")
    if is_gemm and len(case.inputs) == 1 and params.integer("constantA") != params.integer("constantB"):
        return bounds(case)
    largest = tuple(blob.magnitude for blob in case.inputs)
    ready = case.op.kind.prepare(params, {name: np.abs(values) for name, values in case.weights.items()})
    positive = params
    for name in ("alpha", "beta"):
        positive = positive.replaced(name, abs(params.real(name))) if params.has(name) else positive
    most = np.asarray(case.op.kind.forward(positive, ready, largest)[0], np.float32)
    top = everywhere(case.samples, most.shape[1:], -most, most)
    size = Size(case, top, max(terms(case), *(blob.low[0].size for blob in case.inputs)), 0.0)
    return Bounds((top.widened(size.room),), {"sum": size.peaks})
