"""Every row of every table, here and in the real engine of this machine, in a process that survives its crashes."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache

import pytest

from tests.layers.agreement import Outcome, outcomes
from tests.layers.row import SUMS, Row
from tests.layers.rows import families

NEEDS_NCNN = pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed")
FAMILIES = families()
ALL = [(family, row) for family, rows in FAMILIES.items() for row in rows]


@pytest.fixture(scope="session")
def outcome_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Row], Outcome]:
    """The outcome of a row; its whole family is run when the first of them is asked for."""
    folder = tmp_path_factory.mktemp("rows")

    @cache
    def of_family(family: str) -> dict[str, Outcome]:
        return {str(outcome.row): outcome for outcome in outcomes(FAMILIES[family], folder / family)}

    return lambda family, row: of_family(family)[str(row)]


@NEEDS_NCNN
@pytest.mark.parametrize(("family", "row"), ALL, ids=[f"{family}: {row}" for family, row in ALL])
def test_agrees_with_ncnn(family: str, row: Row, outcome_of: Callable[[str, Row], Outcome]) -> None:
    """The engine and maskctl agree as well as the row asks, in every sample and every top."""
    assert "" == outcome_of(family, row).problem


def test_rows_are_different() -> None:
    """No two rows of a family are the same case."""
    twins = [
        f"{family}: {row}"
        for family, rows in FAMILIES.items()
        for row in rows
        if [str(r) for r in rows].count(str(row)) > 1
    ]
    assert [] == twins


def test_lower_demands_have_reasons() -> None:
    """A row that asks for less than 110 dB says why."""
    assert [] == [f"{family}: {row}" for family, row in ALL if row.least_db < SUMS and not row.why]
