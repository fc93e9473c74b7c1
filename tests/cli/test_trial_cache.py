"""An interrupted analysis goes on where it was, and one that ends leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskctl.analysis.pool import Shares
from maskctl.cli.trial_cache import FOLDER
from tests.cli.driver import SAMPLES, Runner

COMMAND = ("analyze", "digits_overflow.param", "-i", "few.npy", "--target-sqnr", "60", "--json", "-")


@pytest.fixture(name="trials")
def fixture_trials(digits: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[int, int]]:
    """The masks that are really tried; the fourth trial is an interrupt."""
    with np.load(SAMPLES / "digits_test.npz") as images:
        np.save(digits / "few.npy", images["image"][:8])
    tried: list[dict[int, int]] = []
    evaluate = Shares.evaluate

    def counted(shares: Shares, masks: dict[int, int]) -> Any:
        tried.append(dict(masks))
        if len(tried) == 4:
            raise KeyboardInterrupt
        return evaluate(shares, masks)

    monkeypatch.setattr(Shares, "evaluate", counted)
    return tried


def test_goes_on_where_it_was(run: Runner, trials: list[dict[int, int]]) -> None:
    """After an interrupt no trial is done twice, the answer is that of a run without a break, and nothing is left."""
    assert 130 == run(*COMMAND).code
    assert Path(FOLDER).is_dir()
    resumed = run(*COMMAND)
    assert resumed.err.startswith(f"maskctl: note: 3 trials of an interrupted run are taken from {FOLDER}")
    assert not Path(FOLDER).exists()
    before, after = trials[:3], trials[4:]
    assert [] == [masks for masks in after if masks in before]
    whole = run(*COMMAND, "--no-cache")
    assert (json.loads(whole.out), "") == (json.loads(resumed.out), whole.err)


def test_other_samples_know_nothing(run: Runner, digits: Path, trials: list[dict[int, int]]) -> None:
    """Trials on other samples, weights or in another precision are not taken."""
    assert 130 == run(*COMMAND).code
    np.save(digits / "few.npy", np.load(digits / "few.npy")[:7])
    assert "" == run(*COMMAND).err
    assert {} in trials[4:]


def test_lines_cut_short(run: Runner, trials: list[dict[int, int]]) -> None:
    """What a kill left half written is passed over."""
    assert 130 == run(*COMMAND).code
    file = next(Path(FOLDER).iterdir())
    file.write_text(file.read_text()[:-40] + '\n{"trial": "x", "outcome": {}}\nnull\n')
    assert "note: 2 trials of" in run(*COMMAND).err
    assert trials


def test_no_cache(run: Runner, trials: list[dict[int, int]]) -> None:
    """With --no-cache nothing is written."""
    assert 130 == run(*COMMAND, "--no-cache").code
    assert not Path(FOLDER).exists()
    assert 4 == len(trials)
