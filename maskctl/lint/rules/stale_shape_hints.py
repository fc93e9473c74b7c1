"""Shape hints say other shapes than the layers give.

Parameter 30 (`-23330=`) says the shape of each top, from the time the file was optimised. After an edit, of the input's extents or of
a layer, the hints of what lies behind are stale. Engines build kernels for the shapes that hints say: Vulkan shaders may read and
write with those, and x86 chooses winograd by them. Hints are compared with the shapes that follow from the file's own inputs;
with `--shape` they are not, and not where extents depend on values.

Bad:
    7767517
    2 2
    Input  data  0 1 data -23330=4,3,8,8,3 0=4 1=4 2=3
    ReLU   relu  1 1 data relu -23330=4,3,8,8,3

Good:
    7767517
    2 2
    Input  data  0 1 data -23330=4,3,4,4,3 0=4 1=4 2=3
    ReLU   relu  1 1 data relu -23330=4,3,4,4,3
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.graph.network import Layer
from maskctl.lint.facts.declared import HINTS_ID, rewritten
from maskctl.lint.facts.hints import shapes_said, written_for
from maskctl.lint.finding import Edit, Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "params"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Problem]:
    """The first layer whose hints are stale, and how many others; the fix, unsafe as kernels are chosen by hints, renews all."""
    if subject.conditions.shapes:
        return
    stale = [layer for layer in subject.layers if HINTS_ID in layer.params and _is_stale(subject, layer)]
    if not stale:
        return
    first = stale[0]
    pairs = [(shape, subject.shapes[top]) for top, shape in zip(first.tops, shapes_said(first), strict=True)]
    said, there = next((said, there) for said, there in pairs if said and said != there)
    others = f", and those of {len(stale) - 1} more" if len(stale) > 1 else ""
    yield Problem(
        f"{first}: its shape hints (parameter {HINTS_ID}) say {said}, and it gives {there}: stale{others}. Write them anew, or "
        "take them off.",
        subject.param_span(first, HINTS_ID),
        first.name,
        Fix(
            f"renew the shape hints of {len(stale)} layers",
            tuple(_renewed(subject, layer) for layer in stale),
            is_safe=False,
        ),
    )


def _is_stale(subject: Subject, layer: Layer) -> bool:
    """True where every top's shape is known for certain, and one is not what its hint says."""
    said = shapes_said(layer)
    if not said or any(top not in subject.shapes or top in subject.bounds for top in layer.tops):
        return False
    return any(shape and shape != subject.shapes[top] for top, shape in zip(layer.tops, said, strict=True))


def _renewed(subject: Subject, layer: Layer) -> Edit:
    token = next(token for token in reversed(layer.line.tokens) if token.id == HINTS_ID)
    return rewritten(layer, token, written_for([subject.shapes[top] for top in layer.tops]))
