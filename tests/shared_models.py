"""Where real models lie that are not part of the project, and how to run them; tests skip where they are absent."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from maskctl.graph.network import build
from maskctl.graph.operators import operators
from maskctl.layers.base import Shape
from maskctl.param import ParamDocument, load, parse

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("MASKCTL_SHARED", ROOT.parent / "shared"))

SQUEEZENET = SHARED / "models" / "squeezenet_v1.1.param"
PHOTO = SHARED / "images" / "3.jpg"
NEEDS_SQUEEZENET = pytest.mark.skipif(
    not (SQUEEZENET.exists() and PHOTO.exists()), reason=f"no SqueezeNet or photo in {SHARED}; set MASKCTL_SHARED"
)

MOST_WEIGHTS = 40_000_000
_TOKENS = 3
_YOLO = (3, 320, 320)
_EMPTY = (0,)


def _decoder(hidden: int, rope: int, layers: int) -> dict[str, Shape]:
    """The inputs of a language model for its first tokens: hidden states, mask, cosines and sines, and empty caches."""
    caches = {f"cache_{which}{layer}": _EMPTY for layer in range(layers) for which in "kv"}
    rotary = (_TOKENS, rope // 2)
    return {"in0": (_TOKENS, hidden), "in1": (_TOKENS, _TOKENS), "in2": rotary, "in3": rotary, **caches}


INPUT_SHAPES: Mapping[str, dict[str, Shape]] = {
    "assets-ZF_faster_rcnn_final": {"im_info": (3,)},
    "assets-rfcn_end2end": {"im_info": (3,)},
    "assets-mobilenetv3_ssdlite_voc": {"input": (3, 300, 300)},
    **{
        f"assets-{name}.ncnn": {"in0": (3, 640, 640)}
        for name in ("yolo11n", "yolo11n_obb", "yolo11n_seg", "yolov8n", "yolov8n_obb", "yolov8n_seg")
    },
    "assets-yolov5s": {"images": _YOLO},
    "assets-yolov6n": {"images": _YOLO},
    "ncnn-FastestDet": {"in0": (3, 352, 352)},
    "ncnn-vision_transformer": {"input": (3, 384, 384)},
    "nanodet_m": {"input.1": _YOLO},
    "scrfd_500m-opt2": {"input.1": _YOLO},
    "ncnn-hunyuan_0.5b_instruct_proj_out.ncnn": {"in0": (1, 1024)},
    "ncnn-llama3.2_1b_proj_out.ncnn": {"in0": (1, 2048)},
    "ncnn-minicpm4_0.5b_proj_out.ncnn": {"in0": (1, 1024)},
    "ncnn-qwen2.5_0.5b_decoder.ncnn": _decoder(896, 64, 24),
    "ncnn-qwen3_0.6b_decoder.ncnn": _decoder(1024, 128, 28),
    "ncnn-tinyllama_1.1b_decoder.ncnn": _decoder(2048, 64, 22),
    "ncnn-youtu_llm_2b_decoder.ncnn": _decoder(2048, 64, 32),
}
"""Input shapes that the files do not give."""


def repaired(path: Path) -> ParamDocument:
    """The file, its counts put right where they lie (the engine would drop layers in silence)."""
    document = load(path)
    text = document.source.decode()
    blobs = {name for layer in document.layers for name in (*layer.bottoms, *layer.tops)}
    counts = f"{len(document.layers)} {max(len(blobs), document.blob_count)}"
    return parse(re.sub(r"(?m)\A(\S+\s*?\n)[^\n]*", rf"\g<1>{counts}", text).encode(), str(path))


def shortened(document: ParamDocument) -> ParamDocument:
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


def without_focus(document: ParamDocument) -> ParamDocument:
    """YoloV5Focus, which the engine does not know either, becomes an input of what it gives."""
    text = document.source.decode()
    changed = re.sub(r"(?m)^YoloV5Focus\s+(\S+)\s+1 1 \S+ (\S+).*$", r"Input \1 0 1 \2 0=160 1=160 2=12", text)
    return parse(changed.encode(), document.path)
