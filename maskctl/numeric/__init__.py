"""Number formats, rounding and exact low-precision sums. Arrays in, arrays out; no layer, no graph."""
