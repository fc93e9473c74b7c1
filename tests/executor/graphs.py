"""Random small networks that branch and join, for properties of whole runs."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from maskctl.graph.model import Model
from tests.analysis.made import Network

_CHANNELS = 4


@st.composite
def networks(draw: st.DrawFn, most: int = 8) -> Model:
    """A network of up to `most` layers over a map of four channels: branches by Split, joins, clips that swallow differences."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    network, loose = Network(), ["data"]
    for number in range(draw(st.integers(1, most))):
        kind = draw(st.sampled_from(["1x1", "3x3", "clip", "add", "relu", "pool", "split", "split"]))
        bottom = loose.pop(draw(st.integers(0, len(loose) - 1)))
        name = f"l{number}"
        if kind == "split":
            network.layer(f"Split {name} 1 2 {bottom} {name}a {name}b")
            loose += [f"{name}a", f"{name}b"]
            continue
        if kind == "add" and loose:
            other = loose.pop(draw(st.integers(0, len(loose) - 1)))
            network.layer(f"BinaryOp {name} 2 1 {bottom} {other} {name} 0=0")
        elif kind in {"1x1", "3x3"}:
            size = int(kind[0])
            weight = rng.standard_normal((_CHANNELS, _CHANNELS, size, size)) / (2 * size)
            network.convolution(name, bottom, weight, bias=rng.standard_normal(_CHANNELS))
        elif kind == "pool":
            network.layer(f"Pooling {name} 1 1 {bottom} {name} 0={draw(st.integers(0, 1))} 1=3 3=1")
        elif kind == "clip":
            network.layer(f"Clip {name} 1 1 {bottom} {name} 0=0.0 1={draw(st.sampled_from(['0.0', '0.5']))}")
        else:
            network.layer(f"ReLU {name} 1 1 {bottom} {name}")
        loose.append(name)
    for place, bottom in enumerate(loose):  # an input that nothing reads is no network
        network.layer(f"Dropout out{place} 1 1 {bottom} out{place}")
    return network.model()
