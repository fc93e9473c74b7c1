"""A name has characters beyond ASCII.

The engine compares names byte by byte and knows no encoding. An application asks for `é` in the encoding of its own source, which on
some systems is another one; a name that is no UTF-8 cannot be read from Python at all; and a no-break space or a Cyrillic letter
looks like what it is not.

Bad:
    7767517
    2 2
    Input  data    0 1 data 0=4 1=4 2=3
    ReLU   größe   1 1 data out

Good:
    7767517
    2 2
    Input  data    0 1 data 0=4 1=4 2=3
    ReLU   groesse 1 1 data out
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.graph.network import Layer
from maskctl.lint.finding import Problem, Severity, Span
from maskctl.lint.subject import Subject

GROUP = "file"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Problem]:
    """Every layer name with such characters, and every such blob name where it stands first."""
    if subject.source.isascii():
        return
    told = set[str]()
    for layer in subject.layers:
        if layer.line.text.isascii():
            continue
        for what, name, span in _names(subject, layer):
            if not name.isascii() and (what == "layer" or name not in told):
                told.add(name)
                yield Problem(_message(what, name), span, layer.name)


def _names(subject: Subject, layer: Layer) -> Iterator[tuple[str, str, Span]]:
    yield "layer", layer.name, subject.name_span(layer)
    for place, bottom in enumerate(layer.bottoms):
        yield "blob", bottom, subject.bottom_span(layer, place)
    for place, top in enumerate(layer.tops):
        yield "blob", top, subject.top_span(layer, place)


def _message(what: str, name: str) -> str:
    odd = next(character for character in name if not character.isascii())
    is_byte = "\udc80" <= odd <= "\udcff"  # how Python keeps a byte that is no UTF-8
    shown = f"the byte 0x{ord(odd) - 0xDC00:02x}, which is no UTF-8" if is_byte else f"the character U+{ord(odd):04X}"
    return f"the name of {what} '{name}' has {shown}. Expected ASCII. Give it a name that every program spells alike."
