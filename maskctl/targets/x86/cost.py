"""What the kernels of x86-64 cost: bf16 blobs halve the bytes, and only AVX512-BF16 multiplies them faster than fp32."""

from maskctl.targets.cost import CostTable, KernelCost

_EIGHT = "Intel 64 and IA-32 Software Developer's Manual, VFMADD231PS: 256 bits hold 8 values of fp32"
_SIXTEEN = "the same, 512 bits: 16 values of fp32"
_PAIRS = "the same, VDPBF16PS: 32 products of bf16 in one instruction of 512 bits"
_CODES = "the same, VPDPBUSD: 4 products of int8 for each lane of 32 bits"
_CORE = (
    "a nominal core of 3 GHz with two vector multiply-adds a cycle (Intel 64 and IA-32 Architectures Optimization Reference "
    "Manual) and, assumed, 16 bytes read or written a cycle"
)


def _table(lanes: int, source: str, *rows: KernelCost) -> CostTable:
    plain = KernelCost((), lanes, source)
    return CostTable(
        rows=(
            KernelCost(("int8",), 4 * lanes, _CODES),
            *rows,
            KernelCost(("convolution_gemm",), lanes, source, lowers=True),
        ),
        plain={"fp32": plain, "bf16": plain, "fp16": plain},
        vectors_per_us=2 * 3_000,
        bytes_per_us=16 * 3_000,
        source=_CORE,
    )


X86_COST = _table(8, _EIGHT)
X86_AVX512BF16_COST = _table(
    16,
    _SIXTEEN,
    KernelCost(("winograd",), 16, f"weights in fp32; {_SIXTEEN}"),
    KernelCost(("convolution_gemm_bf16s",), 32, _PAIRS, lowers=True),
    KernelCost(("convolution_packed_bf16s",), 32, _PAIRS),
    KernelCost(("innerproduct_bf16s",), 32, _PAIRS),
    KernelCost(("gemm_bf16s",), 32, _PAIRS),
)
