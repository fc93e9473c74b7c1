"""A type, or the name of a layer or blob, is longer than 255 bytes.

Older engines cut it there and take what is left for the next word of the line, so that counts and names are read from the wrong
places. The newest refuses the file ("parse layer_name failed").

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   backbone.stages.0.blocks.0.mixer.norm.backbone.stages.0.blocks.0.mixer.norm.backbone.stages.0.blocks.0.mixer.norm.backbone.stages.0.blocks.0.mixer.norm.backbone.stages.0.blocks.0.mixer.norm.backbone.stages.0.blocks.0.mixer.norm.backbone.stages.0.blocks.0.mixer.norm.relu  1 1 data relu

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint import unreadable
from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "file"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """The first name of each line that is too long."""
    return unreadable.problems(subject, "name-too-long")
