"""A published model with real weights, blob by blob, against the real engine of this machine in fp32."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from maskctl.executor.images import ImageRecipe, read_image
from maskctl.executor.run import run
from maskctl.graph.model import bin_beside, load
from maskctl.peers.ncnn_engine import NcnnEngine
from maskctl.targets import PRECISIONS
from tests.layers.test_against_ncnn import signal_over_noise_db
from tests.shared_models import NEEDS_SQUEEZENET, PHOTO, SQUEEZENET

LEAST_DB = 105.0
"""Reached with the engine's fp32 winograd, which alone costs some 20 dB against plain sums."""

pytestmark = [
    NEEDS_SQUEEZENET,
    pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed"),
]


def test_every_fp32_blob_agrees() -> None:
    """Each of the blobs of SqueezeNet v1.1 on a photo is within 105 dB of the engine's, and the best class is the same."""
    model = load(SQUEEZENET)
    image = read_image(PHOTO, ImageRecipe(mean=(104.0, 117.0, 123.0)), (227, 227))[None]
    blobs = [top for layer in model.graph.layers for top in layer.tops if layer.type != "Input"]
    expected = NcnnEngine().run(SQUEEZENET, bin_beside(SQUEEZENET), {"data": image}, blobs, PRECISIONS["fp32"]).blobs
    actual = run(model, {"data": image}, keep=["*"])
    agreement = {name: signal_over_noise_db(expected[name], actual[name]) for name in blobs}
    assert {} == {name: round(value, 1) for name, value in agreement.items() if value <= LEAST_DB}
    assert np.argmax(expected["prob"]) == np.argmax(actual["prob"])
