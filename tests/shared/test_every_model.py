"""Every real `.param`: loads, infers shapes, and agrees with the real engine in every blob, with the same weights.

Models without a `.bin` get made-up weights. Of language models the full graph is loaded and its shapes inferred, and as
many layers are run as have 40 million weights together. Every layer is compared twice: fed with the engine's own
blobs, and at the end of the whole run up to it.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from maskctl.executor.inputs import input_shapes
from maskctl.executor.layer import run_layer
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.memory import weight_bytes
from maskctl.graph.model import Model, load
from maskctl.graph.network import build
from maskctl.graph.operators import Operator, infer_shapes, operators
from maskctl.graph.weights import write_random
from maskctl.layers import known_types
from maskctl.layers.base import Shape
from maskctl.param import ParamDocument
from maskctl.peers.ncnn_engine import NcnnEngine
from maskctl.targets import PRECISIONS, TARGETS
from tests.layers.agreement import agreement_db
from tests.shared.test_real_params import EACH_PARAM
from tests.shared_models import INPUT_SHAPES, repaired, shortened, without_focus

NEEDS_NCNN = pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed")
LEAST_DB = 100.0
"""Of a layer fed with the engine's own blobs."""
LEAST_DB_OF_A_RUN = 80.0
OPTIONS = PRECISIONS["fp32"] - {"use_winograd_convolution"}
X86_FP32 = Policy(target=TARGETS["x86"])
"""int8 codes are rounded as each target rounds them; the engine of this machine is x86."""

Values = npt.NDArray[Any]

FLIPS = "a value within rounding of half a code goes to the other code, and the layers behind amplify it"
BOXES = "boxes whose scores are equal but for rounding change places, or one more or less passes a threshold"
ROI_BINS = "the x86 engine starts bins of a region a pixel early where they come out even; arm64 does not, nor do we"
NO_BOX = "the engine leaves a box undecoded whose class and background both pass, which only made-up scores do"
NOTHING = "where nothing is found the engine hands out its input map, and we hand out no boxes"
DIVISORS = "the made-up divisor of a made-up sum is nearly zero, and rounding gives the quotient another sign"
LEAPS = {
    "ncnn-googlenet_int8": (40.0, FLIPS),
    "ncnn-resnet18_int8": (40.0, FLIPS),
    "ncnn-resnet50_int8": (30.0, FLIPS),
    "assets-ZF_faster_rcnn_final": (20.0, ROI_BINS),
}
"""Networks whose run leaps where values are rounded: what every blob of the run must still reach, and why."""

LEAPING_BLOBS = {
    ("assets-mobilenetv3_ssdlite_voc", "792"): (40.0, DIVISORS),
    ("assets-mobilenetv3_ssdlite_voc", "814"): (40.0, DIVISORS),
    ("assets-yolov4-tiny-opt", "output"): (50.0, BOXES),
}
"""The same of single blobs, in networks all of whose others agree."""

KNOWN = {
    ("assets-ZF_faster_rcnn_final", "roi_pool_conv5"): (20.0, ROI_BINS),
    ("assets-mobilenetv2_ssdlite_voc", "detection_out"): (-math.inf, NO_BOX),
    ("ncnn-mobilenet_yolo", "output"): (-math.inf, NOTHING),
}
"""Blobs where the engine of this machine is another than those of phones, or undefined."""


def _write(path: Path, folder: Path, document: ParamDocument) -> Model:
    """The model in a folder of its own, with its real weights or made-up ones."""
    param = folder / "net.param"
    param.write_bytes(document.source)
    weights = path.with_suffix(".bin")
    if not weights.exists():
        weights = folder / "net.bin"
        write_random(weights, operators(build(document)), 1)
    return load(param, weights)


def _inputs(model: Model, name: str) -> dict[str, Values]:
    rng = np.random.default_rng(5)
    known = {blob: shape for blob, shape in INPUT_SHAPES.get(name, {}).items() if blob in model.graph.inputs}
    shapes = input_shapes(model, known)
    found = {blob: rng.standard_normal((1, *shape), np.float32) for blob, shape in shapes.items()}
    if "im_info" in found:
        found["im_info"] = np.array([[224, 224, 1]], np.float32)
    return found


