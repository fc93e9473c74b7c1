"""Which layers a selector names."""

from __future__ import annotations

import pytest

from maskctl.errors import InputError
from maskctl.graph.select import select_layers
from maskctl.param import parse
from tests.builders import document_of

DOCUMENT = document_of(
    "Input data 0 1 data",
    "Convolution fire2/squeeze 1 1 data a",
    "ReLU relu 1 1 a b",
    "Convolution fire2/expand 1 1 b c",
    "ConvolutionDepthWise fire3 1 1 c d",
    "ReLU relu 1 1 d e",
    "ReLU relu[1] 1 1 e f",
    "ReLU relu1 1 1 f g",
    "ReLU #2 1 1 g h",
    "ReLU type:x 1 1 h i",
)


@pytest.mark.parametrize(
    ("selectors", "indices"),
    [
        (("fire3",), (4,)),
        (("relu",), (2, 5)),
        (("fire2/*",), (1, 3)),
        (("fire?",), (4,)),
        (("relu[1]",), (6,)),
        (("relu[12]",), (7,)),
        (("#2",), (2,)),
        (("#0",), (0,)),
        (("#009",), (9,)),
        (("type:Convolution",), (1, 3)),
        (("type:Convolution*",), (1, 3, 4)),
        (("type:ReLU",), (2, 5, 6, 7, 8, 9)),
        (("*",), tuple(range(10))),
        (("fire3", "#1", "fire3", "data"), (0, 1, 4)),
        ((), ()),
    ],
)
def test_select_layers(selectors: tuple[str, ...], indices: tuple[int, ...]) -> None:
    """Names, globs, indices and types name their layers; a whole name goes before a glob; the answer is in file order."""
    assert indices == select_layers(DOCUMENT, selectors)


TYPES = "Types are: Convolution, ConvolutionDepthWise, Input, ReLU."


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("fire33", "no layer matches 'fire33'. Did you mean 'fire3'?"),
        ("fire2/squeze", "no layer matches 'fire2/squeze'. Did you mean 'fire2/squeeze', 'fire2/expand'?"),
        ("xyzzy", "no layer matches 'xyzzy'. 'maskctl show' lists the layers."),
        ("", "no layer matches ''. 'maskctl show' lists the layers."),
        ("FIRE3", "no layer matches 'FIRE3'. 'maskctl show' lists the layers."),
        ("#10", "there is no layer #10: the file has 10, #0 to #9."),
        (
            "type:Convolutoin",
            "no layer matches 'type:Convolutoin'. Did you mean 'type:Convolution', 'type:ConvolutionDepthWise'?",
        ),
        ("type:LSTM", f"no layer matches 'type:LSTM'. {TYPES}"),
        ("type:", f"no layer matches 'type:'. {TYPES}"),
    ],
)
def test_no_match(selector: str, message: str) -> None:
    """A selector that names nothing is refused, also among others that do, with near matches or the way to find them."""
    with pytest.raises(InputError) as caught:
        select_layers(DOCUMENT, ("data", selector))
    assert f"net.param: {message}" == str(caught.value)


def test_no_layers_at_all() -> None:
    """In a file without layers no index exists, and the message does not invent a range."""
    with pytest.raises(InputError) as caught:
        select_layers(parse(b"7767517\n1 1\n", "net.param"), ("#0",))
    assert "net.param: there is no layer #0: the file has 0." == str(caught.value)
