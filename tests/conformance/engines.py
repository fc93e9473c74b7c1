"""The real engines that tests run where they are: the emulated arm64 one, and that of this machine."""

from __future__ import annotations

import importlib.util
import os
import platform

import pytest

ENGINES = [
    pytest.param(
        "arm64",
        marks=pytest.mark.skipif(
            not os.environ.get("MASKCTL_ARM64_PYTHON"), reason="no arm64 engine: set MASKCTL_ARM64_PYTHON"
        ),
    ),
    pytest.param(
        "host",
        marks=[
            pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed"),
            pytest.mark.skipif(platform.machine().lower() not in {"x86_64", "amd64"}, reason="not x86-64"),
        ],
    ),
]
"""Parameters for `peers.engines.engine_named`."""
