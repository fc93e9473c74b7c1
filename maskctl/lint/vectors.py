"""Convolutions that are inner products."""

from __future__ import annotations

from maskctl.graph.network import Layer
from maskctl.lint.facts.declared import Values
from maskctl.lint.subject import Subject


def is_on_vector(subject: Subject, layer: Layer) -> bool:
    """True for a Convolution with a 1x1 kernel that reads a vector of as many elements as it has channels.

    Source: ncnn `src/layer/convolution.cpp`, `forward`.
    """
    kind = subject.kinds[layer.index]
    shape = subject.extents.get(layer.bottoms[0], ()) if layer.bottoms else ()
    if kind is None or layer.type != "Convolution" or len(shape) != 1:
        return False
    values = Values(layer, kind)
    extents = [values.integer(name) for name in ("kernel_w", "kernel_h")]
    is_dynamic = values.integer("dynamic_weight") != 0
    return (
        extents == [1, 1]
        and not is_dynamic
        and values.integer("weight_data_size") == values.integer("num_output") * shape[0]
    )
