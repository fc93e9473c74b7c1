"""What the x86 targets make of options and masks: storage between layers, hazards, and the choice of kernels."""

from __future__ import annotations

import pytest

from maskctl.graph.network import Graph
from maskctl.targets import TARGETS, Target
from maskctl.targets.storage import gentlest_mask, hazards, kernel_of, steps
from maskctl.targets.table import PRECISIONS
from maskctl.targets.x86 import X86, X86_AVX512BF16
from tests.builders import chain_of, graph_of

THREE = ("Convolution", "Convolution", "Convolution")


def _graph(line: str) -> Graph:
    kind, *params = line.split()
    return graph_of("Input x 0 1 x", " ".join([kind, "layer", "1", "1", "x", "out", *params]))


def _kernel(line: str, precision: str = "bf16", target: Target = X86_AVX512BF16) -> tuple[str, str] | None:
    graph = _graph(line)
    step = steps(graph, target, PRECISIONS[precision], [layer.mask for layer in graph.layers])[1]
    choice = kernel_of(graph.layers[1], step, target)
    return (choice.kernel, choice.instead_of) if choice else None


def test_both_are_registered() -> None:
    """The two kinds of CPU are targets under their names."""
    assert (X86, X86_AVX512BF16) == (TARGETS["x86"], TARGETS["x86-avx512bf16"])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Convolution 0=16 1=3 6=2304", "convolution_winograd63_bf16s_x86"),
        ("Convolution 0=32 1=3 6=9216", "convolution_winograd63_bf16s_x86"),
        ("Convolution 0=33 1=3 6=9504", "convolution_winograd43_bf16s_x86"),
        ("Convolution 0=8 1=3 6=576", "convolution_packed_bf16s_x86"),
        ("Convolution 0=16 1=3 6=2304 31=64", "convolution_packed_bf16s_x86"),
        ("Convolution 0=17 1=3 3=2 6=2448", "convolution_gemm_bf16s_x86"),
        ("Convolution 0=17 1=3 3=2 6=2448 31=32", "convolution_packed_bf16s_x86"),
        ("Convolution 0=4 1=1 6=16 31=32", "convolution_gemm_bf16s_x86"),
    ],
)
def test_the_kernel_of_a_convolution(line: str, expected: str) -> None:
    """Channels, kernel extent and bits 32 and 64 choose the kernel of a convolution in bf16."""
    assert (expected, "") == _kernel(line)


@pytest.mark.parametrize(
    ("outputs", "channels", "wrong"), [(7, 8, True), (7, 4, False), (6, 12, True), (6, 16, False), (8, 12, False)]
)
def test_direct_sums_that_the_engine_gets_wrong(outputs: int, channels: int, *, wrong: bool) -> None:
    """Without AVX512-BF16 some outputs of direct convolutions are wrong, and the choice says so."""
    line = f"Convolution 0={outputs} 1=3 3=2 6={outputs * channels * 9}"
    told = "direct code that gets outputs left over from fours wrong" if wrong else ""
    assert ("convolution_packed_bf16s_x86", told) == _kernel(line, target=X86)
    assert ("convolution_packed_bf16s_x86", "") == _kernel(line, target=X86_AVX512BF16)


@pytest.mark.parametrize("precision", ["fp16", "fp16-storage"])
def test_fp16_reaches_the_weights_of_inner_product_alone(precision: str) -> None:
    """With fp16 options blobs stay fp32, and InnerProduct has fp16 weights unless bit 2 is set; bit 1 changes nothing."""
    line = "InnerProduct 0=8 2=64"
    assert ("innerproduct_fp16w_x86", "") == _kernel(line, precision)
    assert ("innerproduct_fp16w_x86", "") == _kernel(f"{line} 31=1", precision)
    assert None is _kernel(f"{line} 31=2", precision)
    assert None is _kernel("Convolution 0=16 1=3 6=2304", precision)
    graph = _graph(line)
    step = steps(graph, X86, PRECISIONS[precision], [0, 0])[1]
    assert ("fp32", "fp32", "fp16") == (step.stored, step.gives, step.weights)
    assert 2 == gentlest_mask(graph, X86, PRECISIONS[precision], [0, 0], 1)


@pytest.mark.parametrize(
    ("masks", "expected"),
    [((0, 4, 0), [("l1", 4, 0)]), ((4, 0, 0), []), ((4, 4, 4), []), ((0, 2, 0), []), ((0, 3, 1), [])],
)
def test_bit_4_alone_can_be_a_hazard(masks: tuple[int, ...], expected: list[tuple[str, int, int]]) -> None:
    """Bit 4 behind a bf16 blob is a hazard, as on arm64; bit 2 never is, because no blob is in fp16."""
    graph = chain_of(*THREE, masks=masks)
    found = hazards(graph, X86, [layer.mask for layer in graph.layers])
    assert expected == [(hazard.layer.name, hazard.bit, hazard.safe_mask) for hazard in found]


def test_winograd_is_no_loss() -> None:
    """Bit 64 is not proposed: winograd keeps its weights in fp32, and the kernels in its place round them."""
    graph = _graph("Convolution 0=16 1=3 6=2304")
    assert 4 == gentlest_mask(graph, X86, PRECISIONS["bf16"], [0, 0], 1)


