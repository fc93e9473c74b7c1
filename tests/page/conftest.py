"""A browser for the tests of the page, and pages to look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from maskctl.analysis.analyze import analyze
from maskctl.analysis.profiles import profiles
from maskctl.executor.inputs import read_samples
from maskctl.graph.model import load
from maskctl.report.analysis import to_json
from maskctl.report.html import to_html
from tests.page.browser import Tab, find_chromium, tab

SAMPLES = Path(__file__).resolve().parent.parent.parent / "sample_models"


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """A tab of a headless Chromium."""
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium on this machine: install it, or name it in MASKCTL_CHROMIUM")
    with tab(program, tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the sample model that overflows."""
    folder = tmp_path_factory.mktemp("digits")
    with np.load(SAMPLES / "digits_test.npz") as images:
        np.save(folder / "few.npy", images["image"][:40])
    model = load(SAMPLES / "digits_overflow.param")
    analysis = analyze(model, read_samples(model, [str(folder / "few.npy")]))
    path = folder / "digits.html"
    path.write_text(to_html(to_json(analysis, "1.0", (), profiles(analysis))), encoding="utf-8")
    return path
