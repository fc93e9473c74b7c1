"""Whatever parameters and shapes a layer is given, it computes or says in a MaskctlError why not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskctl.errors import MaskctlError
from maskctl.layers import LayerType, Param, Params, find, known_types
from maskctl.layers.base import Value

EXTENTS = st.integers(1, 7)
SHAPES = st.lists(EXTENTS, min_size=1, max_size=4).map(tuple)
INTEGERS = st.one_of(st.integers(-2, 9), st.sampled_from([-233, -234, 16, 100]))
FLOATS = st.one_of(st.floats(-4, 4, width=32), st.sampled_from([0.0, 1.0, -233.0]))
ARRAYS = st.lists(st.one_of(st.integers(-3, 8), st.just(-233), st.floats(-2, 20, width=32)), max_size=5).map(tuple)
TEXTS = st.sampled_from(
    ["", "0w,0h", "*(0w,2),0h,1", "0w,-1", "+(0c,1)", "1w", "//(0w,0)", "(", "nonsense", "0w,0h,0c,0d,1"]
)
_MOST_WEIGHTS = 1 << 16


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


def _attempt(data: st.DataObject, kind: LayerType) -> None:
    bottoms = data.draw(st.integers(kind.bottoms.start, min(kind.bottoms.stop - 1, kind.bottoms.start + 2)))
    tops = data.draw(st.integers(kind.tops.start, min(kind.tops.stop - 1, kind.tops.start + 2)))
    shapes = tuple(data.draw(SHAPES) for _ in range(bottoms))
    if bottoms > 1 and data.draw(st.booleans()):
        shapes = shapes[:1] * bottoms
    params = Params(kind.params, data.draw(_written(kind.params)), tops, bottoms)
    wanted = kind.weights(params)
    reason = kind.unsupported(params)
    if (
        reason
        or sum(weight.count for weight in wanted) > _MOST_WEIGHTS
        or min((w.count for w in wanted), default=0) < 0
    ):
        return
    rng = np.random.default_rng(0)
    weights = {weight.name: rng.standard_normal(weight.shape).astype(np.float32) for weight in wanted}
    inputs = tuple(rng.standard_normal((1, *shape)).astype(np.float32) for shape in shapes)
    promised = kind.shapes(params, shapes)
    found = kind.forward(params, kind.prepare(params, weights), inputs)
    assert tops == len(found)
    if kind.by_value(params):
        assert all(
            math.prod(values.shape[1:]) <= math.prod(shape) for values, shape in zip(found, promised, strict=True)
        )
    else:
        assert promised == tuple(values.shape[1:] for values in found)
        kind.macs(params, shapes, promised)


@pytest.mark.parametrize("name", [name for name in known_types() if name != "Input"])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_parameters_give_a_result_or_a_reason(name: str, data: st.DataObject) -> None:
    """Parameters near and beyond their ranges, any shapes: tops of the promised shapes, or a MaskctlError."""
    kind = find(name)
    assert kind is not None
    try:
        with np.errstate(all="ignore"):
            _attempt(data, kind)
    except MaskctlError:
        return
