"""Puts a changed document on disk: proved first, then replaced in one step, or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from maskctl import featmask
from maskctl.errors import EditRefusedError, MaskctlError
from maskctl.param.document import ParamDocument, parse
from maskctl.param.exclusive import exclusive
from maskctl.param.fence import Fence, shifted, without_fences
from maskctl.param.lines import LayerLine
from maskctl.param.replace import is_read_only, replace_file


def write(
    document: ParamDocument,
    path: str | Path,
    masks: Mapping[int, int],
    *,
    backup: bool = False,
    fences: Sequence[Fence] = (),
    locked: bool = False,
) -> None:
    """Replaces the file at `path` by `document`, whose masks at the layers of `masks` were just changed.

    `fences` were put in before that; they are layers of the document, and counted in the indices of `masks`. `locked` says
    that the caller has been in `exclusive(path)` since it read the document; otherwise others may have changed the file.

    The bytes are parsed again first and must differ from what was read in exactly those lines and in
    nothing but key 31. Symbolic links are followed, mode and owner kept; `backup` leaves the old file
    beside it as `.bak`. Raises `EditRefusedError`, with the file at `path` untouched, when the proof
    fails, when the file has changed since it was read, is read-only, or cannot be written.
    """
    data = document.to_bytes()
    prove_edit(document.source, data, masks, fences)
    target = Path(os.path.realpath(path))
    try:
        with contextlib.nullcontext() if locked else exclusive(path):
            is_source = _same(target, document.path)
            if is_source:
                _refuse_stale(document.source, target, path)
            if backup and target.is_file():
                replace_file(backup_of(path), target.read_bytes(), mode=target.stat().st_mode)
            # Once more at the last moment, for those who edit without our lock.
            ready = partial(_refuse_stale, document.source, target, path) if is_source else None
            replace_file(target, data, ready=ready)
    except OSError as error:
        raise EditRefusedError(f"cannot write: {error.strerror}. The file is as it was.", str(path)) from None


def backup_of(path: str | Path) -> Path:
    """Where `write` leaves the old file, beside the one that a link names."""
    target = Path(os.path.realpath(path))
    return target.with_name(target.name + ".bak")


def refuse_overwrite(output: str | Path, source: str | Path, *, force: bool) -> None:
    """Raises `EditRefusedError` when `output` exists and is neither the source itself ("" for none) nor forced."""
    target = Path(output)
    is_source = bool(source) and Path(source).exists() and target.exists() and target.samefile(source)
    if target.exists() and not force and not is_source:
        raise EditRefusedError("the file exists. Give another name, or --force to replace it.", str(output))


def refuse_unwritable(path: str | Path, option: str = "-o") -> None:
    """Raises `EditRefusedError` when `path` is plainly no place to write: read-only, or no file in a folder.

    `option` is the one that names another place.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir() or not target.parent.is_dir():
        raise EditRefusedError("this is a folder, or in a folder that is not there. Give a file name.", str(path))
    if Path(path).exists() and not Path(path).is_file():
        raise EditRefusedError("this is a device or a pipe. Expected a file, or a name for a new one.", str(path))
    elsewhere = f"Make it writable, or write elsewhere with {option}."
    if is_read_only(target):
        raise EditRefusedError(f"the file is read-only. {elsewhere}", str(path))
    if not os.access(target.parent, os.W_OK):
        raise EditRefusedError(f"the folder '{target.parent}' is read-only. {elsewhere}", str(path))


def prove_edit(before: bytes, after: bytes, masks: Mapping[int, int], fences: Sequence[Fence] = ()) -> None:
    """Returns when `after` is `before` with exactly `masks` (by layer index in `after`) set, else raises `EditRefusedError`.

    Fences are taken out first, each of them proved to be a plain copy for its reader alone: what is left must be the same.
    """
    if fences:
        after = without_fences(after, fences)
        place = {shifted(index, fences): index for index in range(len(parse(before).layers))}
        if not place.keys() >= masks.keys():
            raise EditRefusedError("a fence would carry a mask. Nothing was written. This is a bug in maskctl.")
        masks = {place[index]: mask for index, mask in masks.items()}
    try:
        old, new = parse(before), parse(after)
    except MaskctlError as error:
        raise EditRefusedError(f"the edited text would not be readable ({error}). Nothing was written.") from error
    changed = {old.layers[index].number for index in masks}
    same_rest = len(old.lines) == len(new.lines) and all(
        was == now or number in changed for number, (was, now) in enumerate(zip(old.lines, new.lines, strict=True), 1)
    )
    same_layers = len(old.layers) == len(new.layers) and all(
        _without_mask(old.layers[index]) == _without_mask(new.layers[index]) for index in masks
    )
    if (
        not same_rest
        or not same_layers
        or any(new.layers[index].params.get(featmask.PARAM_ID, 0) != mask for index, mask in masks.items())
    ):
        raise EditRefusedError(
            "the edit would change more than the masks asked for. Nothing was written. This is a bug in maskctl."
        )


def _without_mask(line: LayerLine) -> tuple[object, ...]:
    written = [line.text[token.start : token.end] for token in line.tokens if token.id != featmask.PARAM_ID]
    return line.type, line.name, line.bottoms, line.tops, written


def write_text(path: str | Path, before: bytes, after: bytes) -> None:
    """Replaces the file at `path`, which was read as `before`, by `after`, as `write` does; the proof is the caller's.

    Raises `EditRefusedError`, with the file untouched, when it has changed since, is read-only, or cannot be written.
    """
    target = Path(os.path.realpath(path))
    try:
        with exclusive(path):
            replace_file(target, after, ready=partial(_refuse_stale, before, target, path))
    except OSError as error:
        raise EditRefusedError(f"cannot write: {error.strerror}. The file is as it was.", str(path)) from None


def _same(target: Path, path: str) -> bool:
    return target.exists() and Path(path).exists() and target.samefile(path)


def _refuse_stale(source: bytes, target: Path, shown: str | Path) -> None:
    """Refuses to overwrite another edit: the file must still be what was read."""
    if target.read_bytes() != source:
        raise EditRefusedError(
            "the file was changed by someone else meanwhile. It is as they left it; run again.", str(shown)
        )
