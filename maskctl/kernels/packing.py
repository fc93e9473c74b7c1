"""How many channels the engine keeps side by side. No numpy here: target tables read it too."""


def elempack(channels: int) -> int:
    """The packing of fp16-arithmetic kernels: 8, 4 or 1.

    >>> elempack(64), elempack(12), elempack(3)
    (8, 4, 1)
    """
    return 8 if channels % 8 == 0 else 4 if channels % 4 == 0 else 1
