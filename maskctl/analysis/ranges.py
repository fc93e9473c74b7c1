"""The bounds of the input blobs, from the ranges that a person gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from maskctl.analysis.bounds.interval import Interval, everywhere
from maskctl.errors import InputError, did_you_mean
from maskctl.executor.inputs import all_known, input_shapes
from maskctl.graph.model import Model
from maskctl.layers.base import Shape

Range: TypeAlias = tuple[float, float]


def input_bounds(
    model: Model, given: Mapping[str, Sequence[Range]], shapes: Mapping[str, Shape]
) -> dict[str, Interval]:
    """Bounds (1, …) of every input blob that is read: one range for all of it, or one per index of its outermost axis.

    `shapes` replaces the shapes of the Input layers. Raises `InputError` for an input without a range or a shape, for a
    range of no input, and for other than one range or one per channel.
    """
    needed = model.needed_inputs(model.blobs)
    missing = [name for name in needed if name not in given]
    unknown = [name for name in given if name not in model.graph.inputs]
    if unknown:
        hint = did_you_mean(unknown[0], needed, f"Input blobs are: {', '.join(needed)}.")
        raise InputError(f"there is no input blob '{unknown[0]}' to give a range. {hint}")
    if missing:
        listed = ", ".join(f"'{name}'" for name in missing)
        raise InputError(
            f"no range given for input blob{'' if len(missing) == 1 else 's'} {listed}. Give --range BLOB=LO:HI, the least and "
            f"the largest value it may hold, for each of: {', '.join(needed)}."
        )
    known = all_known(needed, input_shapes(model, shapes))
    return {name: _bounds(name, given[name], known[name]) for name in needed}


def _bounds(name: str, ranges: Sequence[Range], shape: Shape) -> Interval:
    if len(ranges) not in {1, shape[0]}:
        raise InputError(
            f"blob '{name}' is ({', '.join(map(str, shape))}), and has {len(ranges)} ranges. Expected one, or one for each of its "
            f"{shape[0]} channels."
        )
    low, high = (np.array(ends, np.float32).reshape(-1, *(1,) * (len(shape) - 1)) for ends in zip(*ranges, strict=True))
    return everywhere(1, shape, low, high)
