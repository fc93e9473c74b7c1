"""Small networks for tests: `.param` text, `.bin` bytes, and what the code makes of them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from maskctl.graph.network import Graph, build
from maskctl.graph.operators import Operator, operators
from maskctl.param import ParamDocument, parse

TAG_FP32_PLAIN = 0x00000000
TAG_FP16 = 0x01306B47
TAG_INT8 = 0x000D4B38
TAG_FP32 = 0x0002C056
TAG_TABLE = 0x00000001

HALVED = (
    "Input data 0 1 data",
    "Split s 1 2 data a b",
    "Pooling p 1 1 a p 1=2 2=2 5=1",
    "Interp i 1 1 p i 0=1 1=2.0 2=2.0",
    "BinaryOp add 2 1 i b sum",
)
"""Lines of a network that halves a map, doubles it again and adds it to what it was: only even extents go together."""


def param_text(*layers: str, layer_count: int | None = None, blob_count: int | None = None) -> bytes:
    r"""A `.param` of these layer lines; the counts are right unless given.

    >>> param_text("Input data 0 1 data", "ReLU relu 1 1 data out")
    b'7767517\n2 2\nInput data 0 1 data\nReLU relu 1 1 data out\n'
    """
    blobs = {name for line in layers for name in _blobs(line)}
    counts = (
        len(layers) if layer_count is None else layer_count,
        max(1, len(blobs)) if blob_count is None else blob_count,
    )
    return "\n".join(["7767517", f"{counts[0]} {counts[1]}", *layers, ""]).encode("utf-8", "surrogateescape")


def _blobs(line: str) -> list[str]:
    words = line.split()
    return words[4 : 4 + int(words[2]) + int(words[3])]


def document_of(*layers: str) -> ParamDocument:
    """The document of these layer lines, its path "net.param"."""
    return parse(param_text(*layers), "net.param")


def graph_of(*layers: str) -> Graph:
    """The graph of these layer lines, its path "net.param"."""
    return build(document_of(*layers))


def operators_of(*layers: str) -> tuple[Operator, ...]:
    """The operators of these layer lines."""
    return operators(graph_of(*layers))


def chain_of(*types: str, masks: Sequence[int] = ()) -> Graph:
    """An Input followed by one layer per type, each reading the one before; `masks` are those of the layers behind it.

    >>> [str(layer) for layer in chain_of("ReLU", "Squeeze").layers]
    ["#0 'data' (Input)", "#1 'l0' (ReLU)", "#2 'l1' (Squeeze)"]
    """
    lines, blob = ["Input data 0 1 data"], "data"
    for number, words in enumerate(types):
        kind, *params = words.split()
        mask = [f"31={masks[number]}"] if masks and masks[number] else []
        lines.append(" ".join([kind, f"l{number}", "1 1", blob, f"b{number}", *params, *mask]))
        blob = f"b{number}"
    return graph_of(*lines)


def floats(*values: float) -> bytes:
    """Values as fp32 without a tag, as biases and scales are stored."""
    return struct.pack(f"<{len(values)}f", *values)


def tagged(tag: int, payload: bytes, padding: bytes = b"") -> bytes:
    r"""A tensor as the `.bin` keeps it: tag, payload, and zeros up to a multiple of four bytes unless padding is given.

    >>> tagged(TAG_INT8, b"\x01").hex()
    '384b0d0001000000'
    """
    return struct.pack("<I", tag) + payload + (padding or b"\0" * (-len(payload) % 4))


def halves(*values: float) -> bytes:
    """Values as fp16, two bytes each."""
    return struct.pack(f"<{len(values)}e", *values)
