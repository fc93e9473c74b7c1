"""How ncnn really computes an operator in fp16: one algorithm per file, found by its file name in `registry`.

A kernel takes parameters, weights and inputs like a layer's `forward`. Its inputs are fp16 values in float32
arrays; it rounds the weights itself, and every value it returns is an fp16 value.
"""