@pytest.mark.parametrize(
    ("line", "stored", "gives"),
    [
        ("ConvolutionDepthWise 0=8 1=3 6=72 7=8", "fp32", "fp32"),
        ("Permute 0=1", "bf16", "bf16"),
        ("Pooling 0=1 7=1 8=2", "fp32", "fp32"),
        ("SDPA", "bf16", "fp32"),
        ("InnerProduct 0=8 2=64 8=2", "bf16", "fp32"),
    ],
)
def test_what_a_type_keeps_in_bf16(line: str, stored: str, gives: str) -> None:
    """Types read bf16 or cast it to fp32, and a few that read it give fp32."""
    graph = _graph(line)
    step = steps(graph, X86, PRECISIONS["bf16"], [0, 0])[1]
    assert (stored, gives) == (step.stored, step.gives)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ConvolutionDepthWise 0=8 1=3 6=72 7=4", True),
        ("ConvolutionDepthWise 0=8 1=3 6=72 7=4 31=4", False),
        ("ConvolutionDepthWise 0=8 1=3 6=72 7=8", False),
        ("ConvolutionDepthWise 0=8 1=5 6=200 7=8", False),
        ("ConvolutionDepthWise 0=6 1=5 6=150 7=6", True),
        ("ConvolutionDepthWise 0=6 1=5 6=150 7=6 31=4", False),
        ("ConvolutionDepthWise 0=6 1=3 3=2 6=54 7=6", False),
        ("ConvolutionDepthWise 0=6 1=3 3=2 13=1 6=54 7=6", True),
        ("ConvolutionDepthWise 0=6 1=3 2=2 6=54 7=6", True),
    ],
)
def test_groups_are_broken_in_bf16(line: str, *, expected: bool) -> None:
    """A grouped convolution gives garbage under bf16 storage, unless it is depthwise and has code of its own; bit 4 heals it."""
    graph = _graph(line)
    masks = [layer.mask for layer in graph.layers]
    step = steps(graph, X86, PRECISIONS["bf16"], masks)[1]
    assert expected == bool(step.broken)
    assert not steps(graph, X86, PRECISIONS["fp16"], masks)[1].broken
    if expected:
        assert 4 == gentlest_mask(graph, X86, PRECISIONS["bf16"], masks, 1)


@pytest.mark.parametrize(
    ("channels", "slices", "expected"),
    [
        (24, (16,), True),
        (40, (16, 16), True),
        (40, (16, 8), False),
        (32, (16,), False),
        (24, (8, 8), False),
        (0, (16,), False),
    ],
)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_slices_into_sixteens_are_broken_with_avx512(
    channels: int, slices: tuple[int, ...], precision: str, *, expected: bool
) -> None:
    """Pieces of 16 that leave some over of channels that are none come out mixed up with AVX-512, and no mask heals it."""
    tops = [f"y{place}" for place in range(len(slices))]
    extents = f"0=5 1=3 2={channels}" if channels else ""
    line = f"Slice cut 1 {len(tops)} x {' '.join(tops)} -23300={len(slices)},{','.join(map(str, slices))}"
    graph = graph_of(f"Input x 0 1 x {extents}", line)
    broken = [
        bool(steps(graph, target, PRECISIONS[precision], [0, 0])[1].broken)
        for target in (X86_AVX512BF16, X86, TARGETS["arm82"])
    ]
    assert [expected, False, False] == broken
    assert not steps(graph, X86_AVX512BF16, PRECISIONS[precision] - {"use_packing_layout"}, [0, 0])[1].broken
    if expected:
        assert gentlest_mask(graph, X86_AVX512BF16, PRECISIONS[precision], [0, 0], 1) is None


@pytest.mark.parametrize("widths", [(32, 24), (24, 32)])
def test_slices_written_alike_may_differ(widths: tuple[int, int]) -> None:
    """Whether a Slice is broken goes by the channels that arrive, and not by those of one written alike before."""
    inputs = [f"Input x{channels} 0 1 x{channels} 0=5 1=3 2={channels}" for channels in widths]
    slices = [f"Slice cut{channels} 1 1 x{channels} y{channels} -23300=1,16" for channels in widths]
    graph = graph_of(*inputs, *slices)
    found = steps(graph, X86_AVX512BF16, PRECISIONS["bf16"], [0] * 4)[2:]
    assert [channels == 24 for channels in widths] == [bool(step.broken) for step in found]


@pytest.mark.parametrize(
    ("line", "handed"),
    [
        ("Concat", True),
        ("Reshape 0=-1", True),
        ("AbsVal", True),
        ("Padding 0=1", True),
        ("Padding 0=1 5=2.5", False),
        ("Padding 0=1 4=1 5=2.5", True),
        ("Dropout", True),
        ("Dropout 0=0.5", False),
        ("Tile 1=1", True),
        ("Tile 1=2", False),
        ("Cast 0=1 1=1", True),
        ("Cast 0=1 1=2", False),
        ("Clip", False),
        ("PixelShuffle 0=1", False),
    ],
)
def test_what_goes_by_the_size_of_elements(line: str, *, handed: bool) -> None:
    """Bit 4 in the middle is honoured where code copies elements of any size: the next reader gets bf16, and bf16 bits."""
    graph = chain_of("Convolution", line, "Convolution", masks=(0, 4, 0))
    found = steps(graph, X86, PRECISIONS["bf16"], [layer.mask for layer in graph.layers])
    assert handed == (found[2].hazard is None)
    assert handed == (found[3].arrives == ("bf16",))
    assert (None if handed else found[2].hazard) == next(iter(hazards(graph, X86, [0, 0, 4, 0])), None)
