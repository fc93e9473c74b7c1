"""Layer types of an application's own, from files outside the package with the same interface as the files here.

What a plugin's functions give back is checked, so that a mistake in one is told as that, with the layer and the line.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from maskctl.errors import InputError
from maskctl.layers.base import LayerType, Param, register
from maskctl.layers.plugin_calls import checked, failure_text


def load_plugin(path: str | Path) -> tuple[LayerType, ...]:
    """Runs a Python file and registers its `LAYER`, or each of its `LAYERS`; returns them.

    Raises `InputError` for a file that cannot be run, that defines neither, or that names a type ncnn has already.
    """
    module = _run(Path(path))
    found = tuple(checked(kind, str(path)) for kind in _kinds(module, str(path)))
    for kind in found:
        register(kind)
    _loaded.append(str(Path(path).resolve()))
    return found


_loaded: list[str] = []


def loaded_plugins() -> tuple[str, ...]:
    """The files whose layer types this process knows."""
    return tuple(_loaded)


def load_missing(paths: Sequence[str]) -> None:
    """Loads those of the plugins that this process does not know yet."""
    for path in paths:
        if path not in _loaded:
            load_plugin(path)


def _kinds(module: ModuleType, path: str) -> Sequence[LayerType]:
    several = getattr(module, "LAYERS", None)
    found: Sequence[Any] = (
        several if isinstance(several, (list, tuple)) and several else [several or getattr(module, "LAYER", None)]
    )
    for kind in found:
        if not isinstance(kind, LayerType):
            raise InputError(
                f"the plugin defines no layer type: LAYER is {kind!r}. Expected LAYER = LayerType(…), or LAYERS = [LayerType(…), …].",
                path,
            )
        _check_fields(kind, path)
    return found


def _check_fields(kind: LayerType, path: str) -> None:
    """Refuses a layer type whose fields are not of their kind; Python itself would tell much later."""
    if not isinstance(kind.type, str) or not kind.type or kind.type.split() != [kind.type]:
        raise InputError(f"the plugin's type is {kind.type!r}. Expected the type's name in the .param.", path)
    for name in ("bottoms", "tops"):
        if not isinstance(getattr(kind, name), range):
            raise InputError(
                f"{name} of '{kind.type}' is {getattr(kind, name)!r}. Expected a range, e.g. range(1, 2) for one.", path
            )
    for name in ("forward", "weights", "shapes", "macs", "unsupported", "prepare", "integers", "by_value"):
        if not callable(getattr(kind, name)):
            raise InputError(f"{name} of '{kind.type}' is {getattr(kind, name)!r}. Expected a function.", path)
    if not isinstance(kind.params, tuple) or not all(isinstance(param, Param) for param in kind.params):
        raise InputError(
            f"params of '{kind.type}' is {kind.params!r}. Expected a tuple: (Param(id, name, default, meaning), …).",
            path,
        )


def _run(path: Path) -> ModuleType:
    name = f"maskctl_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        what = "is not a Python file" if path.exists() else "does not exist"
        raise InputError(f"the plugin {what}. Expected a .py file that defines LAYER.", str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # a dataclass looks its module up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise InputError(f"the plugin fails{failure_text(error, str(path))}. Mend the file.", str(path)) from error
    return module
