"""Whole networks against the reference evaluator of ONNX, which other people wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskctl.errors import UnsupportedError
from maskctl.executor.run import run
from maskctl.graph.model import load
from tests.builders import param_text
from tests.cli.driver import SAMPLES
from tests.layers.agreement import agreement_db
from tests.shared_models import NEEDS_SQUEEZENET, SQUEEZENET

onnx_reference = pytest.importorskip("maskctl.peers.onnx_reference", reason="onnx is not installed")
LEAST_DB = 110.0

NET = (
    "Input data 0 1 data 0=13 1=11 2=3",
    "Convolution c 1 1 data c 0=8 1=3 3=2 4=1 5=1 6=216 9=2 -23310=1,0.1",
    "Split s 1 3 c c1 c2 c3",
    "Pooling p 1 1 c1 p 0=0 1=3 2=1 3=1 5=1",
    "ReLU r 1 1 c2 r 0=0.2",
    "Dropout d 1 1 c3 d",
    "Concat j 3 1 p r d j 0=0",
    "Pooling a 1 1 j a 0=1 1=2 2=2 5=1",
    "Split s2 1 2 a a1 a2",
    "Pooling g 1 1 a1 g 0=1 4=1",
    "InnerProduct f 1 1 a2 f 0=24 1=1 2=5184 9=1",
    "Concat j2 2 1 g f j2 0=0",
    "InnerProduct out 1 1 j2 out 0=5 2=240",
    "Softmax prob 1 1 out prob",
)


def test_every_blob_of_a_network(tmp_path: Path) -> None:
    """Every translated type, in one network of two samples, gives what ONNX's evaluator gives."""
    (tmp_path / "net.param").write_bytes(param_text(*NET))
    model = load(tmp_path / "net.param", "random:3")
    blobs = [top for op in model.operators if op.layer.type != "Input" for top in op.layer.tops]
    inputs = {"data": np.random.default_rng(0).standard_normal((2, 3, 11, 13)).astype(np.float32)}
    expected = onnx_reference.OnnxReference(model, blobs).run(inputs)
    computed = run(model, inputs, keep=blobs)
    found = {name: agreement_db(expected[name], np.ascontiguousarray(computed[name])) for name in blobs}
    assert {} == {name: value for name, value in found.items() if value < LEAST_DB}
    assert [values.shape for values in expected.values()] == [computed[name].shape for name in blobs]


def test_sample_model() -> None:
    """The project's own network agrees on its held-out images."""
    model = load(SAMPLES / "digits.param")
    with np.load(SAMPLES / "digits_test.npz") as stored:
        inputs = {"image": stored["image"][:20].astype(np.float32)}
    expected = onnx_reference.OnnxReference(model).run(inputs)
    assert agreement_db(expected["prob"], run(model, inputs)["prob"]) > LEAST_DB


@NEEDS_SQUEEZENET
def test_squeezenet() -> None:
    """SqueezeNet v1.1 agrees up to the logits; Softmax would only magnify their last bits."""
    model = load(SQUEEZENET)
    inputs = {"data": np.random.default_rng(0).uniform(-120, 120, (1, 3, 227, 227)).astype(np.float32)}
    blobs = ("fire9/concat_drop9", "pool10")
    expected = onnx_reference.OnnxReference(model, blobs).run(inputs)
    computed = run(model, inputs, keep=blobs)
    assert all(agreement_db(expected[name], np.ascontiguousarray(computed[name])) > LEAST_DB for name in blobs)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Swish s 1 1 data out", "#1 's' (Swish) has no equivalent in ONNX here."),
        (
            "Pooling p 1 1 data out 7=1 8=2",
            "#1 'p' (Pooling): adaptive pooling or a SAME pad_mode has no equivalent in ONNX here.",
        ),
        ("Dropout d 1 1 data out 0=0.5", "#1 'd' (Dropout): a scale other than 1 has no equivalent in ONNX here."),
        (
            "InnerProduct i 1 1 data out 0=2 2=54 9=4",
            "#1 'i' (InnerProduct): activation_type 4 has no equivalent in ONNX here.",
        ),
    ],
)
def test_what_has_no_equivalent(tmp_path: Path, line: str, message: str) -> None:
    """A layer or a use of it that ONNX has no exact equivalent for is refused by name."""
    (tmp_path / "net.param").write_bytes(param_text("Input data 0 1 data 0=3 1=3 2=3", line))
    with pytest.raises(UnsupportedError) as caught:
        onnx_reference.OnnxReference(load(tmp_path / "net.param", "random:1"))
    assert message == str(caught.value)
