"""Images as input blobs, with the meaning that `ncnn2table` gives to mean, norm, pixel and shape."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskctl.errors import InputError
from maskctl.numeric.formats import FloatArray
from maskctl.param.document import meant_entry

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".ppm", ".pgm", ".tif", ".tiff"})
_FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "PPM", "TIFF", "GIF")
"""Of pillow: others start programs (EPS), or hold no pictures."""
_MOST_PIXELS = 1 << 26
PIXELS = ("bgr", "rgb", "gray")


@dataclass(frozen=True)
class ImageRecipe:
    """How pixels become a blob: `(pixel - mean) * norm` per channel, in the order of `pixel`.

    `mean` and `norm` have one number per channel, or one for all. `resize` is (width, height).
    """

    mean: tuple[float, ...] = (0.0,)
    norm: tuple[float, ...] = (1.0,)
    pixel: str = "bgr"
    resize: tuple[int, int] | None = None


PLAIN = ImageRecipe()


def read_image(path: Path, recipe: ImageRecipe, size: tuple[int, int] | None = None) -> FloatArray:
    """The image as (c, h, w) in float32; `size` (width, height) applies where the recipe has no `resize`.

    Raises `InputError` when the file is no image, or when mean and norm do not fit its channels.
    """
    if recipe.pixel not in PIXELS:
        raise InputError(f"pixel order '{recipe.pixel}' is not known. Expected one of: {', '.join(PIXELS)}.")
    pixels = _pixels(path, recipe.pixel, recipe.resize or size)
    channels = pixels.shape[2]
    for name, numbers in (("--mean", recipe.mean), ("--norm", recipe.norm)):
        if len(numbers) not in {1, channels}:
            raise InputError(
                f"{name} has {len(numbers)} numbers. Expected {channels} for pixel order '{recipe.pixel}', or one for all."
            )
    blob = np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32)
    blob -= np.array(recipe.mean, np.float32).reshape(-1, 1, 1)
    blob *= np.array(recipe.norm, np.float32).reshape(-1, 1, 1)
    return blob


def _refuse_unfit(mode: str, size: tuple[int, int], path: Path) -> None:
    if mode.startswith(("I", "F")):
        raise InputError(
            f"the image has pixels of more than 8 bits (mode {mode}), which would be cut at 255. "
            "Save them as .npy, or as an 8-bit image.",
            str(path),
        )
    if size[0] * size[1] > _MOST_PIXELS:
        raise InputError(
            f"the image says it has {size[0]} x {size[1]} pixels. Expected at most {_MOST_PIXELS:,}; a small file can unpack to "
            "as many as it likes. Resize it, or give the samples as .npy.",
            str(path),
        )


def _pixels(path: Path, order: str, size: tuple[int, int] | None) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise InputError(
            "reading images needs pillow. Install it with: pip install 'maskctl[images]'.", str(path)
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata
            with Image.open(path, formats=_FORMATS) as opened:
                _refuse_unfit(opened.mode, opened.size, path)
                image = opened.convert("L" if order == "gray" else "RGB")
    except UnidentifiedImageError:
        raise InputError("this is no image that pillow can read. Expected .npy, .npz or an image.", str(path)) from None
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise what they like for damaged files
        detail = getattr(error, "strerror", None) or str(error) or type(error).__name__
        hint = meant_entry(path, _may_hold_images) if isinstance(error, FileNotFoundError) else ""
        raise InputError(f"cannot read the image: {detail}.{hint}", str(path)) from None
    if size and size != image.size:
        # Plain bilinear sampling as ncnn resizes; pillow's own resize would average over more pixels.
        scale = (image.size[0] / size[0], image.size[1] / size[1])
        image = image.transform(
            size, Image.Transform.AFFINE, (scale[0], 0, 0, 0, scale[1], 0), Image.Resampling.BILINEAR
        )
    pixels = np.asarray(image, np.uint8)
    if order == "gray":
        return pixels[:, :, None]
    return pixels[:, :, ::-1] if order == "bgr" else pixels


def _may_hold_images(entry: Path) -> bool:
    return entry.suffix.lower() in IMAGE_SUFFIXES or entry.is_dir()
