"""Random small networks with random masks, in maskctl and in a real engine: what the planner calls safe, and what it refuses.

  python -m conformance.random_dags [--engine arm64] [--count 300] [--seed 1] [--json docs/conformance_dags.json]

Run it in the folder of the repository. Every network gets masks at random. Where the planner refuses some of them the
network is run as it is, in a process of its own because the engine may crash, and again with the masks that the planner
gives instead, with 32-bit storage for one layer and all that feeds it on top. Where refused masks did no harm they run once
more with an unreadable page behind every blob: a layer that is killed by it, and whose mask is refused, was harmless by luck.
arm64 runs in fp16 (with MASKCTL_ARM64_PYTHON set to the launcher that setup-arm64.sh leaves behind), the ncnn of this machine
in bf16.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from maskctl.analysis.boundary import closed_set
from maskctl.analysis.metrics import SQNR, compare
from maskctl.executor.policy import FP32, Policy
from maskctl.executor.run import run
from maskctl.graph.model import Model, bin_beside, load
from maskctl.graph.network import Layer
from maskctl.layers.base import Array
from maskctl.peers.engines import engine_named, target_of
from maskctl.peers.ncnn_engine import Job, NcnnEngine, Observation
from maskctl.targets.storage import hazards

PRECISION = {"arm64": "fp16", "host": "bf16"}
_BITS = {"fp16": (0, 0, 1, 2, 3, 64, 65, 66), "bf16": (0, 0, 0, 4, 64, 68)}
_SECONDS = 10.0
_SIDE = 9
_NOISE_DB = 90.0
"""Beyond this both count as fp32's own noise."""
_WORSE_DB = 3.0
"""A network whose masks are not honoured counts as spoilt where it loses so much more than with masks that are."""


