"""Which layers a person means (by name, glob, `#index` or `type:Name`), and which input blobs."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Mapping

from maskctl.errors import InputError, did_you_mean
from maskctl.graph.network import Graph
from maskctl.param import ParamDocument

_INDEX = re.compile(r"#([0-9]{1,9})\Z")


def select_layers(document: ParamDocument, selectors: tuple[str, ...]) -> tuple[int, ...]:
    """Indices of all layers that any selector names, in file order.

    A selector is a name, a glob over names (`fire*`), `#12`, or `type:Convolution` (globs too).
    Raises `InputError` for a selector that matches nothing, with near matches.
    """
    chosen: set[int] = set()
    for selector in selectors:
        chosen.update(_matches(document, selector))
    return tuple(sorted(chosen))


def shapes_by_blob(graph: Graph, given: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The shape of each input blob that `given` names, by name or by glob; a name goes before any glob.

    Raises `InputError` for one that names no input blob, with a near match.
    """
    found: dict[str, tuple[int, ...]] = {}
    for pattern, shape in given.items():
        if pattern in graph.inputs:
            continue
        matching = fnmatch.filter(graph.inputs, pattern)
        if not matching:
            hint = did_you_mean(pattern, graph.inputs, f"Input blobs are: {', '.join(graph.inputs)}.")
            raise InputError(f"there is no input blob '{pattern}' to give a shape. {hint}")
        found.update(dict.fromkeys(matching, tuple(shape)))
    return {**found, **{name: tuple(shape) for name, shape in given.items() if name in graph.inputs}}


def _matches(document: ParamDocument, selector: str) -> list[int]:
    by_index = _INDEX.match(selector)
    if by_index:
        index = int(by_index.group(1))
        if index < len(document.layers):
            return [index]
        count = len(document.layers)
        span = f", #0 to #{count - 1}" if count else ""
        raise InputError(f"there is no layer {selector}: the file has {count}{span}.", document.path)
    is_type = selector.startswith("type:")
    pattern = selector.removeprefix("type:")
    names = [layer.type if is_type else layer.name for layer in document.layers]
    found = [index for index, name in enumerate(names) if name == pattern]
    found = found or [index for index, name in enumerate(names) if fnmatch.fnmatchcase(name, pattern)]
    if not found:
        raise InputError(_no_match(selector, pattern, names, is_type=is_type), document.path)
    return found


def _no_match(selector: str, pattern: str, names: list[str], *, is_type: bool) -> str:
    prefix = "type:" if is_type else ""
    near = difflib.get_close_matches(pattern, list(dict.fromkeys(names)), n=3, cutoff=0.5)
    hint = "Did you mean " + ", ".join(f"'{prefix}{name}'" for name in near) + "?" if near else ""
    known = f"Types are: {', '.join(sorted(set(names)))}." if is_type else "'maskctl show' lists the layers."
    return f"no layer matches '{selector}'. {hint or known}"
