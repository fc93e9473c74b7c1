"""Reads samples for input blobs from .npy, .npz and image files, and checks them against the network."""

from __future__ import annotations

import io
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt

from maskctl.errors import ExecutionError, InputError, did_you_mean
from maskctl.executor.arrays import MAGIC, NUMBERS, Archive, ArrayError, Words, read_npy, refusals
from maskctl.executor.images import IMAGE_SUFFIXES, PLAIN, ImageRecipe, read_image
from maskctl.executor.samples import Samples, synthetic
from maskctl.graph.model import Model
from maskctl.graph.select import shapes_by_blob
from maskctl.layers.base import Array, Shape
from maskctl.numeric.formats import FloatArray

_ARRAY_SUFFIXES = {".npy", ".npz"}
_LISTED = 8
_ZIP, _PICKLE = b"PK", b"\x80"
_WORDS = Words("the input", "the array", "Expected numbers saved with numpy.save or numpy.savez.")


@dataclass(frozen=True)
class InputFile:
    """A file (or a folder of files) with samples for one blob."""

    blob: str
    path: Path


def parse_spec(spec: str, blobs: Sequence[str]) -> InputFile:
    """Reads `blob=FILE`, or `FILE` alone where the network has one input blob; raises `InputError` for unknown blobs."""
    blob, equals, path = spec.partition("=")
    if equals and blob in blobs:
        return InputFile(blob, Path(path))
    if len(blobs) == 1 and (not equals or Path(spec).exists()):
        return InputFile(blobs[0], Path(spec))
    hint = did_you_mean(blob, blobs, f"Input blobs are: {', '.join(blobs)}.")
    what = f"there is no input blob '{blob}'" if equals else f"'{spec}' does not say which blob it is for"
    raise InputError(f"{what}. Expected -i BLOB=FILE. {hint}")


def read_samples(
    model: Model,
    specs: Sequence[str],
    recipe: ImageRecipe = PLAIN,
    shapes: Mapping[str, Shape] | None = None,
    seed: int = 0,
    blobs: Collection[str] | None = None,
) -> Samples:
    """The samples that `-i` specs name, or one synthetic sample where there are none; none for a network that needs no input.

    `shapes` replaces the shapes of the Input layers, by name or glob. With `blobs`, only the inputs these depend on are
    needed. Raises `InputError` for files, names and shapes that do not fit.
    """
    declared = input_shapes(model, shapes or {})
    files = [parse_spec(spec, model.graph.inputs) for spec in specs]
    needed = model.graph.inputs if blobs is None else model.needed_inputs(blobs)
    if not files:
        return synthetic(all_known(needed, declared), seed, model.integer_inputs)
    given = [file.blob for file in files]
    missing = [blob for blob in needed if blob not in given]
    if missing:
        raise InputError(
            f"no input given for blob '{missing[0]}'. Give -i {missing[0]}=FILE for each of: {', '.join(needed)}."
        )
    found: dict[str, list[Array]] = {blob: [] for blob in model.graph.inputs if blob in given}
    names: list[str] = []
    for file in files:
        integers = file.blob in model.integer_inputs
        for path in _files(file.path):
            arrays = list(_read(path, file.blob, declared.get(file.blob), recipe, integers=integers))
            found[file.blob].extend(arrays)
            if file.blob == given[0]:
                names += _names(path, len(arrays))
    images = frozenset(file.blob for file in files if _any_image(file))
    return Samples(found, names=tuple(names), images=images)


def _names(path: Path, count: int) -> list[str]:
    """What samples of one file are called.

    >>> _names(Path("photos/cat.jpg"), 1), _names(Path("x.npz"), 2)
    (['cat.jpg'], ['x.npz[0]', 'x.npz[1]'])
    """
    return [path.name] if count == 1 else [f"{path.name}[{place}]" for place in range(count)]


def any_image(model: Model, specs: Sequence[str]) -> bool:
    """True when one of the files that `-i` specs name is read as an image; raises `InputError` as `read_samples`."""
    return any(_any_image(parse_spec(spec, model.graph.inputs)) for spec in specs)


def _any_image(file: InputFile) -> bool:
    return any(not _is_array(path) for path in _files(file.path))


def input_shapes(model: Model, overrides: Mapping[str, Shape]) -> dict[str, Shape]:
    """The shape of each input blob where the file or the caller gives one."""
    given = shapes_by_blob(model.graph, overrides)
    shapes: dict[str, Shape] = {}
    for op in model.operators:
        if op.layer.type == "Input":
            try:
                shapes.update(zip(op.layer.tops, op.kind.shapes(op.params, ()), strict=True))
            except ExecutionError:
                continue  # no shape in the file: the samples or --shape give it
    return {**shapes, **given}


