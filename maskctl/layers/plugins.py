"""Layer types of an application's own, from files outside the package with the same interface as the files here."""

from __future__ import annotations

import importlib.util
import traceback
from pathlib import Path
from types import ModuleType

from maskctl.errors import InputError
from maskctl.layers.base import LayerType, register


def load_plugin(path: str | Path) -> tuple[LayerType, ...]:
    """Runs a Python file and registers its `LAYER`, or each of its `LAYERS`; returns them.

    Raises `InputError` for a file that cannot be run, that defines neither, or that names a type ncnn has already.
    """
    module = _run(Path(path))
    found = getattr(module, "LAYERS", None) or [getattr(module, "LAYER", None)]
    for kind in found:
        if not isinstance(kind, LayerType):
            raise InputError(
                f"the plugin defines no layer type: LAYER is {kind!r}. Expected LAYER = LayerType(…), or LAYERS = [LayerType(…), …].",
                str(path),
            )
        register(kind)
    return tuple(found)


def _run(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"maskctl_plugin_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        what = "is not a Python file" if path.exists() else "does not exist"
        raise InputError(f"the plugin {what}. Expected a .py file that defines LAYER.", str(path))
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        line = error.lineno if isinstance(error, SyntaxError) else last.lineno
        raise InputError(
            f"the plugin fails at line {line}: {type(error).__name__}: {error}. Mend the file.", str(path)
        ) from error
    return module
