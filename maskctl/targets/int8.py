"""What a layer's line says about int8: whether it sums products of codes, and whether it gives codes."""

from __future__ import annotations

from maskctl.graph.network import Layer

_WITH_A_TERM = {"Convolution", "ConvolutionDepthWise", "InnerProduct"}
_REQUANTISE = {"Convolution", "ConvolutionDepthWise"}


def int8_term(layer: Layer) -> int:
    """How a convolution or inner product uses int8; 0 for not at all."""
    term = layer.params.get(8, 0) if layer.type in _WITH_A_TERM else 0
    return term if isinstance(term, int) else 0


def sums_codes(layer: Layer) -> bool:
    """True where the engine computes in 32-bit integers, whatever blobs are stored in, or makes codes of such sums."""
    return layer.type == "Requantize" or int8_term(layer) != 0


def gives_codes(layer: Layer) -> bool:
    """True where the engine quantises sums again."""
    return layer.type == "Requantize" or (layer.type in _REQUANTISE and int8_term(layer) > 100)
