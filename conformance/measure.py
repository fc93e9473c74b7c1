"""Compare maskctl with the real engine on fresh values, case by case, and sum the agreement up by kernel.

  python -m conformance.measure [FAMILY ...] [--target x86] [--seeds 0 1 2] [--json docs/conformance.json]

Run it in the folder of the repository. The engine is the arm64 one, with MASKCTL_ARM64_PYTHON set to the launcher that
setup-arm64.sh leaves behind; or with --target x86 the ncnn of this machine, as the kind of CPU it has, and with --target
x86-avx512bf16 or --python COMMAND the one named. Prints every case that disagrees, then a line per layer type, precision and
kernel.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from conformance.agreement import problem, steps_apart
from conformance.case import Case
from conformance.cases import families
from conformance.make_witnesses import collect
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import Model, load
from maskctl.numeric.formats import FloatArray, same_bits
from maskctl.peers.engines import target_of
from maskctl.peers.ncnn_engine import NcnnEngine
from maskctl.targets import TARGETS, Target
from maskctl.targets.storage import kernel_of

PLAIN = "definition"
"""The fp32 definition over inputs as stored, rounded once."""
ENGINES = {
    "arm82": "arm64 wheel, qemu-aarch64 -cpu max, one thread",
    "x86": "x86-64 wheel, a CPU without AVX512-BF16, one thread",
    "x86-avx512bf16": "x86-64 wheel, a CPU with AVX512-BF16, one thread",
}


@dataclass
class Row:
    """How well one kernel agrees with the engine, over all its cases."""

    type: str
    precision: str
    kernel: str
    elements: int = 0
    equal: int = 0
    worst_steps: int = 0
    why: str = ""
    names: set[str] = field(default_factory=set)

    def add(self, case: Case, expected: FloatArray, actual: FloatArray) -> None:
        """Counts one case on one seed."""
        self.elements += expected.size
        self.equal += int(same_bits(expected, actual).sum())
        self.worst_steps = max(self.worst_steps, int(steps_apart(expected, actual, case.stored).max(initial=0)))
        self.why = self.why or case.loose

    def facts(self) -> dict[str, str | int]:
        """The row as the page shows it."""
        return {**{name: value for name, value in vars(self).items() if name != "names"}, "cases": len(self.names)}


def subject(model: Model, policy: Policy) -> tuple[str, str]:
    """The type of the layer that gives `out`, and the kernel that computes it here."""
    layer = model.graph.producer["out"]
    choice = kernel_of(model.graph.layers[layer], policy.steps(model)[layer], policy.target)
    kernel = choice.kernel if choice and choice.kernel else PLAIN
    instead = f" instead of {choice.instead_of}" if choice and choice.instead_of else ""
    return model.graph.layers[layer].type, kernel + instead


def compare(
    engine: NcnnEngine, target: Target, cases: Sequence[Case], seed: int, rows: dict[tuple[str, str, str], Row]
) -> tuple[str, list[str]]:
    """Runs cases on one seed; returns the engine's version and what disagrees."""
    found = []
    version, witnesses = collect(engine, cases, seed)
    with TemporaryDirectory() as folder:
        for case, witness in zip(cases, witnesses, strict=True):
            model = load(witness.write(Path(folder)))
            policy = Policy(case.precision, target, without=case.without)
            actual = run(model, {"data": case.fed(witness.inputs)}, policy)["out"].astype(np.float32)
            said = problem(case, witness.outputs, actual)
            if said:
                found.append(f"seed {seed}, {case.name}: {said}")
            type_name, kernel = subject(model, policy)
            key = (type_name, case.precision, kernel)
            row = rows.setdefault(key, Row(*key))
            row.names.add(case.name)
            if witness.outputs.shape == actual.shape:
                row.add(case, witness.outputs, actual)
    return version, found


def engine_and_target(name: str, python: str | None) -> tuple[NcnnEngine, Target]:
    """The engine to ask, and the target that is to agree with it; on its own, "x86" is this machine's kind of CPU."""
    if name == "arm82":
        return NcnnEngine((python or os.environ["MASKCTL_ARM64_PYTHON"],), timeout_s=1800), TARGETS[name]
    if python:
        return NcnnEngine(shlex.split(python), timeout_s=1800), TARGETS[name]
    return NcnnEngine(), target_of("host")


def main() -> int:
    """Prints the agreement; 1 where a case disagrees."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("family", nargs="*", help="default: all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--target", choices=TARGETS, default="arm82")
    parser.add_argument("--python", help="a command line that runs a Python with the engine, in place of the usual one")
    arguments = parser.parse_args()
    engine, target = engine_and_target(arguments.target, arguments.python)
    rows: dict[tuple[str, str, str], Row] = {}
    said: list[str] = []
    version = ""
    for name, cases in families().items():
        chosen = [case for case in cases if case.target == target.name.partition("-")[0]]
        if chosen and (not arguments.family or name in arguments.family):
            for seed in arguments.seeds:
                version, found = compare(engine, target, chosen, seed, rows)
                said += found
    print(*said, sep="\n")
    for _, row in sorted(rows.items()):
        share = row.equal / max(1, row.elements)
        print(
            f"{row.type:24}{row.precision:14}{row.kernel:50}{len(row.names):4} {row.elements:9,} {share:.6f} {row.worst_steps}"
        )
    if arguments.json:
        _store(arguments.json, target, version, arguments.seeds, rows)
    return 1 if said else 0


def _store(
    path: Path, target: Target, version: str, seeds: Sequence[int], rows: Mapping[tuple[str, str, str], Row]
) -> None:
    """Puts the rows of a target in their place in the file, which holds all targets."""
    held = json.loads(path.read_text(encoding="utf-8"))["targets"] if path.exists() else []
    found = {
        "name": target.name,
        "title": target.title,
        "engine": f"ncnn {version}, {ENGINES[target.name]}",
        "seeds": list(seeds),
        "rows": [row.facts() for _, row in sorted(rows.items())],
    }
    others = [other for other in held if other["name"] != target.name]
    content = {"targets": sorted([*others, found], key=lambda one: list(TARGETS).index(one["name"]))}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
