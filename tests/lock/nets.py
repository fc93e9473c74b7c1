"""A network made for these tests, and the same network exported again: by ncnn's own tools, and by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from maskctl.graph.network import Graph, build
from maskctl.lock import Found
from maskctl.param import load, parse
from tests.builders import param_text

FOLDER = Path(__file__).parent / "reexports"
MADE = FOLDER / "made.param"
"""A convolution with BatchNorm, Scale and ReLU behind it, a residual sum, two branches that only their place in a Concat tells
apart, three convolutions alike in a row, a Noop, a Dropout, and a 1x1 convolution behind a global pooling."""

OPTIMIZED = FOLDER / "ncnnoptimize.param"
INT8 = FOLDER / "ncnn2int8.param"
"""What `ncnnoptimize made.param null` made of it, and `ncnn2int8` of that with a calibration table of made-up scales."""

BY_HAND = param_text(
    "Input in0 0 1 b0",
    "Quantize q 1 1 b0 b1 0=1",
    "Convolution conv_0 1 1 b1 b2 0=8 1=3 11=3 2=1 12=1 3=1 13=1 4=1 14=1 15=1 16=1 5=1 6=216 8=2",
    "Dequantize dq 1 1 b2 b3 0=1",
    "ReLU relu_0 1 1 b3 b4",
    "Split split_0 1 3 b4 b5 b6 unread",
    "ConvolutionDepthWise convdw_0 1 1 b6 b7 0=8 1=3 4=1 5=1 6=72 7=8 9=1",
    "Convolution conv_1 1 1 b7 b8 0=8 1=1 5=1 6=64",
    "Eltwise add_0 2 1 b8 b5 b9 0=1",
    "Split split_1 1 2 b9 b10 b11",
    "Convolution conv_2 1 1 b11 b12 0=16 1=3 4=1 5=1 6=1152 9=1",
    "Split split_2 1 1 b12 b13",
    "Convolution conv_3 1 1 b10 b14 0=16 1=3 4=1 5=1 6=1152 9=1",
    "Concat cat_0 2 1 b14 b13 b15",
    "Convolution conv_4 1 1 b15 b16 0=32 1=3 4=1 5=1 6=9216 9=1",
    "Noop noop_0 1 1 b16 b17",
    "Convolution conv_5 1 1 b17 b18 0=32 1=3 4=1 5=1 6=9216 9=3 -23310=2,0.0,6.0",
    "Convolution conv_6 1 1 b18 b19 0=32 1=3 4=1 5=1 6=9216",
    "ReLU relu_1 1 1 b19 b20",
    "Pooling gap_0 1 1 b20 b21 0=1 4=1",
    "InnerProduct fc_0 1 1 b21 b22 0=16 1=1 2=512",
    "InnerProduct fc_1 1 1 b22 b23 0=10 1=1 2=160",
    "Softmax softmax_0 1 1 b23 out0",
)
"""Other names, another order (`right`, now `conv_2`, before `left`), Split, Noop and Quantize put in, ReLU and Clip fused."""

MEANT = {
    "stem": "conv_0",
    "pw": "conv_1",
    "left": "conv_3",
    "block2": "conv_5",
    "fc1": "fc_0",
    "fc2": "fc_1",
}
"""The masked layers of the network, and what they are called in the version by hand."""


def made() -> Graph:
    """The network, with its masks."""
    return build(load(MADE))


def by_hand() -> Graph:
    """The version by hand."""
    return build(parse(BY_HAND, "again.param"))


def names(found: tuple[Found, ...], graph: Graph) -> Mapping[str, str | None]:
    """The name of the layer that each entry was found as, None where there is no certain one."""
    return {one.entry.name: None if one.index is None else graph.layers[one.index].name for one in found}
