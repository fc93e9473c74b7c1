"""Whatever parameters and shapes a layer is given, it computes or says in a MaskctlError why not."""

from __future__ import annotations

import contextlib
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskctl.errors import MaskctlError
from maskctl.layers import LayerType, Param, Params, find, known_types
from maskctl.layers.base import Shape, Value
from maskctl.param import parse
from tests.layers.row import Row
from tests.layers.rows import families

EXTENTS = st.integers(1, 7)
SHAPES = st.lists(EXTENTS, min_size=1, max_size=4).map(tuple)
INTEGERS = st.one_of(st.integers(-2, 9), st.sampled_from([-233, -234, 16, 100]))
FLOATS = st.one_of(st.floats(-4, 4, width=32), st.sampled_from([0.0, 1.0, -233.0]))
ARRAYS = st.lists(st.one_of(st.integers(-3, 8), st.just(-233), st.floats(-2, 20, width=32)), max_size=5).map(tuple)
TEXTS = st.sampled_from(
    ["", "0w,0h", "*(0w,2),0h,1", "0w,-1", "+(0c,1)", "1w", "//(0w,0)", "(", "nonsense", "0w,0h,0c,0d,1"]
)
_MOST_WEIGHTS = 1 << 16


def _rows_by_type() -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in (row for family in families().values() for row in family):
        kind = find(row.type)
        if kind is not None and len(row.inputs) in kind.bottoms:
            found.setdefault(row.type, []).append(row)
    return found


ROWS = _rows_by_type()


@st.composite
def _written(draw: st.DrawFn, declared: tuple[Param, ...]) -> dict[int, Value]:
    written: dict[int, Value] = {}
    for param in declared:
        if draw(st.booleans()):
            kinds: dict[type, st.SearchStrategy[Value]] = {int: INTEGERS, float: FLOATS, tuple: ARRAYS, str: TEXTS}
            written[param.id] = draw(kinds[type(param.default)])
            if param.name.endswith("data_size"):
                written[param.id] = draw(st.sampled_from([0, 1, 12, 36, 54, 72, 144, 576]))
    return written


def _drawn(data: st.DataObject, kind: LayerType) -> tuple[Params, tuple[Shape, ...]]:
    """Parameters and shapes: any, or those of a row of the type with a few of them changed."""
    rows = ROWS.get(kind.type, [])
    from_row: bool = data.draw(st.booleans())
    if rows and from_row:
        row = data.draw(st.sampled_from(rows))
        layer = parse(row.param.encode()).layers[-1]
        anew = data.draw(_written(kind.params))
        changed = [number for number in anew if data.draw(st.integers(0, 9)) == 0]
        written = {**layer.params, **{number: anew[number] for number in changed}}
        shapes = tuple(data.draw(SHAPES) if data.draw(st.integers(0, 9)) == 0 else shape for shape in row.inputs)
        return Params(kind.params, written, row.tops, len(shapes)), shapes
    bottoms = data.draw(st.integers(kind.bottoms.start, min(kind.bottoms.stop - 1, kind.bottoms.start + 2)))
    tops = data.draw(st.integers(kind.tops.start, min(kind.tops.stop - 1, kind.tops.start + 2)))
    shapes = tuple(data.draw(SHAPES) for _ in range(bottoms))
    if bottoms > 1 and data.draw(st.booleans()):
        shapes = shapes[:1] * bottoms
    return Params(kind.params, data.draw(_written(kind.params)), tops, bottoms), shapes


def _attempt(data: st.DataObject, kind: LayerType) -> bool:
    """True where the layer was computed."""
    params, shapes = _drawn(data, kind)
    wanted = kind.weights(params)
    reason = kind.unsupported(params)
    if (
        reason
        or sum(weight.count for weight in wanted) > _MOST_WEIGHTS
        or min((w.count for w in wanted), default=0) < 0
    ):
        return False
    rng = np.random.default_rng(0)
    weights = {weight.name: rng.standard_normal(weight.shape).astype(np.float32) for weight in wanted}
    inputs = tuple(rng.standard_normal((1, *shape)).astype(np.float32) for shape in shapes)
    promised = kind.shapes(params, shapes)
    found = kind.forward(params, kind.prepare(params, weights), inputs)
    assert params.tops == len(found)
    if kind.by_value(params):
        assert all(
            math.prod(values.shape[1:]) <= math.prod(shape) for values, shape in zip(found, promised, strict=True)
        )
    else:
        assert promised == tuple(values.shape[1:] for values in found)
        kind.macs(params, shapes, promised)
    return True


@pytest.mark.parametrize("name", [name for name in known_types() if name != "Input"])
def test_any_parameters_give_a_result_or_a_reason(name: str) -> None:
    """Parameters near and beyond their ranges, any shapes: tops of the promised shapes, or a MaskctlError, and some give tops."""
    kind = find(name)
    assert kind is not None
    computed = []

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def attempt(data: st.DataObject) -> None:
        with contextlib.suppress(MaskctlError), np.errstate(all="ignore"):
            computed.append(_attempt(data, kind))

    attempt()
    assert any(computed)
