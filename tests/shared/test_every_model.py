"""Every real `.param`: loads, infers shapes, and agrees with the real engine in every blob, with the same weights.

Models without a `.bin` get made-up weights. Of language models the full graph is loaded and its shapes inferred, and as
many layers are run as have `MOST_WEIGHTS` weights together.
"""

from __future__ import annotations

import importlib.util
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from maskctl.executor.inputs import input_shapes
from maskctl.executor.run import run
from maskctl.graph.memory import weight_bytes
from maskctl.graph.model import Model, load
from maskctl.graph.network import build
from maskctl.graph.operators import infer_shapes, operators
from maskctl.graph.weights import write_random
from maskctl.layers.base import Shape
from maskctl.param import ParamDocument, parse
from maskctl.param import load as load_param
from maskctl.peers.ncnn_engine import NcnnEngine
from maskctl.targets import PRECISIONS
from tests.layers.agreement import agreement_db
from tests.shared.test_real_params import EACH_PARAM

NEEDS_NCNN = pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed")
MOST_WEIGHTS = 40_000_000
LEAST_DB = 80.0
OPTIONS = PRECISIONS["fp32"] - {"use_winograd_convolution"}

_TOKENS, _PAST = 3, 2
_YOLO = (3, 320, 320)


def _decoder(hidden: int, heads: int, key: int, value: int, rope: int, layers: int) -> dict[str, Shape]:
    """The inputs of a language model: hidden states, mask, cosines and sines, and what is cached of past tokens."""
    caches = {
        f"cache_{which}{layer}": (heads, _PAST, width)
        for layer in range(layers)
        for which, width in (("k", key), ("v", value))
    }
    rotary = (_TOKENS, rope // 2)
    return {"in0": (_TOKENS, hidden), "in1": (_TOKENS, _PAST + _TOKENS), "in2": rotary, "in3": rotary, **caches}


SHAPES: Mapping[str, dict[str, Shape]] = {
    "assets-ZF_faster_rcnn_final": {"im_info": (3,)},
    "assets-rfcn_end2end": {"im_info": (3,)},
    "assets-mobilenetv3_ssdlite_voc": {"input": (3, 300, 300)},
    **{
        f"assets-{name}.ncnn": {"in0": (3, 640, 640)}
        for name in ("yolo11n", "yolo11n_obb", "yolo11n_seg", "yolov8n", "yolov8n_obb", "yolov8n_seg")
    },
    "assets-yolov5s": {"images": _YOLO},
    "assets-yolov6n": {"image_arrays": _YOLO},
    "ncnn-FastestDet": {"in0": (3, 352, 352)},
    "ncnn-vision_transformer": {"input": (3, 384, 384)},
    "nanodet_m": {"input.1": _YOLO},
    "scrfd_500m-opt2": {"input.1": _YOLO},
    "ncnn-hunyuan_0.5b_instruct_proj_out.ncnn": {"in0": (1, 1024)},
    "ncnn-llama3.2_1b_proj_out.ncnn": {"in0": (1, 2048)},
    "ncnn-minicpm4_0.5b_proj_out.ncnn": {"in0": (1, 1024)},
    "ncnn-qwen2.5_0.5b_decoder.ncnn": _decoder(896, 14, 64, 64, 64, 24),
    "ncnn-qwen3_0.6b_decoder.ncnn": _decoder(1024, 16, 128, 128, 128, 28),
    "ncnn-tinyllama_1.1b_decoder.ncnn": _decoder(2048, 32, 64, 64, 64, 22),
    "ncnn-youtu_llm_2b_decoder.ncnn": _decoder(2048, 16, 192, 128, 64, 32),
}
"""Input shapes that the files do not give."""


def _document(path: Path) -> ParamDocument:
    """The file, its counts put right where they lie (the engine would drop layers in silence)."""
    document = load_param(path)
    text = document.source.decode()
    blobs = {name for layer in document.layers for name in (*layer.bottoms, *layer.tops)}
    counts = f"{len(document.layers)} {max(len(blobs), document.blob_count)}"
    return parse(re.sub(r"(?m)\A(\S+\s*?\n)[^\n]*", rf"\g<1>{counts}", text).encode(), str(path))


def _shortened(document: ParamDocument) -> ParamDocument:
    """As many layers from the front as have `MOST_WEIGHTS` weights together; a single large Gemm gets fewer rows."""
    text = document.source.decode().splitlines()
    text = [re.sub(r" 8=(\d{5,}) ", " 8=1000 ", line) if line.startswith("Gemm") else line for line in text]
    document = parse("\n".join([*text, ""]).encode(), document.path)
    ops = operators(build(document))
    kept, weights = 0, 0
    for op in ops:
        weights += sum(weight.count for weight in op.kind.weights(op.params))
        if weights > MOST_WEIGHTS and document.path.endswith(".ncnn.param"):
            break
        kept += 1
    lines = [line for line in text[2:] if line.strip()][:kept]
    return parse("\n".join([text[0], f"{kept} {document.blob_count}", *lines, ""]).encode(), document.path)


def _write(path: Path, folder: Path, document: ParamDocument) -> Model:
    """The model in a folder of its own, with its real weights or made-up ones."""
    param = folder / "net.param"
    param.write_bytes(document.source)
    weights = path.with_suffix(".bin")
    if not weights.exists():
        weights = folder / "net.bin"
        write_random(weights, operators(build(document)), 1)
    return load(param, weights)


def _inputs(model: Model, name: str) -> dict[str, npt.NDArray[Any]]:
    rng = np.random.default_rng(5)
    known = {blob: shape for blob, shape in SHAPES.get(name, {}).items() if blob in model.graph.inputs}
    shapes = input_shapes(model, known)
    found = {blob: rng.standard_normal((1, *shape), np.float32) for blob, shape in shapes.items()}
    if "im_info" in found:
        found["im_info"] = np.array([[224, 224, 1]], np.float32)
    return found


@EACH_PARAM
def test_every_shape_is_inferred(path: Path) -> None:
    """The full graph loads, and the shape of every blob that does not depend on an unknown layer is inferred."""
    ops = operators(build(_document(path)))
    shapes = {name: shape for op in ops if op.layer.type == "Input" for name, shape in _declared(op, path).items()}
    inferred = infer_shapes(ops, shapes, str(path))
    wanted = {top for op in ops if not op.cut for top in op.layer.tops}
    assert wanted <= set(inferred)
    assert [] == [op.layer.type for op in ops if op.cut and op.layer.type != "YoloV5Focus" and "behind" not in op.cut]
    assert weight_bytes(ops) >= 0


def _declared(op: Any, path: Path) -> dict[str, Shape]:
    given = SHAPES.get(path.stem, {})
    if all(top in given for top in op.layer.tops):
        return {top: given[top] for top in op.layer.tops}
    return dict(zip(op.layer.tops, op.kind.shapes(op.params, ()), strict=True))


@NEEDS_NCNN
@EACH_PARAM
def test_every_blob_agrees(path: Path, tmp_path: Path) -> None:
    """Each blob is as close to the engine's as the order of sums allows, in shape and in value."""
    document = _shortened(_without_focus(_document(path)))
    model = _write(path, tmp_path, document)
    inputs = _inputs(model, path.stem)
    computed = run(model, inputs, keep=["*"])
    blobs = [top for op in model.operators if op.layer.type != "Input" for top in op.layer.tops]
    bin_path = path.with_suffix(".bin") if path.with_suffix(".bin").exists() else tmp_path / "net.bin"
    expected = NcnnEngine(timeout_s=120).run(tmp_path / "net.param", bin_path, inputs, blobs, OPTIONS).rows
    agreement = {name: _agreement(expected[name][0], computed[name][0]) for name in blobs}
    assert {} == {name: round(value, 1) for name, value in agreement.items() if not value >= LEAST_DB}


def _without_focus(document: ParamDocument) -> ParamDocument:
    """YoloV5Focus, which the engine does not know either, becomes an input of what it gives."""
    text = document.source.decode()
    changed = re.sub(r"(?m)^YoloV5Focus\s+(\S+)\s+1 1 \S+ (\S+).*$", r"Input \1 0 1 \2 0=160 1=160 2=12", text)
    return parse(changed.encode(), document.path)


def _agreement(expected: npt.NDArray[Any], actual: npt.NDArray[Any]) -> float:
    if expected.size == actual.size == 0:
        return math.inf
    if expected.shape != actual.shape:
        return -math.inf
    if (np.isnan(expected) != np.isnan(actual)).any():
        return -math.inf
    return agreement_db(expected, np.ascontiguousarray(actual).astype(np.float32))
