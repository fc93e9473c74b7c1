"""Build the sample models next to this file from digits_trained.npz.

  python make.py           write the model files
  python make.py --check   exit 1 when a file on disk differs from a fresh build

Needs numpy and maskctl. Nothing here is random, so there is no seed: the same
weights give the same bytes everywhere.

digits            the network as train.py left it
digits_overflow   the same function with a factor of 8192 moved into conv3 and out
                  of conv4 and fc1; in fp16 arithmetic conv3's sums overflow
digits_masked     digits_overflow with the masks that `maskctl analyze` proposes
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

import maskctl

Weights = dict[str, NDArray[np.float32]]

HERE = Path(__file__).resolve().parent
LEAKY = " 9=2 -23310=1,1.000000e-01"
# One entry per ncnn layer in graph order: type, name, parameters. Each layer
# reads the blob of the one before and names its own blob after itself.
LAYERS = (
    ("Input", "image", "0=8 1=8 2=1"),
    ("Convolution", "conv1", "0=8 1=3 4=1 5=1 6=72" + LEAKY),
    ("Convolution", "conv2", "0=8 1=3 4=1 5=1 6=576" + LEAKY),
    ("Pooling", "pool1", "0=0 1=2 2=2"),
    ("Convolution", "conv3", "0=8 1=3 4=1 5=1 6=576" + LEAKY),
    ("Convolution", "conv4", "0=8 1=3 4=1 5=1 6=576" + LEAKY),
    ("InnerProduct", "fc1", "0=32 1=1 2=4096" + LEAKY),
    ("InnerProduct", "fc2", "0=10 1=1 2=320"),
    ("Softmax", "prob", "0=0"),
)
WEIGHTED = tuple(name for kind, name, _ in LAYERS if kind in ("Convolution", "InnerProduct"))
# Powers of two applied to the layers' weights. They add up to 0, and LeakyReLU
# lets a positive factor through, so the logits stay the same to the last bit in
# fp32. The way back takes two layers because fp16 would lose small weights of
# conv4 if it took it alone.
OVERFLOW_EXPONENTS = {"conv3": 13, "conv4": -6, "fc1": -7}


def load_weights() -> Weights:
    """Return the trained weights and biases by name."""
    with np.load(HERE / "digits_trained.npz", allow_pickle=False) as stored:
        return {name: np.asarray(stored[name], dtype=np.float32) for name in stored.files}


def rescaled(weights: Weights, exponents: Mapping[str, int]) -> Weights:
    """Return weights in which every named layer is scaled by its power of two.

    A bias carries the factors of all layers up to and including its own.
    """
    result: Weights = {}
    total = 0
    for name in WEIGHTED:
        own = exponents.get(name, 0)
        total += own
        result[f"{name}.weight"] = np.ldexp(weights[f"{name}.weight"], own)
        result[f"{name}.bias"] = np.ldexp(weights[f"{name}.bias"], total)
    return result


def param_text() -> str:
    """Return the .param text of the network, laid out as ncnn's tools do."""
    lines = ["7767517", f"{len(LAYERS)} {len(LAYERS)}"]
    bottom = ""
    for kind, name, params in LAYERS:
        blobs = f"{bottom} {name}" if bottom else name
        lines.append(f"{kind:<24} {name:<24} {int(bool(bottom))} 1 {blobs} {params}")
        bottom = name
    return "\n".join(lines) + "\n"


def bin_bytes(weights: Weights) -> bytes:
    """Return the .bin content: per layer a zero tag, fp32 weights, fp32 bias."""
    parts = []
    for name in WEIGHTED:
        parts.append(bytes(4))
        parts.append(weights[f"{name}.weight"].astype("<f4").tobytes())
        parts.append(weights[f"{name}.bias"].astype("<f4").tobytes())
    return b"".join(parts)


def build() -> dict[str, bytes]:
    """Return every generated file's content by file name."""
    weights = load_weights()
    param = param_text().encode("ascii")
    overflow = bin_bytes(rescaled(weights, OVERFLOW_EXPONENTS))
    return {
        "digits.param": param,
        "digits.bin": bin_bytes(weights),
        "digits_overflow.param": param,
        "digits_overflow.bin": overflow,
        "digits_masked.param": masked(param, overflow),
        "digits_masked.bin": overflow,
    }


def masked(param: bytes, weights: bytes) -> bytes:
    """Return the .param with the masks that the main job proposes for it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "digits.param"
        path.write_bytes(param)
        path.with_suffix(".bin").write_bytes(weights)
        model = maskctl.load(path)
    samples = maskctl.read_samples(model, [f"image={HERE / 'digits_test.npz'}"])
    analysis = maskctl.analyze(model, samples, "fp16")
    return model.document.with_masks(analysis.masks).to_bytes()


def stale(files: Mapping[str, bytes]) -> list[str]:
    """Return the names of files that are missing or differ on disk."""
    return [
        name for name, content in files.items() if not (HERE / name).is_file() or (HERE / name).read_bytes() != content
    ]


def main() -> int:
    """Write or check the files; return the exit status."""
    parser = argparse.ArgumentParser(description="Build the sample models.")
    parser.add_argument("--check", action="store_true", help="only compare with the files on disk")
    check = parser.parse_args().check
    files = build()
    if check:
        differing = stale(files)
        for name in differing:
            print(f"{name}: differs from a fresh build")
        return int(bool(differing))
    for name, content in files.items():
        (HERE / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
