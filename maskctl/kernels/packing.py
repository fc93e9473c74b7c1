"""How many channels the engine keeps side by side. No numpy here: target tables read it too."""

from __future__ import annotations

from typing import TypeAlias

Options: TypeAlias = frozenset[str]
"""The engine's options that are on, by the engine's names, as a layer's mask leaves them."""


def elempack(channels: int, options: Options) -> int:
    """The packing of the outermost axis on arm64: 8 in fp16 arithmetic, else 4, 1 for what is left over or without packing.

    >>> on = frozenset({"use_packing_layout", "use_fp16_arithmetic"})
    >>> elempack(64, on), elempack(12, on), elempack(3, on), elempack(64, on - {"use_fp16_arithmetic"})
    (8, 4, 1, 4)
    >>> elempack(64, on - {"use_packing_layout"})
    1
    """
    if "use_packing_layout" not in options:
        return 1
    if channels % 8 == 0 and "use_fp16_arithmetic" in options:
        return 8
    return 4 if channels % 4 == 0 else 1
