"""x86-64 CPUs, the machines that build and test, as the released x86-64 build of ncnn treats them.

fp16 options change nothing but the weights of InnerProduct, which are kept in fp16 (F16C); blobs stay fp32. bf16 storage
keeps blobs and weights in bf16, sums in fp32 and rounds once at the store. How it rounds depends on the CPU, which the
engine asks at run time: without AVX512-BF16 ties go away from zero everywhere; with it vectors round to nearest even and
flush what is under 2**-126, and only what is left over from vectors rounds as before. Weights whose fp32 values have few
bits, such as those of an fp16 file, are often ties, so that the two kinds of CPU give visibly different outputs: they are two
targets. Sums are in fp32 in an order of their own, which moves a bf16 result now and then by one value.

Known of the engine under bf16 storage: grouped convolutions, depthwise ones of channels one by one but for 3x3 kernels among them,
and DeformableConv2D give garbage; without AVX512-BF16 so do
some outputs of direct convolutions; with AVX-512 a Slice into sixteens that leaves some over mixes its pieces up, in every
precision; Scale with its factors as a second blob reads past them unless that blob has rank 1.
What NaN becomes in ReLU, Clip, TanH and Softmax depends on the width of the vector it is in.

Checked against the x86-64 wheel 1.0.20261020, on a CPU with AVX512-BF16 and on an emulated one with AVX2 alone.
"""

from dataclasses import replace

from maskctl.featmask import NO_BF16_STORAGE
from maskctl.targets.identity import resizes_nothing
from maskctl.targets.table import Casts, Target
from maskctl.targets.x86.choice import broken, broken_with_avx512, choose, choose_without_avx512bf16, rounding
from maskctl.targets.x86.cost import X86_AVX512BF16_COST, X86_COST
from maskctl.targets.x86.support import SUPPORT, supports

_NOTES = (
    "fp16 options change nothing but InnerProduct, which keeps its weights in fp16; bit 2 brings them back to fp32, bit 1\n"
    "changes nothing. With bf16 storage, adaptive Pooling and int8 attention keep no bf16 blobs, and attention and int8\n"
    "InnerProduct read bf16 and give fp32."
)

X86 = Target(
    name="x86",
    title="x86-64 CPU without AVX512-BF16",
    supports=supports,
    choose=choose_without_avx512bf16,
    safer={NO_BF16_STORAGE: 0},
    winograd_rounds=False,
    broken=broken,
    fp32_kernels=frozenset({"ConvolutionDepthWise"}),
    support=SUPPORT,
    cost=X86_COST,
    hands_on=resizes_nothing,
    notes=_NOTES,
    casts={
        "fp16": Casts(blob="fp16", vectors="fp16", number="fp16"),
        "bf16": Casts(blob="bf16 ties away", vectors="bf16 ties away", number="bf16 ties away"),
    },
    rounding=lambda _, __, ___, ____: "bf16 ties away",
)

X86_AVX512BF16 = replace(
    X86,
    name="x86-avx512bf16",
    title="x86-64 CPU with AVX512-BF16",
    choose=choose,
    broken=broken_with_avx512,
    cost=X86_AVX512BF16_COST,
    casts={
        "fp16": Casts(blob="fp16", vectors="fp16", number="fp16"),
        "bf16": Casts(blob="bf16 blob in eights", vectors="bf16 flushed", number="bf16 ties away"),
    },
    rounding=rounding,
    features=frozenset({"avx512_bf16"}),
)


__all__ = ["SUPPORT", "X86", "X86_AVX512BF16"]
