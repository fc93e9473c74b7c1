"""Run real models in maskctl and in the real arm64 engine, on one photo, and compare them blob by blob.

  python -m conformance.models FOLDER [MODEL ...] [--precision fp16 ...] [--json docs/conformance_models.json] [--save OUT]

FOLDER holds models/ and images/. Run it in the folder of the repository, with MASKCTL_ARM64_PYTHON set to the launcher that
setup-arm64.sh leaves behind. --save writes the inputs as .npy, for `maskctl run`, `analyze` and `verify`.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskctl.analysis.metrics import SQNR
from maskctl.analysis.verify import BlobVerdict, Verification, verify
from maskctl.executor.policy import Policy
from maskctl.graph.model import bin_beside, load
from maskctl.numeric.formats import FloatArray
from maskctl.peers.ncnn_engine import Job, NcnnEngine
from maskctl.targets.storage import kernel_of

WINOGRAD = frozenset({"use_winograd_convolution"})
POLICIES = {
    "fp16-storage": Policy("fp16-storage"),
    "fp16": Policy("fp16"),
    "fp16, no winograd": Policy("fp16", without=WINOGRAD),
    "bf16": Policy("bf16"),
}


@dataclass(frozen=True)
class RealModel:
    """A model, what its input blob holds, and the blobs whose losses are told apart."""

    name: str
    blob: str
    side: int
    pixel: str
    mean: tuple[float, ...]
    norm: tuple[float, ...]
    shown: Mapping[str, str]

    def input(self, photo: Path) -> FloatArray:
        """The photo as the model wants it, (3, side, side): resized by pillow's default, bicubic."""
        from PIL import Image

        with Image.open(photo) as image:
            pixels = np.asarray(image.convert("RGB").resize((self.side, self.side)), np.float32)
        planes = (pixels[:, :, ::-1] if self.pixel == "bgr" else pixels).transpose(2, 0, 1)
        mean, norm = (np.array(numbers, np.float32)[:, None, None] for numbers in (self.mean, self.norm))
        return np.ascontiguousarray((planes - mean) * norm)


MODELS = (
    RealModel(
        "squeezenet_v1.1", "data", 227, "bgr", (104, 117, 123), (1, 1, 1),
        {"conv1": "conv1_relu_conv1", "fire2/expand3x3": "fire2/expand3x3_fire2/relu_expand3x3", "conv10": "conv10_relu_conv10"},
    ),
    RealModel(
        "nanodet_m", "input.1", 320, "bgr", (103.53, 116.28, 123.675), (0.017429, 0.017507, 0.017125), {"833": "833"}
    ),
    RealModel("scrfd_500m-opt2", "input.1", 320, "rgb", (127.5,) * 3, (1 / 128,) * 3, {"536": "536"}),
    RealModel("upconv7", "Input1", 128, "rgb", (0,) * 3, (1 / 255,) * 3, {"conv6": "conv6_conv6_relu_layer"}),
)  # fmt: skip
BY_NAME = {model.name: model for model in MODELS}


def verified(model: RealModel, precision: str, folder: Path, engine: NcnnEngine) -> Verification:
    """The model under one of `POLICIES` beside the engine; with one thread, as an emulator can lock up where a guest has several."""
    policy, param = POLICIES[precision], folder / "models" / f"{model.name}.param"
    loaded = load(param)
    inputs = {model.blob: model.input(folder / "images" / "3.jpg")[None]}
    blobs = [top for op in loaded.operators if op.layer.type != "Input" for top in op.layer.tops]
    seen = engine.observe(Job(param, bin_beside(param), inputs, blobs, policy.options))
    return verify(loaded, inputs, policy, seen.blobs, failure=seen.failure, failed_at=seen.failed_at)


def figures(row: BlobVerdict) -> dict[str, Any]:
    """One blob's losses, predicted and real."""
    return {
        "blob": row.blob,
        "predicted_db": round(float(SQNR.of(row.predicted)), 2),
        "real_db": None if row.real is None else round(float(SQNR.of(row.real)), 2),
        "lost": [row.predicted.lost, 0 if row.real is None else row.real.lost],
        "equal": row.equal,
        "same_non_finite": row.same_non_finite,
    }


def by_kernel(model: RealModel, precision: str, folder: Path, found: Verification) -> dict[str, dict[str, float]]:
    """Elements and those with the engine's bits, by layer type and kernel, each layer fed what the engine fed it."""
    loaded, policy = load(folder / "models" / f"{model.name}.param"), POLICIES[precision]
    steps = policy.steps(loaded)
    kernels: dict[str, dict[str, float]] = {}
    for row in found.rows:
        if row.alone is None or row.real is None or row.stored == "fp32":
            continue
        choice = kernel_of(row.layer, steps[row.layer.index], policy.target)
        name = f"{row.layer.type} {choice.kernel if choice and choice.kernel else ''}".strip()
        sums = kernels.setdefault(name, {"elements": 0, "equal": 0.0})
        sums["elements"] += row.real.elements
        sums["equal"] += row.alone * row.real.elements
    return kernels


def main() -> None:
    """Prints a line per blob of interest and per kernel; writes the JSON and the inputs if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("model", nargs="*", help="default: all")
    parser.add_argument("--precision", nargs="+", choices=POLICIES, default=list(POLICIES))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--save", type=Path)
    arguments = parser.parse_args()
    engine = NcnnEngine((os.environ["MASKCTL_ARM64_PYTHON"],), timeout_s=3600)
    rows: list[dict[str, Any]] = []
    for model in MODELS:
        if arguments.model and model.name not in arguments.model:
            continue
        if arguments.save:
            arguments.save.mkdir(exist_ok=True)
            np.save(arguments.save / f"{model.name}.npy", model.input(arguments.folder / "images" / "3.jpg"))
        for precision in arguments.precision:
            found = verified(model, precision, arguments.folder, engine)
            shown = {name: next(row for row in found.rows if row.blob == blob) for name, blob in model.shown.items()}
            kernels = by_kernel(model, precision, arguments.folder, found)
            rows.append(
                {
                    "model": model.name,
                    "precision": precision,
                    "blobs": {name: figures(row) for name, row in shown.items()},
                    "kernels": kernels,
                    "parting": None if found.first_parting is None else found.first_parting.blob,
                    "same_non_finite": all(row.same_non_finite for row in found.rows),
                }
            )
            _print(rows[-1])
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def _print(row: Mapping[str, Any]) -> None:
    for name, facts in row["blobs"].items():
        print(
            f"{row['model']} {row['precision']}: {name} {facts['predicted_db']} dB predicted, {facts['real_db']} dB real, "
            f"lost {facts['lost'][0]:,} / {facts['lost'][1]:,}, equal {facts['equal']:.6f}"
        )
    for name, sums in row["kernels"].items():
        if sums["equal"] < sums["elements"]:
            print(f"    {name}: {sums['equal'] / sums['elements']:.6f} of {sums['elements']:,}")
    print(f"    parts at {row['parting']}, same elements not finite: {row['same_non_finite']}", flush=True)


if __name__ == "__main__":
    main()
