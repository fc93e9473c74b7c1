"""Real models: the folder named by MASKCTL_SHARED, by default `shared` beside the repository."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskctl.errors import UnsupportedError
from maskctl.graph import model
from maskctl.graph.network import build
from maskctl.param import load, parse
from maskctl.param.write import prove_edit
from tests.shared_models import SHARED

PARAMS = [*sorted((SHARED / "params").glob("*.param")), *sorted((SHARED / "models").glob("*.param"))]
ABSENT = pytest.mark.skip(reason=f"no .param files in {SHARED}/params and models (set MASKCTL_SHARED)")
EACH_PARAM = pytest.mark.parametrize(
    "path", [pytest.param(path, id=path.name) for path in PARAMS] or [pytest.param(SHARED, marks=ABSENT)]
)
EACH_MODEL = pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.name) for path in PARAMS if path.with_suffix(".bin").exists()]
    or [pytest.param(SHARED, marks=ABSENT)],
)
SURPLUS = {"ncnn-nanodet_m.param": (179, 180)}
"""Files whose second line says another number of layers than they have, as published."""


@EACH_PARAM
def test_round_trip(path: Path) -> None:
    """A real file is read and written back byte for byte."""
    assert path.read_bytes() == load(path).to_bytes()


@EACH_PARAM
def test_set_then_clear_restores(path: Path) -> None:
    """A mask on every layer of a real file is one token a line, passes the writer's proof, and clears without a trace."""
    document = load(path)
    everywhere = dict.fromkeys(range(len(document.layers)), 3)
    masked = document.with_masks(everywhere)
    assert set(everywhere.values()) == set(parse(masked.to_bytes()).masks)
    assert len(document.source) + len(everywhere) * len(" 31=3") == len(masked.to_bytes())
    prove_edit(document.source, masked.to_bytes(), everywhere)
    assert document.source == masked.with_masks(dict.fromkeys(everywhere, 0)).to_bytes()


@EACH_PARAM
def test_network_is_sound(path: Path) -> None:
    """The network of a real file is built whole; every blob read has its producer."""
    document = load(path)
    graph = build(document)
    expected = SURPLUS.get(path.name, (document.layer_count, document.layer_count))
    assert expected == (len(graph.layers), len(document.layers))
    assert set(graph.reader) <= set(graph.producer)


@EACH_MODEL
def test_weights_use_up_the_bin(path: Path) -> None:
    """The layers of a real model use up its `.bin` to the last byte, with finite numbers."""
    try:
        found = model.load(path)
    except UnsupportedError as error:
        pytest.skip(error.problem.splitlines()[0])
    assert path.with_suffix(".bin").stat().st_size == sum(found.weights.bytes_on_disk)
    assert all(np.isfinite(values).all() for tensors in found.weights.tensors for values in tensors.values())
