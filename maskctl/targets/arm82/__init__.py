"""Armv8.2 CPUs with fp16 arithmetic (the phones people ship to), as the released arm64 build of ncnn treats them.

Checked against the arm64 wheel 1.0.20261020.
"""

from maskctl.featmask import NO_BF16_STORAGE, NO_FP16_ARITHMETIC, NO_FP16_STORAGE
from maskctl.targets.arm82.choice import choose
from maskctl.targets.arm82.cost import ARM82_COST
from maskctl.targets.arm82.handing_on import hands_on
from maskctl.targets.arm82.support import SUPPORT, supports
from maskctl.targets.table import Target

ARM82 = Target(
    name="arm82",
    title="Armv8.2 CPU with fp16 arithmetic",
    supports=supports,
    choose=choose,
    support=SUPPORT,
    cost=ARM82_COST,
    notes=(
        "Pooling depends on its parameters: maximum only moves, the global average is summed in fp32, and adaptive pooling\n"
        "keeps no 16-bit blobs. With bf16 storage int8 attention keeps no bf16 blobs; other attention reads bf16 and gives fp32."
    ),
    hands_on=hands_on,
    safer={NO_FP16_STORAGE: NO_FP16_ARITHMETIC, NO_BF16_STORAGE: 0},
)

__all__ = ["ARM82", "SUPPORT"]
