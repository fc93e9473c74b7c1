"""What the kernels of arm64 cost.

A kernel in fp16 arithmetic multiplies 8 values in one instruction (`fmla v.8h`); one in fp16 or bf16 storage widens them
and multiplies 4 (`fmla v.4s`). Bit 1 therefore doubles the arithmetic of every layer, and of a convolution it takes winograd
and gemm as well: `convolution_arm_asimdhp.cpp` has one direct kernel for fp16 blobs with fp32 sums.
"""

from maskctl.targets.cost import CostTable, KernelCost

_HALVES = "Arm Architecture Reference Manual, FMLA (vector): 128 bits hold 8 values of fp16"
_SINGLES = (
    "Arm Architecture Reference Manual, FMLA (vector): 128 bits hold 4 values of fp32, to which 16 bits are widened"
)
_CODES = "Arm Architecture Reference Manual, SDOT: 16 products of int8 in one instruction"

_PLAIN = KernelCost((), 4, _SINGLES)

ARM82_COST = CostTable(
    rows=(
        KernelCost(("int8",), 16, _CODES),
        KernelCost(("gemm_fp16sa",), 8, _HALVES, lowers=True),
        KernelCost(("fp16sa",), 8, _HALVES),
        KernelCost(("convolution_gemm_bf16s",), 4, _SINGLES, lowers=True),
    ),
    plain={"fp32": _PLAIN, "bf16": _PLAIN, "fp16": _PLAIN},
    vectors_per_us=2 * 2_000,
    bytes_per_us=8 * 2_000,
    source=(
        "a nominal core of 2 GHz with two vector multiply-adds a cycle (Arm Cortex-A76 Software Optimization Guide, ASIMD FP "
        "multiply accumulate: throughput 2) and, assumed, 8 bytes read or written a cycle"
    ),
)
