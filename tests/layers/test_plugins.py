"""Plugins that are wrong: what the file, its layer types and their functions give is checked and told in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskctl import Net
from maskctl.errors import MaskctlError
from maskctl.graph import random_weights
from maskctl.graph.operators import operator
from maskctl.layers import Params, Weight
from maskctl.layers.plugin_calls import ROLES
from maskctl.layers.plugins import load_plugin
from tests.builders import graph_of, param_text

HEAD = "import numpy as np\nfrom maskctl.layers import LayerType, Param, Weight\n"
TYPE = "PluginUnderTest"
FORWARD = "def forward(params, weights, inputs):\n    return {}\n"
SAMPLE = np.arange(6, dtype=np.float32).reshape(1, 2, 3)


def _plugin(folder: Path, text: str) -> Path:
    path = folder / "plugin.py"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def _net(folder: Path, text: str) -> Net:
    """A network of an Input, a Split, the plugin's layer and a ReLU behind it."""
    lines = ("Input data 0 1 data 0=3 1=2 2=1", "Split s 1 2 data a b", f"{TYPE} my 1 1 a y", "ReLU r 1 1 y out")
    (folder / "net.param").write_bytes(param_text(*lines))
    return Net(folder / "net.param", "random:1", plugins=[_plugin(folder, text)])


def _layer(fields: str, body: str = FORWARD.format("(inputs[0],)")) -> str:
    return f'{body}LAYER = LayerType("{TYPE}", range(1, 2), forward{fields and ", "}{fields})\n'


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ("inputs[0]", "gives one bare array. Expected a tuple of one array: (x,)."),
        ("None", "gives None. Expected a tuple of one array: (x,)."),
        ("(inputs[0], inputs[0])", "gives 2 of them. Expected a tuple of one array: (x,)."),
        ("(inputs[0].tolist(),)", "gives a list. Expected numpy arrays."),
        (
            "(inputs[0].astype(np.int64),)",
            "gives an array of int64. Expected float32, or int32 or int8 where the engine keeps integers.",
        ),
        (
            "(inputs[0][:, :, :1],)",
            "gives an array of (1, 1, 1, 3). Expected (1, 1, 2, 3): the samples in front, then what shapes gives.",
        ),
        (
            "(inputs[0][0],)",
            "gives an array of (1, 2, 3). Expected (1, 1, 2, 3): the samples in front, then what shapes gives.",
        ),
        ("(inputs[0] * weights['w'],)", "fails at line 4: KeyError: 'w'. Mend the file."),
        ("exit(4)", "fails at line 4: SystemExit: 4. Mend the file."),
        (
            "(np.multiply(inputs[0], 2, out=inputs[0]),)",
            "fails at line 4: ValueError: output array is read-only. Inputs are read-only: work on a copy.",
        ),
    ],
)
def test_what_forward_gives(tmp_path: Path, result: str, problem: str) -> None:
    """A layer whose `forward` fails or gives something else is named, with the file and what is wrong."""
    net = _net(tmp_path, _layer("", FORWARD.format(result)))
    with pytest.raises(MaskctlError) as caught:
        net.run({"data": SAMPLE})
    assert f"#2 'my' ({TYPE}): forward of the plugin {tmp_path / 'plugin.py'} {problem}" == str(caught.value)


def test_float64_becomes_float32(tmp_path: Path) -> None:
    """Arithmetic that ends in float64 is no mistake: the blob is float32 like any other."""
    net = _net(tmp_path, _layer("", FORWARD.format("[inputs[0] * np.float64(2)]")))
    blobs = net.run({"data": SAMPLE}, blobs=["b", "y"])
    assert ("float32", SAMPLE.tolist()) == (blobs["y"].dtype.name, blobs["b"].tolist())
    assert (SAMPLE * 2).tolist() == blobs["y"].tolist()


