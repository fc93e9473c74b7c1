"""The samples of a run, stacked so that one pass runs many, in portions that fit in memory."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from maskctl.errors import ExecutionError, InputError
from maskctl.executor.misfits import misfit
from maskctl.graph import memory
from maskctl.graph.model import Model
from maskctl.graph.operators import elements, infer_shapes
from maskctl.layers.base import Array, Shape

_PORTION_ELEMENTS = 1 << 25
_SMALL_INTEGERS = 32


@dataclass(frozen=True)
class Samples:
    """Samples by input blob, one array (without a sample axis) each; `synthetic` when nobody gave them.

    `names` says where each comes from, as far as that is known, and `images` which blobs were read from pictures.
    """

    by_blob: Mapping[str, Sequence[Array]]
    synthetic: bool = False
    seed: int | None = None
    names: tuple[str, ...] = ()
    images: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return min((len(arrays) for arrays in self.by_blob.values()), default=0)

    def name(self, number: int) -> str:
        """Where a sample comes from, or its number.

        >>> Samples({}, names=("cat.jpg",)).name(0), Samples({}).name(3)
        ('cat.jpg', 'sample 3')
        """
        return self.names[number] if number < len(self.names) else f"sample {number}"

    def feeding(self, model: Model) -> Model:
        """The model as fed these samples: which masks the engine honours may depend on shapes that the file says otherwise."""
        return model.with_inputs_of({blob: _common(arrays) for blob, arrays in self.by_blob.items()})

    def only(self, numbers: Sequence[int]) -> Samples:
        """These samples, in this order."""
        chosen = {blob: [arrays[number] for number in numbers] for blob, arrays in self.by_blob.items()}
        return replace(self, by_blob=chosen, names=tuple(self.name(number) for number in numbers))


def _common(arrays: Sequence[Array]) -> Shape:
    """The shape of all arrays: 0 for an extent that varies, empty where not even the rank is the same."""
    shapes = [array.shape for array in arrays]
    if len({len(shape) for shape in shapes}) != 1:
        return ()
    return tuple(extents[0] if len(set(extents)) == 1 else 0 for extents in zip(*shapes, strict=True))


def _refuse_beyond_memory(shapes: Mapping[str, Shape]) -> None:
    size, left = 4 * sum(map(math.prod, shapes.values())), memory.available_bytes()
    if size > (sys.maxsize if left is None else left):
        raise MemoryError(f"{size:,} bytes")


def synthetic(shapes: Mapping[str, Shape], seed: int = 0, integers: Collection[str] = ()) -> Samples:
    """One sample per input blob, the same for the same seed: standard normal noise, small numbers in blobs of integers.

    Without a blob there is nothing that anybody could have given, and so nothing synthetic.

    Raises `MemoryError` for shapes that do not fit in memory, before any of it is taken.
    """
    _refuse_beyond_memory(shapes)
    rng = np.random.default_rng(seed)
    return Samples(
        {
            name: [
                rng.integers(0, _SMALL_INTEGERS, shape, np.int32)
                if name in integers
                else rng.standard_normal(shape, np.float32)
            ]
            for name, shape in shapes.items()
        },
        synthetic=bool(shapes),
        seed=seed if shapes else None,
    )


@dataclass(frozen=True)
class Portion:
    """Samples stacked by input blob, (n, …), how many elements all blobs of their run have, and which samples they are."""

    inputs: Mapping[str, Array]
    elements: int
    members: tuple[int, ...]


def batches(
    model: Model, samples: Samples, blobs: Collection[str] | None = None, *, parts: int = 1, most: int | None = None
) -> tuple[Portion, ...]:
    """The samples stacked: those of equal shapes together, cut into portions a run can keep in memory.

    With `blobs`, only what these depend on need fit. There are at least `parts` portions, where there are as many samples, and
    their blobs have up to `most` elements, where a single sample's have not more.
    Raises `InputError` when inputs have different numbers of samples, or none, and `ExecutionError` for a layer that does not
    take a sample.
    """
    needed = model.needed(blobs) if blobs is not None else None
    ops = tuple(op for op in model.operators if needed is None or op.layer.index in needed)
    if not samples.by_blob:  # blobs that depend on no input
        return (Portion({}, elements(infer_shapes(ops, {}, model.graph.path)), (0,)),)
    counts = {name: len(arrays) for name, arrays in samples.by_blob.items()}
    if len(set(counts.values())) > 1 or not len(samples):
        listed = ", ".join(f"'{name}' {count}" for name, count in counts.items())
        raise InputError(
            f"the inputs have different numbers of samples, or none: {listed}. Give as many for each blob."
        )
    groups: dict[tuple[Shape, ...], list[int]] = {}
    for index in range(len(samples)):
        groups.setdefault(tuple(arrays[index].shape for arrays in samples.by_blob.values()), []).append(index)
    found: list[Portion] = []
    for shapes, members in groups.items():
        fed = dict(zip(samples.by_blob, shapes, strict=True))
        try:
            size = elements(infer_shapes(ops, fed, model.graph.path))
        except ExecutionError as error:
            raise misfit(error, ops, samples, members[0], fed) from None
        count = min(
            max(1, min(most or _PORTION_ELEMENTS, _PORTION_ELEMENTS) // max(1, size)), math.ceil(len(members) / parts)
        )
        for start in range(0, len(members), count):
            chosen = members[start : start + count]
            stacked = {name: np.stack([arrays[i] for i in chosen]) for name, arrays in samples.by_blob.items()}
            found.append(Portion(stacked, size * len(chosen), tuple(chosen)))
    return tuple(found)
