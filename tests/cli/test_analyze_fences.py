"""`maskctl analyze --fences`: layers put in, shown and written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from maskctl.graph.model import load
from maskctl.targets import DEFAULT
from maskctl.targets.storage import hazards
from tests.cli.driver import Runner

LINES = (
    "Input data 0 1 data",
    *(f"Convolution c{n} 1 1 {'data' if n == 1 else f'b{n - 1}'} b{n} 0=32 1=3 4=1 6=9216" for n in (1, 2, 3)),
    "Convolution large 1 1 b3 b4 0=4 1=1 6=128",
    "Convolution back 1 1 b4 out 0=32 1=1 6=128",
)
COMMAND = ("analyze", "net.param", "-i", "data.npy", "--fences")


@pytest.fixture(name="net")
def fixture_net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A network whose fourth layer leaves the range of fp16, the working folder its own."""
    rng = np.random.default_rng(5)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.param").write_text("\n".join(["7767517", "6 6", *LINES, ""]))
    weights = [rng.standard_normal(9216) / 17 for _ in range(3)]
    weights += [2e5 * rng.standard_normal(128), 1e-5 * rng.standard_normal(128)]
    (tmp_path / "net.bin").write_bytes(b"".join(bytes(4) + values.astype("<f4").tobytes() for values in weights))
    np.save(tmp_path / "data.npy", rng.standard_normal((32, 12, 12)).astype(np.float32))
    return tmp_path / "net.param"


def test_shown_and_written(run: Runner, net: Path) -> None:
    """The difference shows the line, its reader and the counts; what is written is that, safe, and needs nothing more."""
    shown = run(*COMMAND)
    assert 0 == shown.code
    assert "With 2 masks and 1 fence every output reaches cosine 0.999." in shown.out
    for line in ("-6 6", "+7 7", "+DeepCopy                 large_in0_fp32           1 1 b3 large_in0_fp32"):
        assert f"\n{line}\n" in shown.out
    assert "Note: A layer is put in: DeepCopy has no 16-bit storage" in shown.out
    printed = run(*COMMAND, "-o", "-")
    assert 0 == run(*COMMAND, "--write").code
    assert net.read_text() == printed.out
    model = load(net)
    assert () == hazards(model.graph, DEFAULT, model.document.masks)
    assert "nothing to propose" in run("analyze", "net.param", "-i", "data.npy").out


def test_in_json(run: Runner, net: Path) -> None:
    """JSON names the layers that are put in, and what they read."""
    report = json.loads(run(*COMMAND, "--json", "-").out)
    assert [{"index": 4, "name": "large_in0_fp32", "type": "DeepCopy", "blob": "b3"}] == report["fences"]
    assert [(5, "large", 2), (6, "back", 2)] == [
        (mask["index"], mask["name"], mask["proposed"]) for mask in report["masks"]
    ]
    assert net.exists()


def test_written_with_the_masks(run: Runner, net: Path) -> None:
    """The message names the layers put in beside the masks."""
    result = run(*COMMAND, "--write")
    assert net.read_text().count("DeepCopy") == 1
    assert result.out.splitlines()[-1].endswith(" and 1 fence (layers put in) to net.param.")


def test_not_with_vulkan(run: Runner, net: Path) -> None:
    """Fences are for bits that do not hold under Vulkan: both at once is refused."""
    result = run(*COMMAND, "--also-vulkan")
    said = "--fences is for bits 2 and 4, and with --also-vulkan there are none. Give one of the two."
    assert (2, f"maskctl: {said}\n") == (result.code, result.err)
    assert net.exists()


@pytest.mark.parametrize("layer", ["#4", "large"])
def test_explained(run: Runner, net: Path, layer: str) -> None:
    """A layer behind a fence is explained by its name and by its index in the file, not by that of the fenced network."""
    found = run("explain", "net.param", layer, "-i", "data.npy", "--fences")
    assert (0, "#5 'large' (Convolution) in net.param") == (found.code, found.out.splitlines()[0])
    assert "reads             #4 'large_in0_fp32' (DeepCopy)" in found.out
    assert net.exists()
