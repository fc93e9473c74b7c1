"""What the text says of sizes, for the tables that choose a kernel: of convolutions on their lines, and of blobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from maskctl.graph.network import Graph, Layer
from maskctl.targets.table import Extents

_SIZES = (("kernel", 1, 11, 0), ("dilation", 2, 12, 1), ("stride", 3, 13, 1))
_DENSE = {"Convolution", "Deconvolution", "Convolution1D"}
_GROUPED = {"ConvolutionDepthWise", "DeconvolutionDepthWise"}


def extents_of(layer: Layer) -> Extents:
    """num_output, channels, group and the kernel's sizes of a convolution; empty for types that are none.

    Sizes that are missing or make no sense count as 0, so that a file need not be sound to be asked about.
    """
    if layer.type not in _DENSE | _GROUPED:
        return {}
    group = integer_of(layer, 7, 1) if layer.type in _GROUPED else 1
    found = {"num_output": integer_of(layer, 0, 0), "group": group}
    for name, width, height, default in _SIZES:
        found[f"{name}_w"] = integer_of(layer, width, default)
        found[f"{name}_h"] = integer_of(layer, height, found[f"{name}_w"])
    taps = found["num_output"] * found["kernel_w"] * found["kernel_h"]
    found["channels"] = integer_of(layer, 6, 0) * group // taps if taps > 0 else 0
    return found


@lru_cache(maxsize=16)
def shapes_in(graph: Graph) -> Mapping[str, Sequence[int]]:
    """The shapes of blobs as far as they follow from the text: outermost extent first, 0 for one that does not."""
    from maskctl.graph.channels import known_extents  # with every layer type; most text commands never ask

    return known_extents(graph)


def integer_of(layer: Layer, param_id: int, default: int) -> int:
    """A parameter as written on the line, `default` where it is not, 0 where it is no whole number."""
    value = layer.params.get(param_id, default)
    return value if isinstance(value, int) else 0
