"""The layers that the engine builds inside of others, one for each group of channels."""

from __future__ import annotations

from maskctl.graph.network import Layer
from maskctl.targets.extents import extents_of

_DENSE = {"ConvolutionDepthWise": "Convolution", "DeconvolutionDepthWise": "Deconvolution"}


def layer_of_group(layer: Layer) -> Layer | None:
    """The layer that the engine runs on each group; None where there are no groups, or each is a channel."""
    if layer.type not in _DENSE:
        return None
    extents = extents_of(layer)
    group = extents["group"]
    if group < 1 or extents["channels"] == group == extents["num_output"]:
        return None
    size = layer.params.get(6, 0)
    part = size // group if isinstance(size, int) else 0
    return layer.as_if_written(_DENSE[layer.type], {0: extents["num_output"] // group, 6: part, 7: 1})
