"""ResNet-50 as a `.param`, written by its published plan (He et al. 2015, table 1): a large network to measure, without a file."""

from __future__ import annotations

from collections.abc import Iterator

_STAGES = ((3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2))
"""Blocks, inner channels and stride of each stage; a block gives four times its inner channels."""


def resnet50() -> str:
    """The text for an input "data" of 3x224x224: batch normalization is folded into the convolutions, which have a bias."""
    lines = list(_layers())
    blobs = {top for line in lines for top in _tops(line)}
    return "\n".join(["7767517", f"{len(lines)} {len(blobs)}", *lines]) + "\n"


def _tops(line: str) -> list[str]:
    words = line.split()
    begin, count = 4 + int(words[2]), int(words[3])
    return words[begin : begin + count]


def _layers() -> Iterator[str]:
    yield "Input data 0 1 data 0=224 1=224 2=3"
    yield _convolution("conv1", "data", 3, 64, 7, 2, relu=True)
    yield "Pooling pool1 1 1 conv1 pool1 0=0 1=3 2=2"
    blob, channels = "pool1", 64
    for stage, (blocks, inner, stride) in enumerate(_STAGES, 2):
        for number in range(blocks):
            name = f"res{stage}{'abcdef'[number]}"
            yield from _block(name, blob, channels, inner, stride if number == 0 else 1, projects=number == 0)
            blob, channels = f"{name}_relu", 4 * inner
    yield f"Pooling pool5 1 1 {blob} pool5 0=1 4=1"
    yield f"InnerProduct fc1000 1 1 pool5 fc1000 0=1000 1=1 2={1000 * channels}"
    yield "Softmax prob 1 1 fc1000 prob 0=0"


def _block(name: str, blob: str, channels: int, inner: int, stride: int, *, projects: bool) -> Iterator[str]:
    """Three convolutions beside the input, or beside its projection where the shape changes."""
    yield f"Split {name}_split 1 2 {blob} {name}_in {name}_skip"
    yield _convolution(f"{name}_a", f"{name}_in", channels, inner, 1, stride, relu=True)
    yield _convolution(f"{name}_b", f"{name}_a", inner, inner, 3, 1, relu=True)
    yield _convolution(f"{name}_c", f"{name}_b", inner, 4 * inner, 1, 1)
    skip = f"{name}_skip"
    if projects:
        yield _convolution(f"{name}_projection", skip, channels, 4 * inner, 1, stride)
        skip = f"{name}_projection"
    yield f"Eltwise {name} 2 1 {skip} {name}_c {name} 0=1"
    yield f"ReLU {name}_relu 1 1 {name} {name}_relu"


def _convolution(
    name: str, bottom: str, channels: int, outputs: int, kernel: int, stride: int, *, relu: bool = False
) -> str:
    weights = channels * outputs * kernel * kernel
    params = f"0={outputs} 1={kernel} 3={stride} 4={kernel // 2} 5=1 6={weights} 9={int(relu)}"
    return f"Convolution {name} 1 1 {bottom} {name} {params}"
