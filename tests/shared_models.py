"""Where real models lie that are not part of the project; tests that need them skip where they are absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("MASKCTL_SHARED", ROOT.parent / "shared"))

SQUEEZENET = SHARED / "models" / "squeezenet_v1.1.param"
PHOTO = SHARED / "images" / "3.jpg"
NEEDS_SQUEEZENET = pytest.mark.skipif(
    not (SQUEEZENET.exists() and PHOTO.exists()), reason=f"no SqueezeNet or photo in {SHARED}; set MASKCTL_SHARED"
)
