"""BatchNorm, Scale, Bias, the norms, LRN, Normalize, MVN, PReLU."""

from __future__ import annotations

from tests.layers.row import BITS, FINITE, TAME, Row, Shape

# Left out: "huge". Whether its sums overflow depends on their order, and where they do the wheel's 1 / sqrt(infinity) is
# NaN, which the -Ofast it is compiled with allows. IEEE arithmetic, which we follow, gives 0.
SUMMED = (*TAME, "big", "tiny", "infinite", "nan")
# Squares of infinity meet the same 1 / sqrt.
SQUARED = (*TAME, "big", "tiny", "nan")
# Compiled with -Ofast, std::max(NaN, eps) is eps in the wheel; by its C++ it is NaN, as it is here.
LIMITED = (*TAME, "big", "tiny")
# The AVX form of LRN takes powers through an approximate log that is finite for infinity and NaN.
POWERS = (*FINITE, "denormal", "tiny")

CHANNELS = (1, 3, 4, 8, 12, 16)


def _short(words: str, inputs: tuple[Shape, ...]) -> Row:
    """A layer whose weights do not reach."""
    return Row(
        words, inputs, refused="it reads past the end of a weight", why="refused, with both sizes in the message"
    )


AFFINE = (
    *(Row(f"BatchNorm 0={c} 1=0.001", ((c, 5, 3),)) for c in CHANNELS),
    Row("BatchNorm 0=13", ((13,),)),
    Row("BatchNorm 0=16 1=1e-5", ((16,),)),
    Row("BatchNorm 0=5", ((5, 9),)),
    Row("BatchNorm 0=8", ((8, 3),)),
    Row("BatchNorm 0=4", ((4, 2, 3, 5),)),
    Row("BatchNorm 0=3", ((3, 2, 3, 5),)),
    Row("BatchNorm 0=7", ((3, 2, 5),)),
    Row("BatchNorm 0=3 1=-9", ((3, 2, 5),)),
    _short("BatchNorm 0=2", ((3, 2, 5),)),
    _short("BatchNorm 0=2", ((3,),)),
    *(Row(f"Scale 0={c} 1=1", ((c, 5, 3),)) for c in CHANNELS),
    Row("Scale 0=5", ((5, 4, 3),)),
    Row("Scale 0=13 1=1", ((13,),)),
    Row("Scale 0=13", ((13,),)),
    Row("Scale 0=6 1=1", ((6, 7),)),
    Row("Scale 0=8", ((8, 7),)),
    Row("Scale 0=4 1=1", ((4, 2, 3, 5),)),
    Row("Scale 0=3", ((3, 2, 3, 5),)),
    _short("Scale 0=2", ((3, 2, 3),)),
    Row("Scale 0=-233", ((3, 5, 4), (3,))),
    Row("Scale 0=-233", ((8, 5, 4), (8,))),
    Row("Scale 0=-233", ((8, 5, 4), (8, 1, 1))),
    Row("Scale 0=-233", ((12, 5, 4), (12, 1, 1))),
    Row("Scale 0=-233", ((5, 7), (1, 5))),
    Row("Scale 0=-233", ((5, 7), (5, 1))),
    Row("Scale 0=-233", ((6, 2, 2, 3), (1, 2, 3))),
    Row("Scale 0=-233", ((7,), (9,))),
    Row("Scale 0=-233", ((3, 5, 4), (3, 1, 1)), refused="it reads the gaps between channels", why="refused"),
    _short("Scale 0=-233", ((3, 5, 4), (2,))),
    Row("Bias 0=3", ((3, 5, 4),)),
    Row("Bias 0=8", ((8, 5, 4),)),
    Row("Bias 0=4", ((4, 2, 3, 3),)),
    Row("Bias 0=1", ((9,),)),
    Row("Bias 0=3", ((3, 7),)),
    _short("Bias 0=2", ((3, 5, 4),)),
    *(Row(f"PReLU 0={c}", ((c, 5, 3),)) for c in CHANNELS),
    Row("PReLU 0=1", ((3, 5, 3),)),
    Row("PReLU 0=1", ((8, 5, 3),)),
    Row("PReLU 0=1", ((13,),)),
    Row("PReLU 0=13", ((13,),)),
    Row("PReLU 0=16", ((16,),)),
    Row("PReLU 0=5", ((5, 4),)),
    Row("PReLU 0=8", ((8, 4),)),
    Row("PReLU 0=1", ((6, 4),)),
    Row("PReLU 0=4", ((4, 2, 3, 5),)),
    Row("PReLU 0=5", ((3, 2, 5),)),
    _short("PReLU 0=2", ((3, 2, 5),)),
)

