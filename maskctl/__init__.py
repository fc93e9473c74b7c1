"""maskctl: which layers of an ncnn model lose the most in fp16, and the feature masks that repair them.

The same job as `maskctl analyze`, from Python:

    model = maskctl.load("net.param")
    samples = maskctl.read_samples(model, ["data=photo.npy"])
    analysis = maskctl.analyze(model, samples, "fp16")
    maskctl.write(model.document.with_masks(analysis.masks), "net.param", analysis.masks)

Running a network, blob by blob, is `maskctl.Net`. Names are imported when they are first used, so that text commands start without numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maskctl.analysis.analyze import Analysis, analyze
    from maskctl.analysis.goal import Goal
    from maskctl.analysis.metrics import COSINE, SQNR
    from maskctl.errors import MaskctlError
    from maskctl.executor.images import ImageRecipe
    from maskctl.executor.inputs import read_samples
    from maskctl.executor.net import Net
    from maskctl.executor.policy import Policy
    from maskctl.executor.run import run
    from maskctl.executor.samples import Samples
    from maskctl.graph.model import Model, load
    from maskctl.layers.plugins import load_plugin
    from maskctl.param.document import ParamDocument
    from maskctl.param.write import write

__version__ = "0.1.0"

__all__ = [
    "COSINE",
    "SQNR",
    "Analysis",
    "Goal",
    "ImageRecipe",
    "MaskctlError",
    "Model",
    "Net",
    "ParamDocument",
    "Policy",
    "Samples",
    "analyze",
    "load",
    "load_plugin",
    "read_samples",
    "run",
    "write",
]

_HOMES = {
    "maskctl.analysis.analyze": ("Analysis", "analyze"),
    "maskctl.analysis.metrics": ("COSINE", "SQNR"),
    "maskctl.analysis.goal": ("Goal",),
    "maskctl.errors": ("MaskctlError",),
    "maskctl.executor.images": ("ImageRecipe",),
    "maskctl.executor.inputs": ("read_samples",),
    "maskctl.executor.net": ("Net",),
    "maskctl.executor.policy": ("Policy",),
    "maskctl.executor.run": ("run",),
    "maskctl.executor.samples": ("Samples",),
    "maskctl.graph.model": ("Model", "load"),
    "maskctl.layers.plugins": ("load_plugin",),
    "maskctl.param.document": ("ParamDocument",),
    "maskctl.param.write": ("write",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module 'maskctl' has no attribute '{name}'")
