"""Layers joined with their types: shapes, costs, and messages about parameters and types."""

from __future__ import annotations

import pytest

from maskctl.errors import ExecutionError, GraphError, UnsupportedError
from maskctl.graph.operators import LayerFacts, cut_text, elements, facts, infer_shapes
from maskctl.layers import Shape
from tests.builders import graph_of, operators_of

INPUT = "Input data 0 1 data"
MAP = "Input data 0 1 data 0=8 1=6 2=3"
NO_SHAPE = "the Input layer has no shape. Give one with --shape, e.g. --shape data=3,224,224."
NET = (
    MAP,
    "Convolution conv 1 1 data a 0=4 1=3 3=2 4=1 5=1 6=108",
    "Split split 1 2 a b c",
    "Pooling pool 1 1 b d 0=1 4=1",
    "Pooling half 1 1 c e 1=2 2=2",
    "InnerProduct fc 1 1 d f 0=5 1=1 2=20",
)


def test_operators() -> None:
    """Every layer gets its type's definition, and its parameters by name with defaults filled in."""
    conv = operators_of(*NET)[1]
    assert ("Convolution", "#1 'conv' (Convolution)") == (conv.kind.type, str(conv.layer))
    named = [conv.params.integer(name) for name in ("num_output", "kernel_h", "stride_h", "pad_bottom", "dilation_w")]
    assert [4, 3, 2, 1, 1] == named
    assert (0.0, (), 1) == (conv.params.real("pad_value"), conv.params.array("activation_params"), conv.params.tops)


def test_int_for_a_float_is_converted() -> None:
    """An integer written for a float parameter is that number, as in the engine's newest parser."""
    assert 2.0 == operators_of(INPUT, "Dropout d 1 1 data out 0=2")[1].params.real("scale")


def test_infer_shapes() -> None:
    """Shapes follow from the input's, layer by layer, for every blob."""
    expected = {"data": (3, 6, 8), "a": (4, 3, 4), "b": (4, 3, 4), "c": (4, 3, 4), "d": (4,), "e": (4, 2, 2), "f": (5,)}
    assert expected == infer_shapes(operators_of(*NET), {"data": (3, 6, 8)}, "net.param")
    assert 144 + 3 * 48 + 4 + 16 + 5 == elements(expected)


def test_infer_shapes_names_the_layer() -> None:
    """A shape that does not fit is refused at the layer where it does not."""
    with pytest.raises(ExecutionError) as caught:
        infer_shapes(operators_of(*NET), {"data": (2, 6, 8)}, "net.param")
    assert ("net.param:4: #1 'conv' (Convolution): the input has 2 channels. Its weight is for 3.") == str(caught.value)


CONV_FACTS = LayerFacts(((4, 3, 4),), 48 * 27, 112)


@pytest.mark.parametrize(
    ("layers", "given", "expected"),
    [
        pytest.param(
            NET,
            {},
            (
                LayerFacts(((3, 6, 8),), 0, 0),
                CONV_FACTS,
                LayerFacts(((4, 3, 4), (4, 3, 4)), 0, 0),
                LayerFacts(((4,),), 0, 0),
                LayerFacts(((4, 2, 2),), 0, 0),
                LayerFacts(((5,),), 20, 25),
            ),
            id="from the Input layer",
        ),
        pytest.param(
            (INPUT, NET[1]), {}, (LayerFacts(None, None, 0, NO_SHAPE), LayerFacts(None, None, 112)), id="no input shape"
        ),
        pytest.param(
            (INPUT, NET[1]), {"data": (3, 6, 8)}, (LayerFacts(((3, 6, 8),), 0, 0), CONV_FACTS), id="input shape given"
        ),
        pytest.param(
            (MAP, NET[1]),
            {"data": (3, 12, 16)},
            (LayerFacts(((3, 12, 16),), 0, 0), LayerFacts(((4, 6, 8),), 192 * 27, 112)),
            id="input shape given goes before the file's",
        ),
        pytest.param(
            (MAP, "NoSuchLayer x 1 1 data y", "Dropout d 1 1 y z"),
            {},
            (LayerFacts(((3, 6, 8),), 0, 0), LayerFacts(None, None, None, "unknown type"), LayerFacts(None, None, 0)),
            id="an unknown type hides what is behind it",
        ),
        pytest.param(
            ("Input data 0 1 data 0=8 1=6 2=2", NET[1]),
            {},
            (
                LayerFacts(((2, 6, 8),), 0, 0),
                LayerFacts(None, None, 112, "the input has 2 channels. Its weight is for 3."),
            ),
            id="a shape that does not fit",
        ),
    ],
)
def test_facts(layers: tuple[str, ...], given: dict[str, Shape], expected: tuple[LayerFacts, ...]) -> None:
    """Shapes, multiply-adds and weights are told as far as they can be known, and None beyond."""
    assert expected == facts(graph_of(*layers), given)


def test_layers_that_cannot_be_run_are_cut_off() -> None:
    """A layer of an unknown type is cut off with all that needs its blobs, each with its reason; the rest stays."""
    ops = operators_of(
        INPUT,
        "Split split 1 2 data a b",
        "rife.Warp warp 1 1 a c",
        "Dropout near 1 1 b d",
        "Dropout far 1 1 c e",
        "Concat both 2 1 d e f",
        "Convolutoin typo 1 1 f g",
    )
    cut = {op.layer.name: op.cut for op in ops if op.cut}
    assert {
        "warp": "unknown type",
        "far": "behind #2 'warp' (rife.Warp)",
        "both": "behind #2 'warp' (rife.Warp)",
        "typo": "unknown type; did you mean 'Convolution'?",
    } == cut
    assert (
        "2 of 7 layers cannot be run, and 2 behind them are cut off:\n"
        "  #2 'warp' (rife.Warp): unknown type\n"
        "  #6 'typo' (Convolutoin): unknown type; did you mean 'Convolution'?\n"
        "Layer types of an application's own are added with --plugin FILE.py."
    ) == cut_text(ops)


