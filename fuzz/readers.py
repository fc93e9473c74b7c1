"""What maskctl reads, each as a function of bytes: it returns, or raises a `MaskctlError`, whatever the bytes are."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np

from maskctl.analysis.timings import load_timings
from maskctl.executor.images import ImageRecipe
from maskctl.executor.inputs import input_shapes, read_samples
from maskctl.executor.trace import load_blobs
from maskctl.graph import memory
from maskctl.graph.model import Model, load
from maskctl.graph.network import build, check_counts
from maskctl.graph.operators import facts, infer_shapes, operators
from maskctl.graph.weights import made_up, read
from maskctl.lint.baseline import parse_baseline
from maskctl.lint.plan import Asked
from maskctl.lint.session import Session
from maskctl.lint.settings import Settings, has_settings, parse_settings
from maskctl.lint.settings_files import load_settings
from maskctl.lock import match
from maskctl.lock import parse as parse_lock
from maskctl.param import ParamDocument, parse
from maskctl.param.write import prove_edit
from maskctl.report.layers import to_json
from maskctl.targets import DEFAULT
from maskctl.targets.storage import hazards

NETWORK = """7767517
7 7
Input in 0 1 data 0=2 1=2 2=3
Convolution conv 1 1 data a 0=2 1=1 5=1 6=6
InnerProduct fc 1 1 a b 0=2 1=1 2=16 8=2
Scale scale 1 1 b c 0=2 1=1
Embed embed 1 1 c d 0=2 1=3 3=6
LSTM lstm 1 1 d e 0=1 1=12
Softmax prob 1 1 e prob
"""
"""A network whose weights are stored in every way there is, and whose input blob is small."""


def param(data: bytes) -> ParamDocument:
    """Text read, written back byte for byte, and edited with the writer's proof."""
    document = parse(data)
    if document.to_bytes() != data:
        raise AssertionError("what was read is not what would be written")
    masks = {index: 3 for index in range(len(document.layers)) if index % 2 == 0}
    edited = document.with_masks(masks)
    prove_edit(data, edited.to_bytes(), masks)
    return document


def network(data: bytes) -> object:
    """Text as far as `show` and `analyze` take it before anything is run: layers, weights, shapes, memory."""
    document = parse(data)
    check_counts(document)
    graph = build(document)
    found = hazards(graph, DEFAULT, document.masks)
    known = facts(graph)
    to_json("net.param", [(layer, row, None) for layer, row in zip(graph.layers, known, strict=True)], "fp32", found)
    ops = operators(graph)
    model = Model(document, graph, ops, made_up(ops, 1))
    shapes = infer_shapes(ops, {**dict.fromkeys(graph.inputs, (1, 4, 4)), **input_shapes(model, {})}, graph.path)
    return memory.weight_bytes(ops), memory.live_bytes(ops, shapes)


def weights(data: bytes) -> object:
    """Bytes as the `.bin` of a network, every tensor widened."""
    ops = operators(build(parse(NETWORK.encode())))
    found = read(np.frombuffer(data, np.uint8), ops)
    return [layer[name].sum() for layer in found.tensors for name in layer]


def array(data: bytes) -> object:
    """Bytes as an `.npy` of samples."""
    return read_samples(_model(), [_file(".npy", data)])


def archive(data: bytes) -> object:
    """Bytes as an `.npz`, of samples and of blobs."""
    path = _file(".npz", data)
    blobs = dict(load_blobs(path))
    return blobs, read_samples(_model(), [path])


def member(data: bytes) -> object:
    """Bytes as the one array in an `.npz` whose checksums are right."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("data.npy", data)
    return archive(file.getvalue())


def image(data: bytes) -> object:
    """Bytes as an image."""
    return read_samples(_model(), [_file(".png", data)], ImageRecipe(mean=(1.0, 2.0, 3.0)))


def timings(data: bytes) -> object:
    """Bytes as a device's own times of layers."""
    return load_timings(_file(".txt", data), _model().graph)


def lint(data: bytes) -> object:
    """Text under every rule of the linter, and under all its repairs."""
    for fixes in ("", "all"):
        session = Session(Asked(select=("all",)), lambda _: Settings(), texts={"net.param": data}, fixes=fixes)
        report = session.lint(["net.param"])
    return report


def settings(data: bytes) -> object:
    """Bytes as a file of settings, under both names that it can have."""
    text = data.decode("utf-8", "replace")
    if has_settings(text):
        parse_settings(text, "pyproject.toml")
    return load_settings(_file(".toml", data))


def baseline(data: bytes) -> object:
    """Text as a baseline of the linter."""
    return parse_baseline(data.decode("utf-8", "replace"), "baseline.json")


def lock(data: bytes) -> object:
    """Bytes as a lock, whose masks are looked for in a network."""
    return match(parse_lock(data), _model().graph)


_ALL = (param, network, weights, array, archive, member, image, timings, lint, settings, baseline, lock)
READERS: Mapping[str, Callable[[bytes], object]] = {reader.__name__: reader for reader in _ALL}


@cache
def _model() -> Model:
    folder = _folder()
    (folder / "net.param").write_text(NETWORK, encoding="utf-8")
    return load(folder / "net.param", "random:1")


@cache
def _folder() -> Path:
    """A folder of this process that goes with it, in memory where the system has such."""
    memory_disk = Path("/dev/shm")  # noqa: S108 - nothing but speed depends on it
    holder = tempfile.TemporaryDirectory(prefix="maskctl-fuzz-", dir=memory_disk if memory_disk.is_dir() else None)
    _KEPT.append(holder)
    return Path(holder.name)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def _file(suffix: str, data: bytes) -> str:
    """A file with these bytes; the next call with the same suffix replaces them."""
    path = _folder() / f"input{suffix}"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, data)
    finally:
        os.close(handle)
    return str(path)
