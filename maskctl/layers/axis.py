"""The parameter `axis` of layers that work along one: counted from 0 at the outermost, negative from the end."""

from __future__ import annotations

from maskctl.errors import ExecutionError
from maskctl.layers.base import Params


def axis_of(params: Params, rank: int) -> int:
    """The axis, counted from 0; a blob of rank 1 has one, whatever the parameter. Raises `ExecutionError` beyond it."""
    if rank == 1:
        return 0
    written = params.integer("axis")
    axis = written + rank if written < 0 else written
    if not 0 <= axis < rank:
        raise ExecutionError(
            f"axis {written} does not exist in a blob of rank {rank}. Expected {-rank} to {rank - 1}; change the axis (0=)."
        )
    return axis
