"""What a search begins with: small files of every kind, made here and out of `sample_models/`."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fuzz.readers import NETWORK
from maskctl.graph.network import build
from maskctl.graph.operators import operators
from maskctl.graph.weights import write_random_to
from maskctl.lint.baseline import Known, baseline_text
from maskctl.lock import lock_of, to_text
from maskctl.param import parse
from tests.layers.rows import families

_SAMPLES = Path(__file__).parent.parent / "sample_models"


def seeds(reader: str) -> Iterator[bytes]:
    """Inputs for one reader, most of them what it expects."""
    yield from _OF[reader]()


def _texts() -> Iterator[bytes]:
    yield NETWORK.encode()
    yield (_SAMPLES / "digits_masked.param").read_bytes()
    yield b'7767517\r\n2 2\r\nInput \xffin 0 1 a\r\n  ReLU\tr 1 1 a b 0=.1 -23310=2,1,2.5 6="a b" 7=abc 8=1,2, 31=1'


def _networks() -> Iterator[bytes]:
    yield from _texts()
    yield from _rows()


def _rows() -> Iterator[bytes]:
    """A network for every row of the tables of layers, its inputs with their extents."""
    for row in (row for family in families().values() for row in family):
        lines = row.param.splitlines()
        for place, shape in enumerate(row.inputs):
            ids = {1: (0,), 2: (1, 0), 3: (2, 1, 0), 4: (2, 11, 1, 0)}[len(shape)]
            lines[2 + place] += "".join(f" {number}={extent}" for number, extent in zip(ids, shape, strict=True))
        yield "\n".join([*lines, ""]).encode()


def _weights() -> Iterator[bytes]:
    file = io.BytesIO()
    write_random_to(file, operators(build(parse(NETWORK.encode()))), 1)
    plain = file.getvalue()
    yield plain
    halves = struct.pack("<I", 0x01306B47) + np.ones(6, "<f2").tobytes()
    table = struct.pack("<I", 1) + np.ones(256, "<f4").tobytes() + bytes(8)
    yield from (halves + plain[28:], table + plain[28:])


def _arrays() -> Iterator[bytes]:
    for values in (
        np.ones((3, 2, 2), "<f4"),
        np.ones((4, 3, 2, 2), ">f8"),
        np.asfortranarray(np.ones((3, 2, 2), "i2")),
    ):
        for version in ((1, 0), (2, 0), (3, 0)):
            file = io.BytesIO()
            np.lib.format.write_array(file, values, version=version)
            yield file.getvalue()
    for odd in (np.array(["a"]), np.array([{}], object), np.zeros(2, "i4,f4"), np.zeros((0, 3, 2, 2))):
        file = io.BytesIO()
        np.lib.format.write_array(file, odd, allow_pickle=True)
        yield file.getvalue()


def _archives() -> Iterator[bytes]:
    for save in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        save(file, data=np.ones((3, 2, 2), np.float32), other=np.ones(2))
        yield file.getvalue()


def _images() -> Iterator[bytes]:
    from PIL import Image

    pixels = Image.fromarray(np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3))
    for name in ("PNG", "JPEG", "BMP", "WEBP", "PPM", "TIFF", "GIF"):
        for mode in ("RGB", "L", "P", "1"):
            file = io.BytesIO()
            try:
                pixels.convert(mode).save(file, name)
            except OSError:  # a format without this mode
                continue
            yield file.getvalue()


def _timings() -> Iterator[bytes]:
    yield b"31=1\nConvolution              conv                          1.23ms    |\nSoftmax prob 0.5ms\n31=0\nScale scale 1ms\n"


def _settings() -> Iterator[bytes]:
    keys = """select = ["graph"]
extend-select = ["all"]
ignore = ["unknown-mask-bit"]
target = "x86"
runtime = 20260526
weights = false
strict = true
custom-layers = ["Warp"]
severity.unknown-mask-bit = "error"
shapes = { data = [3, 224, 224] }
ranges = { data = [[-1, 1], [0, 0.5]] }
per-file-ignores = { "a/*.param:conv*" = ["graph"] }
"""
    yield f"[lint]\n{keys}".encode()
    yield f"[tool.maskctl.lint]\n{keys}".encode()


def _baselines() -> Iterator[bytes]:
    yield baseline_text([Known("net.param", "unknown-mask-bit", "0123456789abcdef", "a bit")]).encode()


def _locks() -> Iterator[bytes]:
    masked = NETWORK.replace("5=1 6=6", "5=1 6=6 31=1").replace("Softmax prob", "Softmax p\udcff")
    text = masked.encode("utf-8", "surrogateescape")
    yield to_text(lock_of(build(parse(text.replace(b"prob\n", b"prob 31=3\n"))))).encode()


_OF = {
    "param": _texts,
    "network": _networks,
    "weights": _weights,
    "array": _arrays,
    "member": _arrays,
    "archive": _archives,
    "image": _images,
    "timings": _timings,
    "lint": _texts,
    "settings": _settings,
    "baseline": _baselines,
    "lock": _locks,
}
