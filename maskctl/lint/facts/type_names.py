"""Which layer types the engine knows, and which one was meant where it knows none of that name."""

from __future__ import annotations

import difflib
from functools import cache

from maskctl.layers import known_types

COMPILED_OUT = frozenset({"ArgMax", "SPP"})
"""Types that are in the engine's sources and that its default build leaves out (`ncnn_add_layer(… OFF)`)."""


@cache
def meant_type(name: str) -> str:
    """The known type that is spelled most nearly like a name, whatever its capitals; "" where none is near.

    >>> meant_type("relu"), meant_type("Convolutoin"), meant_type("YoloV5Focus")
    ('ReLU', 'Convolution', '')
    """
    by_lower = {known.lower(): known for known in known_types()}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.85)
    return by_lower[near[0]] if near else ""