def all_known(needed: Sequence[str], shapes: Mapping[str, Shape]) -> Mapping[str, Shape]:
    """The shapes of the needed input blobs; raises `InputError` for those that have none."""
    unknown = [blob for blob in needed if blob not in shapes]
    if unknown:
        more = len(unknown) - _LISTED
        listed = ", ".join(f"'{blob}'" for blob in unknown[:_LISTED]) + (f" and {more} more" if more > 0 else "")
        others = "" if len(unknown) == 1 else " for each; a glob names several, as in --shape 'cache_*=2,16,64'"
        raise InputError(
            f"input blob{'' if len(unknown) == 1 else 's'} {listed} {'has' if len(unknown) == 1 else 'have'} no shape in the "
            f"file. Give samples with -i, or --shape {unknown[0]}=C,H,W{others}."
        )
    return {blob: shapes[blob] for blob in needed}


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(entry for entry in path.iterdir() if entry.suffix.lower() in _ARRAY_SUFFIXES | IMAGE_SUFFIXES)
    if not found:
        raise InputError("the folder holds no .npy, .npz or image file.", str(path))
    return found


def _read(path: Path, blob: str, shape: Shape | None, recipe: ImageRecipe, *, integers: bool) -> Iterator[Array]:
    if _is_array(path):
        array = _read_array(path, blob)
        yield from _split_samples(_integers(array, path, blob) if integers else _floats(array, path), shape, path, blob)
    else:
        size = (shape[2], shape[1]) if shape and len(shape) == 3 else None
        values = read_image(path, recipe, size)
        _refuse_other_channels(values, shape, recipe.pixel, path, blob)
        yield _checked(values, shape, path, blob)


def _is_array(path: Path) -> bool:
    return path.suffix.lower() in _ARRAY_SUFFIXES


def _refuse_other_channels(values: FloatArray, shape: Shape | None, pixel: str, path: Path, blob: str) -> None:
    """Refuses an image for a blob that no image fits, or that one of another --pixel would fit."""
    if not shape or (len(shape) == 3 and shape[0] == values.shape[0]):
        return
    cures = {1: "Give --pixel gray, which gives one channel.", 3: "Give --pixel bgr or rgb, which give three channels."}
    cure = cures.get(shape[0]) if len(shape) == 3 else None
    raise InputError(
        f"the image is {_shape_text(values.shape)} with --pixel {pixel}. The network declares {_shape_text(shape)} for blob "
        f"'{blob}'. {cure or 'Images have three axes with one channel or three: give the samples as .npy.'}",
        str(path),
    )


def _read_array(path: Path, blob: str) -> Array:
    with refusals(str(path), _WORDS), open(path, "rb") as file:
        whole = cast("BinaryIO", file) if file.seekable() else io.BytesIO(file.read())  # a pipe
        begin = whole.read(6)
        size = whole.seek(0, os.SEEK_END)
        whole.seek(0)
        if begin.startswith(MAGIC):
            array = read_npy(whole, size)
        elif not begin or begin.startswith(_PICKLE):
            raise ArrayError("it holds pickled Python objects, which can run code" if begin else "it is empty")
    if begin.startswith(_ZIP):
        array = _member(Archive(path, _WORDS), path, blob)
    elif not begin.startswith(MAGIC):
        raise InputError(
            f"this is no {path.suffix} file: it begins with {begin!r}. Expected numbers saved with numpy.save or numpy.savez; "
            "an image is read as one when its name says so, e.g. .jpg or .png.",
            str(path),
        )
    if array.dtype.kind not in NUMBERS:
        raise InputError(f"the array holds {array.dtype}. Expected numbers.", str(path))
    return array


def _floats(array: Array, path: Path) -> FloatArray:
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(values).all():
        raise InputError(
            f"the array holds {values[~np.isfinite(values)][0]}. Expected finite numbers that fit fp32.", str(path)
        )
    return values


def _integers(array: Array, path: Path, blob: str) -> npt.NDArray[np.int32]:
    """The array as 32-bit integers, for blobs such as token ids."""
    with np.errstate(invalid="ignore"):
        values = np.ascontiguousarray(array).astype(np.int32)
    if not (values == array).all():
        wrong = array[values != array].reshape(-1)[0]
        raise InputError(f"blob '{blob}' is read as 32-bit integers, and the array holds {wrong}.", str(path))
    return values


def _member(archive: Mapping[str, Array], path: Path, blob: str) -> Array:
    names = list(archive)
    if blob in names:
        return archive[blob]
    if len(names) == 1:
        return archive[names[0]]
    raise InputError(
        f"the archive has no array '{blob}'. It has: {', '.join(names)}. Save the samples under the blob's name.",
        str(path),
    )


def _split_samples(values: Array, shape: Shape | None, path: Path, blob: str) -> Iterator[Array]:
    """An array with one axis more than the blob holds several samples."""
    has_samples = values.ndim == len(shape) + 1 if shape else values.ndim == 4
    for sample in values if has_samples else [values]:
        yield _checked(sample, shape, path, blob)


def _checked(values: Array, shape: Shape | None, path: Path, blob: str) -> Array:
    """Refuses another rank or channel count; height and width may differ, the layers behind will tell."""
    if shape and (values.ndim != len(shape) or (len(shape) > 2 and values.shape[0] != shape[0])):
        raise InputError(
            f"blob '{blob}' is {_shape_text(values.shape)} here. The network declares {_shape_text(shape)}; "
            f"several samples go in front: (n, {', '.join(map(str, shape))}).",
            str(path),
        )
    return values


def _shape_text(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))})"
