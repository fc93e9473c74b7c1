"""Small models on disk for tests of the executor."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from maskctl.graph.model import Model, load
from tests.builders import TAG_FP32_PLAIN, floats, param_text, tagged


def model_of(folder: Path, *layers: str, weights: bytes = b"") -> Model:
    """The model of these layer lines, written into `folder` as net.param and net.bin."""
    path = folder / "net.param"
    path.write_bytes(param_text(*layers))
    path.with_suffix(".bin").write_bytes(weights)
    return load(path)


def convolution_weights(channels: int, outputs: int, kernel: int, seed: int) -> bytes:
    """Weight and bias of one Convolution."""
    rng = np.random.default_rng(seed)
    count = channels * outputs * kernel * kernel
    weight = rng.standard_normal(count) * (channels * kernel * kernel) ** -0.5
    return tagged(TAG_FP32_PLAIN, floats(*weight)) + floats(*rng.standard_normal(outputs))
