"""What the arm82 target makes of masks: storage between layers, hazards, and the choice of kernels.

The hazard tables are the runs recorded in ncnn's arm64 wheels: which nets crashed or gave garbage, and which were fine.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from maskctl.graph.network import Graph
from maskctl.targets import DEFAULT, TARGETS
from maskctl.targets.arm82 import ARM82
from maskctl.targets.storage import gentlest_mask, hazards, hazards_of_change, kernel_of, steps
from maskctl.targets.table import PRECISIONS, KernelChoice, Support
from tests.builders import chain_of, graph_of

ROOT = Path(__file__).parents[2]
THREE = ("Convolution", "Convolution", "Convolution")
FENCED = ("Convolution", "Squeeze", "Convolution")


def _masks(graph: Graph) -> list[int]:
    return [layer.mask for layer in graph.layers]


def _hazards(graph: Graph) -> list[tuple[str, int, str, str, int]]:
    found = hazards(graph, ARM82, _masks(graph))
    return [(hazard.layer.name, hazard.bit, hazard.blob, hazard.stored, hazard.safe_mask) for hazard in found]


@pytest.mark.parametrize(
    ("before", "after", "changed", "answered_for"),
    [
        ([0, 0, 0, 0], [0, 0, 2, 0], (), [(2, 2)]),  # new on the layer that is masked
        ([0, 2, 2, 0], [0, 0, 2, 0], (), [(2, 2)]),  # new behind a mask that went
        ([0, 0, 2, 0], [0, 1, 2, 0], (), []),  # as it was, on a layer that is left alone
        ([0, 0, 2, 0], [0, 1, 2, 0], (2,), [(2, 2)]),  # as it was, on a layer that somebody answers for
        ([0, 0, 2, 0], [0, 0, 6, 0], (), [(2, 4)]),  # another bit of it
        ([0, 0, 2, 0], [0, 2, 2, 0], (1, 2), []),
    ],
)
def test_hazards_that_a_change_answers_for(
    before: list[int], after: list[int], changed: tuple[int, ...], answered_for: list[tuple[int, int]]
) -> None:
    """A change of masks answers for what is not honoured on its own layers, and for what it made so anywhere."""
    found = hazards_of_change(chain_of(*THREE), ARM82, before, after, changed)
    assert answered_for == [(hazard.layer.index, hazard.bit) for hazard in found]


def _stored(graph: Graph, precision: str) -> list[str]:
    return [step.stored for step in steps(graph, ARM82, PRECISIONS[precision], _masks(graph))]


def _choice(graph: Graph, precision: str = "fp16") -> KernelChoice | None:
    """The kernel of the graph's second layer."""
    step = steps(graph, ARM82, PRECISIONS[precision], _masks(graph))[1]
    return kernel_of(graph.layers[1], step, ARM82)


