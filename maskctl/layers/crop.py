"""Crop: a part of a blob.

Which part is said in one of five ways, the first of these that is there: shape expressions (keys 19, 20, 21) for
starts, ends and axes, which may refer to several bottoms; lists of starts (9), ends (10) and axes (11), where -233 is
the whole, other negative numbers count from the end, and an end of 0 is the end; extents (3, 4, 14, 5) and offsets on
both sides; with none of these a second bottom of the part's shape, or, where woffset is -233, one whose 32-bit
integers are the offsets and extents (w, h, d, c).

A part of the blob's own shape is the blob, whatever the offsets. Expressions need all three lists: without axes the
engine crashes. Source: ncnn `src/layer/crop.cpp`.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import ONE_OR_MORE, Array, Arrays, LayerType, Param, Params, Shape, Weights, integers_in
from maskctl.layers.families.expression import evaluate, references
from maskctl.layers.families.extents import NAMES, axes_listed, extent, whole_numbers

WHOLE = -233
_INTEGERS = {1: (0, 3), 2: (0, 1, 3, 4), 3: (0, 1, 2, 3, 4, 5), 4: (0, 1, 2, 3, 4, 5, 6, 7)}
"""By rank, where the second bottom has the offsets from w outwards and then the extents."""

PARAMS = (
    Param(0, "woffset", 0, "columns left out on the left; -233: the second bottom says"),
    Param(1, "hoffset", 0, "rows left out on top"),
    Param(13, "doffset", 0, "planes left out in front"),
    Param(2, "coffset", 0, "channels left out in front"),
    Param(3, "outw", 0, "width at most, -233: what is left"),
    Param(4, "outh", 0, "height at most, -233: what is left"),
    Param(14, "outd", 0, "depth at most, -233: what is left"),
    Param(5, "outc", 0, "channels at most, -233: what is left"),
    Param(6, "woffset2", 0, "columns left out on the right"),
    Param(7, "hoffset2", 0, "rows left out at the bottom"),
    Param(15, "doffset2", 0, "planes left out behind"),
    Param(8, "coffset2", 0, "channels left out behind"),
    Param(9, "starts", (), "where the part begins along each axis, -233: at 0"),
    Param(10, "ends", (), "where it ends, -233 or 0: at the end"),
    Param(11, "axes", (), "the axes of starts and ends, all when empty"),
    Param(19, "starts_expr", "", "starts as a shape expression"),
    Param(20, "ends_expr", "", "ends as a shape expression"),
    Param(21, "axes_expr", "", "axes as a shape expression"),
)

Part = tuple[tuple[int, int], ...]
"""Offset and extent for each axis, outermost first."""


def by_expressions(params: Params) -> bool:
    """True when shape expressions say which part."""
    return bool(params.text("starts_expr") and params.text("ends_expr"))


def by_second_bottom(params: Params) -> bool:
    """True when a second bottom says which part: nothing else does."""
    extents = [f"out{name}" for name in "whdc"] + [f"{name}offset2" for name in "whdc"]
    listed = by_expressions(params) or (params.array("starts") and params.array("ends"))
    return not listed and not any(params.integer(name) for name in extents)


def by_integers(params: Params) -> bool:
    """True when the elements of the second bottom say which part."""
    return by_second_bottom(params) and params.integer("woffset") == WHOLE


def integers(params: Params) -> tuple[int, ...]:
    """The second bottom, where its elements say which part."""
    return (1,) if by_integers(params) else ()


def _require_bottoms(params: Params, count: int) -> None:
    texts = [params.text(name) for name in ("starts_expr", "ends_expr", "axes_expr")]
    least = 2 if by_second_bottom(params) else max(1, *map(references, texts))
    if count < least or (count > 1 and least == 1):
        raise GraphError(
            f"there are {count} inputs. Expected {least} for these parameters; the engine refuses or crashes."
        )
    if by_expressions(params) and not params.text("axes_expr"):
        raise GraphError(
            "there are shape expressions for starts and ends, but none for axes (21=). Write one; the engine crashes."
        )


def part(params: Params, inputs: tuple[Shape, ...], read: tuple[int, ...] = ()) -> Part:
    """The part, which lies within the blob; `read` are the integers of the second bottom where it says which."""
    shape = inputs[0]
    _require_bottoms(params, len(inputs))
    if by_integers(params):
        found = _from_integers(shape, read)
    elif by_second_bottom(params):
        found = _from_reference(params, shape, inputs[1])
    elif by_expressions(params):
        texts = (params.text(name) for name in ("starts_expr", "ends_expr", "axes_expr"))
        starts, ends, axes = (evaluate(text, inputs) for text in texts)
        found = _from_lists(shape, starts, ends, axes_listed(axes, len(shape)))
    elif params.array("starts") and params.array("ends"):
        starts, ends = whole_numbers(params, "starts"), whole_numbers(params, "ends")
        found = _from_lists(shape, starts, ends, axes_listed(whole_numbers(params, "axes"), len(shape)))
    else:
        found = _from_offsets(params, shape)
    if tuple(size for _, size in found) == shape:
        return tuple((0, size) for size in shape)
    if any(start < 0 or size < 1 or start + size > whole for (start, size), whole in zip(found, shape, strict=True)):
        told = ", ".join(f"{size} from {start} of {whole}" for (start, size), whole in zip(found, shape, strict=True))
        raise ExecutionError(
            f"the part would be {told}, outermost axis first. Expected 1 or more of each that lie within."
        )
    return found


def _from_lists(shape: Shape, starts: Shape, ends: Shape, axes: Shape) -> Part:
    if min(len(starts), len(ends)) < len(axes):
        raise GraphError(
            f"there are {len(starts)} starts and {len(ends)} ends for {len(axes)} axes. Expected one of each."
        )
    found = [(0, size) for size in shape]
    for start, end, axis in zip(starts, ends, axes, strict=False):
        size = shape[axis]
        first = 0 if start == WHOLE else start if start >= 0 else start + size
        last = size if end == WHOLE else end if end > 0 else end + size
        found[axis] = first, min(size, last) - first
    return tuple(found)


def _from_offsets(params: Params, shape: Shape) -> Part:
    found = []
    for name, size in zip(NAMES[len(shape)], shape, strict=True):
        start, most = params.integer(f"{name}offset"), params.integer(f"out{name}")
        left = size - start - params.integer(f"{name}offset2")
        found.append((start, left if most == WHOLE else min(most, left)))
    return tuple(found)


def _from_reference(params: Params, shape: Shape, reference: Shape) -> Part:
    """The extents of the reference; where only the blob has channels, all of them."""
    names = NAMES[len(shape)]
    sizes = [extent(reference, name) for name in names]
    if names[0] == "c" and len(reference) != len(shape):
        sizes[0] = shape[0]
    return tuple((params.integer(f"{name}offset"), size) for name, size in zip(names, sizes, strict=True))


def _from_integers(shape: Shape, read: tuple[int, ...]) -> Part:
    rank, places = len(shape), _INTEGERS[len(shape)]
    if len(read) <= places[-1]:
        raise ExecutionError(
            f"the second bottom has {len(read)} integers. Expected {places[-1] + 1} for a blob of rank {rank}."
        )
    found = [read[place] for place in places]
    return tuple(zip(reversed(found[:rank]), reversed(found[rank:]), strict=True))


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The part's shape; where the second bottom's elements say which part, at most the whole."""
    if by_integers(params):
        _require_bottoms(params, len(inputs))
        if len(inputs[1]) > 2:
            raise ExecutionError(
                f"the second bottom has the shape {inputs[1]}. Expected a vector of offsets and extents."
            )
        return inputs[:1]
    return (tuple(size for _, size in part(params, inputs)),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """A view of the part."""
    given = tuple(values.shape[1:] for values in inputs)
    shapes(params, given)
    read = _read(inputs[1]) if by_integers(params) else ()
    chosen = (slice(start, start + size) for start, size in part(params, given, read))
    return (inputs[0][(slice(None), *chosen)],)


def _read(values: Array) -> tuple[int, ...]:
    """The integers of the one sample that is run at a time."""
    return tuple(integers_in(values)[0].ravel().tolist())


LAYER = LayerType("Crop", ONE_OR_MORE, forward, PARAMS, shapes=shapes, integers=integers, by_value=by_integers)
