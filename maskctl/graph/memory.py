"""How much memory a network takes in fp32, and a refusal before it is killed for it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

from maskctl.errors import ExecutionError
from maskctl.graph.model import Model
from maskctl.graph.operators import Operator, infer_shapes
from maskctl.layers.base import Shape

_FP32_BYTES = 4
_LIMITS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)


def weight_bytes(ops: tuple[Operator, ...]) -> int:
    """Bytes of all weights as fp32."""
    return _FP32_BYTES * sum(weight.count for op in ops for weight in op.kind.weights(op.params))


def live_bytes(ops: tuple[Operator, ...], shapes: Mapping[str, Shape], keep: Collection[str] = ()) -> int:
    """The most bytes of fp32 blobs alive at once, when each is freed after its last reader and those in `keep` stay.

    The tops of a Split are one array under several names.
    """
    read = {bottom for op in ops for bottom in op.layer.bottoms}
    array_of: dict[str, str] = {}
    names: Counter[str] = Counter()
    live, most = 0, 0
    for op in ops:
        if op.cut:
            continue
        tops = [top for top in op.layer.tops if top in shapes]
        for top in tops:
            array_of[top] = array_of[op.layer.bottoms[0]] if op.layer.type == "Split" else top
            live += _blob_bytes(shapes, top) if not names[array_of[top]] else 0
            names[array_of[top]] += 1
        most = max(most, live)
        for name in (*op.layer.bottoms, *(top for top in tops if top not in read)):
            names[array_of[name]] -= name not in keep
            live -= _blob_bytes(shapes, name) if not names[array_of[name]] else 0
    return most


def _blob_bytes(shapes: Mapping[str, Shape], name: str) -> int:
    return _FP32_BYTES * math.prod(shapes[name])


def available_bytes() -> int | None:
    """Bytes this process may still take, or None where the system does not tell."""
    found = [number for number in (_from_meminfo(), *(_left(*paths) for paths in _LIMITS)) if number is not None]
    return min(found, default=None)


def _from_meminfo() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    words = next((line.split() for line in lines if line.startswith("MemAvailable:")), None)
    return int(words[1]) * 1024 if words else None


def _left(limit: Path, used: Path) -> int | None:
    try:
        return int(limit.read_text(encoding="ascii")) - int(used.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no such group, or "max"
        return None


def refuse_too_large(
    model: Model,
    needed: frozenset[int],
    shapes: Mapping[str, Shape],
    samples: int,
    keep: Collection[str] = (),
    copies: int = 1,
) -> None:
    """Raises `ExecutionError` where the layers `needed` take more memory than is left: weights and live blobs as fp32.

    Blobs in `keep` stay alive to the end. `copies` is how many times its blobs a pass takes, working memory included.

    Raises it too for a layer that does not fit its inputs.
    """
    key = (needed, frozenset(keep), samples * copies, tuple(shapes.items()))
    if key in model.fitting_passes:
        return
    ops = tuple(op for op in model.operators if op.layer.index in needed)
    weights = weight_bytes(ops)
    blobs = copies * samples * live_bytes(ops, infer_shapes(ops, shapes, model.graph.path), keep)
    left = available_bytes()
    what = "blobs" if copies == 1 else "blobs and their copies in work"
    if left is not None and weights + blobs > left:
        raise ExecutionError(
            f"a pass takes about {_gigabytes(weights + blobs)} of memory (weights {_gigabytes(weights)}, {what} of "
            f"{samples} sample{'' if samples == 1 else 's'} {_gigabytes(blobs)}, as fp32), and {_gigabytes(left)} are left. "
            "Give a smaller input or fewer samples, or run it on a machine with more memory.",
            model.graph.path,
        )
    model.fitting_passes.add(key)


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
