"""One file per ncnn layer type, named as ncnn names its source file; found by that name, not listed.

What several types share lies in `families/`. A layer file knows its parameters, its weights, its shapes and its fp32
definition. It never sees a graph.
"""

from maskctl.layers.base import LayerType, Param, Params, Shape, Weight, find, known_types

__all__ = ["LayerType", "Param", "Params", "Shape", "Weight", "find", "known_types"]
