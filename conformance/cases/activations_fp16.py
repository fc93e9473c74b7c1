"""fp16: activations that are layers of their own, with fp16 arithmetic and without."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import Case, chain

LAYERS = {
    "relu": "ReLU",
    "relu 0.1": "ReLU 0=0.1",
    "relu -0.3": "ReLU 0=-0.3",
    "clip": "Clip 0=-0.3 1=0.7",
    "clip at 0": "Clip 0=0 1=6.0",
    "clip without limits": "Clip",
    "sigmoid": "Sigmoid",
    "swish": "Swish",
    "tanh layer": "TanH",
    "mish": "Mish",
    "gelu": "GELU",
    "fast gelu": "GELU 0=1",
    "erf": "Erf",
    "elu": "ELU",
    "elu 1.3": "ELU 0=1.3",
    "selu": "SELU",
    "selu 0.7 1.9": "SELU 0=0.7 1=1.9",
    "hard sigmoid": "HardSigmoid",
    "hard sigmoid of a sixth": "HardSigmoid 0=0.16666667",
    "hard swish": "HardSwish 0=0.16666667",
    "hard swish 0.2": "HardSwish",
}
SHAPES = ((8, 3, 5), (12, 1, 5), (3, 3, 5), (5, 1, 7), (3, 9), (22,), (3, 2, 1, 3))
PROFILES = ("normal", "wide", "tiny", "special", "infinite", "nan")


def _activations() -> Iterator[Case]:
    for name, layer in LAYERS.items():
        for number, shape in enumerate(SHAPES):
            size = "x".join(map(str, shape))
            profiles = PROFILES if number in {0, 3} else ("wide", "nan")
            yield Case(f"{name} of {size}", chain(layer), shape, profiles, data=size)
            if number in {0, 1, 3, 5}:
                yield Case(f"31=1 {name} of {size}", chain(f"{layer} 31=1"), shape, ("wide", "nan"), data=size)
        for number, shape in enumerate(((8, 3, 5), (5, 1, 7))):
            without = frozenset({"use_packing_layout"}) if number == 0 else frozenset()
            yield Case(
                f"fp16-storage {name} {number}",
                chain(layer),
                shape,
                ("wide", "nan"),
                "fp16-storage",
                without,
                data="storage",
            )


CASES = tuple(_activations())
