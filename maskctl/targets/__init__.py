"""One file per runtime target: tables of what its engine does. No numpy here: text commands read them too."""

from maskctl.targets.arm82 import ARM82
from maskctl.targets.table import PRECISIONS, Target
from maskctl.targets.x86 import X86, X86_AVX512BF16

TARGETS = {target.name: target for target in (ARM82, X86, X86_AVX512BF16)}
DEFAULT = ARM82

__all__ = ["DEFAULT", "PRECISIONS", "TARGETS", "Target"]
