"""How fast exact fp16 sums are, and a pass of SqueezeNet beside the real arm64 engine under emulation.

  python benchmarks/fp16.py [--rounds 5] [--shared FOLDER]

The first table is of the convolutions of SqueezeNet v1.1 as matrix products: how many million multiply-adds a second, each
rounded to fp16, and how many times as fast as rounding every sum by a cast. Values are made up, half of them zero as behind
a ReLU, and then those the network has for a photo. "at most" is how fast the six array operations of a step alone would be.
The second table is of whole passes; the engine takes part where MASKCTL_ARM64_PYTHON names it. All sides take turns, medians
are compared.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np

from conformance.models import BY_NAME, WINOGRAD
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import Model, bin_beside, load
from maskctl.kernels.operands import operands
from maskctl.numeric import chain16_in_float64, fma16
from maskctl.numeric.formats import FloatArray, round_to
from maskctl.peers.ncnn_engine import Job, NcnnEngine

LAYERS: Mapping[str, tuple[int, int, int]] = {
    "conv1 3x3 s2": (64, 27, 12769),
    "fire2 squeeze 1x1": (16, 64, 3136),
    "fire2 expand 1x1": (64, 16, 3136),
    "fire2 expand 3x3": (64, 144, 3136),
    "fire4 squeeze 1x1": (32, 128, 784),
    "fire4 expand 3x3": (128, 288, 784),
    "fire6 squeeze 1x1": (48, 256, 196),
    "fire6 expand 3x3": (192, 432, 196),
    "fire9 expand 3x3": (256, 576, 196),
    "conv10 1x1": (1000, 512, 196),
}
"""Outputs, terms of a sum, and pixels."""
MULTIPLY_ADDS = 418e6
SQUEEZENET = BY_NAME["squeezenet_v1.1"]


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("MASKCTL_SHARED", "../shared")))
    arguments = parser.parse_args()
    print(f"at most {ceiling(arguments.rounds):.0f} M/s\n")
    print("values made up")
    sums(arguments.rounds, {name: made_up(*shape) for name, shape in LAYERS.items()})
    param = arguments.shared / "models" / f"{SQUEEZENET.name}.param"
    if not param.exists():
        print(f"no {param}: give --shared")
        return
    inputs = {SQUEEZENET.blob: SQUEEZENET.input(arguments.shared / "images" / "3.jpg")[None]}
    print("values of the network")
    sums(arguments.rounds, of_network(load(param), inputs))
    passes(arguments.rounds, param, inputs)


Product: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]
"""Start, weights (m, k) and columns (k, n) of a matrix product."""


def sums(rounds: int, products: Mapping[str, Product]) -> None:
    """Multiply-adds a second by layer, and of all layers together."""
    spent = {"chain": 0.0, "cast": 0.0}
    total = 0
    print(f"{'layer':20}{'m':>6}{'k':>6}{'n':>7}{'zeros':>7}{'M/s':>8}{'ratio':>7}")
    for name, (start, weights, columns) in products.items():
        (height, steps), width = weights.shape, columns.shape[1]
        part = slice(0, max(1, width // 8))  # rounding by casts is slow, and its speed does not depend on the width
        found = in_turn(
            rounds,
            chain=partial(fma16.chain, start, weights, columns),
            cast=partial(by_cast, start, weights, columns[:, part]),
        )
        found["cast"] *= width / part.stop
        count = height * steps * width
        total += count
        for way, seconds in found.items():
            spent[way] += seconds
        zeros = np.count_nonzero(columns == 0) / columns.size
        speed, ratio = count / found["chain"] / 1e6, found["cast"] / found["chain"]
        print(f"{name:20}{height:6}{steps:6}{width:7}{zeros:7.0%}{speed:8.0f}{ratio:7.1f}")
    print(f"{'together':46}{total / spent['chain'] / 1e6:8.0f}{spent['cast'] / spent['chain']:7.1f}\n")


def made_up(height: int, steps: int, width: int) -> Product:
    """Start, weights and columns of normal values, the columns without what is negative."""
    rng = np.random.default_rng(0)
    weights = half(rng.standard_normal((height, steps)) * steps**-0.5)
    columns = half(np.maximum(rng.standard_normal((steps, width)), 0))
    return half(rng.standard_normal((height, 1))), weights, columns


def of_network(model: Model, inputs: Mapping[str, FloatArray]) -> dict[str, Product]:
    """The products of every convolution on the values it gets in an fp16 run, by its name."""
    trace = run(model, inputs, Policy("fp16", without=WINOGRAD), keep="*")
    found = {}
    for op, weights in zip(model.operators, model.weights.tensors, strict=True):
        if op.layer.type == "Convolution":
            bottom = op.layer.bottoms[0]
            values = round_to(inputs[bottom] if bottom in inputs else trace[bottom], "fp16")
            terms = operands(op.params, weights, values)
            found[op.layer.name] = (terms.bias, terms.weight, np.ascontiguousarray(terms.columns))
    return found


def ceiling(rounds: int) -> float:
    """Million steps a second of six array operations on float32, of a size as the sums are computed in."""
    values, others = np.zeros(49152, np.float32), np.ones(49152, np.float32)

    def six_operations() -> None:
        for _ in range(100 * 6):
            np.add(values, others, out=values)

    return 100 * values.size / in_turn(rounds, add=six_operations)["add"] / 1e6


def by_cast(start: FloatArray, weights: FloatArray, columns: FloatArray) -> FloatArray:
    """The same sums, each rounded by casting to float16."""
    begun = np.broadcast_to(start, (len(weights), columns.shape[1]))
    found: FloatArray = chain16_in_float64.by_cast(begun, weights.T[:, :, None], columns[:, None])
    return found


def passes(rounds: int, param: Path, inputs: Mapping[str, FloatArray]) -> None:
    """Seconds of a pass of SqueezeNet in fp16, here and in the engine."""
    model, python = load(param), os.environ.get("MASKCTL_ARM64_PYTHON", "")
    print(f"{'pass':20}{'s':>8}{'M/s':>8}{'engine s':>10}{'ratio':>7}")
    for name, without in (("winograd", frozenset[str]()), ("no winograd", WINOGRAD)):
        policy = Policy("fp16", without=without)
        ways: dict[str, Callable[[], object]] = {"here": partial(run, model, inputs, policy)}
        if python:
            ways["engine"] = partial(engine_pass, python, model, param, inputs, policy)
        found = in_turn(rounds, **ways)
        line = f"{name:20}{found['here']:8.3f}{MULTIPLY_ADDS / found['here'] / 1e6:8.0f}"
        print(line + (f"{found['engine']:10.3f}{found['here'] / found['engine']:7.2f}" if python else ""))


def engine_pass(python: str, model: Model, param: Path, inputs: Mapping[str, FloatArray], policy: Policy) -> float:
    """Seconds of one pass in the engine with one thread: three samples more in one start, divided by three."""
    engine, spent = NcnnEngine((python,)), []
    for count in (1, 4):
        many = {name: np.repeat(values, count, axis=0) for name, values in inputs.items()}
        begin = time.perf_counter()
        engine.run_all([Job(param, bin_beside(param), many, model.outputs, policy.options)])
        spent.append(time.perf_counter() - begin)
    return (spent[1] - spent[0]) / 3


def in_turn(rounds: int, **ways: Callable[[], object]) -> dict[str, float]:
    """The median time of each way, in seconds; a way that returns a float has timed itself."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            begin = time.perf_counter()
            found = way()
            seconds = found if isinstance(found, float) else time.perf_counter() - begin
            if turn:  # the first is to warm up
                taken[name].append(seconds)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def half(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> FloatArray:
    """Values rounded to fp16."""
    return values.astype(np.float16).astype(np.float32)


if __name__ == "__main__":
    main()
