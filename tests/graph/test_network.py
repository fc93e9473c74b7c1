"""Layers and blobs out of a document, and every message about a network that is not sound."""

from __future__ import annotations

import pytest

from maskctl.errors import GraphError
from maskctl.graph.network import build, check_counts
from maskctl.param import parse
from tests.builders import document_of, graph_of, param_text

INPUT = "Input data 0 1 data"


def test_graph() -> None:
    """Layers know their place, blobs their producer and reader, and the graph its inputs and outputs."""
    graph = graph_of(
        "Input x 0 1 x", "Input y 0 1 y", "Split s 1 2 x x0 x1", "Concat c 2 1 x1 y out 0=1 31=64", "ReLU r 1 1 x0 z"
    )
    assert ["#0 'x' (Input)", "#1 'y' (Input)", "#2 's' (Split)", "#3 'c' (Concat)", "#4 'r' (ReLU)"] == [
        str(layer) for layer in graph.layers
    ]
    assert {"x": 0, "y": 1, "x0": 2, "x1": 2, "out": 3, "z": 4} == graph.producer
    assert {"x": 2, "x1": 3, "y": 3, "x0": 4} == graph.reader
    assert (("x", "y"), ("out", "z")) == (graph.inputs, graph.outputs)
    concat = graph.layers[3]
    assert ("Concat", "c", ("x1", "y"), ("out",)) == (concat.type, concat.name, concat.bottoms, concat.tops)
    assert ({0: 1, 31: 64}, 64) == (concat.params, concat.mask)
    assert "net.param" == graph.path


def test_names_may_repeat() -> None:
    """Layers of one name are two layers, told apart by their index."""
    graph = graph_of(INPUT, "ReLU r 1 1 data a", "ReLU r 1 1 a b")
    assert ["#1 'r' (ReLU)", "#2 'r' (ReLU)"] == [str(layer) for layer in graph.layers[1:]]


def test_surplus_layers_are_dropped() -> None:
    """Layers beyond the count are not part of the network, as in the engine, even where they make no sense."""
    text = param_text(INPUT, "ReLU r 1 1 data a", "ReLU extra 1 1 nowhere data", layer_count=2)
    assert ["data", "r"] == [layer.name for layer in build(parse(text)).layers]


ORDER = "Check the order of the layers and the spelling."
SPLIT = "The engine gives each blob one reader: put a Split layer behind its producer."
MASK = "The engine takes a whole number, 0 to 255 for the bits it knows. Set it with 'maskctl set-mask'."


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            (INPUT, "ReLU r 1 1 date out"),
            "4: #1 'r' (ReLU) reads blob 'date', which no layer before it produces. Did you mean 'data'?",
        ),
        (
            (INPUT, "ReLU r 1 1 xyz out"),
            f"4: #1 'r' (ReLU) reads blob 'xyz', which no layer before it produces. {ORDER}",
        ),
        (
            ("ReLU r 1 1 data out", INPUT),
            f"3: #0 'r' (ReLU) reads blob 'data', which no layer before it produces. {ORDER}",
        ),
        (
            (INPUT, "ReLU r 1 1 loop loop"),
            f"4: #1 'r' (ReLU) reads blob 'loop', which no layer before it produces. {ORDER}",
        ),
        (
            (INPUT, "ReLU r1 1 1 data a", "ReLU r2 1 1 data b"),
            f"5: #2 'r2' (ReLU) reads blob 'data', which #1 'r1' (ReLU) reads already. {SPLIT}",
        ),
        (
            (INPUT, "Eltwise e 2 1 data data b"),
            (
                "4: #1 'e' (Eltwise) reads blob 'data' twice. The engine runs that, and maskctl does not: put a Split layer behind "
                "its producer."
            ),
        ),
        (
            (INPUT, "ReLU r 1 1 data data"),
            (
                "4: #1 'r' (ReLU) produces blob 'data', which #0 'data' (Input) produces already. "
                "Give one of the two another name."
            ),
        ),
        (
            (INPUT, "Split s 1 2 data a a"),
            "4: #1 's' (Split) produces blob 'a', which #1 's' (Split) produces already. Give one of the two another name.",
        ),
        ((INPUT, "ReLU r 1 1 data a 31=3.0"), f"4: #1 'r' (ReLU) has the feature mask '31=3.0'. {MASK}"),
        ((INPUT, "ReLU r 1 1 data a 31=-1"), f"4: #1 'r' (ReLU) has the feature mask '31=-1'. {MASK}"),
        ((INPUT, "ReLU r 1 1 data a 31=abc"), f"4: #1 'r' (ReLU) has the feature mask '31=abc'. {MASK}"),
        ((INPUT, "ReLU r 1 1 data a -23331=1,3"), f"4: #1 'r' (ReLU) has the feature mask '-23331=1,3'. {MASK}"),
    ],
)
def test_unsound(layers: tuple[str, ...], message: str) -> None:
    """A network the engine would trip over is refused with the line, the layer and the blob."""
    with pytest.raises(GraphError) as caught:
        graph_of(*layers)
    assert f"net.param:{message}" == str(caught.value)


def test_too_few_layers() -> None:
    """A file with fewer layers than it says is refused as the engine refuses it."""
    with pytest.raises(GraphError) as caught:
        build(parse(param_text(INPUT, layer_count=3), "net.param"))
    assert (
        "net.param:2: the file says 3 layers and has 1. The engine refuses it. "
        "The file was cut short, or the count in its second line is wrong."
    ) == str(caught.value)


LAYERS = (INPUT, "ReLU r1 1 1 data a", "ReLU r2 1 1 a b")


@pytest.mark.parametrize(
    ("layer_count", "blob_count", "message"),
    [
        (3, 3, None),
        (3, 4, None),
        (
            3,
            2,
            (
                "net.param:2: the file says 2 blobs and has 3. Older engines write past the end of their table, "
                "newer ones refuse. Write 3 3 in the second line."
            ),
        ),
        (
            1,
            3,
            (
                "net.param:2: the file says 1 layers and has 3. The engine drops the last 2 in silence, from 'r1' on. "
                "Write 3 3 in the second line."
            ),
        ),
    ],
)
def test_check_counts(layer_count: int, blob_count: int, message: str | None) -> None:
    """Counts that lie although the engine loads the file are told apart from those that are right."""
    text = param_text(*LAYERS, layer_count=layer_count, blob_count=blob_count)
    assert message == check_counts(parse(text, "net.param"))


def test_built_graph_is_of_the_document() -> None:
    """Each layer of the graph keeps its line of the document."""
    document = document_of(*LAYERS)
    assert tuple(document.layers) == tuple(layer.line for layer in build(document).layers)