@pytest.mark.parametrize(
    ("types", "masks", "expected"),
    [
        (THREE, (0, 2, 0), [("l1", 2, "b0", "fp16", 1)]),
        (THREE, (0, 3, 0), [("l1", 2, "b0", "fp16", 1)]),
        (THREE, (0, 0, 2), [("l2", 2, "b1", "fp16", 1)]),
        (THREE, (2, 0, 0), []),
        (THREE, (3, 0, 0), []),
        (THREE, (2, 2, 2), []),
        (THREE, (3, 3, 3), []),
        (THREE, (2, 2, 0), []),
        (THREE, (0, 2, 2), [("l1", 2, "b0", "fp16", 1)]),
        (THREE, (2, 0, 2), [("l2", 2, "b1", "fp16", 1)]),
        (THREE, (0, 4, 0), [("l1", 4, "b0", "bf16", 0)]),
        (THREE, (0, 0, 4), [("l2", 4, "b1", "bf16", 0)]),
        (THREE, (4, 0, 0), []),
        (THREE, (4, 4, 4), []),
        (THREE, (0, 6, 0), [("l1", 2, "b0", "fp16", 1), ("l1", 4, "b0", "bf16", 1)]),
        (THREE, (2, 4, 0), [("l1", 4, "b0", "bf16", 0)]),
        (THREE, (0, 2 | 64, 0), [("l1", 2, "b0", "fp16", 65)]),
        (THREE, (0, 4 | 128, 0), [("l1", 4, "b0", "bf16", 128)]),
        (THREE, (1, 97, 121), []),
        (FENCED, (0, 0, 2), []),
        (FENCED, (0, 0, 3), []),
        (FENCED, (0, 0, 4), []),
        (FENCED, (0, 2, 0), []),
        (FENCED, (0, 2, 2), [("l2", 2, "b1", "fp16", 1)]),
        (("Convolution", "Split", "Convolution"), (0, 2, 0), []),
        (("Convolution", "Split", "Convolution"), (0, 4, 4), [("l2", 4, "b1", "bf16", 0)]),
        (("Convolution", "Reshape", "Convolution"), (0, 2, 0), [("l1", 2, "b0", "fp16", 1)]),
        (("Convolution", "ReLU", "Convolution"), (0, 2, 0), [("l1", 2, "b0", "fp16", 1)]),
        (("Convolution", "Tile", "Convolution"), (0, 0, 2), []),
        (("Convolution", "Dropout", "Convolution"), (0, 0, 2), []),
        (("Convolution", "Noop", "Convolution"), (0, 0, 2), [("l2", 2, "b1", "fp16", 1)]),
        (("Convolution", "Split", "Convolution"), (0, 0, 2), [("l2", 2, "b1", "fp16", 1)]),
        (("Convolution", "Reshape", "Convolution"), (0, 0, 2), [("l2", 2, "b1", "fp16", 1)]),
        (("Convolution", "Split", "Convolution"), (2, 0, 2), [("l2", 2, "b1", "fp16", 1)]),
        (("Convolution", "Split", "Convolution"), (2, 2, 2), []),
        (("Convolution", "Reduction"), (0, 2), [("l1", 2, "b0", "fp16", 1)]),
        (("Convolution", "Permute"), (0, 2), []),
        (("Convolution", "Permute 0=1"), (0, 2), [("l1", 2, "b0", "fp16", 1)]),
        (("Convolution", "LRN"), (0, 2), [("l1", 2, "b0", "fp16", 1)]),
        (("Convolution", "MyOwnLayer", "Convolution"), (0, 0, 2), []),
    ],
)
def test_hazards(
    types: tuple[str, ...], masks: tuple[int, ...], expected: list[tuple[str, int, str, str, int]]
) -> None:
    """A mask is a hazard exactly where a 16-bit blob arrives at a layer that no longer converts it, and looks at it."""
    assert expected == _hazards(chain_of(*types, masks=masks))


def test_hazard_at_any_bottom() -> None:
    """One 16-bit input among several is enough, and it is the one named."""
    graph = graph_of("Input x 0 1 x", "Input y 0 1 y", "Convolution c 1 1 x a", "Concat both 2 1 y a out 31=2")
    assert [("both", 2, "a", "fp16", 1)] == _hazards(graph)


def test_masked_input_is_no_hazard() -> None:
    """Input layers never run: a mask there neither endangers nor protects anything."""
    graph = graph_of("Input x 0 1 x 31=3", "Convolution c 1 1 x a", "Convolution d 1 1 a b 31=2")
    assert [("d", 2, "a", "fp16", 1)] == _hazards(graph)


@pytest.mark.parametrize(
    ("masks", "text"),
    [
        (
            (0, 2, 0),
            (
                "#2 'l1' (Convolution): its input 'b0' arrives in fp16, and with bit 2 set the engine reads these "
                "16-bit values as fp32: NaN, garbage or a crash. The safe alternative is 31=1."
            ),
        ),
        (
            (0, 4, 0),
            (
                "#2 'l1' (Convolution): its input 'b0' arrives in bf16, and with bit 4 set the engine reads these "
                "16-bit values as fp32: NaN, garbage or a crash. The safe alternative is no mask."
            ),
        ),
    ],
)
def test_hazard_message(masks: tuple[int, ...], text: str) -> None:
    """A hazard says what happens, to which layer, and which mask is safe."""
    graph = chain_of(*THREE, masks=masks)
    assert [text] == [str(hazard) for hazard in hazards(graph, ARM82, _masks(graph))]


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
@pytest.mark.parametrize("masks", [(0, 2, 0), (0, 4, 0), (0, 6, 64), (0, 0, 7), (0, 0, 255)])
def test_safe_masks_are_safe(masks: tuple[int, ...], precision: str) -> None:
    """Putting each hazard's safe mask in its place leaves no hazard behind."""
    graph = chain_of(*THREE, masks=masks)
    now = _masks(graph)
    for _ in range(2):  # a layer with both bits needs two steps
        for hazard in hazards(graph, ARM82, now):
            now[hazard.layer.index] = hazard.safe_mask
    assert [None] * 4 == [step.hazard for step in steps(graph, ARM82, PRECISIONS[precision], now)]


