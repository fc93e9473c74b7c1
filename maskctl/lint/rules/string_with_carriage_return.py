r"""A string without quotes ends a line that ends with CRLF.

Older engines read such a string up to the line feed, so that the carriage return becomes its last character: an expression then has a
part that nobody understands, and the file does not load ("malformed literal token") or the layer fails. With quotes the string
ends where they end, in every engine.

In these examples `\r` is a carriage return.

Bad:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Reshape  flat  1 1 data flat 6=max(2,0w),12\r

Good:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Reshape  flat  1 1 data flat 6="max(2,0w),12"\r
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.finding import Edit, Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "file"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every unquoted string that a carriage return follows; the fix puts it in quotes."""
    for layer in subject.layers:
        text, tokens = layer.line.text, layer.line.tokens
        if not tokens or not isinstance(tokens[-1].value, str) or text[tokens[-1].end :][:1] != "\r":
            continue
        token = tokens[-1]
        start = text.index("=", token.start) + 1
        if text[start] == '"':
            continue
        edits = (Edit(layer.line.number, start, start, '"'), Edit(layer.line.number, token.end, token.end, '"'))
        yield Problem(
            f"{layer} ends with the string '{token.value}' without quotes, and its line with CRLF. Older engines take the carriage "
            f'return for a part of the string. Write {text[token.start : start]}"{token.value}".',
            subject.token_span(layer, token),
            layer.name,
            Fix("write quotes", edits),
        )
