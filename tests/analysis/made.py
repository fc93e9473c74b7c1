"""Models made for one effect: 1x1 convolutions over a few values, with weights in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from maskctl.executor.samples import Samples
from maskctl.graph.model import Model
from maskctl.graph.network import build
from maskctl.graph.operators import operators
from maskctl.graph.weights import read
from maskctl.numeric.formats import FloatArray
from tests.builders import TAG_FP32_PLAIN, document_of, floats, tagged

LEAKY = "9=2 -23310=1,0.1"


class Network:
    """A network written layer by layer; each layer's blob has the layer's name."""

    def __init__(self, *inputs: str) -> None:
        self._lines = [f"Input {name} 0 1 {name}" for name in inputs or ("data",)]
        self._weights = b""

    def layer(self, line: str) -> Network:
        """A layer without weights."""
        self._lines.append(line)
        return self

    def convolution(
        self, name: str, bottom: str, weight: npt.ArrayLike, extra: str = "", bias: npt.ArrayLike | None = None
    ) -> Network:
        """A convolution with weight (outputs, channels), or (outputs, channels, size, size) padded by size // 2."""
        values = np.asarray(weight, np.float32)
        values = values.reshape(*values.shape[:2], *(values.shape[2:] or (1, 1)))
        params = (
            f"0={len(values)} 1={values.shape[2]} 4={values.shape[2] // 2} 5={int(bias is not None)} 6={values.size}"
        )
        self._lines.append(f"Convolution {name} 1 1 {bottom} {name} {params} {extra}".rstrip())
        self._weights += tagged(TAG_FP32_PLAIN, floats(*values.ravel()))
        self._weights += b"" if bias is None else floats(*np.ravel(np.asarray(bias)))
        return self

    def inner_product(self, name: str, bottom: str, weight: npt.ArrayLike, extra: str = "") -> Network:
        """An inner product with weight (outputs, elements), without a bias."""
        values = np.asarray(weight, np.float32)
        self._lines.append(f"InnerProduct {name} 1 1 {bottom} {name} 0={len(values)} 2={values.size} {extra}".rstrip())
        self._weights += tagged(TAG_FP32_PLAIN, floats(*values.ravel()))
        return self

    def floats(self, *numbers: float) -> Network:
        """Weights without a storage tag, of the layers just added."""
        self._weights += floats(*numbers)
        return self

    def model(self) -> Model:
        """The network with its weights."""
        document = document_of(*self._lines)
        graph = build(document)
        ops = operators(graph)
        return Model(document, graph, ops, read(np.frombuffer(self._weights, np.uint8), ops))


def values(*numbers: float) -> Samples:
    """One sample for the blob "data": a map of one pixel with these channels."""
    return Samples({"data": [np.array(numbers, np.float32).reshape(-1, 1, 1)]})


def samples(*arrays: FloatArray) -> Samples:
    """These arrays as samples for the blob "data"."""
    return Samples({"data": arrays})


def stacked(found: Samples) -> dict[str, FloatArray]:
    """Samples of one shape as the inputs of one run."""
    return {name: np.stack(arrays) for name, arrays in found.by_blob.items()}


def first(of: Samples, chosen: Sequence[int]) -> Samples:
    """The chosen ones of some samples."""
    return Samples({name: [arrays[index] for index in chosen] for name, arrays in of.by_blob.items()})