@EACH_PARAM
def test_every_shape_is_inferred(path: Path) -> None:
    """The full graph loads, and the shape of every blob is inferred; no type but an application's own is unknown."""
    document = repaired(path)
    types = {layer.type for layer in document.layers}
    assert types - set(known_types()) <= {"YoloV5Focus"}
    ops = operators(build(without_focus(document)))
    shapes = {name: shape for op in ops if op.layer.type == "Input" for name, shape in _declared(op, path).items()}
    inferred = infer_shapes(ops, shapes, str(path))
    assert {top for op in ops for top in op.layer.tops} == set(inferred)
    assert weight_bytes(ops) > 0


def _declared(op: Operator, path: Path) -> dict[str, Shape]:
    given = INPUT_SHAPES.get(path.stem, {})
    if all(top in given for top in op.layer.tops):
        return {top: given[top] for top in op.layer.tops}
    return dict(zip(op.layer.tops, op.kind.shapes(op.params, ()), strict=True))


@NEEDS_NCNN
@EACH_PARAM
def test_every_blob_agrees(path: Path, tmp_path: Path) -> None:
    """Each layer gives what the engine's gives, in shape and in value, fed with the engine's blobs and in the whole run."""
    document = shortened(without_focus(repaired(path)))
    model = _write(path, tmp_path, document)
    inputs = _inputs(model, path.stem)
    computed = run(model, inputs, X86_FP32, keep=["*"])
    layers = [op for op in model.operators if op.layer.type != "Input"]
    blobs = [top for op in layers for top in op.layer.tops if not top.startswith(OWN_ORDER)]
    bin_path = path.with_suffix(".bin") if path.with_suffix(".bin").exists() else tmp_path / "net.bin"
    found = NcnnEngine(timeout_s=120).run(tmp_path / "net.param", bin_path, inputs, blobs, OPTIONS).rows
    expected = {**inputs, **{name: rows[0][None] for name, rows in found.items()}}
    alone = {name: value for op in layers for name, value in _layerwise(model, op, expected, computed).items()}
    least = {name: KNOWN.get((path.stem, name), (LEAST_DB, ""))[0] for name in alone}
    assert {} == {name: round(value, 1) for name, value in alone.items() if not value >= least[name]}
    whole = {name: _agreement(expected[name], computed[name]) for name in blobs}
    of_network = LEAPS.get(path.stem, (LEAST_DB_OF_A_RUN, ""))
    of_blobs = {**KNOWN, **LEAPING_BLOBS}
    least = {name: of_blobs.get((path.stem, name), of_network)[0] for name in whole}
    assert {} == {name: round(value, 1) for name, value in whole.items() if not value >= least[name]}


OWN_ORDER = ("out_cache",)
"""Caches of attention layers, which the engine keeps in an order of its own; tests/layers/test_kv_cache.py reads them."""


def _layerwise(
    model: Model, op: Operator, expected: Mapping[str, Values], computed: Mapping[str, Values]
) -> dict[str, float]:
    """The agreement of each top of a layer that is fed with the engine's own blobs."""
    inputs = tuple(_as_kept(expected[name], computed[name]) for name in op.layer.bottoms)
    step = X86_FP32.steps(model)[op.layer.index]
    tops = run_layer(op, model.weights.tensors[op.layer.index], inputs, step, X86_FP32.target)
    return {
        name: _agreement(expected[name], values)
        for name, values in zip(op.layer.tops, tops, strict=True)
        if name in expected
    }


def _as_kept(expected: Values, computed: Values) -> Values:
    """The engine's blob, int8 where ours is: its binding shows codes as floats."""
    return expected.astype(computed.dtype) if computed.dtype == np.int8 else expected


def _agreement(expected: Values, actual: Values) -> float:
    if expected.size == actual.size == 0:
        return math.inf
    if expected.shape != actual.shape:
        return -math.inf
    actual = np.ascontiguousarray(actual).astype(np.float32)
    if (np.isnan(expected) != np.isnan(actual)).any():
        return -math.inf
    return agreement_db(expected, actual)
