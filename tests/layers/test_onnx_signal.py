"""Spectrograms and suppression of boxes against the reference evaluator of ONNX, where both say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskctl.executor.run import run
from maskctl.layers.families import detecting
from maskctl.numeric.formats import FloatArray
from tests.layers.row import Row
from tests.layers.test_against_onnx import SEED, assert_close, reference

PROFILES = ("normal", "sparse")


def samples_and_top(words: str, shape: tuple[int, ...], folder: Path) -> tuple[FloatArray, FloatArray]:
    """What a layer is fed and what it gives, samples in front."""
    row = Row(words, (shape,), profiles=PROFILES)
    samples = row.samples(SEED)["in0"]
    return samples, run(row.model(folder / "row", SEED), {"in0": samples})["out0"]


def whole(value: int) -> Any:
    """An integer as ONNX wants it."""
    return np.array(value, np.int64)


def windows(kind: str, length: int) -> FloatArray:
    """ONNX's own periodic windows."""
    return reference(kind, whole(length), periodic=1) if kind else np.ones(length, np.float32)


@pytest.mark.parametrize(("number", "kind"), [(0, ""), (1, "HannWindow"), (2, "HammingWindow")])
@pytest.mark.parametrize(("length", "hop", "onesided"), [(8, 2, 1), (9, 4, 1), (16, 16, 0)])
def test_spectrogram(number: int, kind: str, length: int, hop: int, onesided: int, tmp_path: Path) -> None:
    """Spectrogram without padding is ONNX's STFT with frequencies in front of the frames.

    ONNX's Hamming window is 25 / 46 where ncnn's is 0.54, so it gets ncnn's.
    """
    window = windows(kind, length)
    if number == 2:
        window = np.float32(0.54) - np.float32(0.46) * np.cos(2 * np.pi * np.arange(length) / length).astype(np.float32)
    words = f"Spectrogram 0={length} 2={hop} 4={number} 5=0 8={onesided}"
    samples, actual = samples_and_top(words, (40,), tmp_path)
    expected = reference("STFT", samples[..., None], whole(hop), window, onesided=onesided)
    assert_close(expected.swapaxes(1, 2), actual)


@pytest.mark.parametrize("length", [8, 9])
def test_inverse_spectrogram(length: int, tmp_path: Path) -> None:
    """Frames that do not overlap, under a window of ones, are ONNX's inverse DFT one by one."""
    words = f"InverseSpectrogram 0={length} 2={length} 5=0"
    samples, actual = samples_and_top(words, (length, 4, 2), tmp_path)
    expected = reference("DFT", samples.swapaxes(1, 2), axis=2, inverse=1)
    assert_close(expected.reshape(actual.shape), actual)


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.6])
def test_suppression(threshold: float) -> None:
    """The boxes kept are those of ONNX's NonMaxSuppression, in its order."""
    rng = np.random.default_rng(SEED)
    corners = rng.uniform(0, 1, (60, 2)).astype(np.float32)
    boxes = np.concatenate([corners, corners + rng.uniform(0.1, 0.5, (60, 2)).astype(np.float32)], axis=1)
    scores = rng.permutation(60).astype(np.float32)
    limit: Any = np.array([threshold], np.float32)
    least: Any = np.array([-1], np.float32)
    expected = reference("NonMaxSuppression", boxes[None], scores[None, None], whole(60)[None], limit, least)
    order = detecting.descending(scores)
    kept = order[detecting.kept(boxes[order], detecting.areas(boxes[order]), threshold)]
    assert expected[:, 2].astype(int).tolist() == kept.tolist()
