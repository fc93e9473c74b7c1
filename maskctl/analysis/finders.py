"""Layers whose tops have as many rows as they find, such as boxes, and what is measured in their place.

Row 7 of such a top may be one thing in fp32 and another in fp16, and there may be no row 7: nothing can be compared
element by element. So two things are done. Its quality is judged by the blobs it reads. And the lowered runs take the
rows found in fp32, so that what is behind is fed with the same rows and can be compared.
"""

from __future__ import annotations

from collections.abc import Collection

from maskctl.graph.model import Model
from maskctl.graph.operators import Operator
from maskctl.targets import Target


def finders(model: Model, target: Target) -> tuple[Operator, ...]:
    """The layers that run and whose tops' extents depend on values, but for those that only move what they read."""
    return tuple(
        op
        for op in model.operators
        if not op.cut and op.kind.by_value(op.params) and target.supports(op.layer).arithmetic != "moves"
    )


def found_blobs(found: Collection[Operator]) -> frozenset[str]:
    """The tops of finders."""
    return frozenset(top for op in found for top in op.layer.tops)


def measured(model: Model, found: Collection[Operator]) -> tuple[str, ...]:
    """The blobs that say how good the network is: the outputs, and what finders read in place of what they find."""
    read = {bottom for op in found for bottom in op.layer.bottoms}
    wanted = (read | set(model.outputs)) - found_blobs(found) - set(model.graph.inputs)
    return tuple(top for op in model.operators for top in op.layer.tops if top in wanted)


def reads_found(model: Model, found: Collection[Operator]) -> bool:
    """True where a layer that runs reads what one of these gives."""
    reader, tops = model.graph.reader, found_blobs(found)
    return any(top in reader and not model.operators[reader[top]].cut for top in tops)


def needs_single_samples(model: Model) -> bool:
    """True where a layer reads a blob whose extents differ from sample to sample."""
    return reads_found(model, [op for op in model.operators if not op.cut and op.kind.by_value(op.params)])
