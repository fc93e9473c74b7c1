"""A network to load, feed and read, in the manner of the engine's own `Net`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from maskctl.errors import InputError
from maskctl.executor.inputs import input_shapes
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import Model, load
from maskctl.graph.operators import infer_shapes
from maskctl.layers.base import Array, Shape
from maskctl.layers.plugins import load_plugin


class Net:
    """An ncnn network that numpy runs: load it, feed one sample, read any blob.

    `weights` is a `.bin` (by default the one beside `param`) or "random:SEED"; `plugins` are files with layer types of
    an application's own. Raises as `maskctl.load` does.

    >>> net = Net("sample_models/digits.param")
    >>> net.inputs, net.outputs
    (('image',), ('prob',))
    >>> blobs = net.run({"image": np.zeros((1, 8, 8), np.float32)}, blobs=["pool1", "prob"])
    >>> {name: values.shape for name, values in blobs.items()}
    {'pool1': (8, 4, 4), 'prob': (10,)}
    >>> round(float(blobs["prob"].sum()), 5)
    1.0
    """

    def __init__(
        self, param: str | Path, weights: str | Path | None = None, *, plugins: Iterable[str | Path] = ()
    ) -> None:
        for plugin in plugins:
            load_plugin(plugin)
        self.model: Model = load(param, weights)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The blobs to feed."""
        return self.model.graph.inputs

    @property
    def outputs(self) -> tuple[str, ...]:
        """The blobs no layer reads; where layers of unknown types are cut off, also those that they would have read."""
        return self.model.outputs

    @property
    def blobs(self) -> tuple[str, ...]:
        """All blobs that can be computed, in file order."""
        return tuple(top for op in self.model.operators if not op.cut for top in op.layer.tops)

    def shapes(self, inputs: Mapping[str, Shape] | None = None) -> Mapping[str, Shape]:
        """The shape of every blob without running anything, from those of the inputs (by default the file's).

        Raises `ExecutionError` naming the layer whose input does not fit, `InputError` for an input without a shape.

        >>> Net("sample_models/digits.param").shapes({"image": (1, 8, 8)})["pool1"]
        (8, 4, 4)
        """
        known = input_shapes(self.model, inputs or {})
        missing = [name for name in self.inputs if name not in known]
        if missing:
            raise InputError(f"input blob '{missing[0]}' has no shape in the file. Give shapes={{'{missing[0]}': …}}.")
        return infer_shapes(self.model.operators, known, self.model.graph.path)

    def run(
        self, inputs: Mapping[str, Array], blobs: Iterable[str] | None = None, precision: str = "fp32"
    ) -> Mapping[str, Array]:
        """The blobs asked for (by default the outputs) for one sample, an array per input blob without a sample axis.

        Integer arrays are taken as numbers, but for blobs that a layer reads as integers. Raises `InputError` for names
        that do not exist or inputs that are missing, `ExecutionError` for a layer that does not fit its inputs.
        """
        wanted = self.outputs if blobs is None else tuple(blobs)
        for name in wanted:
            if name not in self.blobs:
                raise InputError(f"there is no blob '{name}' that can be computed in {self.model.graph.path}.")
        fed = {name: _one_sample(self.model, name, values) for name, values in inputs.items()}
        trace = run(self.model, fed, Policy(precision), keep=wanted)
        return {name: trace[name][0] for name in wanted}


def _one_sample(model: Model, name: str, values: Array) -> Array:
    kind = np.int32 if name in model.integer_inputs else np.float32
    return np.ascontiguousarray(values, kind)[None]
