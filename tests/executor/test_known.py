"""Blobs by what they were made of: which are one and the same, and which are let go first."""

from __future__ import annotations

import numpy as np
import pytest

from maskctl.executor.known import Known, Made
from maskctl.layers.base import Array
from maskctl.targets.storage import Step
from maskctl.targets.table import Support

STEP = Step("fp32", frozenset(), Support())


def blob(value: float, size: int = 4) -> Array:
    """An array of one value."""
    return np.full((1, size), value, np.float32)


def kept(known: Known, number: int) -> Array:
    """A blob that must be kept."""
    values = known.find(number)
    assert values is not None
    return values


def made(known: Known, fed: int, way: str, values: Array, seconds: float = 1.0) -> int:
    """The number of what a layer made of the input in some way."""
    how = Made(1, Step(way, frozenset(), Support()), (fed,))
    return known.take(how, (kept(known, fed),), (values,), seconds)[0]


def test_alike_blobs_are_one() -> None:
    """Blobs of a layer with the same bits, in the same order in memory, have one number; of another layer they have another."""
    known = Known(1000)
    fed = known.given(blob(1))
    first = made(known, fed, "fp32", blob(2))
    assert first == made(known, fed, "fp16", blob(2))
    assert first != made(known, fed, "bf16", blob(3))
    other = known.take(Made(2, STEP, (fed,)), (kept(known, fed),), (blob(2),), 1.0)[0]
    assert first != other
    square = np.arange(4, dtype=np.float32).reshape(1, 2, 2)
    assert made(known, fed, "a", square) != made(known, fed, "b", square.swapaxes(1, 2).copy().swapaxes(1, 2))


def test_what_is_handed_on_keeps_its_number() -> None:
    """A layer that gives what it reads makes nothing new."""
    known = Known(1000)
    fed = known.given(blob(1))
    values = kept(known, fed)
    assert (fed, fed) == known.take(Made(1, STEP, (fed,)), (values,), (values, values), 1.0)


def test_the_cheapest_goes_first() -> None:
    """Where there is no room, what takes least time to be made again goes first; its number stays, and how it came about."""
    known = Known(3 * 16)
    fed = known.given(blob(0))
    numbers = {
        way: made(known, fed, way, blob(seconds), seconds) for way, seconds in (("a", 3.0), ("b", 1.0), ("c", 2.0))
    }
    numbers["d"] = made(known, fed, "d", blob(9), 2.5)
    assert {"a", "c", "d"} == {way for way, number in numbers.items() if known.find(number) is not None}
    assert ("b", (fed,)) == (known.made(numbers["b"]).step.stored, known.made(numbers["b"]).read)
    assert (numbers["b"],) == known.tops(known.made(numbers["b"]))


def test_what_is_used_stays() -> None:
    """Of blobs that take as long those go first that were not used for longest, and in the end the dearest too."""
    known = Known(2 * 16)
    fed = known.given(blob(0))
    dear, first, second = (
        made(known, fed, way, blob(place), 10.0 if way == "dear" else 1.0)
        for place, way in enumerate(("dear", "a", "b"))
    )
    assert [True, False, True] == [known.find(number) is not None for number in (dear, first, second)]
    for place in range(30):
        last = made(known, fed, f"more {place}", blob(10 + place))
        assert known.find(last) is not None
    assert known.find(dear) is None
    assert known.find(fed) is not None


@pytest.mark.parametrize(
    ("values", "finite"), [([1, -2], True), ([np.inf, 0], False), ([0, np.nan], False), ([], True)]
)
def test_finite(values: list[float], finite: bool) -> None:  # noqa: FBT001 - a table
    """Of every number it is known whether all elements are finite."""
    known = Known(0)
    assert finite == known.is_finite(known.given(np.array([values], np.float32)))
