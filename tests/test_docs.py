"""The documentation tells the truth: generated pages are fresh, the README shows what the commands print."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from conformance.reexports import CHANGES, EDITS
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import load
from maskctl.layers import Params, known_types
from maskctl.layers.plugins import load_plugin
from tests.layers.rows import families

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def script(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python command run in the repository."""
    # COLUMNS would set the width of tables; test runners that spread over processes set it for their own.
    environment = {**{key: value for key, value in os.environ.items() if key != "COLUMNS"}, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def block(mark: str) -> str:
    """The code block behind a marker comment in the README."""
    found = re.search(rf"<!-- {re.escape(mark)} -->\n```\w*\n(.*?)```", README, flags=re.DOTALL)
    assert found is not None
    return found.group(1)


def same_word(shown: str, printed: str) -> bool:
    """Equal, or two numbers that differ by what another processor's fp32 sums can change."""
    if shown == printed:
        return True
    try:
        return math.isclose(float(shown.replace(",", "")), float(printed.replace(",", "")), rel_tol=1e-2, abs_tol=0.11)
    except ValueError:
        return False


def test_generated_pages_are_fresh() -> None:
    """docs/make.py --check finds every generated page as it would write it."""
    assert ("", 0) == ((done := script("docs/make.py", "--check")).stdout, done.returncode)


_REGISTRY_IN_ORDER = """
    AbsVal BatchNorm Bias BNLL Concat Convolution Crop Deconvolution Dropout Eltwise ELU Embed Exp Flatten InnerProduct Input
    Log LRN MemoryData MVN Pooling Power PReLU Proposal Reduction ReLU Reshape ROIPooling Scale Sigmoid Slice Softmax Split
    TanH Threshold Tile RNN LSTM BinaryOp UnaryOp ConvolutionDepthWise Padding Squeeze ExpandDims Normalize Permute PriorBox
    DetectionOutput Interp DeconvolutionDepthWise ShuffleChannel InstanceNorm Clip Reorg YoloDetectionOutput Quantize
    Dequantize Yolov3DetectionOutput PSROIPooling ROIAlign Packing Requantize Cast HardSigmoid SELU HardSwish Noop
    PixelShuffle DeepCopy Mish StatisticsPooling Swish Gemm GroupNorm LayerNorm Softplus GRU MultiHeadAttention GELU
    Convolution1D Pooling1D ConvolutionDepthWise1D Convolution3D ConvolutionDepthWise3D Pooling3D MatMul Deconvolution1D
    DeconvolutionDepthWise1D Deconvolution3D DeconvolutionDepthWise3D Einsum DeformableConv2D GLU Fold Unfold GridSample
    CumulativeSum CopyTo Erf Diag CELU Shrink RMSNorm Spectrogram InverseSpectrogram Flip SDPA RotaryEmbed
"""
REGISTRY = _REGISTRY_IN_ORDER.split()
"""The layer types of ncnn's registry, in its order, without ArgMax and SPP, which are compiled out."""


def test_every_type_of_the_registry_is_there() -> None:
    """The types that can be run are those that ncnn can load, all 108 of them."""
    assert 108 == len(REGISTRY)
    assert sorted(REGISTRY) == list(known_types())


def test_stored_agreement_is_of_these_rows() -> None:
    """docs/layer_agreement.json was measured with the rows that the tests run; three of each type or more agree."""
    stored = json.loads((ROOT / "docs" / "layer_agreement.json").read_text(encoding="utf-8"))["types"]
    rows = Counter(row.type for family in families().values() for row in family)
    assert rows == {name: facts["rows"] for name, facts in stored.items()}
    assert [] == [name for name in REGISTRY if name != "Input" and stored[name]["compared"] < 3]


def test_plugin_of_the_documentation(tmp_path: Path) -> None:
    """The plugin that docs/running.md shows adds YoloV5Focus as it is defined: pixels of 2x2 squares, column by column."""
    page = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    source = next(code for code in re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL) if "LayerType" in code)
    (tmp_path / "focus.py").write_text(source, encoding="utf-8")
    (focus,) = load_plugin(tmp_path / "focus.py")
    values = np.arange(2 * 4 * 6, dtype=np.float32).reshape(1, 2, 4, 6)
    found = focus.forward(Params((), {}), {}, (values,))[0]
    assert focus.shapes(Params((), {}), ((2, 4, 6),)) == (found.shape[1:],)
    squares = ((0, 0), (1, 0), (0, 1), (1, 1))
    for channel in range(8):
        row, column = squares[channel // 2]
        assert np.array_equal(values[0, channel % 2, row::2, column::2], found[0, channel])


def test_sample_models_are_fresh() -> None:
    """sample_models/make.py --check finds every model byte for byte as it would write it, main job included."""
    assert ("", 0) == ((done := script("sample_models/make.py", "--check")).stdout, done.returncode)


def test_sample_models_are_small() -> None:
    """Each file of the sample models is under 300 kB."""
    assert [] == [path.name for path in (ROOT / "sample_models").iterdir() if path.stat().st_size >= 300_000]


def test_readme_shows_what_analyze_prints() -> None:
    """The output in the README is what its command prints, word for word up to noise in the last digit."""
    command, *shown = block("output: analyze").splitlines()
    done = script("-m", *command.removeprefix("$ ").split())
    assert 0 == done.returncode
    words = [line.split() for line in shown if line.strip()]
    printed = [line.split() for line in done.stdout.splitlines() if line.strip()]
    assert [len(line) for line in words] == [len(line) for line in printed]
    different = [
        (left, right)
        for line, other in zip(words, printed, strict=True)
        for left, right in zip(line, other, strict=True)
        if not same_word(left, right)
    ]
    assert [] == different


@pytest.mark.parametrize("name", ["analyze", "test"])
def test_readme_commands_create_what_they_need(name: str) -> None:
    """Each of the two commands is one line that makes its own virtual environment first."""
    command = block(f"command: {name}")
    assert (1, True) == (command.count("\n"), command.startswith("python3 -m venv .venv && "))


def test_links_lead_somewhere() -> None:
    """Every relative link in the Markdown files names a file that exists."""
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("sample_models/*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert [] == broken


def test_the_stated_accuracies_are_measured() -> None:
    """The top-1 figures of the README and of the sample models' page are what the models get, to the digit."""
    with np.load(ROOT / "sample_models" / "digits_test.npz") as stored:
        images, labels = np.ascontiguousarray(stored["image"], np.float32), stored["labels"]

    def right(name: str, precision: str) -> str:
        model = load(ROOT / "sample_models" / f"{name}.param")
        found = run(model, {"image": images}, Policy(precision))["prob"]
        whole = np.isfinite(found).all(axis=1)
        return f"{100 * np.mean(whole & (found.argmax(axis=1) == labels)):.1f} %"

    page = (ROOT / "sample_models" / "README.md").read_text(encoding="utf-8")
    fp32, fp16 = right("digits", "fp32"), right("digits", "fp16")
    assert f"{fp32} of the held-out images right in fp32, {fp16} in fp16" in page
    assert ("0.0 %", fp32) == (right("digits_overflow", "fp16"), right("digits_overflow", "fp32"))
    assert f"`31=1` on `conv3`, {right('digits_masked', 'fp16')} in fp16" in page
    assert f"it gets {fp32} of 500" in README
    assert f"model gets {right('digits_masked', 'fp16')} right in fp16" in README


def test_another_compilers_order_is_as_documented() -> None:
    """What docs/analysis.md says the source's order of sums would change is what the script prints."""
    text = (ROOT / "docs" / "analysis.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- output: python (-m [\w.]+) -->\n```text\n(.*?)```", text, flags=re.DOTALL)
    assert found is not None
    printed = script(*found.group(1).split()).stdout.split()
    assert [] == [pair for pair in zip(found.group(2).split(), printed, strict=True) if not same_word(*pair)]


def test_exit_codes_are_listed() -> None:
    """The page of the command line lists every exit code."""
    section = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8").partition("## Exit codes")[2]
    assert ["0", "1", "2", "3", "130", "141"] == re.findall(r"(?:^|\. )(\d+): ", section.strip())


def test_stored_relocking_is_of_these_changes() -> None:
    """docs/relock.json was measured with the changes that the tests make; no mask went wrong, and all came back after re-exports."""
    stored = json.loads((ROOT / "docs" / "relock.json").read_text(encoding="utf-8"))
    assert (list(CHANGES), list(EDITS)) == (list(stored["reexports"]), list(stored["edits"]))
    same = [*stored["reexports"].values(), *stored["tools"].values()]
    assert {(0, 0)} == {(row["named"], row["wrong"]) for row in same}
    assert {0} == {row["wrong"] for row in stored["edits"].values()}
    page = (ROOT / "docs" / "locking.md").read_text(encoding="utf-8")
    files = {row["files"] for row in stored["tools"].values()}
    assert f"On {stored['files']} published networks" in page
    assert {True} == {f"on {count} of them" in page for count in files}
