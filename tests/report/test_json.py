"""JSON reports: the documented keys, numbers JSON can hold, and nothing that a strict reader refuses."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

import jsonschema
import numpy as np
import pytest

import maskctl
from maskctl.analysis.analyze import Analysis, analyze
from maskctl.analysis.goal import Goal
from maskctl.analysis.judge import Danger
from maskctl.analysis.metrics import COSINE, METRICS, SQNR
from maskctl.analysis.overflow import Overflow
from maskctl.analysis.profiles import profiles
from maskctl.analysis.prove import prove
from maskctl.analysis.ranges import input_bounds
from maskctl.executor.policy import Policy
from maskctl.graph.operators import facts
from maskctl.report.analysis import SCHEMA, only_layer, to_json
from maskctl.report.layers import to_json as layers_to_json
from maskctl.report.numbers import number
from maskctl.report.proof import proof_to_json
from maskctl.targets.table import Hazard
from tests.analysis.made import LEAKY, Network, samples, values
from tests.builders import graph_of
from tests.report.schemas import FOLDER, complaints, objects, schema

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


def test_numbers() -> None:
    """Finite numbers stay numbers; the others are strings that say which they were."""
    assert [0.5, -0.0, "inf", "-inf", "nan"] == [number(value) for value in (0.5, -0.0, math.inf, -math.inf, math.nan)]


def test_is_json(report: dict[str, Any]) -> None:
    """The report survives a strict reader unchanged."""
    assert report == strictly(report)


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_schemas(name: str) -> None:
    """Each schema is one, every object in it is closed and describes its keys, and all but goals ask for all of them."""
    jsonschema.Draft202012Validator.check_schema(schema(name))
    for part in objects(schema(name)):
        assert part["additionalProperties"] is False
        assert list(part["properties"]) == part.get("required") or {"cosine", "sqnr_db"} == set(part["properties"])
        assert all("description" in key or "$ref" in key for key in part["properties"].values())


def test_schema_of_an_analysis(report: dict[str, Any]) -> None:
    """The report is as its schema says, in the documented order, and the schema's version is the report's."""
    assert [] == complaints("analysis", report)
    assert list(schema("analysis")["properties"]) == list(report)
    assert SCHEMA == schema("analysis")["properties"]["schema"]["const"]


def test_schema_with_what_blobs_hold(analysis: Analysis) -> None:
    """With what blobs hold the report is as its schema says too, and so is that of one layer."""
    report = to_json(analysis, "0", (), profiles(analysis))
    assert [] == complaints("analysis", strictly(report))
    (layer,) = only_layer(report, 1)["network"]
    assert layer["values"] is not None
    assert [] == complaints("analysis", only_layer(report, 1))


def test_schema_of_cut_layers() -> None:
    """What is told of a layer that was cut off is as the schema says."""
    model = Network().convolution("conv", "data", [[1 / 3]]).layer("NoSuch x 1 1 conv y").model()
    found = to_json(analyze(model, samples(np.ones((1, 1, 1), np.float32))), "0")
    assert ["x"] == [layer["name"] for layer in found["cut"]]
    assert [] == complaints("analysis", found)


@pytest.mark.parametrize("key", ["reached", "network"])
def test_the_schema_misses_keys(report: dict[str, Any], key: str) -> None:
    """A report that lacks a key, or has one more, is not as the schema says."""
    assert [f": '{key}' is a required property"] == complaints(
        "analysis", {name: value for name, value in report.items() if name != key}
    )
    assert 1 == len(complaints("analysis", {**report, "more": 1}))


def test_documented_kinds() -> None:
    """The documented kinds of overflow are those that its class names."""
    said = re.search(r"`kind` is (.*)\.$", Overflow.__doc__ or "", flags=re.MULTILINE)
    assert said is not None
    kinds = schema("analysis")["$defs"]["overflow"]["properties"]["kind"]["enum"]
    assert set(kinds) == set(re.split(", | or ", said.group(1)))


def test_schema_of_show() -> None:
    """The object of `show --json` is as its schema says, in the documented order."""
    graph = graph_of("Input data 0 1 data 0=2 1=2 2=1", "NoSuch x 1 1 data y")
    rows = [(layer, known, None) for layer, known in zip(graph.layers, facts(graph), strict=True)]
    found = layers_to_json("net.param", rows, "fp32", UNSAFE)
    assert [] == complaints("show", strictly(found))
    assert list(schema("show")["properties"]) == list(found)


def test_schema_of_a_proof() -> None:
    """The object of `prove --json` is as its schema says, in the documented order, and survives a strict reader."""
    model = Network().convolution("a", "data", [[300.0, 300.0]]).layer("NoSuch x 1 1 a y").model()
    bounds = input_bounds(model, {"data": [(0.0, 400.0)]}, {"data": (2, 2, 2)})
    found = strictly(proof_to_json(prove(model, bounds, Policy("fp16")), "0"))
    assert [] == complaints("proof", found)
    assert list(schema("proof")["properties"]) == list(found)
    assert {"cannot overflow": 1, "may overflow": 0, "will overflow": 1} == found["counts"]
    assert 2 == len(found["layers"][1]["dangers"])


def test_documented_kinds_of_dangers() -> None:
    """The kinds of danger that docs/proof.md and the schema list are those that the class names."""
    page = (FOLDER.parent / "proof.md").read_text(encoding="utf-8")
    said = re.search(r"`kind` is (.*?)\.\n", Danger.__doc__ or "", flags=re.DOTALL)
    assert said is not None
    named = set(re.findall(r"\w+", re.sub(r"\([^)]*\)", "", said.group(1)))) - {"or"}
    assert set(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)) == named
    assert set(schema("proof")["$defs"]["danger"]["properties"]["kind"]["enum"]) == named


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
