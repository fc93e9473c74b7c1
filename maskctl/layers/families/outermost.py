"""Numbers that belong to the indices of a blob's outermost axis: w of rank 1, h of rank 2, c of ranks 3 and 4.

Some layers count channels instead: to them a blob of rank 1 or 2 is one channel (`by_channels`).
"""

from __future__ import annotations

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Array, Params, Shape
from maskctl.numeric.formats import FloatArray


def weight_size(params: Params, name: str) -> int:
    """The number of elements of a weight; raises `GraphError` below 1, where the engine fails to load it."""
    size = params.integer(name)
    if size < 1:
        raise GraphError(f"{name} is {size}. Expected 1 or more; the engine does not load an empty weight.")
    return size


def require_elements(extent: int, size: int, name: str) -> None:
    """Raises `ExecutionError` where the engine would read past the end of a weight; elements left over do no harm."""
    if extent > size:
        raise ExecutionError(
            f"the input wants {extent} elements of a weight and {name} is {size}. "
            "The engine would read past its end: give an input that fits the weight."
        )


def along(numbers: FloatArray, values: Array) -> FloatArray:
    """The elements that belong to `values` (n, extent, …), ready to broadcast against them."""
    return numbers[: values.shape[1]].reshape(-1, *(1,) * (values.ndim - 2))


def require_one_or_all(size: int, shape: Shape, what: str) -> None:
    """Raises `ExecutionError` where so many numbers are more than one for all, and too few for one per index."""
    if len(shape) > 1 and 1 < size < shape[0]:
        raise ExecutionError(f"the input has shape {shape}, and there are {size} {what}. Expected 1 or {shape[0]}.")


def one_or_along(numbers: FloatArray, values: Array) -> FloatArray:
    """As `along`, but a vector takes the first number for all its elements, as in the layers that quantise."""
    return along(numbers[:1] if values.ndim == 2 else numbers, values)


def channels_of(shape: Shape) -> int:
    """How many channels a blob has where ranks 1 and 2 are one channel."""
    return shape[0] if len(shape) > 2 else 1


def by_channels(values: Array) -> Array:
    """The blob with its channels next to the samples, (n, c, …); ranks 1 and 2 become one channel."""
    return values if values.ndim > 3 else values[:, None]
