"""One file per runtime target: tables of what its engine does. No numpy here: text commands read them too."""

from maskctl.targets.arm82 import ARM82
from maskctl.targets.table import PRECISIONS, Target

TARGETS = {target.name: target for target in (ARM82,)}
DEFAULT = ARM82

__all__ = ["DEFAULT", "PRECISIONS", "TARGETS", "Target"]