class _Drawing:
    """A network as it grows: lines, weights, and the open blobs with their channels."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        channels = int(rng.choice([3, 4, 8, 16]))
        self.lines = [f"Input data 0 1 data 0={_SIDE} 1={_SIDE} 2={channels}"]
        self.open, self.weights = [("data", channels)], b""
        self.shape = (channels, _SIDE, _SIDE)

    def add(self) -> None:
        """One more layer on a blob drawn at random, or on two."""
        if len(self.open) > 1 and self.rng.random() < 0.4:
            self._join()
            return
        kind = str(self.rng.choice(list(_ONE), p=_OFTEN))
        blob, channels = self.open.pop(int(self.rng.integers(len(self.open))))
        if kind in {"Split", "Slice"}:
            self._part(kind, blob, channels)
        elif kind.startswith("Convolution"):
            self._convolution(kind, blob, channels)
        elif kind == "Padding":
            padded = self._line("Padding", [blob], 1, _ONE["Padding"])
            self.open.append((self._line("Crop", [padded], 1, f"0=1 1=1 3={_SIDE} 4={_SIDE} 5=-233"), channels))
        else:
            self.open.append((self._line(kind, [blob], 1, _ONE[kind]), channels))

    def finish(self) -> None:
        """Joins what is open until two blobs are left, and makes vectors of some of them."""
        while len(self.open) > 2:
            self._join()
        for blob, _ in self.open:
            if self.rng.random() < _FLATTENED:
                self._line("Flatten", [blob], 1, "")

    def _join(self) -> None:
        (left, first), (right, second) = self.open.pop(0), self.open.pop(0)
        kind = str(self.rng.choice(["Concat", "Eltwise", "BinaryOp"])) if first == second else "Concat"
        name = self._line(kind, [left, right], 1, "0=1" if kind == "Eltwise" else "0=0")
        self.open.append((name, first + second if kind == "Concat" else first))

    def _part(self, kind: str, blob: str, channels: int) -> None:
        cut = int(self.rng.integers(1, channels)) if kind == "Slice" and channels > 1 else 0
        name = self._line("Slice" if cut else "Split", [blob], 2, f"-23300=2,{cut},-233" if cut else "")
        parts = (cut, channels - cut) if cut else (channels, channels)
        self.open += [(f"{name}_{place}", part) for place, part in enumerate(parts)]

    def _convolution(self, kind: str, blob: str, channels: int) -> None:
        size = 3 if kind.endswith("3") else 1
        depthwise = kind.startswith("ConvolutionDepthWise")
        outputs = channels if depthwise else int(self.rng.choice([4, 7, 8, 16, 24]))
        count = outputs * size * size * (1 if depthwise else channels)
        scale = math.sqrt(outputs / count)
        values = (self.rng.standard_normal(count) * scale).astype("<f4")
        self.weights += b"\0\0\0\0" + values.tobytes()
        group = f" 7={channels}" if depthwise else ""
        text = f"0={outputs} 1={size} 4={size // 2} 6={count}{group} 9={int(self.rng.integers(2))}"
        self.open.append((self._line(kind.rstrip("13"), [blob], 1, text), outputs))

    def _line(self, kind: str, bottoms: Sequence[str], tops: int, text: str) -> str:
        name = f"l{len(self.lines)}"
        made = [f"{name}_{number}" for number in range(tops)] if tops > 1 else [name]
        self.lines.append(" ".join([kind, name, str(len(bottoms)), str(tops), *bottoms, *made, text]).rstrip())
        return name


_ONE = {
    "Convolution1": "",
    "Convolution3": "",
    "ConvolutionDepthWise3": "",
    "Split": "",
    "Pooling": "0=0 1=3 3=1 5=1",
    "ReLU": "",
    "Sigmoid": "",
    "Clip": "0=-1.5 1=2.5",
    "HardSwish": "",
    "Squeeze": "",
    "Dropout": "",
    "Softmax": "0=0 1=1",
    "Slice": "",
    "Reshape": f"0={_SIDE} 1={_SIDE} 2=-1",
    "Padding": "0=1 1=1 2=1 3=1",
}
_OFTEN = np.array([4, 4, 2, 5, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2]) / 29
_FLATTENED = 0.2


def draw(seed: int, folder: Path) -> tuple[Path, Array]:
    """The files of the network of a seed, and one sample (1, c, h, w)."""
    rng = np.random.default_rng([7, seed])
    drawing = _Drawing(rng)
    for _ in range(int(rng.integers(3, 11))):
        drawing.add()
    drawing.finish()
    blobs = {word for line in drawing.lines for word in line.split()[4 : 4 + sum(map(int, line.split()[2:4]))]}
    path = folder / f"{seed}.param"
    path.write_text("\n".join(["7767517", f"{len(drawing.lines)} {len(blobs)}", *drawing.lines, ""]), encoding="utf-8")
    path.with_suffix(".bin").write_bytes(drawing.weights)
    return path, rng.standard_normal((1, *drawing.shape)).astype(np.float32)


@dataclass(frozen=True)
class Outcome:
    """One network under masks: how it ended in the engine ("" for well), and by blob the dB predicted and real."""

    seed: int
    masks: Mapping[int, int]
    ended: str
    figures: Mapping[str, tuple[float, float]]

    @property
    def difference_db(self) -> float:
        """The greatest difference between the dB predicted and real, infinite where there is no answer or no number."""
        if self.ended:
            return math.inf
        pairs = [[min(value, _NOISE_DB) for value in pair] for pair in self.figures.values()]
        return max((abs(a - b) if math.isfinite(a + b) else math.inf for a, b in pairs), default=0.0)

    def spoilt(self, safe: Outcome) -> bool:
        """True where the engine ended badly, or an output lost more than with safe masks."""
        if self.ended:
            return True
        wanted = {name: min(predicted, _NOISE_DB) for name, (predicted, _) in safe.figures.items()}
        return any(
            not min(real, _NOISE_DB) >= wanted.get(name, -math.inf) - _WORSE_DB
            for name, (_, real) in self.figures.items()
        )


@dataclass(frozen=True)
class Pair:
    """A network with masks drawn at random, where the planner refuses some of them, and with those it gives instead.

    `types` are those of the layers whose masks are refused. `is_lucky` is true where these did no harm although one of the
    layers read past the end of a blob.
    """

    planned: Outcome
    refused: Outcome | None
    types: tuple[str, ...] = ()
    is_lucky: bool = False

    @property
    def shows(self) -> bool:
        """True where the refused masks spoil the network."""
        return self.refused is not None and self.refused.spoilt(self.planned)

    @property
    def is_harmless(self) -> bool:
        """True where the masks need not have been refused."""
        return self.refused is not None and not self.shows and not self.is_lucky


class _Bench:
    """One engine, its target and precision."""

    def __init__(self, name: str) -> None:
        self.engine: NcnnEngine = engine_named(name, _SECONDS)
        self.target, self.precision = target_of(name), PRECISION[name]
        self.options = Policy(self.precision, self.target).options

    def masks(self, model: Model, seed: int) -> tuple[dict[int, int], dict[int, int]]:
        """Masks at random, and those the planner gives: unsafe ones replaced, and one layer kept in 32 bits."""
        rng, graph = np.random.default_rng([11, seed]), model.graph
        count = len(graph.layers)
        proposed = [0, *(int(mask) for mask in rng.choice(_BITS[self.precision], count - 1))]
        planned = list(proposed)
        while found := hazards(graph, self.target, planned):
            for hazard in found:
                planned[hazard.layer.index] = hazard.safe_mask
        kept = closed_set(graph, self.target, self.options, planned, int(rng.integers(1, count))) or {}
        return dict(enumerate(proposed)), {**dict(enumerate(planned)), **kept}

    def job(self, model: Model, masks: Mapping[int, int], inputs: Mapping[str, Array], suffix: str) -> Job:
        """The network under these masks as a job, its file beside the network's."""
        path = Path(f"{model.document.path}.{suffix}")
        path.write_bytes(model.document.with_masks(masks).to_bytes())
        return Job(path, bin_beside(model.document.path), inputs, model.outputs, self.options)

    def outcome(
        self, seed: int, model: Model, masks: Mapping[int, int], inputs: Mapping[str, Array], ran: Observation
    ) -> Outcome:
        """What was predicted beside what the engine gave."""
        if ran.failure:
            return Outcome(seed, masks, ran.failure, {})
        exact, lowered = run(model, inputs, FP32), run(model, inputs, Policy(self.precision, self.target, masks))
        figures = {}
        for name in model.outputs:
            real = np.asarray(ran.blobs[name], np.float32)
            if real.shape != exact[name].shape:
                return Outcome(seed, masks, f"gave blob '{name}' the shape {real.shape[1:]}", {})
            pair = [compare(reference=exact[name], actual=actual) for actual in (lowered[name], real)]
            figures[name] = (SQNR.of(pair[0]), SQNR.of(pair[1]))
        return Outcome(seed, masks, "", figures)


