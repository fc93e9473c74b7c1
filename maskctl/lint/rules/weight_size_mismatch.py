"""The size of a layer's weight is not what its kernel, outputs and channels make.

`weight_data_size` says how many elements the engine takes from the `.bin` for the weight. It then indexes them by outputs, channels
and kernel, without a look at the end: with another size it computes with the wrong elements or reads beyond them, and all layers
behind take theirs from the wrong place in the `.bin`. The newest engine refuses sizes that do not divide evenly. Where the shape
of the layer's input is known, or its channels, as behind another convolution, the size is compared with these too; mostly a channel
count was changed and the size was not.

Bad:
    7767517
    2 2
    Input        data  0 1 data 0=8 1=8 2=3
    Convolution  conv  1 1 data conv 0=16 1=3 6=2304

Bad:
    7767517
    2 2
    Input         data  0 1 data
    InnerProduct  fc    1 1 data fc 0=10 2=64

Bad:
    7767517
    3 3
    Input                 data  0 1 data
    Convolution           conv  1 1 data conv 0=116 1=3 6=3132
    ConvolutionDepthWise  dw    1 1 conv dw 0=116 1=3 11=1 6=1044 7=116

Good:
    7767517
    2 2
    Input        data  0 1 data 0=8 1=8 2=3
    Convolution  conv  1 1 data conv 0=16 1=3 6=432
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.graph.network import Layer
from maskctl.layers import Param
from maskctl.lint.facts.declared import called, rewritten
from maskctl.lint.facts.weight_sizes import PARAM, Size, wrong_size
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "params"
SEVERITY = Severity.ERROR

_MOST = 2**31 - 1


def check(subject: Subject) -> Iterator[Problem]:
    """Every weight of another size; the fix, unsafe as another parameter may be the wrong one, writes the size that fits."""
    for layer, kind in zip(subject.layers, subject.kinds, strict=True):
        size = wrong_size(layer, kind, subject.extents) if kind else None
        if kind is None or size is None:
            continue
        param = next(param for param in kind.params if param.name == PARAM)
        message = f"{layer}: {called(param)} is {size.there}. Expected {size}."
        yield Problem(message, subject.param_span(layer, param.id), layer.name, _fix(layer, param, size))


def _fix(layer: Layer, param: Param, size: Size) -> Fix | None:
    tokens = [token for token in layer.line.tokens if token.id == param.id]
    if not tokens or not size.exact or size.product > _MOST:
        return None
    meant = f"{param.id}={size.product}"
    return Fix(f"write '{meant}'", (rewritten(layer, tokens[-1], meant),), is_safe=False)
