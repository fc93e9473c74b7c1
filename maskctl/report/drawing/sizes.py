"""Sizes of a drawing, in the units of its SVG."""

from __future__ import annotations

from typing import TypeAlias

Point: TypeAlias = tuple[float, float]

BOX_WIDTH, BOX_HEIGHT = 150.0, 34.0
LINE_WIDTH = 10.0
"""The room a line takes between boxes."""
GAP_X, GAP_Y = 14.0, 20.0
LANE = 6.0
"""Between lines that run side by side from one column to the next."""
GUTTER = 24.0
"""Between columns, beside the lanes."""
ASPECT = 1.7
"""Width over height of a folded drawing."""
LOW = 640.0
"""A drawing no higher than this is not folded."""
