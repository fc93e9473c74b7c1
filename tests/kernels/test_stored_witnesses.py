"""What the arm64 engine computed in fp16 for small networks, stored by conformance/make_witnesses.py, against maskctl."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conformance.cases import CASES, OUT_OF_REACH
from conformance.witnesses import Witness, load
from maskctl.executor.policy import Policy
from maskctl.graph.model import load as load_model
from maskctl.targets.arm82 import ARM82
from maskctl.targets.storage import kernel_of
from tests.witnesses import difference, recomputed, same_bits, steps_apart

STORED = Path(__file__).resolve().parents[1] / "stored" / "arm64_fp16.npz"
ABOUT, WITNESSES = load(STORED)
LOOSE = {case.name: case.loose for case in CASES if case.loose}
"""Cases whose fp32 sums the engine adds in an order of its own, each with that reason in the table of cases."""

SHARES = {"winograd F(2,3) 8-136": 0.18, "winograd F(2,3) 136-8": 0.04, "dropout between tiny": 1.0}
"""The share of equal elements in each case that is out of reach, as measured; the last differs on some seeds only."""

EXACT = [witness for witness in WITNESSES if witness.name not in {*LOOSE, *OUT_OF_REACH}]
NEARLY = [witness for witness in WITNESSES if witness.name in LOOSE]


@pytest.mark.parametrize("witness", EXACT, ids=lambda witness: witness.name)
def test_every_bit_is_the_engines(witness: Witness, tmp_path: Path) -> None:
    """Every element of the output has the bits that the engine computed."""
    assert "" == difference(witness.outputs, recomputed(witness, tmp_path), witness.profiles)


@pytest.mark.parametrize("witness", NEARLY, ids=lambda witness: witness.name)
def test_fp32_sums_are_within_one_fp16_value(witness: Witness, tmp_path: Path) -> None:
    """Where only the order of fp32 sums differs, no element is further than the next fp16 value, and 99 % are equal."""
    apart = steps_apart(witness.outputs, recomputed(witness, tmp_path))
    assert apart.max() <= 1
    assert np.mean(apart == 0) >= 0.99


@pytest.mark.parametrize("name", OUT_OF_REACH)
def test_what_is_out_of_reach_stays_near(name: str, tmp_path: Path) -> None:
    """Cases known to differ are no worse than measured, and within 1 % of the largest output everywhere."""
    witness = next(witness for witness in WITNESSES if witness.name == name)
    actual = recomputed(witness, tmp_path)
    assert np.mean(same_bits(witness.outputs, actual)) >= SHARES[name]
    assert np.abs(witness.outputs - actual).max() <= 0.01 * np.abs(witness.outputs).max()


@pytest.mark.parametrize("name", [name for name in OUT_OF_REACH if name.startswith("winograd")])
def test_the_target_says_what_it_does_not_compute(name: str, tmp_path: Path) -> None:
    """Where the engine runs another algorithm, the table of kernels names it."""
    witness = next(witness for witness in WITNESSES if witness.name == name)
    model = load_model(witness.write(tmp_path))
    choice = kernel_of(model.graph.layers[1], Policy("fp16").steps(model)[1], ARM82)
    assert choice is not None
    assert "winograd F(2,3)" == choice.instead_of


def test_the_stored_cases_are_the_table() -> None:
    """The file holds every case of the table, its text and its profiles unchanged; `make_witnesses` renews it."""
    table = {case.name: (case.param, case.profiles, case.precision) for case in CASES}
    stored = {witness.name: (witness.param, witness.profiles, witness.precision) for witness in WITNESSES}
    assert table == stored


def test_the_stored_weights_and_samples_follow_from_the_seed() -> None:
    """Weights and samples in the file are those that the table makes from the file's seed."""
    seed = int(ABOUT["seed"])
    differing = [
        case.name
        for case, witness in zip(CASES, WITNESSES, strict=True)
        if case.weights(seed) != witness.weights or difference(case.samples(seed), witness.inputs)
    ]
    assert [] == differing


def test_the_file_says_where_it_comes_from() -> None:
    """Engine, CPU, threads, seed, numpy and Python are on record."""
    assert {"engine", "cpu", "threads", "seed", "numpy", "python"} == set(ABOUT)
    assert "ncnn 1.0.20261020 (arm64 wheel)" == ABOUT["engine"]


def test_the_file_is_small() -> None:
    """The stored witnesses take less than 400 kB."""
    assert STORED.stat().st_size < 400_000
