"""RNN, LSTM and GRU of 16-bit blobs: every direction, sizes that are no multiple of 4, states in and out, projections."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import Case, chain

_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
_PROFILES = ("normal", "sparse", "special")
_UNITS_LEFT_OVER = (
    "units left over from vectors of four: scalar code whose sums the compiler has put in an order of its own"
)

_SIGN_OF_ZERO = "a hidden value of 0 has the other sign now and then, where gates are saturated; the cause is not known"


def cell(name: str, features: int, outputs: int, direction: int = 0, units: int = 0) -> str:
    """A recurrent layer as "Type params"."""
    size = _GATES[name] * (units or outputs) * features * (2 if direction == 2 else 1)
    return f"{name} 0={outputs} 1={size} 2={direction}" + (f" 3={units}" if units else "")


def _with_states(name: str, features: int, outputs: int, direction: int) -> tuple[str, ...]:
    """A layer whose first states are cut out of its input, and whose last states are its tops; `out` is the first of them."""
    kind, *params = cell(name, features, outputs, direction).split()
    rows = 2 if direction == 2 else 1
    states = ("h", "c") if name == "LSTM" else ("h",)
    read = " ".join(f"first{state}" for state in states)
    given = " ".join(("out", *states[1:]))
    count = 1 + len(states)
    crop = f"3={outputs} 4={rows}"
    return (
        f"Split split 1 {count} data rows " + " ".join(f"all{state}" for state in states),
        *(f"Crop crop{state} 1 1 all{state} first{state} {crop}" for state in states),
        f"{kind} layer {count} {count} rows {read} outputs {given} {' '.join(params)}",
    )


def _case(name: str, layers: tuple[str, ...], shape: tuple[int, ...], precision: str, units: int) -> Case:
    least, loose = (1.0, "")
    if units % 4:
        least, loose = 0.99, _UNITS_LEFT_OVER
    elif "LSTM" in name:
        least, loose = 0.95, _SIGN_OF_ZERO
    return Case(
        name, layers, shape, _PROFILES, precision, least=least, loose=loose, within=2.0**-9, data=name.partition(" ")[2]
    )


def _recurrent() -> Iterator[Case]:
    for precision in ("fp16", "fp16-storage", "bf16"):
        for kind in _GATES:
            for features, outputs, direction in ((8, 8, 0), (7, 4, 1), (5, 12, 2), (6, 7, 0), (4, 3, 2)):
                layers = chain(cell(kind, features, outputs, direction))
                name = f"{precision} {kind} {features}-{outputs} direction {direction}"
                yield _case(name, layers, (4, features), precision, outputs)
            for direction in (0, 2):
                layers = _with_states(kind, 9, 8, direction)
                yield _case(f"{precision} {kind} states direction {direction}", layers, (3, 9), precision, 8)
            yield _case(f"{precision} {kind} vector", chain(cell(kind, 5, 8)), (5,), precision, 8)
        for features, outputs, units in ((8, 4, 8), (5, 3, 12), (6, 8, 5)):
            layers = chain(cell("LSTM", features, outputs, 2, units))
            yield _case(
                f"{precision} LSTM {units} units projected to {outputs}", layers, (3, features), precision, units
            )
    for kind in _GATES:
        yield Case(f"31=1 {kind}", chain(f"{cell(kind, 5, 8)} 31=1"), (3, 5), _PROFILES)


CASES = tuple(_recurrent())
