"""HardSigmoid and HardSwish, alone and built in, whose line falls, is flat or is steeper than fp16 can say.

Vector code cuts off such a line on y, what is left over from vectors is compared with the x where it is 0 and 1: the two part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conformance.case import Case, chain, convolution, inner_product
from conformance.cases import (
    activation_fp16sa,
    convolution1d,
    convolution_bf16s,
    convolution_fp16s,
    deconvolution_bf16s,
    deconvolution_fp16s,
    deconvolution_fp16sa,
    depthwise_bf16s,
    depthwise_fp16s,
    depthwise_fp16sa,
    innerproduct_bf16s,
    innerproduct_fp16s,
    int8_convolution,
    packing_off,
)
from conformance.cases.x86_bf16 import SUMS

LINES = {
    "falling": (-0.2, 0.5),
    "falling below 0": (-1.0, -0.5),
    "flat above 1": (0.0, 1.5),
    "flat below 1": (0.0, 0.5),
    "falling from minus 0": (-0.0, -0.5),
    "hardly falling": (-0.000001, 0.5),
    "steep": (70000.0, 0.5),
    "far from 0": (0.37, 300.7),
}
BUILT_IN = ("falling", "flat above 1")
SHAPES = ((8, 3, 5), (3, 3, 5), (5, 1, 7), (22,))
PROFILES = ("wide", "special", "infinite", "nan")
FAMILIES = (
    *(activation_fp16sa, convolution1d, convolution_bf16s, convolution_fp16s),
    *(deconvolution_bf16s, deconvolution_fp16s, deconvolution_fp16sa),
    *(depthwise_bf16s, depthwise_fp16s, depthwise_fp16sa, innerproduct_bf16s, innerproduct_fp16s),
    *(int8_convolution, packing_off),
)
_PYTORCHS = "-23310=2,0.16666667,0.5"


def _layers() -> Iterator[Case]:
    ways = (("arm82", "fp16"), ("arm82", "fp16-storage"), ("arm82", "bf16"), ("x86", "bf16"))
    for target, precision in ways:
        for kind in ("HardSigmoid", "HardSwish"):
            for line, (alpha, beta) in LINES.items():
                for shape in SHAPES:
                    size = "x".join(map(str, shape))
                    name = f"{target} {precision} {kind} {line} of {size}"
                    layers = chain(f"{kind} 0={alpha:.8} 1={beta:.8}")
                    yield Case(name, layers, shape, PROFILES, precision, target=target, data=f"hard gates {size}")


def _built_in() -> Iterator[Case]:
    """The hard swishes of other families, with other numbers."""
    for family in FAMILIES:
        for case in family.CASES:
            if any(_PYTORCHS in layer for layer in case.layers):
                for line in BUILT_IN:
                    name = f"{line} {family.__name__.rpartition('.')[2]} {case.name}"
                    yield replace(case, name=name, layers=_with_line(case.layers, line), data=case.data or case.name)


def _with_line(layers: tuple[str, ...], line: str) -> tuple[str, ...]:
    alpha, beta = LINES[line]
    return tuple(layer.replace(_PYTORCHS, f"-23310=2,{alpha:.8},{beta:.8}") for layer in layers)


def _built_in_on_x86() -> Iterator[Case]:
    """Outputs that leave some over from fours, so that the last are computed one by one."""
    gate = f"9=6 {_PYTORCHS}"
    for outputs in (5, 8):
        layers = (
            ("1x1", convolution(5, outputs, 1, gate), (5, 3, 5)),
            ("1x1 of 16 pixels", convolution(5, outputs, 1, gate), (5, 4, 4)),
            ("3x3 direct", convolution(3, outputs, 3, f"4=1 {gate}"), (3, 5, 5)),
            ("3x3 winograd", convolution(16, outputs, 3, f"4=1 {gate}"), (16, 7, 7)),
            ("inner product", inner_product(20, outputs, gate), (20,)),
            ("inner product of 4 rows", inner_product(16, outputs, gate), (4, 16)),
            ("inner product of 5 rows", inner_product(16, outputs, gate), (5, 16)),
            ("convolution1d", f"Convolution1D 0={outputs} 1=3 4=1 5=1 6={outputs * 15} {gate}", (5, 9)),
            ("deconvolution", f"Deconvolution 0={outputs} 1=2 3=2 5=1 6={outputs * 32} {gate}", (8, 4, 5)),
        )
        for name, layer, shape in layers:
            for line in BUILT_IN:
                yield Case(
                    f"x86 {line} {name} to {outputs}",
                    _with_line(chain(layer), line),
                    shape,
                    ("normal", "sparse"),
                    "bf16",
                    target="x86",
                    least=0.98,
                    within=2.0**-16,
                    loose=SUMS,
                )


CASES = (*_layers(), *_built_in(), *_built_in_on_x86())
