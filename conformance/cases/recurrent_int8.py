"""int8 weights in RNN, LSTM, GRU and Gemm, whose inputs are quantised by scales of their own; and Embed, which reads integers."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import Case, chain
from conformance.cases.recurrent import cell

FUNCTIONS = "sigmoid and tanh are computed otherwise, which moves a result to the next value now and then"


def _int8() -> Iterator[Case]:
    for precision in ("fp16", "fp16-storage", "bf16"):
        for kind in ("LSTM", "GRU", "RNN"):
            for features, outputs, direction in ((8, 8, 0), (7, 5, 2), (4, 6, 1)):
                layers = chain(f"{cell(kind, features, outputs, direction)} 8=2")
                name = f"int8 {precision} {kind} {features}-{outputs} direction {direction}"
                yield Case(name, layers, (4, features), ("normal",) * 3, precision, least=0.98, loose=FUNCTIONS)
        layers = chain(f"{cell('LSTM', 8, 4, 0, 8)} 8=2")
        yield Case(
            f"int8 {precision} LSTM projected", layers, (4, 8), ("normal",), precision, least=0.98, loose=FUNCTIONS
        )
        for words, shape in (("4=0 5=1 6=1 8=8 9=12 10=4", (6, 12)), ("4=0 5=1 6=0 8=7 9=12 10=-1", (5, 12))):
            layers = chain(f"Gemm 2=0 3=1 7=0 18=2 {words}")
            yield Case(f"int8 {precision} Gemm {words}", layers, shape, ("normal", "sparse"), precision)
        layers = chain("Embed 0=7 1=20 2=1 3=140")
        yield Case(f"{precision} Embed", layers, (9,), ("normal",), precision, integers=True)


CASES = tuple(_int8())
