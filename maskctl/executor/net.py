"""A network to load, feed and read, in the manner of the engine's own `Net`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskctl.errors import InputError, did_you_mean
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
        self, param: str | Path, weights: str | Path | None = None, *, plugins: str | Path | Iterable[str | Path] = ()
    ) -> None:
        for plugin in (plugins,) if isinstance(plugins, (str, Path)) else plugins:
            load_plugin(plugin)
        self.model: Model = load(param, weights)

    def __repr__(self) -> str:
        """The network's path, inputs and outputs."""
        return f"Net({self.model.document.path!r}: {', '.join(self.inputs)} -> {', '.join(self.outputs)})"

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
        return self.model.blobs

    def shapes(self, inputs: Mapping[str, Shape] | None = None) -> Mapping[str, Shape]:
        """The shape of every blob without running anything, from those of the inputs (by default the file's).

        Raises `ExecutionError` naming the layer whose input does not fit, `InputError` for an input without a shape.

        >>> Net("sample_models/digits.param").shapes({"image": (1, 8, 8)})["pool1"]
        (8, 4, 4)
        """
        for name, shape in (inputs or {}).items():
            if not shape or (
                not all(isinstance(extent, int) and extent > 0 for extent in shape) and tuple(shape) != (0,)
            ):
                raise InputError(
                    f"the shape of '{name}' is {shape!r}. Expected whole numbers above 0, e.g. (3, 224, 224)."
                )
        known = input_shapes(self.model, inputs or {})
        missing = [name for name in self.inputs if name not in known]
        if missing:
            raise InputError(f"input blob '{missing[0]}' has no shape in the file. Give shapes({{'{missing[0]}': …}}).")
        return infer_shapes(self.model.operators, known, self.model.graph.path)

    def run(
        self, inputs: Mapping[str, npt.ArrayLike], blobs: str | Iterable[str] | None = None, precision: str = "fp32"
    ) -> dict[str, Array]:
        """The blobs asked for (by default the outputs) for one sample, an array per input blob without a sample axis.

        Numbers of any type are taken, for a blob that a layer reads as integers only whole ones. Only the inputs that the
        blobs asked for depend on are needed. Raises `InputError` for names that do not exist and for inputs that are
        missing or do not fit, `ExecutionError` for a layer that does not fit its inputs.
        """
        wanted = self.outputs if blobs is None else (blobs,) if isinstance(blobs, str) else tuple(blobs)
        for name in wanted:
            if name not in self.blobs:
                raise InputError(
                    f"there is no blob '{name}' that can be computed in {self.model.graph.path}. "
                    + did_you_mean(name, self.blobs, f"Outputs are: {', '.join(self.outputs)}.")
                )
        if not isinstance(inputs, Mapping):
            raise InputError(f"inputs is a {type(inputs).__name__}. Expected a dict: {{'{self.inputs[0]}': array, …}}.")
        declared = input_shapes(self.model, {})
        fed = {name: self._one_sample(name, values, declared.get(name)) for name, values in inputs.items()}
        trace = run(self.model, fed, Policy(precision), keep=wanted)
        # A blob may be the array that was fed, or a view of one that is not asked for.
        return {name: np.array(trace[name][0]) for name in wanted}

    def _one_sample(self, name: str, given: npt.ArrayLike, declared: Shape | None) -> Array:
        if name not in self.inputs:
            raise InputError(
                f"there is no input blob '{name}'. "
                + did_you_mean(name, self.inputs, f"Inputs are: {', '.join(self.inputs)}.")
            )
        try:
            values = np.asarray(given)
        except ValueError as error:
            raise InputError(f"the input for blob '{name}' is no array: {error}.") from None
        if values.dtype.kind not in "fiub":
            raise InputError(f"the input for blob '{name}' holds {values.dtype}. Expected an array of numbers.")
        if not values.ndim:
            raise InputError(f"the input for blob '{name}' is one number. Expected an array, e.g. [{values}].")
        if declared and values.ndim != len(declared):
            more = (
                " Run takes one sample at a time, without an axis for samples." if values.ndim > len(declared) else ""
            )
            raise InputError(
                f"the input for blob '{name}' has shape {values.shape}. The network declares {declared}.{more}"
            )
        return _numbers(name, values, integers=name in self.model.integer_inputs)[None]


def _numbers(name: str, values: Array, *, integers: bool) -> Array:
    with np.errstate(all="ignore"):
        kept = np.ascontiguousarray(values.astype(np.int32 if integers else np.float32)).reshape(values.shape)
    lost = kept != values if integers else np.isinf(kept) & np.isfinite(values)
    if lost.any():
        kind = "32-bit integers" if integers else "fp32"
        raise InputError(f"the input for blob '{name}' is read as {kind}, and holds {values[lost][0]}.")
    return kept
