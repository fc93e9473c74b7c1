"""JSON reports: the documented keys, numbers JSON can hold, and nothing that a strict reader refuses."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

import maskctl
from maskctl.analysis.analyze import Analysis, analyze
from maskctl.analysis.judge import Danger
from maskctl.analysis.metrics import COSINE, METRICS, SQNR
from maskctl.analysis.overflow import Overflow
from maskctl.analysis.plan import Goal
from maskctl.analysis.prove import prove
from maskctl.analysis.ranges import input_bounds
from maskctl.executor.policy import Policy
from maskctl.graph.operators import facts
from maskctl.report.analysis import to_json
from maskctl.report.layers import to_json as layers_to_json
from maskctl.report.numbers import number
from maskctl.report.proof import proof_to_json
from maskctl.targets.table import Hazard
from tests.analysis.made import LEAKY, Network, samples, values
from tests.builders import graph_of

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "analysis.md"
UNSAFE = [Hazard(graph_of("Input data 0 1 data").layers[0], 2, "data", "fp16", 1)]
FIGURES = {*METRICS, "lost", "elements", "worst_sample"}


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    """One layer overflows in its sum, one is a victim, one only moves."""
    network = (
        Network()
        .convolution("a", "data", [[-1.0, -1.0], [0.5, 0.5]], LEAKY)
        .convolution("b", "a", [[0.25, 0.5]], "31=64")
        .layer("Dropout drop 1 1 b drop")
    )
    return analyze(network.model(), values(40000.0, 40000.0), goal=Goal(((COSINE, 0.999), (SQNR, 30.0))))


@pytest.fixture(scope="module")
def report(analysis: Analysis) -> dict[str, Any]:
    """Its JSON."""
    return to_json(analysis, maskctl.__version__, UNSAFE)


def strictly(value: Any) -> Any:
    """The value through JSON and back, refusing what is not JSON."""

    def refuse(name: str) -> NoReturn:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(json.dumps(value), parse_constant=refuse)


def schema_of(heading: str, document: Path = DOCUMENT) -> str:
    """The text blocks of a page of the documentation from a heading to the next."""
    text = document.read_text(encoding="utf-8")
    section = re.split(r"^#+ ", text.split(f"{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return "".join(re.findall(r"^```text\n(.*?)^```", section, flags=re.DOTALL | re.MULTILINE))


PARTS = {"figures", "worst_sample", "evidence", "overflow", "kind", "dangers"}
ANALYSIS, SHOW = schema_of("## JSON"), schema_of("### `show --json`")


def documented(name: str, schema: str = ANALYSIS) -> set[str]:
    """The keys that docs/analysis.md lists for an entry of a schema."""
    found = re.search(rf"^{name} +\[?{{([^}}]*)}}", schema, flags=re.MULTILINE)
    assert found is not None
    return {key.strip() for key in found.group(1).split(",")}


def documented_top(schema: str) -> list[str]:
    """The keys of the whole object, in the documented order; those of its parts stand in other entries."""
    first, *others = schema.splitlines()
    names = [line.split()[0] for line in others if not line.startswith(" ")]
    return [*first.split(", "), *(name for name in names if name not in PARTS)]


def test_numbers() -> None:
    """Finite numbers stay numbers; the others are strings that say which they were."""
    assert [0.5, -0.0, "inf", "-inf", "nan"] == [number(value) for value in (0.5, -0.0, math.inf, -math.inf, math.nan)]


def test_is_json(report: dict[str, Any]) -> None:
    """The report survives a strict reader unchanged."""
    assert report == strictly(report)


def test_documented_keys(report: dict[str, Any]) -> None:
    """Each object of the report has exactly the keys that the documentation lists."""
    assert documented_top(ANALYSIS) == list(report)
    assert documented("samples") == set(report["samples"])
    assert documented("goal") == set(report["goal"])
    assert [documented("masks")] == [set(change) for change in report["masks"]]
    assert [documented("unsafe")] == [set(mask) for mask in report["unsafe"]]
    assert [documented("outputs")] == [set(output) for output in report["outputs"]]
    assert [documented("layers")] * 3 == [set(layer) for layer in report["layers"]]
    assert documented("figures") == set(report["outputs"][0]["before"]) == set(report["layers"][0]["layerwise"])
    assert documented("worst_sample") == set(report["layers"][0]["layerwise"]["worst_sample"])
    assert documented("evidence") == set(report["layers"][0]["evidence"][0])
    assert documented("overflow") == set(report["layers"][0]["overflow"])


def test_documented_keys_of_cut_layers() -> None:
    """What is told of a layer that was cut off has exactly the documented keys."""
    model = Network().convolution("conv", "data", [[1 / 3]]).layer("NoSuch x 1 1 conv y").model()
    found = to_json(analyze(model, samples(np.ones((1, 1, 1), np.float32))), "0")
    assert [documented("cut")] == [set(layer) for layer in found["cut"]]


def test_documented_kinds() -> None:
    """The documented kinds of overflow are those that its class names."""
    found = re.search(r"^kind +(.*)$", ANALYSIS, flags=re.MULTILINE)
    said = re.search(r"`kind` is (.*)\.$", Overflow.__doc__ or "", flags=re.MULTILINE)
    assert found is not None
    assert said is not None
    assert set(re.split(", | or ", found.group(1))) == set(re.split(", | or ", said.group(1)))


def test_documented_keys_of_show() -> None:
    """The object of `show --json` has exactly the documented keys, in that order."""
    graph = graph_of("Input data 0 1 data 0=2 1=2 2=1")
    found = layers_to_json("net.param", [(graph.layers[0], facts(graph)[0], 0)], "fp32", UNSAFE)
    assert documented_top(SHOW) == list(found)
    assert [documented("layers", SHOW)] == [set(layer) for layer in found["layers"]]
    assert [documented("unsafe")] == [set(mask) for mask in found["unsafe"]]


def test_documented_keys_of_a_proof() -> None:
    """The object of `prove --json` has exactly the keys that docs/proof.md lists, and survives a strict reader."""
    schema = schema_of("## JSON", DOCUMENT.with_name("proof.md"))
    model = Network().convolution("a", "data", [[300.0, 300.0]]).layer("NoSuch x 1 1 a y").model()
    bounds = input_bounds(model, {"data": [(0.0, 400.0)]}, {"data": (2, 2, 2)})
    found = strictly(proof_to_json(prove(model, bounds, Policy("fp16")), "0"))
    assert documented_top(schema) == list(found)
    assert documented("counts", schema) == set(found["counts"])
    assert [documented("cut", schema)] == [set(row) for row in found["cut"]]
    assert [documented("layers", schema)] * 2 == [set(row) for row in found["layers"]]
    assert [documented("dangers", schema)] * 2 == [set(row) for row in found["layers"][1]["dangers"]]
    assert {"cannot overflow": 1, "may overflow": 0, "will overflow": 1} == found["counts"]


def test_documented_kinds_of_dangers() -> None:
    """The kinds that docs/proof.md lists are those that the class names."""
    page = DOCUMENT.with_name("proof.md").read_text(encoding="utf-8")
    said = re.search(r"`kind` is (.*?)\.\n", Danger.__doc__ or "", flags=re.DOTALL)
    assert said is not None
    named = re.findall(r"\w+", re.sub(r"\([^)]*\)", "", said.group(1)))
    assert set(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)) == set(named) - {"or"}


def test_content(report: dict[str, Any]) -> None:
    """The report holds what was asked, what was found, and the way from one to the other."""
    assert (2, "net.param", "arm82", "fp16", True) == tuple(
        report[key] for key in ("schema", "model", "target", "precision", "reached")
    )
    assert {"count": 1, "synthetic": False, "seed": None} == report["samples"]
    assert {"cosine": 0.999, "sqnr_db": 30.0} == report["goal"]
    assert maskctl.__version__ == report["version"]
    assert [{"index": 1, "name": "a", "type": "Convolution", "mask": 0, "proposed": 1}] == report["masks"]
    assert [{"index": 0, "name": "data", "bit": 2, "blob": "data", "safe_mask": 1}] == report["unsafe"]
    (output,) = report["outputs"]
    assert ("drop", "nan", 1) == (output["blob"], output["before"]["cosine"], output["before"]["lost"])
    assert (1.0, 0, 1) == tuple(output["after"][key] for key in ("cosine", "lost", "elements"))


def test_layers(report: dict[str, Any]) -> None:
    """Layers come worst first, with masks as numbers and in words, and figures by name."""
    a, b, drop = report["layers"]
    assert (["a", "b", "drop"], [1, 2, 3]) == ([x["name"] for x in (a, b, drop)], [x["index"] for x in (a, b, drop)])
    assert (0, "none", 1, "no-fp16-arithmetic") == tuple(
        a[key] for key in ("mask", "mask_words", "proposed", "proposed_words")
    )
    assert (64, "no-winograd", 64) == (b["mask"], b["mask_words"], b["proposed"])
    for layer in (a, b, drop):
        assert FIGURES == set(layer["layerwise"]) == set(layer["graphwise"])
    assert (FIGURES, None) == (set(a["layerwise_storage"]), drop["layerwise_storage"])
    assert ("nan", "inf", 40000.0) == (a["layerwise"]["sqnr_db"], drop["layerwise"]["sqnr_db"], a["largest"])


def test_overflow(report: dict[str, Any]) -> None:
    """The evidence of an overflow is there in figures as well as in words, and null where there is none."""
    assert {
        "kind": "sum",
        "what": "sum reaches",
        "value": -80000.0,
        "limit": 65504.0,
        "place": [0, 0, 0],
        "sample": 0,
    } == report["layers"][0]["overflow"]
    assert "sum reaches -80,000 < -65,504 at (c=0,h=0,w=0)" == report["layers"][0]["reason"]
    assert [None, None] == [layer["overflow"] for layer in report["layers"][1:]]


def test_exactness_as_a_goal() -> None:
    """A goal of infinitely many decibels is JSON too."""
    model = Network().convolution("conv", "data", [[1 / 3]]).model()
    found = to_json(analyze(model, samples(np.ones((1, 1, 1), np.float32)), goal=Goal(((SQNR, math.inf),))), "0")
    assert ({"sqnr_db": "inf"}, True) == (strictly(found)["goal"], found["reached"])


def test_layers_of_a_network() -> None:
    """The layers of `show` have one schema, with null for what is not known."""
    graph = graph_of("Input data 0 1 data 0=2 1=2 2=1", "NoSuch x 1 1 data y 31=257")
    rows = [(layer, known, size) for layer, known, size in zip(graph.layers, facts(graph), (0, None), strict=True)]
    found = strictly(layers_to_json("net.param", rows, "fp32"))
    assert (1, "net.param", "fp32") == (found["schema"], found["model"], found["weight_bytes_from"])
    assert [
        {
            "index": 0,
            "type": "Input",
            "name": "data",
            "bottoms": [],
            "tops": ["data"],
            "shapes": [[1, 2, 2]],
            "shapes_are_bounds": False,
            "problem": "",
            "macs": 0,
            "activation_bytes": 16,
            "weight_bytes": 0,
            "mask": 0,
            "mask_words": "none",
        },
        {
            "index": 1,
            "type": "NoSuch",
            "name": "x",
            "bottoms": ["data"],
            "tops": ["y"],
            "shapes": None,
            "shapes_are_bounds": False,
            "problem": "unknown type",
            "macs": None,
            "activation_bytes": None,
            "weight_bytes": None,
            "mask": 257,
            "mask_words": "no-fp16-arithmetic,256",
        },
    ] == found["layers"]