MEANS = (
    *(Row(f"InstanceNorm 0={c}", ((c, 5, 3),), profiles=SUMMED) for c in CHANNELS),
    *(
        Row(words, (shape,), profiles=SUMMED)
        for words, shape in (
            ("InstanceNorm 0=3 1=1e-5 2=0", (3, 7, 6)),
            ("InstanceNorm 0=8 1=1e-5", (8, 19, 17)),
            ("InstanceNorm 0=1", (13,)),
            ("InstanceNorm 0=3", (5, 4)),
            ("InstanceNorm 2=0", (8, 4)),
            ("InstanceNorm 0=3", (3, 2, 3, 5)),
            ("LayerNorm 0=13", (13,)),
            ("LayerNorm 0=16 1=1e-6", (16,)),
            ("LayerNorm 2=0", (16,)),
            ("LayerNorm 0=7", (5, 7)),
            ("LayerNorm 0=7", (8, 7)),
            ("LayerNorm 0=32 1=1e-6", (3, 32)),
            ("LayerNorm 0=9", (3, 7)),
            ("LayerNorm 2=0", (3, 7)),
            ("LayerNorm 0=5", (3, 4, 5)),
            ("LayerNorm 0=5", (8, 4, 5)),
            ("LayerNorm 0=20", (3, 4, 5)),
            ("LayerNorm 0=20", (4, 4, 5)),
            ("LayerNorm 0=40", (3, 4, 5)),
            ("LayerNorm 0=21 2=0", (3, 4, 5)),
            ("LayerNorm 0=5", (3, 2, 4, 5)),
            ("LayerNorm 0=20", (3, 2, 4, 5)),
            ("LayerNorm 0=40", (3, 2, 4, 5)),
            ("LayerNorm 0=40", (4, 2, 4, 5)),
            ("LayerNorm 0=7 2=0", (5, 2, 4, 5)),
            ("GroupNorm 0=1 1=13", (13,)),
            ("GroupNorm 0=4 1=16", (16,)),
            ("GroupNorm 0=2 1=6", (6, 5)),
            ("GroupNorm 0=2 1=8 2=1e-5", (8, 5)),
            ("GroupNorm 0=1 1=3", (3, 5, 4)),
            ("GroupNorm 0=3 1=12", (12, 5, 4)),
            ("GroupNorm 0=4 1=12 2=1e-5", (12, 5, 4)),
            ("GroupNorm 0=2 1=16", (16, 5, 4)),
            ("GroupNorm 0=16 1=16", (16, 5, 4)),
            ("GroupNorm 0=2 1=8 3=0", (8, 5, 4)),
            ("GroupNorm 0=2 1=6", (7, 5, 4)),
            ("GroupNorm 0=2 1=6", (6, 2, 3, 4)),
            ("MVN 0=0 1=0", (5, 4, 3)),
            ("MVN 0=0 1=1", (5, 4, 3)),
            ("MVN 0=1 1=0", (5, 4, 3)),
            ("MVN 0=1 1=1", (5, 4, 3)),
            ("MVN 0=1 1=0 2=0.01", (8, 5, 7)),
            ("MVN 0=1", (13,)),
            ("MVN 0=1 1=1", (4, 6)),
            ("MVN 0=1", (3, 2, 3, 5)),
            ("MVN 0=1 1=1", (4, 2, 3, 5)),
        )
    ),
    # One pixel cancels its mean; what the engine's fused multiply-add leaves of large values is not small.
    Row("InstanceNorm 0=4 1=0.5", ((4, 1, 1),), profiles=(*TAME, "infinite", "nan")),
    _short("InstanceNorm 0=2", ((3, 2, 5),)),
    _short("LayerNorm 0=4", ((3, 4, 5),)),
    Row("GroupNorm 0=2 1=8", ((6, 2, 4),), refused="it reads past the end of the blob", why="refused, with both sizes"),
)