@pytest.mark.parametrize(
    ("precision", "types", "masks", "expected"),
    [
        ("fp16", THREE, (), ["fp32", "fp16", "fp16", "fp16"]),
        ("fp16-storage", THREE, (), ["fp32", "fp16", "fp16", "fp16"]),
        ("bf16", THREE, (), ["fp32", "bf16", "bf16", "bf16"]),
        ("fp32", THREE, (2, 0, 6), ["fp32", "fp32", "fp32", "fp32"]),
        ("fp16", THREE, (2, 0, 0), ["fp32", "fp32", "fp16", "fp16"]),
        ("fp16", THREE, (4, 0, 4), ["fp32", "fp16", "fp16", "fp16"]),
        ("bf16", THREE, (4, 2, 0), ["fp32", "fp32", "bf16", "bf16"]),
        ("fp16", THREE, (1, 64, 32), ["fp32", "fp16", "fp16", "fp16"]),
        ("fp16", FENCED, (0, 0, 2), ["fp32", "fp16", "fp32", "fp32"]),
        ("bf16", FENCED, (0, 0, 4), ["fp32", "bf16", "fp32", "fp32"]),
        ("fp16", ("Pooling 7=1", "Pooling 0=1", "Pooling 4=1"), (), ["fp32", "fp32", "fp16", "fp16"]),
        ("fp16", ("Gemm 18=400", "Gemm 18=2", "MultiHeadAttention 18=610"), (), ["fp32", "fp32", "fp16", "fp32"]),
    ],
)
def test_stored(precision: str, types: tuple[str, ...], masks: tuple[int, ...], expected: list[str]) -> None:
    """Each layer stores in 16 bits where its type and its masked options allow it, else in 32."""
    assert expected == _stored(chain_of(*types, masks=masks), precision)


def test_arrives_is_what_was_stored() -> None:
    """Every layer sees its inputs in the format their producers stored them in."""
    graph = graph_of(
        "Input x 0 1 x", "Split s 1 2 x x0 x1 31=2", "Convolution c 1 1 x0 a", "Concat k 2 1 a x1 out", "Input y 0 1 y"
    )
    found = steps(graph, ARM82, PRECISIONS["fp16"], _masks(graph))
    assert [(), ("fp32",), ("fp32",), ("fp16", "fp32"), ()] == [step.arrives for step in found]


def test_packed_is_what_leaves_in_fours() -> None:
    """A blob comes packed from an fp32 layer that keeps packing, and not from the input, nor with packing off."""
    graph = chain_of("Dropout", "ReLU", "LRN", "ReLU 31=2", "PixelShuffle 31=2", "ReLU", masks=(0, 0, 0, 2, 2, 0))
    found = [
        [step.packed for step in steps(graph, ARM82, options, _masks(graph))]
        for options in (PRECISIONS["fp16"], PRECISIONS["fp16"] - {"use_packing_layout"})
    ]
    unpacked = [(), *[(False,)] * 6]
    assert [[(), (False,), (True,), (False,), (False,), (True,), (False,)], unpacked] == found


