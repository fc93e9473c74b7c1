"""A whole `.param` file, kept to the byte, with its layer lines understood."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from maskctl.errors import InputError, ParamSyntaxError, Place
from maskctl.param.lines import LayerLine, parse_layer_line

MAGIC = "7767517"
_COUNTS = re.compile(r"[ \t\r\v\f]*0*([1-9][0-9]{0,8})[ \t]+0*([1-9][0-9]{0,8})[ \t\r\n\v\f]*\Z")
_PARAM_BIN_MAGIC = bytes.fromhex("dd857600")


@dataclass(frozen=True)
class ParamDocument:
    """A `.param` file: its lines as text (joined they are the file), and the layers they declare.

    `layer_count` and `blob_count` are what line 2 claims; `layers` is what is there.
    """

    path: str
    source: bytes
    lines: tuple[str, ...]
    layer_count: int
    blob_count: int
    layers: tuple[LayerLine, ...]

    def to_bytes(self) -> bytes:
        """The file: byte for byte what was read, but for the masks changed since."""
        return "".join(self.lines).encode("utf-8", "surrogateescape")

    @cached_property
    def masks(self) -> tuple[int, ...]:
        """The feature mask of each layer, in file order."""
        return tuple(layer.mask for layer in self.layers)

    def with_masks(self, masks: Mapping[int, int]) -> ParamDocument:
        """The document with other feature masks, given by layer index (from 0); 0 clears.

        Only the lines of the layers named change. Raises `IndexError` for a layer that is not there.
        """
        lines, layers = list(self.lines), list(self.layers)
        for index, mask in masks.items():
            if index < 0:
                raise IndexError(f"layer index {index} is negative")
            changed = layers[index].with_mask(mask)
            layers[index] = changed
            lines[changed.number - 1] = changed.text
        return replace(self, lines=tuple(lines), layers=tuple(layers))


def load(path: str | Path) -> ParamDocument:
    """Reads a `.param` file; raises `InputError` when it cannot be read, `ParamSyntaxError` when it is none."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        near = difflib.get_close_matches(Path(path).name, _neighbours(Path(path)), n=1)
        hint = f" Did you mean '{Path(path).with_name(near[0])}'?" if near else ""
        raise InputError(
            f"cannot read the file: {error.strerror}. Expected an ncnn .param file.{hint}", str(path)
        ) from None
    return parse(data, str(path))


def _neighbours(path: Path) -> list[str]:
    """Names of the other .param files in the folder of a file that cannot be read."""
    try:
        return sorted(entry.name for entry in path.parent.glob("*.param") if entry.name != path.name)
    except OSError:
        return []


def parse(data: bytes, path: str = "<param>") -> ParamDocument:
    """Reads the bytes of a `.param` file without loss; raises `ParamSyntaxError` with the place."""
    _refuse_foreign(data, path)
    text = data.decode("utf-8", "surrogateescape")
    lines = split_lines(text)
    filled = [(number, line) for number, line in enumerate(lines, 1) if line.strip(" \t\r\n\v\f")]
    _check_magic(filled, path)
    layer_count, blob_count = _counts(filled, path)
    layers = tuple(parse_layer_line(line, number, path) for number, line in filled[2:])
    return ParamDocument(path, data, lines, layer_count, blob_count, layers)


def split_lines(text: str) -> tuple[str, ...]:
    """The lines with their ends; only a line feed ends a line, as in the engine."""
    lines = text.split("\n")
    ended = [line + "\n" for line in lines[:-1]]
    return (*ended, lines[-1]) if lines[-1] else tuple(ended)


def _refuse_foreign(data: bytes, path: str) -> None:
    if not data.strip():
        raise ParamSyntaxError("the file is empty. Expected an ncnn .param file, whose first line is 7767517.", path)
    if data.startswith(_PARAM_BIN_MAGIC):
        raise ParamSyntaxError(
            "this is a binary .param.bin file. maskctl edits the text form, .param, before ncnn2mem.", path
        )
    if b"\0" in data:
        raise ParamSyntaxError(
            "this is a binary file. Expected an ncnn .param file, which is text; weights go to --bin.", path
        )
    if data.startswith(b"\xef\xbb\xbf"):
        raise ParamSyntaxError(
            "the file begins with a byte order mark, which the engine refuses. Save it as UTF-8 without BOM.",
            Place(path, 1, 1),
        )


def _check_magic(filled: list[tuple[int, str]], path: str) -> None:
    number, line = filled[0]
    if line.split() != [MAGIC]:
        found = line.strip()
        raise ParamSyntaxError(
            f"the first line is '{found[:40]}'. Expected the magic number {MAGIC} alone. "
            "Either this is no ncnn .param file, or an old one: convert it again.",
            Place(path, number, 1),
        )


def _counts(filled: list[tuple[int, str]], path: str) -> tuple[int, int]:
    number, line = filled[1] if len(filled) > 1 else (filled[0][0] + 1, "")
    found = _COUNTS.match(line)
    if found is None:
        raise ParamSyntaxError(
            f"the second line is '{line.strip()[:40]}'. Expected the layer count and the blob count, e.g. '75 83'.",
            Place(path, number, 1),
        )
    return int(found.group(1)), int(found.group(2))
