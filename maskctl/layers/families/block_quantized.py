"""Weights in blocks of 32, 64 or 128 codes of 4, 6 or 8 bits that share a scale: terms XYZ of `quantize_term`.

X is the bits of a code, Y is 1 where the inputs have scales of their own, Z the block: 0 for 32, 1 for 64, 2 for 128.
A row's codes lie behind each other in its bytes, lowest bits first, in two's complement; a weight is its code over its
block's scale, and everything is computed in fp32. With 8 bits the engine multiplies codes: it quantises the inputs too,
each block of a row by its largest magnitude. Source: ncnn `src/layer/gemm.cpp`, and for 8 bits what version 1.0.20261020
computes on x86 and arm64; versions up to July 2026 left the inputs as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from maskctl.errors import GraphError
from maskctl.layers.base import Array, Weight
from maskctl.layers.families import int8
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

_BLOCKS = (32, 64, 128)
_FIRST_TERM = 400
_OLD_TERMS = (4, 5, 6)
_BITS_OF_CODES = 8


@dataclass(frozen=True)
class Blocks:
    """How a term stores a matrix: bits of a code, codes of a block, and whether the inputs have scales."""

    bits: int
    size: int
    scaled_inputs: bool

    def row_bytes(self, terms: int) -> int:
        """Bytes of a row of so many codes."""
        return (terms * self.bits + 7) // 8

    def packed(self, name: str, rows: int, terms: int) -> Weight:
        """The codes of a matrix as the `.bin` holds them: bytes without a storage tag, in numbers -128 to 127."""
        return Weight(name, (rows, self.row_bytes(terms)), role="bytes")

    def scales(self, name: str, rows: int, terms: int) -> Weight:
        """The scales of a matrix's blocks; made up, they suit codes of so few bits."""
        fan_in = max(1, round(terms * (2 ** (self.bits - 1) / 127) ** 2))
        return Weight(name, (rows, -(-terms // self.size)), role="int8 scale", fan_in=fan_in)

    def unpacked(self, packed: Array, scales: FloatArray, terms: int) -> FloatArray:
        """The matrix (rows, terms) in fp32."""
        values = self._codes(packed.astype(np.int8).view(np.uint8), terms).astype(np.float32)
        with np.errstate(all="ignore"):
            inverse = np.float32(1) / scales
            for block in range(inverse.shape[1]):
                values[:, block * self.size : (block + 1) * self.size] *= inverse[:, block, None]
        return values

    def taken(self, values: FloatArray, input_scales: FloatArray | None) -> FloatArray:
        """The inputs (…, terms) as they are multiplied: times their scales, and with 8 bits rounded to codes."""
        scaled = values if input_scales is None else values * input_scales
        if self.bits < _BITS_OF_CODES:
            return scaled
        terms = scaled.shape[-1]
        padded = np.zeros((*scaled.shape[:-1], -(-terms // self.size) * self.size), np.float32)
        padded[..., :terms] = scaled
        blocks = padded.reshape(*scaled.shape[:-1], -1, self.size)
        scale = int8.dynamic_scale(blocks, -1)
        rounded = int8.quantise(blocks, scale).astype(np.float32) / scale
        return rounded.reshape(padded.shape)[..., :terms]

    def _codes(self, packed: Array, terms: int) -> Array:
        """The codes as int8. They repeat their places after `period` bits, so that few slices hold them all."""
        period = math.lcm(self.bits, 8)
        groups = -(-packed.shape[1] * 8 // period)
        wide = np.zeros((len(packed), groups * period // 8 + 1), np.uint8)
        wide[:, : packed.shape[1]] = packed
        codes = np.empty((len(packed), groups, period // self.bits), np.int8)
        for place in range(codes.shape[2]):
            byte, shift = divmod(place * self.bits, 8)
            low, high = (wide[:, start :: period // 8][:, :groups].astype(np.uint16) for start in (byte, byte + 1))
            # Shifted up to the top of a byte and down again: the sign fills the upper bits.
            code = ((low | (high << np.uint16(8))) >> np.uint16(shift)) << np.uint16(8 - self.bits)
            codes[:, :, place] = code.astype(np.uint8).view(np.int8) >> np.int8(8 - self.bits)
        return codes.reshape(len(packed), -1)[:, :terms]


def blocks_of(term: int) -> Blocks | None:
    """How a `quantize_term` stores the weights in blocks, None for the terms of int8 and fp32.

    Raises `GraphError` for terms the engine refuses.
    """
    bits, inputs, block = term // 100, term % 100 // 10, term % 10
    if term >= _FIRST_TERM and bits in {4, 6, 8} and inputs in {0, 1} and block < len(_BLOCKS):
        return Blocks(bits, _BLOCKS[block], inputs == 1)
    if term >= _FIRST_TERM or term in _OLD_TERMS:
        raise GraphError(
            f"quantize_term (18=) is {term}. Expected 0 (fp32), 2 (int8), or XYZ for blocks of weights: X 4, 6 or 8 "
            "bits, Y 1 with scales of the inputs and else 0, Z 0, 1 or 2 for blocks of 32, 64 or 128."
        )
    return None
