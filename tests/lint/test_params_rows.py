"""The linter and the real engine agree on the layers of `tests/layers/rows/`, and on values beyond the limits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import product

import pytest

from maskctl.layers import Param, find
from maskctl.lint.conditions import Conditions
from maskctl.lint.facts.limits import LIMITS, Limit
from maskctl.lint.finding import Severity
from maskctl.lint.rule import rules
from maskctl.lint.run import lint
from maskctl.lint.subject import Subject
from maskctl.param.scan import scan
from tests.layers.row import Row
from tests.layers.rows import families

ROWS = [row for rows in families().values() for row in rows]
CHOSEN = [rule for rule in rules().values() if rule.group == "params" and rule.severity == Severity.ERROR]
RANGE = rules()["value-out-of-range"]
NEWER = "int-for-float"
"""The engine that the rows are compared with converts integers to floats; older ones do not."""

PLAINLY_WRONG = {"Deconvolution 0=4 1=3 3=2 4=-7 6=108", "Reshape 0=10 1=3 2=4 3=1", "Diag 0=-5"}
"""Rows of what the engine ignores, a border below 0 and an id that older engines read, and of a blob that is empty."""

LOADED = {
    *("pad_left", "pad_right", "pad_top", "pad_bottom", "pad_front", "pad_behind", "pad_mode"),
    *(
        "top",
        "bottom",
        "left",
        "right",
        "front",
        "behind",
        "axis",
        "local_size",
        "eps_mode",
        "resize_type",
        "load_type",
    ),
    *(
        "kernel_w",
        "kernel_h",
        "kernel_d",
        "stride_w",
        "stride_h",
        "stride_d",
        "pooled_width",
        "pooled_height",
        "output_dim",
    ),
    *("channels", "affine_size", "num_slope", "scale_data_size", "bias_data_size", "scale_in_data_size"),
    *("scale_out_data_size", "input_dim", "type_from", "type_to", "fixbug0"),
}
"""Parameters of which the engine loads any value, to fail at the weights or the first run, or to compute nothing sound."""

_LOADER = """
import os, sys, ncnn
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
for text in sys.stdin.read().split("\\0"):
    print(ncnn.Net().load_param_mem(text), flush=True)
"""


def told(row: Row) -> set[str]:
    """The rules that tell an error in a row, with the shapes it is fed."""
    data = row.param.encode()
    shapes = {f"in{number}": shape for number, shape in enumerate(row.inputs)}
    return {finding.rule for finding in lint(Subject(data, scan(data), Conditions(shapes=shapes)), CHOSEN)}


def test_what_the_engine_runs_is_not_told() -> None:
    """No error is told of a layer that the real engine computes as its definition says, shapes included."""
    wrong = [(str(row), told(row) - {NEWER}) for row in ROWS if not row.refused and row.words not in PLAINLY_WRONG]
    assert [] == [pair for pair in wrong if pair[1]]


def test_most_of_what_the_engine_refuses_is_told() -> None:
    """Of the layers that the engine refuses or reads beyond blobs in, those that are not told are its own defects."""
    refused = [row for row in ROWS if row.refused]
    assert 0.85 < sum(bool(told(row)) for row in refused) / len(refused)


def beyond(limit: Limit) -> int:
    """The least value above all that a limit allows up to 2000, or the greatest below."""
    above = next((value for value in range(2000, -2, -1) if value in limit.allowed), 0) + 1
    return above if above <= 2000 else next(value for value in range(0, -400, -1) if value not in limit.allowed)


def cases() -> Iterator[tuple[str, str, str]]:
    """Type, parameter and file of a row for each limit on it, one value beyond, where the linter tells it."""
    seen = set[tuple[str, str]]()
    for row in ROWS:
        kind = find(row.type)
        if row.refused or kind is None:
            continue
        for limit, param in product(LIMITS, kind.params):
            is_meant = param.name in limit.params.split() and (not limit.types or row.type in limit.types.split())
            if not is_meant or (row.type, param.name) in seen:
                continue
            text = changed(row, param, beyond(limit))
            if lint(Subject(text.encode(), scan(text.encode())), [RANGE]):
                seen.add((row.type, param.name))
                yield row.type, param.name, text


def changed(row: Row, param: Param, value: int) -> str:
    """The file of a row with another value of one parameter."""
    return "".join(
        f"{line} {param.id}={value}\n" if line.startswith(f"{row.type} ") else f"{line}\n"
        for line in row.param.splitlines()
    )


@pytest.mark.skipif(find_spec("ncnn") is None, reason="needs the real ncnn")
def test_the_engine_refuses_what_the_limits_do() -> None:
    """One value beyond each limit the engine does not load the file, but for parameters of which it loads anything."""
    rows = list(cases())
    done = subprocess.run(
        [sys.executable, "-c", _LOADER],
        input="\0".join(row[2] for row in rows),
        capture_output=True,
        text=True,
        check=True,
    )
    codes = done.stdout.split()
    assert len(rows) == len(codes) > 200
    loaded = {(kind, name) for (kind, name, _), code in zip(rows, codes, strict=True) if code == "0"}
    assert {("Embed", "num_output")} == {pair for pair in loaded if pair[1] not in LOADED}
    assert not [kind for kind, name in loaded if "onvolution" in kind and not name.startswith("pad_")]
