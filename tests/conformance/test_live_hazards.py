"""What docs/engine-hazards.md says of the engine, against the page, against maskctl, and against a live arm64 engine.

Set MASKCTL_ARM64_PYTHON to the launcher that conformance/setup-arm64.sh leaves behind.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from conformance.agreement import difference
from conformance.case import chain
from conformance.hazards import HAZARDS, Finding, Shown, differs, find, markdown
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import load
from maskctl.peers.ncnn_engine import NcnnEngine

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "engine-hazards.md").read_text(encoding="utf-8")
PYTHON = os.environ.get("MASKCTL_ARM64_PYTHON", "")
NEEDS_ENGINE = pytest.mark.skipif(
    not (PYTHON and os.environ.get("MASKCTL_REAL_MODELS")),
    reason="takes minutes: set MASKCTL_REAL_MODELS=1, as .ci/run does, and MASKCTL_ARM64_PYTHON (see setup-arm64.sh)",
)
EACH = pytest.mark.parametrize("shown", HAZARDS, ids=[shown.name for shown in HAZARDS])


@pytest.fixture(scope="module")
def findings() -> dict[str, Finding]:
    """What the live engine gives, found once for all tests."""
    return {finding.shown.name: finding for finding in find(NcnnEngine((PYTHON,), timeout_s=20))}


def section(shown: Shown) -> str:
    """The page's section of a hazard."""
    return PAGE.split(f"## {shown.name}\n", 1)[1].split("\n## ", 1)[0]


@EACH
def test_the_page_shows_the_model(shown: Shown) -> None:
    """The section of each hazard has its model's text, character by character."""
    assert f"```text\n{shown.param(shown.lines)}```" in section(shown)


@pytest.mark.parametrize("shown", HAZARDS[:3], ids=[shown.name for shown in HAZARDS[:3]])
def test_the_page_shows_the_way_around(shown: Shown) -> None:
    """The section of each hazard within one layer has the lines to write instead."""
    assert "\n".join(chain(*shown.around)) in section(shown)


@pytest.mark.parametrize("shown", HAZARDS[:3], ids=[shown.name for shown in HAZARDS[:3]])
def test_the_page_shows_the_values(shown: Shown, tmp_path: Path) -> None:
    """Each channel's row of the table is what the layers should give, and what maskctl predicts for the engine."""
    model, inputs = load(shown.write(tmp_path / "hazard.param", shown.lines)), {"data": shown.sample[None]}
    wanted, predicted = (run(model, inputs, policy)["out"][0] for policy in (Policy(), Policy(shown.precision)))
    rows = {
        "| {} |".format(" | ".join(" ".join(f"{value:g}" for value in half.reshape(-1)) for half in halves))
        for halves in zip(wanted, predicted, strict=True)
    }
    assert rows == {row for row in rows if row in section(shown)}


@pytest.mark.parametrize("shown", [shown for shown in HAZARDS if shown.wild], ids=lambda shown: shown.name)
def test_a_mask_that_is_not_honoured_gives_nan(shown: Shown, tmp_path: Path) -> None:
    """Where the engine reads outside its blobs, maskctl gives NaN throughout."""
    model = load(shown.write(tmp_path / "hazard.param", shown.lines))
    assert np.isnan(run(model, {"data": shown.sample[None]}, Policy(shown.precision))["out"]).all()


@NEEDS_ENGINE
@pytest.mark.parametrize("shown", [shown for shown in HAZARDS if not shown.wild], ids=lambda shown: shown.name)
def test_the_engine_has_the_defect(shown: Shown, findings: dict[str, Finding]) -> None:
    """The engine gives what no rounding explains."""
    assert findings[shown.name].is_wrong, markdown(findings[shown.name])


@NEEDS_ENGINE
def test_the_engine_does_not_honour_masks(findings: dict[str, Finding]) -> None:
    """Of the networks in which it reads outside its blobs, it crashes or gives garbage in some; which is luck of the memory."""
    assert any(finding.is_wrong for finding in findings.values() if finding.shown.wild)


@NEEDS_ENGINE
@EACH
def test_the_way_around_works(shown: Shown, findings: dict[str, Finding]) -> None:
    """Written the other way, the engine gives what the layers should."""
    finding = findings[shown.name]
    assert not differs(finding.wanted, finding.around), markdown(finding)


@NEEDS_ENGINE
@EACH
def test_maskctl_predicts_it(shown: Shown, findings: dict[str, Finding]) -> None:
    """What stays inside the blobs is predicted to the bit; of the rest maskctl warns."""
    finding = findings[shown.name]
    assert finding.warned == shown.wild
    if not shown.wild:
        assert not isinstance(finding.engine, str)
        assert "" == difference(finding.engine, finding.predicted)
