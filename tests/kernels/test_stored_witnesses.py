"""What the arm64 engine computed for small networks, stored by conformance/make_witnesses.py, against maskctl."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.agreement import difference, problem
from conformance.case import Case
from conformance.cases import families
from conformance.witnesses import Witness, load
from tests.witnesses import recomputed

FOLDER = Path(__file__).resolve().parents[1] / "stored" / "arm64"
FAMILIES = {
    name: tuple(case for case in cases if case.target == "arm82")
    for name, cases in families().items()
    if any(case.target == "arm82" for case in cases)
}
STORED = {name: load(FOLDER / f"{name}.npz") for name in FAMILIES if (FOLDER / f"{name}.npz").exists()}
ALL = [
    (case, witness)
    for name, (_, witnesses) in STORED.items()
    for case, witness in zip(FAMILIES[name], witnesses, strict=True)
]


def test_every_family_is_stored() -> None:
    """Each family of cases has its file, and no file is without a family; `make_witnesses` renews them."""
    assert sorted(FAMILIES) == sorted(path.stem for path in FOLDER.glob("*.npz"))


@pytest.mark.parametrize(("case", "witness"), ALL, ids=[case.name for case, _ in ALL])
def test_agrees_with_the_engine(case: Case, witness: Witness, tmp_path: Path) -> None:
    """Every element has the bits that the engine computed, or as large a share as the case asks."""
    assert "" == problem(case, witness.outputs, recomputed(case, witness, tmp_path))


@pytest.mark.parametrize("family", STORED)
def test_the_stored_cases_are_the_table(family: str) -> None:
    """The file holds every case of the table, its text and what it asks of the engine unchanged."""
    table = {case.name: (case.param, case.profiles, case.precision, case.without) for case in FAMILIES[family]}
    stored = {
        witness.name: (witness.param, witness.profiles, witness.precision, witness.without)
        for witness in STORED[family][1]
    }
    assert table == stored


@pytest.mark.parametrize("family", STORED)
def test_the_stored_weights_and_samples_follow_from_the_seed(family: str) -> None:
    """Weights and samples in the file are those that the table makes from the file's seed."""
    about, witnesses = STORED[family]
    seed = int(about["seed"])
    differing = [
        case.name
        for case, witness in zip(FAMILIES[family], witnesses, strict=True)
        if case.weights(seed) != witness.weights or difference(case.samples(seed), witness.inputs)
    ]
    assert [] == differing


@pytest.mark.parametrize("family", STORED)
def test_the_file_says_where_it_comes_from(family: str) -> None:
    """Engine, CPU, threads, seed, numpy and Python are on record."""
    about = STORED[family][0]
    assert {"engine", "cpu", "threads", "seed", "numpy", "python"} == set(about)
    assert "ncnn 1.0.20261020 (arm64 wheel)" == about["engine"]


def test_names_are_different() -> None:
    """No two cases have one name: weights and samples follow from it."""
    names = [case.name for cases in families().values() for case in cases]
    assert [] == [name for name in set(names) if names.count(name) > 1]


def test_the_files_are_small() -> None:
    """The stored witnesses take less than 200 kB a family and 5 MB together."""
    sizes = [path.stat().st_size for path in FOLDER.glob("*.npz")]
    assert max(sizes) < 200_000
    assert sum(sizes) < 5_000_000
