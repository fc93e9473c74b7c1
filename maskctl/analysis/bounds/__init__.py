"""What the values of each blob can be, from the weights alone: a lower and an upper bound per element.

Bounds hold for a run in fp32 and for one in the low precision asked for, as long as nothing before has overflowed. They
have the shapes of blobs, (n, …), so that a layer type's own definition computes most of them: what only moves or rises
with its inputs is run on the lower bounds and on the upper ones, sums on the middles, and with the magnitudes of their
weights on the radii. `rules.py` is the table of layer types; a type that is not in it is unbounded.
"""
