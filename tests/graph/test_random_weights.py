"""Made-up weights: the same for the same seed, sane in scale, and a `.bin` that loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskctl.graph.model import load
from maskctl.graph.random_weights import random_tensors
from maskctl.graph.weights import load as load_weights
from maskctl.graph.weights import made_up, write_random
from tests.builders import operators_of

INPUT = "Input data 0 1 data 0=8 1=8 2=64"
CONVOLUTION = "Convolution c 1 1 data c 0=256 1=3 4=1 5=1 6=147456"


def test_same_seed_same_weights() -> None:
    """A layer's weights depend on the seed and its place alone, not on what else the network holds."""
    short = operators_of(INPUT, CONVOLUTION)
    long = operators_of(INPUT, CONVOLUTION, "InnerProduct f 1 1 c f 0=2 1=0 2=32768")
    weights = [made_up(ops, seed).tensors[1]["weight"] for ops, seed in ((short, 3), (long, 3), (short, 4))]
    assert np.array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_scale() -> None:
    """A sum over a kernel of inputs of variance 1 has a variance between 1 and 2."""
    weight = made_up(operators_of(INPUT, CONVOLUTION), 0).tensors[1]["weight"]
    assert 1 < float((weight**2).sum(axis=(1, 2, 3)).mean()) < 2


def test_written_is_what_is_made_up(tmp_path: Path) -> None:
    """The `.bin` holds the same values and takes the bytes that were promised."""
    ops = operators_of(INPUT, CONVOLUTION, "InnerProduct f 1 1 c f 0=3 1=1 2=49152")
    write_random(tmp_path / "net.bin", ops, 5)
    made, read = made_up(ops, 5), load_weights(tmp_path / "net.bin", ops)
    assert made.bytes_on_disk == read.bytes_on_disk
    for ours, theirs in zip(made.tensors, read.tensors, strict=True):
        assert list(ours) == list(theirs)
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_fp32_is_mapped_and_not_copied(tmp_path: Path) -> None:
    """An fp32 tensor is a read-only view of the file; asking twice gives the same array."""
    ops = operators_of(INPUT, CONVOLUTION)
    write_random(tmp_path / "net.bin", ops, 1)
    tensors = load_weights(tmp_path / "net.bin", ops).tensors[1]
    assert tensors["weight"] is tensors["weight"]
    assert not tensors["weight"].flags.owndata
    assert not tensors["weight"].flags.writeable


@pytest.mark.parametrize("role", ["weight", "bias", "factor", "mean", "variance", "data", "int8", "int8 scale"])
def test_every_role_has_values(role: str) -> None:
    """Each role that a layer may declare gives finite values, codes within int8, and variances and scales above 0."""
    from maskctl.graph import random_weights
    from maskctl.layers import Weight

    values = random_weights._tensor(np.random.default_rng(0), Weight("w", (40, 25), role=role, fan_in=25))
    assert np.isfinite(values).all()
    assert role not in {"variance", "int8 scale"} or values.min() > 0
    assert role != "int8" or np.array_equal(values, np.clip(np.round(values), -127, 127))


def test_random_by_name(tmp_path: Path) -> None:
    """`load` takes "random:SEED" in place of a file."""
    (tmp_path / "net.param").write_text(
        "7767517\n2 2\nInput data 0 1 data 0=4\nInnerProduct f 1 1 data f 0=2 1=0 2=8\n"
    )
    model = load(tmp_path / "net.param", "random:9")
    ((_, values),) = random_tensors(model.operators[1], 9)
    assert np.array_equal(values, model.weights.tensors[1]["weight"])
