"""Layers that ncnn's optimiser would have folded into the one before them.

Source: ncnn `tools/ncnnoptimize.cpp`, `fuse_convolution_batchnorm`, `fuse_convolution_activation` and their like.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from maskctl.graph.network import Layer
from maskctl.lint.finding import Problem
from maskctl.lint.subject import Subject
from maskctl.targets.int8 import int8_term

_SMALL = frozenset({"ReLU", "Clip", "Sigmoid"})
_ALL = _SMALL | {"Mish", "HardSwish"}

ACTIVATIONS: Mapping[str, Collection[str]] = {
    "Convolution": _ALL,
    "ConvolutionDepthWise": _ALL,
    "InnerProduct": _ALL,
    "Deconvolution": _SMALL,
    "DeconvolutionDepthWise": _SMALL,
}
"""The activations that the optimiser folds into a layer, by the layer's type."""

_ACTIVATION_TYPE = 9


def unfused(subject: Subject, types: Mapping[str, Collection[str]], what: str) -> Iterator[Problem]:
    """A problem where layers could have been folded into the one before, by the types that `types` folds into a type.

    It is one for the file, at the first of them: the optimiser that was not run does all at once.
    """
    found = list(_pairs(subject, types))
    if found:
        layer, reader = found[0]
        more = f" and {len(found) - 1:,} more like it" if len(found) > 1 else ""
        yield Problem(
            f"{reader} could be folded into {layer} as its {what}{more}. Run ncnnoptimize.",
            subject.type_span(reader),
            reader.name,
        )


def _pairs(subject: Subject, types: Mapping[str, Collection[str]]) -> Iterator[tuple[Layer, Layer]]:
    """A layer and the one reader of its blob that can be folded into it.

    Layers with an activation already, or with int8 weights, are left alone, as the optimiser does.
    """
    for layer in subject.layers:
        readers = subject.readers.get(layer.tops[0], ()) if len(layer.tops) == 1 else ()
        if len(readers) != 1 or readers[0].type not in types.get(layer.type, ()):
            continue
        if not layer.params.get(_ACTIVATION_TYPE) and not int8_term(layer):
            yield layer, readers[0]
