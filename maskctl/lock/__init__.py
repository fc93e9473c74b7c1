r"""Masks that survive: kept in a file beside the model, and put back on the layers they were on after a re-export.

>>> from maskctl import lock
>>> from maskctl.graph.network import build
>>> from maskctl.param import parse
>>> before = build(parse(b"7767517\n2 2\nInput data 0 1 data\nInnerProduct fc 1 1 data fc 0=2 2=8 31=1\n"))
>>> after = build(parse(b"7767517\n2 2\nInput in0 0 1 in0\nInnerProduct dense 1 1 in0 out 0=2 2=8 9=1\n"))
>>> [(found.entry.name, found.index, found.why) for found in lock.match(lock.lock_of(before), after)]
[('fc', 1, '')]
"""

from maskctl.lock.file import Entry, Gain, Lock, Together, beside, load, lock_of, parse, to_text
from maskctl.lock.match import Found, match
from maskctl.lock.update import recorded, updated

__all__ = [
    "Entry",
    "Found",
    "Gain",
    "Lock",
    "Together",
    "beside",
    "load",
    "lock_of",
    "match",
    "parse",
    "recorded",
    "to_text",
    "updated",
]
