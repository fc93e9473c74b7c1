"""A device's own times of layers, out of the lines that ncnn prints when it is built with NCNN_BENCHMARK."""

from __future__ import annotations

import math
import re
from pathlib import Path

from maskctl.analysis.cost import Timings
from maskctl.errors import InputError, Place, did_you_mean
from maskctl.graph.network import Graph, Layer

_TIME = re.compile(r"\s*(\S+)\s+(\S+)\s+([0-9.]+)ms(?:\s|$)")
_MASK = re.compile(r"\s*31=(.*)")
_US_PER_MS = 1000


def load_timings(path: str | Path, graph: Graph) -> Timings:
    """Reads a file of timings; raises `InputError` when it cannot be read or does not fit the network."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InputError(f"cannot read the timings: {what}. Expected lines of ncnn's benchmark.", str(path)) from None
    return parse_timings(text, str(path), graph)


def parse_timings(text: str, path: str, graph: Graph) -> Timings:
    """Microseconds by layer index and mask, the least where a layer was timed more than once.

    A line `31=MASK` says which mask every layer below it ran with; before the first one it is the mask of the file. Lines
    of other kinds than `TYPE NAME 1.23ms` are passed over. Raises `InputError` for a name that is not in the network, or
    that several layers have, for a mask that is no number, and where no line has a time.
    """
    found: dict[tuple[int, int], float] = {}
    given: int | None = None
    by_name: dict[str, list[Layer]] = {}
    for layer in graph.layers:
        by_name.setdefault(layer.name, []).append(layer)
    for number, line in enumerate(text.splitlines(), 1):
        masked, timed = _MASK.match(line), _TIME.match(line)
        given = _mask(masked[1].strip(), Place(path, number)) if masked else given
        if timed is None:
            continue
        layer = _layer(by_name, timed[1], timed[2], Place(path, number))
        key = layer.index, layer.mask if given is None else given
        time = _us(timed[3], Place(path, number))
        found[key] = min(found.get(key, math.inf), time)
    if not found:
        raise InputError("no line has a time. Expected ncnn's 'Convolution conv1 1.23ms', one layer a line.", path)
    return found


def _mask(text: str, place: Place) -> int:
    if re.fullmatch("[0-9]{1,9}", text) is None:
        raise InputError(f"'31={text}' is no mask. Expected a number and nothing behind it, e.g. '31=64'.", place)
    return int(text)


def _us(text: str, place: Place) -> float:
    try:
        time = _US_PER_MS * float(text)
    except ValueError:
        time = math.inf
    if not math.isfinite(time):
        raise InputError(f"'{text}ms' is no time. Expected milliseconds, e.g. '1.23ms'.", place)
    return time


def _layer(by_name: dict[str, list[Layer]], kind: str, name: str, place: Place) -> Layer:
    layers = by_name.get(name, [])
    if not layers:
        raise InputError(
            f"'{name}' is no layer of this network. {did_you_mean(name, by_name, 'Give the benchmark of this model.')}",
            place,
        )
    if len(layers) > 1:
        raise InputError(f"{len(layers)} layers are named '{name}'. Give them names of their own to time them.", place)
    if layers[0].type != kind:
        raise InputError(f"'{name}' is timed as {kind}. {layers[0]} is another type: is this its benchmark?", place)
    return layers[0]
