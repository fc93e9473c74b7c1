"""Convolutions and deconvolutions whose weights and biases come as blobs."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import FEW, Case

PRECISIONS = ("fp16", "fp16-storage", "bf16")

_DENSE = ((8, 8), (12, 5), (3, 8), (5, 3))
_GROUPS = ((8, 8, 8), (4, 4, 4), (3, 3, 3), (16, 8, 2), (6, 4, 2))
_WINDOWS = ((3, "4=1"), (1, ""), (2, "3=2 9=1"))


def _blob(name: str, shape: tuple[int, ...]) -> str:
    ids = {1: (0,), 3: (2, 1, 0), 4: (2, 11, 1, 0)}[len(shape)]
    words = " ".join(f"{number}={extent}" for number, extent in zip(ids, shape, strict=True))
    return f"MemoryData {name} 0 1 {name} {words}"


def _layers(
    kind: str, channels: int, outputs: int, kernel: int, more: str = "", groups: int = 1, bias: int = 1
) -> tuple[str, ...]:
    """The lines of a layer of that kind and of what it reads."""
    transposed = kind.startswith("Deconvolution")
    front = (channels, outputs // groups) if transposed else (outputs, channels // groups)
    blobs = [_blob("w", (*front, *(kernel,) * (1 if kind.endswith("1D") else 2)))]
    blobs += [_blob("b", (outputs,))] if bias else []
    group = f"7={groups} " if kind.endswith("DepthWise") else ""
    line = f"{kind} l {2 + bias} 1 data w {'b ' if bias else ''}out 5={bias} {group}{28 if transposed else 19}=1 {more}"
    return (*blobs, line.strip())


def _with_blobs() -> Iterator[Case]:
    for precision in PRECISIONS:
        for kernel, more in _WINDOWS:
            for kind in ("Convolution", "Deconvolution"):
                for channels, outputs in _DENSE:
                    title = f"{precision} {kind} {channels}-{outputs} by blobs, {kernel}x{kernel} {more}".strip()
                    layers = _layers(kind, channels, outputs, kernel, more)
                    yield Case(title, layers, (channels, 2, 3), FEW, precision)
            for kind in ("ConvolutionDepthWise", "DeconvolutionDepthWise"):
                for channels, outputs, groups in _GROUPS:
                    title = (
                        f"{precision} {kind} {channels}-{outputs}-{groups} by blobs, {kernel}x{kernel} {more}".strip()
                    )
                    layers = _layers(kind, channels, outputs, kernel, more, groups)
                    yield Case(title, layers, (channels, 2, 3), FEW, precision)
        for kind, channels, outputs, shape in (
            ("Convolution1D", 8, 6, (8, 5)),
            ("Convolution1D", 3, 4, (3, 5)),
            ("Convolution", 8, 8, (8, 2, 3)),
            ("Deconvolution", 8, 8, (8, 2, 3)),
        ):
            title = f"{precision} {kind} {channels}-{outputs} by a blob without bias"
            yield Case(title, _layers(kind, channels, outputs, 3, "4=1", bias=0), shape, FEW, precision)


CASES = tuple(_with_blobs())