@pytest.mark.parametrize(
    ("layer", "mask", "precision", "expected"),
    [
        ("Convolution", 0, "fp16", True),
        ("Convolution", 1, "fp16", False),
        ("Convolution", 2, "fp16", False),
        ("Convolution", 64, "fp16", True),
        ("Convolution", 0, "fp16-storage", False),
        ("Convolution", 0, "bf16", False),
        ("Convolution", 0, "fp32", False),
        ("Softmax", 1, "fp16", True),
        ("Softmax", 0, "fp16-storage", True),
        ("BinaryOp", 1, "fp16", True),
        ("LayerNorm", 0, "fp16", False),
        ("Concat", 0, "fp16", False),
        ("Squeeze", 0, "fp16", False),
        ("Pooling", 0, "fp16", False),
        ("Pooling 0=1", 0, "fp16", True),
        ("Pooling 0=1", 1, "fp16", False),
        ("Pooling 0=1 4=1", 0, "fp16", False),
    ],
)
def test_sums_in_fp16(layer: str, mask: int, precision: str, expected: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """Sums are fp16 where the type adds in fp16 and neither the options nor bit 1 prevent it."""
    graph = chain_of(layer, masks=(mask,))
    assert expected is steps(graph, ARM82, PRECISIONS[precision], _masks(graph))[1].sums_in_fp16


@pytest.mark.parametrize(
    ("shape", "line", "bottoms", "handed"),
    [
        ("0=5 1=5 2=12", "Concat 0=0", 2, {2, 3}),
        ("0=5 1=5 2=8", "Concat 0=0", 2, {3}),
        ("0=5 1=5 2=6", "Concat 0=-3", 2, {2, 3}),
        ("0=5 1=5 2=12", "Concat 0=1", 2, set()),
        ("0=5 1=12", "Concat 0=0", 2, set()),
        ("0=12", "Concat 0=0", 2, set()),
        ("", "Concat 0=0", 2, set()),
        ("0=12", "Concat 0=0", 1, {2, 3}),
        ("0=5 1=12", "Concat 0=0", 1, {2, 3}),
        ("0=5 1=12", "Concat 0=1", 1, {2, 3}),
        ("0=5 1=5 2=8", "Concat 0=-2", 1, {2, 3}),
        ("0=5 1=5 2=8", "Concat 0=2", 1, set()),
        ("0=5 1=1 2=8", "Concat 0=2", 1, {2, 3}),
        ("2=8", "Concat 0=2", 1, set()),
        ("0=5 1=3 11=2 2=8", "Concat 0=2", 1, set()),
        ("0=5 1=3 11=1 2=8", "Concat 0=2", 1, {2, 3}),
        ("0=5 1=5 2=10", "Slice -23300=1,4", 1, set()),
        ("0=5 1=5 2=16", "Slice -23300=1,16", 1, {2, 3}),
        ("0=5 1=5 2=16", "Slice -23300=1,16 1=2", 1, set()),
        ("0=5 1=5 2=3", "Flatten", 1, {2, 3}),
        ("0=5 1=5 2=4", "Flatten", 1, set()),
        ("0=5 1=4", "Flatten", 1, set()),
        ("0=5", "Flatten", 1, {2, 3}),
        ("0=5 1=5 2=12", "Reshape 0=25 1=1 2=12", 1, {2, 3}),
        ("0=5 1=5 2=8", "Reshape 0=25 1=1 2=8", 1, {3}),
        ("0=5 1=5 2=12", "Reshape 0=25 1=1 2=12 -23330=4,3,25,1,12", 1, {2, 3}),
        ("0=5 1=5 2=3", "Reshape 0=-1 1=5", 1, {2, 3}),
        ("0=5 1=5 2=12", "Reshape 0=-1", 1, set()),
        ("0=5 1=5 2=3", "Padding 0=1", 1, {2, 3}),
        ("0=5 1=5 2=8", "Padding 0=1", 1, {2}),
        ("0=5 1=5 2=3", "Padding 0=1 5=2.5", 1, set()),
        ("0=5 1=5 2=3", "ShuffleChannel 0=3", 1, {2, 3}),
        ("0=5 1=5 2=12", "ShuffleChannel 0=3", 1, set()),
        ("0=5 1=5 2=12", "ShuffleChannel 0=1", 1, {2, 3}),
        ("0=5 1=5 2=12", "Interp 0=1 1=1 2=1", 1, {2, 3}),
        ("0=5 1=5 2=12", "Interp 0=1 1=2 2=1", 1, set()),
        ("0=5 1=5 2=12", "Crop 2=1", 1, {2, 3}),
        ("0=5 1=5 2=12", "PixelShuffle 0=1", 1, set()),
    ],
)
def test_what_hands_16_bit_blobs_on(shape: str, line: str, bottoms: int, handed: set[int]) -> None:
    """Bit 2, alone or with 1, is honoured where the code for fp32 copies what arrives, and not where shapes are unknown."""
    kind, _, params = line.partition(" ")
    names = [f"s{place}" for place in range(bottoms)]
    graph = graph_of(
        f"Input data 0 1 data {shape}",
        "Sigmoid a 1 1 data a",
        f"Split s 1 {bottoms} a {' '.join(names)}",
        f"{kind} b {bottoms} 1 {' '.join(names)} b {params}",
    )
    assert handed == {mask for mask in (2, 3) if not hazards(graph, ARM82, [0, 0, 0, mask])}
    found = [steps(graph, ARM82, PRECISIONS["fp16"], [0, 0, 0, mask])[3] for mask in handed]
    assert [("fp16", True)] * len(handed) == [(step.gives, step.is_handed_on) for step in found]


@pytest.mark.parametrize(
    ("layer", "support"),
    [
        ("InnerProduct", Support(fp16=True, bf16=True, arithmetic="bit 1", packing=True)),
        ("ReLU", Support(fp16=True, bf16=True, arithmetic="fp16", packing=True)),
        ("GroupNorm", Support(fp16=True, bf16=True, arithmetic="fp32", packing=True)),
        ("Split", Support(fp16=True, bf16=True, arithmetic="moves", packing=True, by_elemsize=True)),
        ("Pooling", Support(fp16=True, bf16=True, arithmetic="moves", packing=True)),
        ("Pooling 4=1", Support(fp16=True, bf16=True, arithmetic="moves", packing=True)),
        ("Pooling 0=1 4=1", Support(fp16=True, bf16=True, arithmetic="fp32", packing=True)),
        *(
            (name, Support(packing=name in {"AbsVal", "Scale", "Requantize"}))
            for name in ("AbsVal", "Scale", "Bias", "LRN", "Requantize", "Permute 0=1", "Embed", "MyOwnLayer")
        ),
    ],
)
def test_supports(layer: str, support: Support) -> None:
    """A type keeps 16-bit blobs and follows bit 1 as ncnn's arm64 sources say."""
    assert support == ARM82.supports(chain_of(layer).layers[1])


GEMM, PACKED, PLANES, DIRECT, DIRECT_5X5, F63, F43, F23 = (
    f"convolution_{name}_fp16sa"
    for name in ("gemm", "packed", "planes", "3x3_direct", "5x5_direct", "winograd63", "winograd43", "winograd23")
)


@pytest.mark.parametrize(
    ("channels", "num_output", "kernel", "stride", "mask", "kernel_name"),
    [
        (16, 16, 3, 1, 0, F63),
        (128, 128, 3, 1, 0, F63),
        (3, 16, 3, 1, 0, F63),
        (20, 20, 3, 1, 0, F63),
        (18, 22, 3, 1, 0, F63),
        (136, 16, 3, 1, 0, F43),
        (16, 129, 3, 1, 0, F43),
        (136, 8, 3, 1, 0, F23),
        (136, 12, 3, 1, 0, F23),
        (8, 8, 3, 1, 0, DIRECT),
        (8, 12, 3, 1, 0, PACKED),
        (16, 16, 3, 1, 64, DIRECT),
        (18, 22, 3, 1, 64, GEMM),
        (18, 22, 3, 1, 64 | 32, PACKED),
        (16, 16, 3, 2, 0, DIRECT),
        (64, 128, 3, 2, 0, GEMM),
        (64, 128, 3, 2, 32, PACKED),
        (12, 12, 3, 2, 0, PACKED),
        (3, 64, 3, 2, 32, PLANES),
        (3, 12, 7, 2, 0, PACKED),
        (3, 64, 7, 2, 0, PLANES),
        (3, 20, 7, 2, 0, PACKED),
        (16, 24, 5, 1, 0, DIRECT_5X5),
        (8, 64, 5, 2, 0, DIRECT_5X5),
        (16, 88, 5, 2, 0, GEMM),
        (8, 8, 1, 1, 0, GEMM),
        (8, 8, 1, 1, 32, GEMM),
        (64, 64, 1, 2, 32, GEMM),
        (17, 8, 5, 1, 0, GEMM),
        (16, 16, 5, 3, 0, PACKED),
    ],
)
def test_convolution_kernels(
    channels: int, num_output: int, kernel: int, stride: int, mask: int, kernel_name: str
) -> None:
    """The kernel is the one ncnn chooses for these channels, kernel and stride under the masked options."""
    weights = channels * num_output * kernel * kernel
    graph = chain_of(f"Convolution 0={num_output} 1={kernel} 3={stride} 6={weights} 31={mask}")
    assert KernelChoice(kernel_name) == _choice(graph)


def test_dilation_is_neither_winograd_nor_handwritten() -> None:
    """A dilated 3x3 convolution takes the general kernels."""
    assert KernelChoice(PACKED) == _choice(chain_of("Convolution 0=16 1=3 2=2 6=2304"))


@pytest.mark.parametrize(
    ("types", "masks", "index", "precision", "expected"),
    [
        (THREE, (0, 0, 0), 1, "fp16", 1),
        (THREE, (0, 0, 0), 2, "fp16", 1),
        (THREE, (0, 64, 0), 2, "fp16", 65),
        (THREE, (1, 0, 0), 1, "fp16", 3),
        (THREE, (0, 1, 0), 2, "fp16", None),
        (THREE, (3, 1, 0), 2, "fp16", 3),
        (THREE, (3, 0, 0), 1, "fp16", None),
        (THREE, (0, 2, 0), 2, "fp16", 1),
        (THREE, (0, 0, 0), 1, "bf16", 4),
        (THREE, (0, 0, 0), 2, "bf16", None),
        (THREE, (0, 0, 0), 1, "fp32", None),
        (("Softmax", "Squeeze", "Softmax"), (0, 0, 0), 1, "fp16", 2),
        (("Softmax", "Squeeze", "Softmax"), (0, 0, 0), 2, "fp16", None),
        (("Softmax", "Squeeze", "Softmax"), (0, 0, 0), 3, "fp16", 2),
        (("Softmax", "Softmax"), (0, 0), 2, "fp16", None),
    ],
)
def test_gentlest_mask(
    types: tuple[str, ...], masks: tuple[int, ...], index: int, precision: str, expected: int | None
) -> None:
    """The next mask for a layer is its safe one, else fp32 sums, else 32-bit storage where the engine honours it."""
    graph = chain_of(*types, masks=masks)
    assert expected == gentlest_mask(graph, ARM82, PRECISIONS[precision], _masks(graph), index)


def test_targets_by_name() -> None:
    """Each target is found by its own name, the default among them."""
    assert {"arm82": ARM82} == {name: target for name, target in TARGETS.items() if name == target.name == "arm82"}
    assert TARGETS.keys() == {target.name for target in TARGETS.values()}
    assert ARM82 is DEFAULT


@pytest.mark.parametrize(
    "module", ["maskctl.targets.storage", "maskctl.targets", "maskctl.graph.select", "maskctl.param.write"]
)
def test_text_commands_need_no_numpy(module: str) -> None:
    """What text commands read is imported without numpy, so that they answer at once."""
    code = f"import sys, {module}; print(sorted(name for name in ('numpy', 'onnx', 'ncnn') if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (0, "[]\n", "") == (done.returncode, done.stdout, done.stderr)


def test_int8_blobs_are_no_hazard() -> None:
    """A blob that an int8 layer quantises again is neither fp16 nor bf16, so its reader may carry any storage bit."""
    graph = graph_of(
        "Input data 0 1 data",
        "Convolution a 1 1 data a 0=1 1=1 6=1 8=102",
        "Convolution b 1 1 a b 0=1 1=1 6=1 8=2 31=7",
    )
    assert [] == _hazards(graph)


@pytest.mark.parametrize("mask", [2, 3, 4, 6, 7, 6 | 64, 255])
def test_the_safe_alternative_is_safe(mask: int) -> None:
    """The mask a hazard names as its safe alternative has no hazard itself."""
    graph = graph_of("Input data 0 1 data", "Convolution a 1 1 data a", f"Convolution b 1 1 a b 31={mask}")
    offered = {hazard.safe_mask for hazard in hazards(graph, ARM82, _masks(graph))}
    assert 1 == len(offered)
    assert () == hazards(graph, ARM82, [0, 0, *offered])


@pytest.mark.parametrize(
    ("name", "precision", "expected"),
    [
        ("Swish", "fp16", ""),
        ("Swish", "fp16-storage", ""),
        ("BinaryOp", "fp16-storage", ""),
        ("ReLU", "fp16", ""),
        ("LayerNorm", "fp16", ""),
        ("Concat", "fp16", None),
        ("Permute", "fp16", None),
        ("Swish", "bf16", ""),
    ],
)
def test_arithmetic_that_is_not_reproduced(name: str, precision: str, expected: str | None) -> None:
    """Where the engine computes step by step in fp16 and there is no kernel here, the choice says so."""
    choice = _choice(chain_of(name), precision)
    assert expected == (choice and choice.instead_of)
    assert choice is None or not choice.is_winograd


@pytest.mark.parametrize("precision", ["fp32", "fp16", "fp16-storage", "bf16"])
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Convolution 0=16 1=3 6=2304 8=2", "convolution_int8"),
        ("Convolution 0=16 1=3 6=2304 8=101", "convolution_int8"),
        ("Convolution 0=16 1=3 6=2304 19=1", None),
        ("ConvolutionDepthWise 0=16 1=3 6=144 7=16 8=1", "convolutiondepthwise_int8"),
        ("InnerProduct 0=4 2=16 8=2", "innerproduct_int8"),
        ("Requantize", "requantize_int8"),
    ],
)
def test_int8_kernels(words: str, expected: str | None, precision: str) -> None:
    """int8 sums have kernels of their own in every precision, weights that come as blobs none."""
    choice = _choice(chain_of(words), precision)
    assert (expected and KernelChoice(expected)) == choice


