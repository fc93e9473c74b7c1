"""What convolutions and deconvolutions over one, two and three axes share: their parameters, weights and kernels.

Source: ncnn `load_param` and `load_model` of the types in `src/layer/*convolution*.cpp`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Param, Params, Shape, Weight
from maskctl.layers.families import activation
from maskctl.layers.families.windows import Extents, along, axes_of

_OF_AXIS = {"w": ("", "width", "horizontal", 0), "h": ("w", "height", "vertical", 10), "d": ("w", "depth", "depth", 20)}
_MOST_GROWTH, _MANY_ELEMENTS = 1 << 16, 1 << 24
_PADS = (
    (4, "left", "columns {} on the left", ""),
    (15, "right", "columns {} on the right", "pad_left"),
    (14, "top", "rows {} on top", "pad_left"),
    (16, "bottom", "rows {} at the bottom", "pad_top"),
    (24, "front", "planes {} in front", "pad_left"),
    (17, "behind", "planes {} behind", "pad_front"),
)
TYPES = (
    *("Convolution", "Convolution1D", "Convolution3D"),
    *("ConvolutionDepthWise", "ConvolutionDepthWise1D", "ConvolutionDepthWise3D"),
    *("Deconvolution", "Deconvolution1D", "Deconvolution3D"),
    *("DeconvolutionDepthWise", "DeconvolutionDepthWise1D", "DeconvolutionDepthWise3D", "DeformableConv2D"),
)
"""The types that make as many channels as outputs."""
NUM_OUTPUT = Param(0, "num_output", 0, "output channels")
PAD_VALUE = Param(18, "pad_value", 0.0, "what the border holds")
BIAS_AND_SIZE = (
    Param(5, "bias_term", 0, "1: a bias per output channel"),
    Param(6, "weight_data_size", 0, "elements of the weight"),
)
GROUP = Param(7, "group", 1, "groups of channels that are convolved on their own")


def window_params(axes: str, pads: str, *, same: bool = True) -> tuple[Param, ...]:
    """The parameters of the window and the pads over "w", "hw" or "dhw".

    `pads` says what happens to the rows they number, `same` whether -233 and -234 stand for pads that follow the input.
    """
    found: list[Param] = []
    for number, name, default in ((1, "kernel", 0), (2, "dilation", 1), (3, "stride", 1)):
        for axis in reversed(axes):
            first, extent, direction, offset = _OF_AXIS[axis]
            meaning = f"kernel {extent}" if name == "kernel" else f"{direction} {name}"
            same_as = f"{name}_{first}" if first else ""
            found.append(Param(number + offset, f"{name}_{axis}", default, meaning, same_as=same_as))
    for number, side, meaning, same_as in _PADS[: 2 * len(axes)]:
        more = "; -233 SAME_UPPER, -234 SAME_LOWER" if same and side == "left" else ""
        found.append(Param(number, f"pad_{side}", 0, meaning.format(pads) + more, same_as=same_as))
    return tuple(found)


@dataclass(frozen=True)
class Kernels:
    """The kernels of a layer: output channels, input channels of each group, groups, and their extents."""

    outputs: int
    inputs_per_group: int
    groups: int
    extents: Extents

    @property
    def channels(self) -> int:
        """Input channels."""
        return self.inputs_per_group * self.groups

    @property
    def terms(self) -> int:
        """Products that each output adds up."""
        return self.inputs_per_group * math.prod(self.extents)

    @property
    def shape(self) -> Shape:
        """The shape of the weight: [outputs][inputs of a group][extents]."""
        return (self.outputs, self.inputs_per_group, *self.extents)

    def require_channels(self, channels: int) -> None:
        """Raises `ExecutionError` for an input of other channels."""
        if channels != self.channels:
            raise ExecutionError(f"the input has {channels} channels. Its weight is for {self.channels}.")


def groups_of(params: Params) -> int:
    """How many groups of channels there are; raises `GraphError` for none or a number that outputs cannot be split in."""
    groups = params.integer("group") if params.has("group") else 1
    if groups < 1 or params.integer("num_output") % groups:
        raise GraphError(
            f"group is {groups} for num_output {params.integer('num_output')}. Expected 1 or more that divide it."
        )
    return groups


def declared(params: Params) -> Kernels:
    """The kernels as the parameters say; raises `GraphError` when the weight's size does not fit them."""
    outputs, extents = params.integer("num_output"), along(params, "kernel")
    size, taps = params.integer("weight_data_size"), outputs * math.prod(extents)
    if min(outputs, *extents) < 1 or size < 1 or size % taps:
        raise GraphError(
            f"weight_data_size is {size} for num_output {outputs} and a kernel of "
            f"{'x'.join(map(str, reversed(extents)))}. Expected a multiple of their product."
        )
    _require_steps(params)
    return Kernels(outputs, size // taps, groups_of(params), extents)


def _require_steps(params: Params) -> None:
    """Raises `GraphError` for strides and dilations under 1."""
    steps = along(params, "stride") + along(params, "dilation")
    if min(steps) < 1:
        raise GraphError(f"a stride or dilation is {min(steps)}. Expected 1 or more.")


def is_dynamic(params: Params) -> bool:
    """True when weight and bias come as blobs."""
    return params.has("dynamic_weight") and bool(params.integer("dynamic_weight"))


def weights(params: Params) -> tuple[Weight, ...]:
    """Weight and bias in the order of the `.bin`; none where they come as blobs, whose number is checked."""
    wanted = (3 if params.integer("bias_term") else 2) if is_dynamic(params) else 1
    if params.bottoms < wanted or 1 == wanted < params.bottoms:
        raise GraphError(
            f"there are {params.bottoms} inputs. Expected {wanted}: "
            + ("the map, the weight" + (" and the bias." if wanted == 3 else ".") if wanted > 1 else "the map.")
        )
    if is_dynamic(params):
        activation.kind(params)
        _require_steps(params)
        groups_of(params)
        return ()
    kernels = declared(params)
    activation.kind(params)
    found = (Weight("weight", kernels.shape, tagged=True, fan_in=kernels.terms),)
    return (*found, Weight("bias", (kernels.outputs,), role="bias")) if params.integer("bias_term") else found


def of_blob(params: Params, inputs: tuple[Shape, ...], *, transposed: bool) -> Kernels:
    """The kernels that come as the second input; raises `ExecutionError` for blobs that do not fit.

    The blob is [outputs][inputs of a group][extents] or, `transposed`, [inputs][outputs of a group][extents].
    """
    groups = groups_of(params)
    first, second, *extents = blob_shape(inputs[1], len(axes_of(params)))
    if first % groups:
        raise ExecutionError(f"the weight has shape {inputs[1]}. Expected a multiple of {groups} (group) in front.")
    pair = (second * groups, first // groups) if transposed else (first, second)
    kernels = Kernels(*pair, groups, tuple(extents))
    if params.integer("bias_term") and math.prod(inputs[2]) != kernels.outputs:
        raise ExecutionError(f"the bias has shape {inputs[2]}. Expected {kernels.outputs} elements.")
    return kernels


def blob_shape(shape: Shape, axes: int) -> Shape:
    """The shape of a weight that comes as a blob; a map (c, h, w) stands for (c, 1, h, w), as in the engine."""
    if len(shape) == 3 and axes == 2:
        return (shape[0], 1, *shape[1:])
    if len(shape) != 2 + axes:
        raise ExecutionError(f"the weight has shape {shape}. Expected {2 + axes} extents.")
    return shape


def require_sane_growth(before: Shape, after: Shape) -> None:
    """Raises `ExecutionError` for maps (c, …) that pads, strides or dilations blow up beyond all use."""
    places = math.prod(after[1:])
    if places > _MOST_GROWTH * math.prod(before[1:]) and math.prod(after) > _MANY_ELEMENTS:
        raise ExecutionError(
            f"the input of shape {before} grows to {after}. Expected smaller pads, strides or dilations."
        )
