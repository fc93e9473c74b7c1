"""An activation stands right behind a layer that could apply it itself.

`ncnnoptimize` makes ReLU, Clip, Sigmoid and others the `activation_type` of the convolution, deconvolution or inner product
before them: a layer less to run, and one rounding to fp16 less on the way. It has not been run on this file.

Bad:
    7767517
    3 3
    Input        data  0 1 data 0=8 1=8 2=16
    Convolution  conv  1 1 data conv 0=16 1=1 6=256
    ReLU         relu  1 1 conv relu

Good:
    7767517
    2 2
    Input        data  0 1 data 0=8 1=8 2=16
    Convolution  conv  1 1 data relu 0=16 1=1 6=256 9=1
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.finding import Problem, Severity
from maskctl.lint.fusing import ACTIVATIONS, unfused
from maskctl.lint.subject import Subject

GROUP = "weights"
SEVERITY = Severity.INFO


def check(subject: Subject) -> Iterator[Problem]:
    """One problem for all activations that alone read a layer which could apply them."""
    yield from unfused(subject, ACTIVATIONS, "activation")
