"""Spectrogram: the Fourier transforms of the frames of a signal: complex, magnitude or power.

The top is (frequencies, frames, 2) of real and imaginary parts, or (frequencies, frames). Of a blob of higher rank only
the first row is transformed. The engine's angles are fp32: with a large n_fft a coefficient is off by as much as 1e-4.

Source: ncnn `src/layer/spectrogram.cpp`.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families import stft
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

COMPLEX, MAGNITUDE, POWER = range(3)
_MODES = ("constant", "edge", "reflect")

PARAMS = (
    Param(0, "n_fft", 0, "samples of a frame"),
    Param(1, "power", 0, "0 complex, 1 magnitude, 2 power"),
    *stft.FRAMES,
    Param(6, "pad_type", 2, "where frames are centred, the signal goes on in 0 zeros, 1 its ends, 2 its reflection"),
    stft.NORMALIZED,
    Param(8, "onesided", 1, "1: frequencies up to n_fft / 2; 0: all, the upper half mirrored"),
)


def _pad(params: Params) -> int:
    return params.integer("n_fft") // 2 if params.integer("center") == 1 else 0


def _frequencies(params: Params) -> int:
    length = params.integer("n_fft")
    return length // 2 + 1 if params.integer("onesided") else length


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(frequencies, frames, 2) for a complex spectrum, else (frequencies, frames)."""
    stft.check(params)
    for name in ("power", "pad_type"):
        stft.require_choice(params, name)
    length, size, pad = params.integer("n_fft"), inputs[0][-1], _pad(params)
    if size + 2 * pad < length:
        raise ExecutionError(f"the signal has {size} samples. Expected {length} or more, one frame.")
    if pad >= size and params.integer("pad_type") == 2:
        raise ExecutionError(
            f"the signal has {size} samples. Expected more than {pad}, which are reflected at its ends."
        )
    frames = (size + 2 * pad - length) // stft.hop(params) + 1
    part = () if params.integer("power") else (2,)
    return ((_frequencies(params), frames, *part),)


def macs(params: Params, _: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> int:
    """Multiply-adds: a cosine and a sine for each sample of each frame, for each frequency that is not a mirror image."""
    length = params.integer("n_fft")
    return 2 * (length // 2 + 1) * outputs[0][1] * length


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """Windowed frames times cosines and sines, in fp32."""
    signal = inputs[0]
    promised = shapes(params, (signal.shape[1:],))[0]
    first = signal.reshape(len(signal), -1)[:, : signal.shape[-1]]
    grown = np.pad(first, ((0, 0), (_pad(params), _pad(params))), _MODES[params.integer("pad_type")])  # type: ignore[call-overload]
    with np.errstate(all="ignore"):
        real, imaginary = _transformed(params, grown)
        kind = params.integer("power")
        if kind == COMPLEX:
            found = np.stack([real, imaginary], axis=-1)
        else:
            found = real * real + imaginary * imaginary
            found = np.sqrt(found) if kind == MAGNITUDE else found
    return (_mirrored(params, found).reshape(len(signal), *promised),)


def _transformed(params: Params, signal: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Real and imaginary parts, (n, frequencies up to n_fft / 2, frames)."""
    length = params.integer("n_fft")
    frames = np.lib.stride_tricks.sliding_window_view(signal, length, axis=1)[:, :: stft.hop(params)]
    windowed = (frames * stft.window(params)).swapaxes(1, 2)
    real, imaginary = (np.empty((len(signal), length // 2 + 1, windowed.shape[2]), np.float32) for _ in range(2))
    for part, cosines, sines in stft.turns(length, length // 2 + 1):
        real[:, part], imaginary[:, part] = cosines @ windowed, np.float32(0) - sines @ windowed
    factor = np.float32(1) / stft.norm(params)
    return real * factor, imaginary * factor


def _mirrored(params: Params, found: FloatArray) -> FloatArray:
    """All frequencies: behind the middle those before it again, the imaginary part with the other sign."""
    more = _frequencies(params) - found.shape[1]
    if more <= 0:
        return found
    upper = found[:, more:0:-1]
    if params.integer("power") == COMPLEX:
        upper = upper * np.array([1, -1], np.float32)
    return np.concatenate([found, upper], axis=1)


LAYER = LayerType("Spectrogram", range(1, 2), forward, PARAMS, shapes=shapes, macs=macs)
