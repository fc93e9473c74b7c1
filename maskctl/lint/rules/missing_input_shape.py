"""An input does not say its shape.

The engine takes the shape of what it is fed, so most converters leave it out. Whoever looks at the file without running it cannot know
it: shapes, costs and what overflows stay unknown, and Vulkan compiles its shaders for any shape. Write it as `0=W 1=H 2=C`, or
give it with `--shape` or in the settings file.

Bad:
    7767517
    2 2
    Input  data  0 1 data
    ReLU   relu  1 1 data relu

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu

Good:
    7767517
    2 2
    Input  data  0 1 data
    ReLU   relu  1 1 data relu

Good settings:
    [lint]
    shapes = { data = "3,4,4" }
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "graph"
SEVERITY = Severity.INFO


def check(subject: Subject) -> Iterator[Problem]:
    """Every input of which neither the file nor the conditions say the shape."""
    for layer in subject.layers:
        if layer.type == "Input" and any(top not in subject.shapes for top in layer.tops):
            yield Problem(
                f"{layer} does not say its shape, so that no blob's is known. Write it as 0=W 1=H 2=C, or give --shape.",
                subject.type_span(layer),
                layer.name,
            )