def measure(name: str, seeds: Sequence[int]) -> list[Pair]:
    """All networks of these seeds in the engine "arm64" or "host"."""
    bench = _Bench(name)
    with TemporaryDirectory() as folder:
        drawn = [_Drawn.of(bench, seed, Path(folder)) for seed in seeds]
        refused = [each for each in drawn if each.refused]
        planned = _outcomes(bench, drawn, [each.planned for each in drawn])
        wild = _outcomes(bench, refused, [each.masks for each in refused])
        lucky = _lucky(bench, [each for each in refused if not wild[each.seed].spoilt(planned[each.seed])])
    return [
        Pair(planned[each.seed], wild.get(each.seed), tuple(layer.type for layer in each.refused), each.seed in lucky)
        for each in drawn
    ]


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A network with its sample, the masks drawn for it and those planned, and the layers whose masks are refused."""

    seed: int
    model: Model
    inputs: Mapping[str, Array]
    masks: Mapping[int, int]
    planned: Mapping[int, int]
    refused: tuple[Layer, ...]

    @classmethod
    def of(cls, bench: _Bench, seed: int, folder: Path) -> _Drawn:
        """The network of a seed, its files in `folder`."""
        path, sample = draw(seed, folder)
        model = load(path)
        masks, planned = bench.masks(model, seed)
        found = hazards(model.graph, bench.target, list(masks.values()))
        return cls(seed, model, {"data": sample}, masks, planned, tuple(hazard.layer for hazard in found))


def _outcomes(bench: _Bench, drawn: Sequence[_Drawn], masks: Sequence[Mapping[int, int]]) -> dict[int, Outcome]:
    """The outcome of each network under its masks, by its seed."""
    ways = list(zip(drawn, masks, strict=True))
    seen = bench.engine.observe_all([bench.job(each.model, chosen, each.inputs, "masked") for each, chosen in ways])
    return {
        each.seed: bench.outcome(each.seed, each.model, chosen, each.inputs, ran)
        for (each, chosen), ran in zip(ways, seen, strict=True)
    }


def _lucky(bench: _Bench, drawn: Sequence[_Drawn]) -> set[int]:
    """The seeds of networks in which a layer reads past the end of a blob under its refused mask.

    The engine's own kernels now and then do so too, under masks that it honours: those are told by their layers.
    """
    found = set[int]()
    guarded = []
    for each in drawn:
        tops = tuple(top for layer in each.model.graph.layers if layer.type != "Input" for top in layer.tops)
        guarded.append(replace(bench.job(each.model, each.masks, each.inputs, "guarded"), blobs=tops, guarded=True))
    for each, ran in zip(drawn, bench.engine.observe_all(guarded), strict=True):
        if ran.is_dead and any(ran.failed_at in layer.tops for layer in each.refused):
            found.add(each.seed)
    return found


def summary(pairs: Sequence[Pair]) -> dict[str, Any]:
    """The figures of a page: how many, how far off, and how the refused ones ended."""
    refused = [pair for pair in pairs if pair.refused]
    return {
        "networks": len(pairs),
        "planned_failed": sum(bool(pair.planned.ended) for pair in pairs),
        "planned_worst_difference_db": round(max(pair.planned.difference_db for pair in pairs), 3),
        "refused": len(refused),
        "refused_crashed_or_hung": sum(bool(pair.refused and pair.refused.ended) for pair in refused),
        "refused_wrong": sum(pair.shows for pair in refused),
        "refused_lucky": sum(pair.is_lucky for pair in refused),
        "refused_harmless": sum(pair.is_harmless for pair in refused),
    }


def main() -> int:
    """Prints the figures, and what is not as it should be; 1 where that is something."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=PRECISION, default="arm64")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    pairs = measure(arguments.engine, range(arguments.seed, arguments.seed + arguments.count))
    figures = summary(pairs)
    print(json.dumps(figures, indent=2))
    wrong = [pair.planned for pair in pairs if pair.planned.difference_db > 1]
    for outcome in wrong:
        print(f"not as planned: {json.dumps(asdict(outcome))}")
    for pair in pairs:
        if pair.refused and pair.is_harmless:
            print(f"refused and harmless, {', '.join(pair.types)}: {json.dumps(asdict(pair.refused))}")
    if arguments.json:
        known = json.loads(arguments.json.read_text()) if arguments.json.exists() else {}
        arguments.json.write_text(json.dumps({**known, arguments.engine: figures}, indent=1) + "\n", encoding="utf-8")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
