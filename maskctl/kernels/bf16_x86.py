"""How x86-64 kernels keep fp32 results in bf16: vectors of four and more, and what is left over from them.

With AVX512-BF16 vectors round to nearest even and flush what is under 2**-126 to a zero; everything else rounds ties away
from zero. Source: ncnn `src/layer/x86/x86_usability.h`, `float2bfloat_sse`, and `src/mat.h`, `float32_to_bfloat16`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from maskctl.kernels.packing import Options, elempack
from maskctl.layers.families.elementwise import in_fours
from maskctl.numeric import casts
from maskctl.numeric.formats import FloatArray

FEATURE = "avx512_bf16"
Function: TypeAlias = Callable[[FloatArray], FloatArray]


def vectors(values: FloatArray, options: Options) -> FloatArray:
    """Results of vector code, stored; weights are cast in the same way."""
    return casts.flushed(values) if FEATURE in options else casts.one_by_one_to_bf16(values)


def in_rows(values: FloatArray, options: Options, vector: Function, scalar: Function) -> FloatArray:
    """A blob (n, …) put through vector code and stored; the last `size mod 4` of unpacked channels through scalar code."""
    with np.errstate(all="ignore"):
        return in_fours(
            values,
            lambda whole: vectors(vector(whole), options),
            lambda rest: casts.one_by_one_to_bf16(scalar(rest)),
            packed=elempack(values.shape[1], options) > 1,
        )


def kept_in_rows(values: FloatArray, options: Options) -> FloatArray:
    """A blob of results, stored as `in_rows` does."""
    return in_rows(values, options, same, same)


def same(values: FloatArray) -> FloatArray:
    """For code that has computed them already."""
    return values
