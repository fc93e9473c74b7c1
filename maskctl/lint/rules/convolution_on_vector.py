"""A Convolution reads a vector.

With a 1x1 kernel the engine makes an InnerProduct of it, at every run anew, weights and all. The newest engine says so in its log:
the path is deprecated and will be removed. With int8 weights the path is missing already, and the engine reads beyond them. The
same layer as an InnerProduct takes the same weights from the `.bin` and gives the same.

Bad:
    7767517
    3 3
    Input        data  0 1 data 0=8 1=8 2=16
    Pooling      pool  1 1 data pool 0=1 4=1
    Convolution  fc    1 1 pool fc 0=4 1=1 5=1 6=64 9=1

Good:
    7767517
    3 3
    Input         data  0 1 data 0=8 1=8 2=16
    Pooling       pool  1 1 data pool 0=1 4=1
    InnerProduct  fc    1 1 pool fc 0=4 1=1 2=64 9=1
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl import featmask
from maskctl.graph.network import Layer
from maskctl.lint.editing import line_edit
from maskctl.lint.facts.declared import HINTS_ID, spelled
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.lint.vectors import is_on_vector

GROUP = "params"
SEVERITY = Severity.WARNING

_KEPT = {0, 8, 9, 10, HINTS_ID, featmask.PARAM_ID}
_RENAMED = {5: 1, 6: 2}
"""bias_term and weight_data_size have other ids there; kernel, stride, dilation and border are gone."""
_INT8_TERM = 8


def check(subject: Subject) -> Iterator[Problem]:
    """Every Convolution that is an InnerProduct; the fix, safe without int8, writes it as one."""
    for layer in subject.layers:
        if not is_on_vector(subject, layer):
            continue
        is_int8 = layer.params.get(_INT8_TERM, 0) != 0
        why = "its int8 weights are read beyond their end" if is_int8 else "engines will not take that any more"
        elements = subject.extents[layer.bottoms[0]][0]
        edit = line_edit(layer.line.number, layer.line.text, _as_inner_product(layer))
        yield Problem(
            f"{layer} reads '{layer.bottoms[0]}', a vector of {elements}: {why}. Write InnerProduct, "
            "with bias_term as 1= and weight_data_size as 2=.",
            subject.type_span(layer),
            layer.name,
            Fix("make it an InnerProduct", (edit,), is_safe=not is_int8),
        )


def _as_inner_product(layer: Layer) -> str:
    """The line as an InnerProduct's; columns stay where there is room."""
    text, line = layer.line.text, layer.line
    tokens = [
        f"{_RENAMED[token.id]}={token.value}" if token.id in _RENAMED else spelled(layer, token)
        for token in line.tokens
        if token.id in _KEPT or token.id in _RENAMED
    ]
    end = line.tokens[-1].end if line.tokens else line.end_of_names
    head = text[: line.end_of_names].replace("Convolution  ", "InnerProduct ", 1)
    head = head.replace("Convolution", "InnerProduct", 1) if head.lstrip().startswith("Convolution") else head
    return " ".join([head, *tokens]) + text[end:]