@pytest.mark.parametrize(
    ("words", "precision", "lost"),
    [
        ("0=16 1=3 6=1152 7=2 8=1", "fp16", True),
        ("0=16 1=3 6=1152 7=2 8=101", "fp16", False),
        ("0=16 1=3 6=1152 7=2 8=1", "fp16-storage", False),
        ("0=8 1=3 6=288 7=2 8=1", "fp16", False),
    ],
)
def test_groups_the_engine_loses(words: str, precision: str, lost: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """In fp16 arithmetic the engine loses the float output of int8 groups of 8 channels, which the choice says."""
    choice = _choice(chain_of(f"ConvolutionDepthWise {words}"), precision)
    assert choice is not None
    assert lost == bool(choice.instead_of)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("InnerProduct 0=4 2=16 8=2", "fp32"),
        ("Convolution 0=8 1=3 6=576 8=2", "fp16"),
        ("Convolution 0=8 1=3 6=576 8=102", "int8"),
        ("ConvolutionDepthWise 0=8 1=3 6=72 7=8 8=1 9=1", "fp16"),
        ("ConvolutionDepthWise 0=8 1=3 6=72 7=8 8=1 9=4", "fp32"),
        ("ConvolutionDepthWise 0=8 1=5 6=200 7=8 8=1", "fp32"),
        ("ConvolutionDepthWise 0=8 1=3 6=288 7=2 8=1", "fp16"),
        ("ConvolutionDepthWise 0=8 1=5 6=200 7=8 8=101", "int8"),
    ],
)
def test_what_int8_layers_give(line: str, expected: str) -> None:
    """Inner products and depthwise kernels but most 3x3 keep their floats in fp32, and codes are codes."""
    graph = chain_of(line, "Split")
    assert (expected,) == steps(graph, ARM82, PRECISIONS["fp16"], _masks(graph))[2].arrives


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ("0=8 1=3 5=1 6=72 7=8", "convolutiondepthwise_fp16sa"),
        ("0=12 1=5 5=1 6=300 7=12", "convolutiondepthwise_fp16sa"),
        ("0=3 1=3 3=2 5=1 6=27 7=3", "convolutiondepthwise_fp16sa"),
        ("0=3 1=5 5=1 6=75 7=3", "convolutiondepthwise_fp16s"),
        ("0=8 1=3 5=1 6=288 7=2", "grouped convolution_3x3_direct_fp16sa"),
        ("0=64 1=3 5=1 6=18432 7=2", "grouped convolution_winograd63_fp16sa"),
        ("0=16 1=3 5=1 6=144 7=8", "grouped convolution_packed_fp16sa"),
        ("0=8 1=3 5=1 6=72 7=8 31=1", "convolutiondepthwise_fp16s"),
        ("0=8 1=3 5=1 6=288 7=2 31=1", "grouped convolution_packed_fp16s"),
    ],
)
def test_depthwise_kernels(params: str, expected: str | None) -> None:
    """One group per channel has a kernel, of fp32 sums where the engine sums so; other groups have that of a dense layer."""
    graph = graph_of("Input data 0 1 data", f"ConvolutionDepthWise dw 1 1 data out {params}")
    step = steps(graph, ARM82, PRECISIONS["fp16"], _masks(graph))[1]
    choice = kernel_of(graph.layers[1], step, ARM82)
    assert expected == (None if choice is None else choice.kernel or choice.instead_of)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ConvolutionDepthWise l 1 1 data out 0=8 1=3 6=72 7=8", 1),
        ("ConvolutionDepthWise l 1 1 data out 0=8 1=3 6=288 7=2", 1),
        ("Convolution l 1 1 data out 0=8 1=3 6=576 8=1", 1),
        ("Sigmoid l 1 1 data out", 1),
        ("Gemm l 1 1 data out 5=1 8=4 9=4", 1),
        ("InnerProduct l 1 1 data out 0=4 2=16", 1),
    ],
)
def test_bit_1_is_a_step_only_where_it_can_be_shown_to_help(line: str, expected: int) -> None:
    """Where fp16 and fp32 sums come to the same here, the next step is 32-bit storage."""
    graph = graph_of("Input data 0 1 data", line)
    assert expected == gentlest_mask(graph, ARM82, PRECISIONS["fp16"], _masks(graph), 1)


