"""The lines of a text, and the layers that some of them are, made when they are asked for."""

from __future__ import annotations

import pytest

from maskctl.param import parse
from maskctl.param.text import Lines
from tests.builders import document_of

TEXTS = (b"", b"\n", b"a", b"a\n", b"a\nb", b"\n\n \r\n", b"a\rb\x0bc\x85d\xe2\x80\xa8e\nf", b"\xe4\n\xb8\xad\n\xff")


@pytest.mark.parametrize("data", TEXTS)
def test_lines_are_the_text(data: bytes) -> None:
    """Joined the lines are the text, whatever bytes it has; only a line feed ends a line."""
    text = data.decode("utf-8", "surrogateescape")
    expected = [line + "\n" for line in text.split("\n")[:-1]] + [text.split("\n")[-1]] * (not text.endswith("\n"))
    expected = expected if text else []
    assert data == "".join(Lines(data)).encode("utf-8", "surrogateescape")
    assert expected == list(Lines(data)) == [Lines(data)[place] for place in range(len(expected))]
    assert len(expected) == len(Lines(data))


def test_lines_as_a_sequence() -> None:
    """Lines are counted from both ends, cut into tuples, and there is none behind the last."""
    lines = Lines(b"a\nb\nc")
    assert ("c", "a\n", ("b\n", "c")) == (lines[-1], lines[-3], lines[1:])
    assert lines == Lines(b"a\nb\nc")
    assert lines != Lines(b"a\nb\n")
    for place in (3, -4):
        with pytest.raises(IndexError):
            lines[place]


def test_layers_as_a_sequence() -> None:
    """A layer is the same object however often it is asked for, in a cut of the layers too; there is none behind the last."""
    layers = document_of("Input data 0 1 data", "ReLU r1 1 1 data a", "ReLU r2 1 1 a b").layers
    assert ["data", "r1", "r2"] == [layer.name for layer in layers]
    assert layers[1] is layers[1] is layers[1:][0] is layers[-2] is list(layers)[1]
    assert (3, 2) == (len(layers), len(layers[:2]))
    for index in (3, -4):
        with pytest.raises(IndexError):
            layers[index]


def test_an_edit_keeps_the_other_layers() -> None:
    """A document with another mask shares the layers that were read with the first one, which stays as it was."""
    document = document_of("Input data 0 1 data", "ReLU r1 1 1 data a", "ReLU r2 1 1 a b")
    before = list(document.layers)
    edited = document.with_masks({1: 3})
    assert [True, False, True] == [was is now for was, now in zip(before, edited.layers, strict=True)]
    assert before == list(document.layers)
    assert list(edited.layers) == list(parse(edited.to_bytes()).layers)
