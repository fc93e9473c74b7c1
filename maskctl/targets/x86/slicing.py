"""Slices that CPUs with AVX-512 mix up: the engine lays 16 channels side by side where their number allows it.

Where it can in all pieces, and cannot in the blob they are cut from, it copies sixteens out of a blob that lies in eights. Source:
ncnn `src/layer/x86/slice_x86.cpp`, which brings a blob to the packing of its pieces where that is finer, and not where it is
coarser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from maskctl.graph.network import Layer
from maskctl.kernels.packing import Options

_SIXTEEN = 16


def mixes_up(layer: Layer, shapes: Mapping[str, Sequence[int]], options: Options) -> bool:
    """True for a Slice of channels or rows into multiples of 16 that leaves some over, as far as the shapes say their number.

    What leaves over other than eights is refused everywhere.
    """
    if layer.type != "Slice" or "use_packing_layout" not in options or len(layer.bottoms) != 1:
        return False
    blob, *pieces = (tuple(shapes.get(name, ())) for name in (*layer.bottoms, *layer.tops))
    if len(blob) < 2 or not all(pieces):  # a vector has its elements one behind the other, however they are laid
        return False
    return blob[0] % _SIXTEEN != 0 and all(piece[0] and piece[0] % _SIXTEEN == 0 for piece in pieces)