def test_codes_stay_codes_behind_a_layer_that_moves() -> None:
    """An int8 blob is cast by nobody, and no mask makes reading it unsafe."""
    lines = "Quantize q 1 1 data q 0=1", "Flatten f 1 1 q f", "InnerProduct p 1 1 f out 0=4 2=16 8=2 31=2"
    graph = graph_of("Input data 0 1 data", *lines)
    assert "int8" == steps(graph, ARM82, PRECISIONS["fp16"], _masks(graph))[3].arrives[0]
    assert () == hazards(graph, ARM82, _masks(graph))


@pytest.mark.parametrize(("term", "expected"), [("", "bf16"), ("18=1", "fp32"), ("18=0", "bf16")])
@pytest.mark.parametrize("name", ["MultiHeadAttention", "SDPA"])
def test_attention_in_int8_keeps_no_bf16(name: str, term: str, expected: str) -> None:
    """With int8 the attention types give up bf16 storage."""
    graph = graph_of("Input data 0 1 data", f"{name} l 1 1 data out {term}".strip())
    assert expected == _stored(graph, "bf16")[1]


@pytest.mark.parametrize(
    ("precision", "mask", "expected"),
    [("bf16", 4, [("fp32",), ("bf16",), ("bf16",)]), ("fp16", 0, [("fp16",), ("fp16",), ("fp16",)])],
)
@pytest.mark.parametrize("name", ["MultiHeadAttention", "SDPA"])
def test_attention_gives_fp32_in_bf16_and_keeps_caches(
    name: str, precision: str, mask: int, expected: list[tuple[str, ...]]
) -> None:
    """Behind bf16 attention the result is fp32, so that bit 4 is safe there; the caches behind it stay bf16."""
    graph = graph_of(
        "Input data 0 1 data",
        f"{name} l 1 3 data out keys values 7=1",
        f"ReLU a 1 1 out a 31={mask}",
        "ReLU b 1 1 keys b",
        "ReLU c 1 1 values c",
    )
    found = steps(graph, ARM82, PRECISIONS[precision], _masks(graph))
    assert expected == [step.arrives for step in found[2:]]
    assert [None] * 5 == [step.hazard for step in found]


@pytest.mark.parametrize("name", ["MultiHeadAttention", "SDPA"])
def test_attention_has_a_kernel_in_bf16(name: str) -> None:
    """The kernel goes by the options, and is the engine's in every 16-bit storage; int8 products have none."""
    kernels = [_choice(chain_of(name), precision) for precision in ("fp16", "fp16-storage", "bf16")]
    assert [KernelChoice(f"{name.lower()}_arm")] * 3 == kernels
    assert _choice(chain_of(f"{name} 18=2"), "bf16") is None
