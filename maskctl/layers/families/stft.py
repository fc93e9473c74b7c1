"""What the two spectrogram layers share: frames and windows over a signal, and the Fourier sums as the engine does them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from maskctl.errors import GraphError
from maskctl.layers.base import Array, Param, Params
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

ONES, HANN, HAMMING = range(3)
_LONGEST = 1 << 14
_ROWS_AT_ONCE = 256

FRAMES = (
    Param(2, "hoplen", 0, "samples from frame to frame; absent: n_fft / 4"),
    Param(3, "winlen", 0, "samples under the window, in the middle of a frame", same_as="n_fft"),
    Param(4, "window_type", 0, "0 ones, 1 Hann, 2 Hamming"),
    Param(5, "center", 1, "1: the first frame is centred at the first sample"),
)
NORMALIZED = Param(7, "normalized", 0, "0 no, 1 by the root of n_fft, 2 by the root of the window's energy")


def check(params: Params) -> None:
    """Raises `GraphError` for parameters the engine refuses."""
    length = params.integer("n_fft")
    if not 1 <= length <= _LONGEST:
        raise GraphError(f"n_fft is {length}. Expected 1 to {_LONGEST}.")
    if hop(params) < 1:
        raise GraphError(f"hoplen is {hop(params)}. Expected 1 or more; where it is not given it is n_fft / 4.")
    if not 1 <= params.integer("winlen") <= length:
        raise GraphError(f"winlen is {params.integer('winlen')}. Expected 1 to n_fft, {length}.")
    require_choice(params, "window_type")
    require_choice(params, "normalized")


def require_choice(params: Params, name: str) -> None:
    """Raises `GraphError` unless the parameter is 0, 1 or 2."""
    if params.integer(name) not in range(3):
        raise GraphError(f"{name} is {params.integer(name)}. Expected 0, 1 or 2.")


def hop(params: Params) -> int:
    """Samples from frame to frame."""
    return params.integer("hoplen") or params.integer("n_fft") // 4


def window(params: Params) -> FloatArray:
    """The window, (n_fft,): periodic, with zeros on both sides where it is shorter."""
    length, inner = params.integer("n_fft"), params.integer("winlen")
    turn = np.cos(_angles(2 * math.pi * np.arange(inner) / inner)).astype(np.float32)
    one = np.float32(1)
    shape = {
        ONES: np.ones_like(turn),
        HANN: np.float32(0.5) * (one - turn),
        HAMMING: np.float32(0.54) - np.float32(0.46) * turn,
    }[params.integer("window_type")]
    before = (length - inner) // 2
    return np.pad(shape, (before, length - inner - before))


def norm(params: Params) -> np.float32:
    """What a spectrum is divided by: 1, the root of n_fft, or the root of the window's energy."""
    kind = params.integer("normalized")
    if kind == 2:
        return np.float32(math.sqrt(np.cumsum(window(params) ** 2, dtype=np.float32)[-1]))
    return np.float32(math.sqrt(params.integer("n_fft")) if kind == 1 else 1)


def turns(length: int, rows: int) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
    """Cosines and sines of 2 pi i k / `length` for `rows` i by `length` k, some rows at a time.

    The engine rounds the angle to fp32 before it takes the cosine, so an angle of many turns is off by as much as
    1e-4, and whole turns must not be left out.
    """
    for start in range(0, rows, _ROWS_AT_ONCE):
        part = slice(start, min(start + _ROWS_AT_ONCE, rows))
        angle = _angles(2 * math.pi * np.arange(part.start, part.stop)[:, None] * np.arange(length) / length)
        yield part, np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def _angles(exact: Array) -> Array:
    """The angles as the engine's fp32 cosine gets them, in fp64 so that numpy's cosine is as good as libm's."""
    return exact.astype(np.float32).astype(np.float64)