@pytest.mark.parametrize(
    ("shapes", "problem"),
    [
        ("inputs[0]", "gives (1, 2, 3). Expected a tuple of one tuple of whole numbers: (x,)."),
        ("None", "gives None. Expected a tuple of one tuple of whole numbers: (x,)."),
        ("((1.5, 2),)", "gives ((1.5, 2),). Expected a tuple of one tuple of whole numbers: (x,)."),
        ("(inputs[0][7],)", "fails at line 5: IndexError: tuple index out of range. Mend the file."),
    ],
)
def test_what_shapes_gives(tmp_path: Path, shapes: str, problem: str) -> None:
    """A layer whose `shapes` fails or gives no shapes is named before anything is run; lists are shapes too."""
    body = FORWARD.format("(inputs[0],)")
    net = _net(tmp_path, _layer(f"shapes=lambda params, inputs: {shapes}", body))
    with pytest.raises(MaskctlError) as caught:
        net.shapes()
    assert str(caught.value).endswith(f"#2 'my' ({TYPE}): shapes of the plugin {tmp_path / 'plugin.py'} {problem}")
    listed = _net(tmp_path, _layer("shapes=lambda params, inputs: [list(inputs[0])]", body))
    assert (1, 2, 3) == listed.shapes()["y"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("weights=lambda p: p.integer('k')", "weights of the plugin {} fails at line 5: KeyError: 'k'. Mend the file."),
        ("weights=lambda p: 3", "weights of the plugin {} gives 3. Expected a tuple: (Weight(name, shape), …)."),
        (
            "weights=lambda p: (Weight('w', (3,), role='wight'),)",
            f"weights of the plugin {{}} gives 'w' with role 'wight'. Expected one of: {', '.join(sorted(ROLES))}.",
        ),
        (
            "weights=lambda p: (Weight('w', (3,)),) * 2",
            "weights of the plugin {} gives two weights of one name. Expected a name for each.",
        ),
        (
            "integers=lambda p: (1,)",
            "integers of the plugin {} gives (1,). Expected a tuple of places among the 1 bottoms, from 0.",
        ),
        ("unsupported=lambda p: p.no", "unsupported of the plugin {} fails at line 5: AttributeError: "),
        ("by_value=lambda p: 1 / 0", "by_value of the plugin {} fails at line 5: ZeroDivisionError: division by zero."),
    ],
)
def test_what_depends_on_parameters(tmp_path: Path, fields: str, problem: str) -> None:
    """What a plugin says of a layer's parameters is asked when the network is read, and the line of the layer is named."""
    with pytest.raises(MaskctlError) as caught:
        _net(tmp_path, _layer(fields))
    path = tmp_path / "plugin.py"
    assert str(caught.value).startswith(f"{tmp_path / 'net.param'}:5: #2 'my' ({TYPE}): {problem.format(path)}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            f'LAYER = LayerType("{TYPE}", 1, lambda p, w, x: x)',
            f"bottoms of '{TYPE}' is 1. Expected a range, e.g. range(1, 2) for one.",
        ),
        (f'LAYER = LayerType("{TYPE}", range(1, 2), 3)', f"forward of '{TYPE}' is 3. Expected a function."),
        (
            'LAYER = LayerType("a b", range(1, 2), print)',
            "the plugin's type is 'a b'. Expected the type's name in the .param.",
        ),
        (
            f'LAYER = LayerType("{TYPE}", range(1, 2), print, params=[1])',
            f"params of '{TYPE}' is [1]. Expected a tuple: (Param(id, name, default, meaning), …).",
        ),
        ("np.zeros(-1)", "the plugin fails at line 3: ValueError: negative dimensions are not allowed. Mend the file."),
        ("raise SystemExit", "the plugin fails at line 3: SystemExit. Mend the file."),
        ("import json\njson.loads('{')", "the plugin fails at line 4: JSONDecodeError: "),
    ],
)
def test_files_that_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    """A file that fails is refused with its own line, wherever the error arose, and a type with the field that is wrong."""
    path = _plugin(tmp_path, text)
    with pytest.raises(MaskctlError) as caught:
        load_plugin(path)
    assert str(caught.value).startswith(f"{path}: {problem}")


def test_a_type_of_its_own_kind(tmp_path: Path) -> None:
    """Dataclasses work in a plugin, `LAYERS` may be one type, and other functions are wrapped as well."""
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom maskctl.layers import LayerType\n"
        "@dataclass\nclass Box:\n    width: float = 2.0\n"
        f'LAYERS = LayerType("{TYPE}", range(1, 2), lambda p, w, x: (x[0] * Box().width,), '
        "macs=lambda p, i, o: 7, prepare=lambda p, w: dict(w))\n"
    )
    path = tmp_path / "boxes.py"
    path.write_text(text, encoding="utf-8")
    (kind,) = load_plugin(path)
    params = Params((), {})
    assert (7, {}) == (kind.macs(params, ((1,),), ((1,),)), kind.prepare(params, {}))
    found = operator(
        graph_of("Input data 0 1 data", f"{TYPE} my 1 1 data y"),
        graph_of("Input data 0 1 data", f"{TYPE} my 1 1 data y").layers[1],
    )
    assert found is not None
    assert [2.0] == found.kind.forward(params, {}, (np.ones((1, 1), np.float32),))[0].tolist()[0]


def test_every_role_can_be_made_up() -> None:
    """The roles that a plugin's weights may have are those that made-up weights know."""
    for role in ROLES:
        made = random_weights._tensor(np.random.default_rng(0), Weight("w", (3,), role=role))
        assert (3,) == made.shape
