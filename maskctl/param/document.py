"""A whole `.param` file, kept to the byte, with its layer lines understood."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from maskctl.errors import InputError
from maskctl.param.lines import Layers
from maskctl.param.scan import scan
from maskctl.param.text import Lines


@dataclass(frozen=True)
class ParamDocument:
    """A `.param` file: what was read, and the layers that its lines declare.

    `layer_count` and `blob_count` are what line 2 claims; `layers` is what is there.
    """

    path: str
    source: bytes
    layer_count: int
    blob_count: int
    layers: Layers

    def to_bytes(self) -> bytes:
        """The file: byte for byte what was read, but for the masks changed since."""
        return self.lines.data

    @property
    def lines(self) -> Lines:
        """Its text, line by line."""
        return self.layers.lines

    @cached_property
    def masks(self) -> tuple[int, ...]:
        """The feature mask of each layer, in file order."""
        return tuple(layer.mask for layer in self.layers)

    def with_masks(self, masks: Mapping[int, int]) -> ParamDocument:
        """The document with other feature masks, given by layer index (from 0); 0 clears.

        Only the lines of the layers named change. Raises `IndexError` for a layer that is not there.
        """
        if any(index < 0 for index in masks):
            raise IndexError(f"layer index {min(masks)} is negative")
        return replace(self, layers=self.layers.changed(self.layers[index].with_mask(masks[index]) for index in masks))


def load(path: str | Path) -> ParamDocument:
    """Reads a `.param` file; raises `InputError` when it cannot be read, `ParamSyntaxError` when it is none."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        hint = meant_file(path, "*.param")
        raise InputError(
            f"cannot read the file: {error.strerror}. Expected an ncnn .param file.{hint}", str(path)
        ) from None
    return parse(data, str(path))


def meant_file(path: str | Path, pattern: str) -> str:
    """`meant_entry` among the entries of a pattern."""
    return meant_entry(path, lambda entry: entry.match(pattern))


def meant_entry(path: str | Path, fits: Callable[[Path], bool]) -> str:
    """Asks for what fits and lies beside a path that cannot be read, by the nearest name, a space before it; "" without."""
    path = Path(path)
    try:
        names = sorted(entry.name for entry in path.parent.iterdir() if entry.name != path.name and fits(entry))
    except OSError:
        return ""
    near = difflib.get_close_matches(path.name, names, n=1)
    return f" Did you mean '{path.with_name(near[0])}'?" if near else ""


def parse(data: bytes, path: str = "<param>") -> ParamDocument:
    """Reads the bytes of a `.param` file without loss; raises `ParamSyntaxError` with the place."""
    found = scan(data, path)
    error = found.first_error
    if error:
        raise error
    return ParamDocument(path, data, found.layer_count, found.blob_count, found.layers)
