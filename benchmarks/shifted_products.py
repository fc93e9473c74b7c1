"""Times two ways of a 3x3 convolution on channels-last maps: patches copied tile by tile, and a sum of shifted products.

    python benchmarks/shifted_products.py

The first is what the executor does. The second copies no patches: nine matrix products of the shifted map with the nine
positions of the kernel, added up, also tile by tile. Both compute the same; the shapes are those of SqueezeNet and VGG.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHAPES = ((16, 64, 56), (32, 128, 28), (64, 256, 14), (64, 64, 112), (256, 256, 28), (512, 512, 14))
"""Channels, outputs, and extent of the map."""
ROUNDS = 30


def main() -> None:
    """Prints a row per shape: milliseconds of both, and their ratio."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = "2"
    sys.path.insert(0, str(ROOT))
    print("| channels, outputs, map | patches ms | shifted products ms | ratio |\n|---|--:|--:|--:|")
    for channels, outputs, extent in SHAPES:
        patches, shifted = _times(channels, outputs, extent)
        print(f"| {channels}, {outputs}, {extent}x{extent} | {patches:.2f} | {shifted:.2f} | {shifted / patches:.2f} |")


def _times(channels: int, outputs: int, extent: int) -> tuple[float, float]:
    import numpy as np

    from maskctl.layers.base import Params
    from maskctl.layers.convolution import LAYER

    rng = np.random.default_rng(0)
    written = {0: outputs, 1: 3, 4: 1, 6: 9 * channels * outputs}
    params = Params(LAYER.params, written)
    weight = rng.standard_normal((outputs, channels, 3, 3)).astype(np.float32)
    ready = LAYER.prepare(params, {"weight": weight})
    maps = np.ascontiguousarray(rng.standard_normal((1, extent, extent, channels)).astype(np.float32))
    values = maps.transpose(0, 3, 1, 2)
    taps = np.ascontiguousarray(weight.transpose(2, 3, 1, 0))
    rows = max(1, min(extent, (1 << 18) // (extent * outputs)))

    def patches() -> object:
        return LAYER.forward(params, ready, (values,))

    def shifted() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        padded = np.zeros((extent + 2, extent + 2, channels), np.float32)
        padded[1:-1, 1:-1] = maps[0]
        out = np.empty((extent, extent, outputs), np.float32)
        for start in range(0, extent, rows):
            tile = out[start : start + rows]
            for place in np.ndindex(3, 3):
                seen = padded[start + place[0] : start + place[0] + len(tile), place[1] : place[1] + extent]
                if place == (0, 0):
                    np.matmul(seen, taps[place], out=tile)
                else:
                    tile += np.matmul(seen, taps[place])
        return out

    expected = LAYER.forward(params, ready, (values,))[0][0].transpose(1, 2, 0)
    if not np.allclose(expected, shifted(), 1e-3, 1e-3):
        raise SystemExit("the two do not agree")
    times: tuple[list[float], list[float]] = ([], [])
    ways: tuple[Callable[[], object], ...] = (patches, shifted)
    for _ in range(ROUNDS):
        for found, one in zip(times, ways, strict=True):
            start = time.perf_counter()
            one()
            found.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[0]), statistics.median(times[1])


if __name__ == "__main__":
    main()
