"""Permute: a blob with its axes in another order. A vector stays as it is, whatever the order.

Source: ncnn `src/layer/permute.cpp`.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.extents import NAMES

PARAMS = (Param(0, "order_type", 0, "number of the order: 0 keeps it, 1 swaps w and h, …"),)

ORDERS = {
    2: ("wh", "hw"),
    3: ("whc", "hwc", "wch", "cwh", "hcw", "chw"),
    4: (
        *("whdc", "hwdc", "wdhc", "dwhc", "hdwc", "dhwc"),
        *("whcd", "hwcd", "wchd", "cwhd", "hcwd", "chwd"),
        *("wdch", "dwch", "wcdh", "cwdh", "dcwh", "cdwh"),
        *("hdcw", "dhcw", "hcdw", "chdw", "dchw", "cdhw"),
    ),
}
"""By rank and number: which of the input's axes become the result's, from its w outwards."""


def axes(params: Params, rank: int) -> tuple[int, ...]:
    """Which axis of the input each of the result's is, outermost first."""
    if rank == 1:
        return (0,)
    order = params.integer("order_type")
    if not 0 <= order < len(ORDERS[rank]):
        raise ExecutionError(
            f"order_type is {order}. Expected 0 to {len(ORDERS[rank]) - 1} for a blob of rank {rank}; "
            "the engine gives none for others."
        )
    return tuple(NAMES[rank].index(name) for name in reversed(ORDERS[rank][order]))


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's extents in the new order."""
    return (tuple(inputs[0][axis] for axis in axes(params, len(inputs[0]))),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """A view with the axes in the new order."""
    values = inputs[0]
    return (values.transpose(0, *(1 + axis for axis in axes(params, values.ndim - 1))),)


LAYER = LayerType("Permute", range(1, 2), forward, PARAMS, shapes=shapes)
