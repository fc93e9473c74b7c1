"""What masks cost: estimated microseconds of each layer, from multiply-adds and bytes moved, or a device's own times."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

from maskctl.analysis.boundary import STORAGE_BITS
from maskctl.executor.policy import Policy
from maskctl.graph.model import Model
from maskctl.graph.operators import Operator, infer_shapes
from maskctl.layers.base import Shape
from maskctl.targets.cost import BYTES
from maskctl.targets.int8 import sums_codes
from maskctl.targets.storage import STORAGE_BIT, Step, kernel_of, steps, with_mask

Masks = Mapping[int, int]
Timings = Mapping[tuple[int, int], float]
"""Measured microseconds by layer index and mask."""

_INTEGERS = "int8"


class Costs:
    """Microseconds that the layers of a model take under masks, for one sample with these input shapes.

    A layer takes its multiply-adds, as many as its kernel makes of them, over the lanes of that kernel, and the bytes that
    it reads, writes and casts over those the target's nominal core moves. `timings` take the place of estimates; other masks of
    a layer are then estimates times measured over estimated of the mask it has (else the median of its masks), layers that
    were never measured times the median of all, so that everything is in the device's microseconds.
    """

    def __init__(
        self, model: Model, shapes: Mapping[str, Shape], policy: Policy, timings: Timings | None = None
    ) -> None:
        self._model, self._policy, self._timings = model, policy, timings or {}
        self._shapes = infer_shapes(model.operators, shapes, model.graph.path)
        self._known: dict[tuple[object, ...], float] = {}
        self._now = policy.all_masks(model)
        self._ways = steps(model.graph, policy.target, policy.options, self._now)
        self._kept_by_mask = {
            top for layer in model.graph.layers if self._now[layer.index] & STORAGE_BITS for top in layer.tops
        }
        self._scales: dict[int, float] = {}
        self._scale = 1.0
        self._scale = self._fitted()  # of estimates that are not scaled yet

    @property
    def measured(self) -> bool:
        """True where a device's own times count."""
        return bool(self._timings)

    def all(self, masks: Masks) -> tuple[float, ...]:
        """Microseconds of each layer under the masks there are, changed to `masks`."""
        changed = [masks.get(index, mask) for index, mask in enumerate(self._now)]
        ways = steps(self._model.graph, self._policy.target, self._policy.options, changed)
        return tuple(
            self._layer(op, step, mask) for op, step, mask in zip(self._model.operators, ways, changed, strict=True)
        )

    def total(self, masks: Masks) -> float:
        """Microseconds of the whole network."""
        return math.fsum(self.all(masks))

    def added(self, masks: Masks) -> float:
        """Microseconds that `masks` add to the network as it is; less than 0 where they take away."""
        return self.total(masks) - self.total({})

    def least(self, index: int, mask: int) -> float:
        """Microseconds that a layer adds at least under `mask`, whatever masks other layers get; may be less than 0.

        A cast is left out where a mask of the layer before can spare it: where a blob arrives in 16 bits, which may become
        32, and where a mask there already keeps 32 bits, which may be taken back.
        """
        op, now = self._model.operators[index], self._ways[index]
        step = with_mask(self._model.graph, index, now, self._policy.target, self._policy.options, mask)
        arrives = [
            step.stored if kept in STORAGE_BIT or (kept == "fp32" and bottom in self._kept_by_mask) else kept
            for bottom, kept in zip(op.layer.bottoms, step.arrives, strict=True)
        ]
        return self._layer(op, replace(step, arrives=tuple(arrives)), mask) - self._layer(op, now, self._now[index])

    def share(self, masks: Masks) -> float:
        """The part of all multiply-adds that lies in the layers of `masks` that have one, 0 to 1."""
        every = [self._macs(op) for op in self._model.operators]
        return math.fsum(every[index] for index, mask in masks.items() if mask) / (math.fsum(every) or 1)

    def _layer(self, op: Operator, step: Step, mask: int) -> float:
        index = op.layer.index
        if (index, mask) in self._timings:
            return self._timings[index, mask]
        key = (index, step.stored, step.options, step.arrives, step.support)
        if key not in self._known:
            self._known[key] = self._estimate(op, step)
        return self._scales.get(index, self._scale) * self._known[key]

    def _fitted(self) -> float:
        """The median of measured over estimated time; each layer's own is kept in `_scales`."""
        timings, self._timings = self._timings, {}
        estimated = {(index, mask): self.all({index: mask})[index] for index, mask in timings}
        self._timings = timings
        by_layer: dict[int, dict[int, float]] = {}
        for (index, mask), time in timings.items():
            if estimated[index, mask]:
                by_layer.setdefault(index, {})[mask] = time / estimated[index, mask]
        for index, ratios in by_layer.items():  # of the mask it has, so that what is estimated compares with that time
            self._scales[index] = ratios.get(self._now[index], statistics.median(ratios.values()))
        every = [ratio for ratios in by_layer.values() for ratio in ratios.values()]
        return statistics.median(every) if every else 1.0

    def _estimate(self, op: Operator, step: Step) -> float:
        if op.cut or op.layer.type == "Input":
            return 0.0
        table = self._policy.target.cost
        vectors, copied = self._arithmetic(op, step)
        return vectors / table.vectors_per_us + (self._moved(op, step) + copied) / table.bytes_per_us

    def _arithmetic(self, op: Operator, step: Step) -> tuple[float, float]:
        """Vector multiply-adds, and bytes copied to lay windows side by side."""
        table, macs = self._policy.target.cost, self._macs(op)
        kernel = self._kernel(op, step)
        row, tiles = table.row(kernel, step.stored), table.winograd(kernel)
        if tiles is not None:
            read, made = self._shapes[op.layer.bottoms[0]], self._shapes[op.layer.tops[0]]
            count = math.prod(math.ceil(extent / tiles.outputs) for extent in made[1:])
            products = macs * count * tiles.products / (9 * math.prod(made[1:]))
            return (
                products + count * (read[0] * tiles.input_transform + made[0] * tiles.output_transform)
            ) / row.lanes, 0.0
        windows = macs / self._shapes[op.layer.tops[0]][0] if row.lowers and macs else 0.0
        lowered = windows > self._elements(op.layer.bottoms)
        return macs / row.lanes, 2.0 * windows * BYTES[step.stored] if lowered else 0.0

    def _kernel(self, op: Operator, step: Step) -> str:
        """The kernel's name; over fp32 blobs the one that bf16 would take, whose algorithms and sums are those of fp32."""
        choice = kernel_of(op.layer, step, self._policy.target)
        if choice is None and step.stored == "fp32" and not sums_codes(op.layer):
            as_bf16 = (step.options - {"use_fp16_storage"}) | {"use_bf16_storage"}
            weights_come_as_blobs = len(op.layer.bottoms) > 1
            choice = None if weights_come_as_blobs else self._policy.target.choose(op.layer, as_bf16)
        return choice.kernel if choice else ""

    def _moved(self, op: Operator, step: Step) -> float:
        """Bytes read and written: inputs as they arrive and, where they are cast, once more; weights; outputs."""
        if op.layer.type in {"Split", "Noop"} and set(step.arrives) == {step.stored}:
            return 0.0  # the engine hands the blob on
        moved = 0.0
        for bottom, arrives in zip(op.layer.bottoms, step.arrives, strict=True):
            size = self._elements([bottom])
            moved += size * BYTES[arrives]
            if BYTES[arrives] != BYTES[step.stored] and arrives != _INTEGERS:
                moved += 2 * size * BYTES[step.stored]
        moved += BYTES[step.gives] * self._elements(op.layer.tops)
        return moved + BYTES[step.weights] * sum(weight.count for weight in op.kind.weights(op.params))

    def _elements(self, blobs: Sequence[str]) -> int:
        return sum(math.prod(self._shapes[blob]) for blob in blobs)

    def _macs(self, op: Operator) -> int:
        if op.cut or op.layer.type == "Input":
            return 0
        read, made = (tuple(self._shapes[blob] for blob in blobs) for blobs in (op.layer.bottoms, op.layer.tops))
        return op.kind.macs(op.params, read, made)
