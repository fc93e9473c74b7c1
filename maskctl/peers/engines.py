"""The engines that can be asked, by name: the ncnn of this machine, and the arm64 one under emulation."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from pathlib import Path

from maskctl.errors import InputError
from maskctl.peers.ncnn_engine import NcnnEngine, Observation
from maskctl.targets import Target
from maskctl.targets.arm82 import ARM82
from maskctl.targets.x86 import X86, X86_AVX512BF16

ARM64_PYTHON = "MASKCTL_ARM64_PYTHON"
"""The environment variable that names a Python with the arm64 ncnn, as conformance/setup-arm64.sh leaves it behind."""


def engine_named(name: str, timeout_s: float) -> NcnnEngine:
    """The engine "host" or "arm64"; raises `InputError` where it is not set up, with what to do."""
    if name == "host":
        if importlib.util.find_spec("ncnn") is None:
            raise InputError("the ncnn package is not installed. Install it: pip install ncnn.")
        return NcnnEngine(timeout_s=timeout_s)
    python = os.environ.get(ARM64_PYTHON, "")
    if not python:
        raise InputError(
            f"there is no arm64 engine: {ARM64_PYTHON} is not set. Build one from public packages with "
            f"'bash conformance/setup-arm64.sh FOLDER' and set {ARM64_PYTHON}=FOLDER/python."
        )
    if shutil.which(python) is None:
        raise InputError(
            f"{ARM64_PYTHON} is '{python}', and that is no program. Expected the launcher of setup-arm64.sh."
        )
    return NcnnEngine((python,), timeout_s=timeout_s)


def require_started(engine: NcnnEngine, seen: Observation) -> None:
    """Raises `InputError` where the process did not even begin, with what it said."""
    if seen.failure and not seen.version and not seen.blobs:
        raise InputError(
            f"the engine does not start: '{engine.python[0]}' {seen.failure}. Expected a Python that has the ncnn package "
            "(for arm64 the launcher of conformance/setup-arm64.sh)."
        )


def preferred() -> str:
    """The engine of the phones where it is set up, else this machine's."""
    return "arm64" if os.environ.get(ARM64_PYTHON) else "host"


def target_of(name: str) -> Target:
    """The target that an engine runs on: for "host" this machine's, which on x86-64 depends on what its CPU has."""
    if name == "arm64" or platform.machine().lower() in {"aarch64", "arm64"}:
        return ARM82
    cpu = Path("/proc/cpuinfo")
    return X86_AVX512BF16 if cpu.exists() and "avx512_bf16" in cpu.read_text(encoding="utf-8") else X86
