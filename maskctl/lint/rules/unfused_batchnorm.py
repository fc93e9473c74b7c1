"""A BatchNorm stands right behind a layer that could have it in its weights.

`ncnnoptimize` folds a BatchNorm into the weights of the convolution, deconvolution or inner product before it: a layer less to
run, a blob less to round to fp16, and sums that do not leave fp16's range only to be scaled back. It has not been run on this
file.

Bad:
    7767517
    3 3
    Input        data  0 1 data 0=8 1=8 2=16
    Convolution  conv  1 1 data conv 0=16 1=1 6=256
    BatchNorm    bn    1 1 conv bn 0=16

Good:
    7767517
    2 2
    Input        data  0 1 data 0=8 1=8 2=16
    Convolution  conv  1 1 data bn 0=16 1=1 5=1 6=256
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.finding import Problem, Severity
from maskctl.lint.fusing import ACTIVATIONS, unfused
from maskctl.lint.subject import Subject

GROUP = "weights"
SEVERITY = Severity.INFO

_FOLDED = dict.fromkeys(ACTIVATIONS, ("BatchNorm",))


def check(subject: Subject) -> Iterator[Problem]:
    """One problem for all BatchNorms that alone read a layer with weights."""
    yield from unfused(subject, _FOLDED, "BatchNorm")