LENGTHS = (
    *(
        Row(words, (shape,), profiles=SQUARED)
        for words, shape in (
            ("RMSNorm 0=13", (13,)),
            ("RMSNorm 0=16 1=1e-6", (16,)),
            ("RMSNorm 2=0", (16,)),
            ("RMSNorm 0=7", (5, 7)),
            ("RMSNorm 0=7", (8, 7)),
            ("RMSNorm 0=32 1=0.0", (3, 32)),
            ("RMSNorm 0=9 1=1e-6", (3, 7)),
            ("RMSNorm 2=0", (3, 7)),
            ("RMSNorm 0=5", (3, 4, 5)),
            ("RMSNorm 0=5", (8, 4, 5)),
            ("RMSNorm 0=20", (3, 4, 5)),
            ("RMSNorm 0=20", (4, 4, 5)),
            ("RMSNorm 0=5", (3, 2, 4, 5)),
            ("RMSNorm 0=20", (3, 2, 4, 5)),
            ("RMSNorm 0=40", (3, 2, 4, 5)),
            ("RMSNorm 2=0", (5, 2, 4, 5)),
            ("Normalize 0=0 4=1 2=1e-10 3=8", (8, 5, 5)),
            ("Normalize 0=1 4=0 3=1", (13,)),
            ("Normalize 3=1", (13,)),
            ("Normalize 0=1 3=2", (6, 5)),
            ("Normalize 0=1 3=3", (3, 2, 3, 5)),
            ("Normalize 3=3", (3, 2, 3, 5)),
        )
    ),
    *(
        Row(
            f"Normalize 0={space} 4={across} 1={shared} 9={mode} 3={1 if shared else 5}",
            ((5, 3, 4),),
            profiles=profiles,
        )
        for space, across in ((0, 1), (1, 0), (1, 1))
        for shared in (0, 1)
        for mode, profiles in ((0, SQUARED), (1, LIMITED), (2, LIMITED))
    ),
    Row("Normalize 0=1 4=1 1=1 2=1e-12 9=1 3=1", ((16,),), profiles=LIMITED),
    Row("Normalize 0=0 4=0 1=0 3=5", ((5, 3, 4),), least_db=BITS),
    Row("Normalize 0=0 4=0 1=1 3=1", ((5, 3, 4),), least_db=BITS),
    _short("Normalize 0=1 3=2", ((3, 2, 5),)),
    _short("RMSNorm 0=4", ((3, 4, 5),)),
)

WINDOWS = (
    *(
        Row(words, (shape,), profiles=POWERS)
        for words, shape in (
            ("LRN", (3, 5, 4)),
            ("LRN", (8, 5, 4)),
            ("LRN 1=3 2=0.0001", (12, 3, 5)),
            ("LRN 1=2", (3, 3, 5)),
            ("LRN 1=4 2=0.5 3=0.5 4=2", (7, 3, 5)),
            ("LRN 1=100 2=2", (7, 3, 5)),
            ("LRN 1=1", (7, 3, 5)),
            ("LRN 0=0", (9,)),
            ("LRN 0=0", (3, 5)),
            ("LRN 0=0", (5, 2, 3, 4)),
        )
    ),
    *(
        Row(words, (shape,))
        for words, shape in (
            ("LRN 0=1 1=3 2=0.00005", (4, 5, 7)),
            ("LRN 0=1 1=5", (3, 5, 7)),
            ("LRN 0=1 1=4", (3, 5, 7)),
            ("LRN 0=1 1=1", (3, 5, 7)),
            ("LRN 0=1 1=9", (3, 2, 3)),
            ("LRN 0=1", (9,)),
            ("LRN 0=1", (8, 5)),
            ("LRN 0=1", (5, 2, 3, 4)),
        )
    ),
)

ROWS = (*AFFINE, *MEANS, *LENGTHS, *WINDOWS)
