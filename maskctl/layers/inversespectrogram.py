"""InverseSpectrogram: the signal a complex spectrogram (frequencies, frames, 2) comes from, frames overlapped and added.

The top is (samples, 2) of real and imaginary parts, or (samples,) of one of them. With n_fft / 2 + 1 frequencies the
upper half is mirrored; else there must be n_fft, and more are ignored. Samples are divided by the sum of the squared
windows over them where that is not 0.

Source: ncnn `src/layer/inversespectrogram.cpp`.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families import stft
from maskctl.layers.families.extents import MOST_ELEMENTS
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

COMPLEX, REAL, IMAGINARY = range(3)

PARAMS = (
    Param(0, "n_fft", 0, "samples of a frame"),
    Param(1, "returns", 0, "0 complex, 1 the real part, 2 the imaginary part"),
    *stft.FRAMES,
    stft.NORMALIZED,
)


def _samples(params: Params, frames: int) -> int:
    length = params.integer("n_fft")
    return (frames - 1) * stft.hop(params) + (length % 2 if params.integer("center") else length)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(samples, 2), or (samples,) for one part."""
    stft.check(params)
    stft.require_choice(params, "returns")
    shape, length = inputs[0], params.integer("n_fft")
    if len(shape) != 3 or shape[2] < 2 or (shape[0] != length // 2 + 1 and shape[0] < length):
        raise ExecutionError(
            f"the input has shape {shape}. Expected ({length // 2 + 1}, frames, 2) or ({length}, frames, 2)."
        )
    samples = _samples(params, shape[1])
    if not 1 <= samples <= MOST_ELEMENTS:
        raise ExecutionError(f"{shape[1]} frames make {samples} samples. Expected 1 to {MOST_ELEMENTS}.")
    return ((samples,) if params.integer("returns") else (samples, 2),)


def macs(params: Params, inputs: tuple[Shape, ...], _: tuple[Shape, ...]) -> int:
    """Multiply-adds: two for each part of each sample of a frame and each frequency."""
    return 4 * params.integer("n_fft") ** 2 * inputs[0][1]


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """Inverse Fourier sums in fp32, windowed, added frame by frame, and divided by the windows."""
    shapes(params, (inputs[0].shape[1:],))
    window = stft.window(params)
    with np.errstate(all="ignore"):
        frames = _frames(_spectrum(params, inputs[0])) * window[:, None]
        signal = _overlapped(params, frames)
        energy = _overlapped(params, np.broadcast_to((window * window)[:, None], (1, *frames.shape[1:])))
        signal = np.where(energy != 0, signal / energy, signal)
    returns = params.integer("returns")
    return (signal if returns == COMPLEX else signal[..., returns - 1],)


def _spectrum(params: Params, values: FloatArray) -> FloatArray:
    """All frequencies, (n, n_fft, frames, 2), scaled back."""
    length = params.integer("n_fft")
    found = values[:, :length, :, :2]
    if values.shape[1] == length // 2 + 1:
        upper = found[:, length - length // 2 - 1 : 0 : -1] * np.array([1, -1], np.float32)
        found = np.concatenate([found, upper], axis=1)
    return found * stft.norm(params)


def _frames(spectrum: FloatArray) -> FloatArray:
    """The frames before the window, (n, frames, n_fft, 2)."""
    n, length, count = spectrum.shape[:3]
    real, imaginary = (np.ascontiguousarray(spectrum[..., part]) for part in (0, 1))
    found = np.empty((n, count, length, 2), np.float32)
    for part, cosines, sines in stft.turns(length, length):
        found[:, :, part, 0] = (cosines @ real - sines @ imaginary).swapaxes(1, 2)
        found[:, :, part, 1] = (sines @ real + cosines @ imaginary).swapaxes(1, 2)
    return found / np.float32(length)


def _overlapped(params: Params, frames: FloatArray) -> FloatArray:
    """The frames (n, frames, n_fft, parts) added up where they lie, (n, samples, parts)."""
    n, count, length, parts = frames.shape
    before = length // 2 if params.integer("center") == 1 else 0
    hop, samples = stft.hop(params), _samples(params, count)
    total = np.zeros((n, max(samples + before, (count - 1) * hop + length), parts), np.float32)
    for number in range(count):
        total[:, number * hop : number * hop + length] += frames[:, number]
    return total[:, before : before + samples]


LAYER = LayerType("InverseSpectrogram", range(1, 2), forward, PARAMS, shapes=shapes, macs=macs)