def test_nothing_to_cut() -> None:
    """A network of known types has nothing to report."""
    assert "" == cut_text(operators_of(*NET))


def test_nothing_left_to_run() -> None:
    """A network whose every layer is cut off is refused, with all causes at once."""
    with pytest.raises(UnsupportedError) as caught:
        operators_of(INPUT, "NoSuchLayer x 1 1 data a", "Dropout d 1 1 a b", "AnotherOne y 1 1 b c")
    assert (
        "net.param: nothing is left to run. 2 of 4 layers cannot be run, and 1 behind them are cut off:\n"
        "  #1 'x' (NoSuchLayer): unknown type\n"
        "  #3 'y' (AnotherOne): unknown type\n"
        "Layer types of an application's own are added with --plugin FILE.py."
    ) == str(caught.value)


@pytest.mark.parametrize(
    "name", ["base", "windows", "Base", "convolution", "Convolution.x", "..errors", "Ünknown", "CONVOLUTION"]
)
def test_no_module_is_a_type_by_accident(name: str) -> None:
    """A type's name is matched whole and in its own case; what only names a module of ours is unknown."""
    with pytest.raises(UnsupportedError) as caught:
        operators_of(INPUT, f"{name} x 1 1 data a")
    assert str(caught.value).startswith(
        f"net.param: nothing is left to run. 1 of 2 layers cannot be run:\n  #1 'x' ({name}): unknown type"
    )


TWO = "Input more 0 1 more"


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((INPUT, TWO, "Softmax s 2 1 data more a"), "5: #2 's' (Softmax) reads 2 blobs. Expected 1."),
        (
            (INPUT, TWO, "Convolution c 2 1 data more a 0=1 1=1 6=1"),
            "5: #2 'c' (Convolution): there are 2 inputs. Expected 1: the map.",
        ),
        ((INPUT, "Softmax s 0 1 a"), "4: #1 's' (Softmax) reads 0 blobs. Expected 1."),
        ((INPUT, "Input i 1 1 data a"), "4: #1 'i' (Input) reads 1 blobs. Expected 0."),
        ((INPUT, "Concat c 0 1 a"), "4: #1 'c' (Concat) reads 0 blobs. Expected 1 or more."),
        ((INPUT, "Softmax s 1 2 data a b"), "4: #1 's' (Softmax) produces 2 blobs. Expected 1."),
        ((INPUT, "Dropout d 1 0 data"), "4: #1 'd' (Dropout) produces 0 blobs. Expected 1."),
        ((INPUT, "Split s 1 0 data"), "4: #1 's' (Split) produces 0 blobs. Expected 1 or more."),
        (
            (INPUT, "Convolution c 1 1 data a 0=1.5 1=1 6=3"),
            "4: #1 'c' (Convolution): parameter 0 (num_output) is '1.5'. Expected an integer.",
        ),
        (
            (INPUT, "Dropout d 1 1 data a 0=half"),
            "4: #1 'd' (Dropout): parameter 0 (scale) is 'half'. Expected a number.",
        ),
        (
            (INPUT, "InnerProduct i 1 1 data a 0=1 2=1 10=0.5"),
            "4: #1 'i' (InnerProduct): parameter 10 (activation_params) is '0.5'. Expected an array.",
        ),
        (
            (INPUT, "InnerProduct i 1 1 data a 0=2 2=3"),
            "4: #1 'i' (InnerProduct): weight_data_size is 3 for num_output 2. Expected a multiple of it.",
        ),
        (
            (INPUT, "InnerProduct i 1 1 data a"),
            "4: #1 'i' (InnerProduct): weight_data_size is 0 for num_output 0. Expected a multiple of it.",
        ),
        *(
            (
                (INPUT, f"Convolution c 1 1 data a {params}"),
                f"4: #1 'c' (Convolution): weight_data_size is {found}. Expected a multiple of their product.",
            )
            for params, found in (
                ("0=2 1=3 6=10", "10 for num_output 2 and a kernel of 3x3"),
                ("0=2 1=3 6=0", "0 for num_output 2 and a kernel of 3x3"),
                ("0=2 1=3 11=0 6=6", "6 for num_output 2 and a kernel of 3x0"),
                ("0=1 1=-1 6=4", "4 for num_output 1 and a kernel of -1x-1"),
                ("0=-2 1=-1 11=1 6=4", "4 for num_output -2 and a kernel of -1x1"),
            )
        ),
        *(
            (
                (INPUT, f"Convolution c 1 1 data a 0=2 1=1 6=2 {params}"),
                f"4: #1 'c' (Convolution): a stride or dilation is {found}. Expected 1 or more.",
            )
            for params, found in (("3=0", 0), ("12=-1", -1))
        ),
    ],
)
def test_wrong_use(layers: tuple[str, ...], message: str) -> None:
    """Counts and parameters no engine could use are refused with line, layer and value."""
    with pytest.raises(GraphError) as caught:
        operators_of(*layers)
    assert f"net.param:{message}" == str(caught.value)
