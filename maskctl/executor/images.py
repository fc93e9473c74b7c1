"""Images as input blobs, with the meaning that `ncnn2table` gives to mean, norm, pixel and shape."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskctl.errors import InputError
from maskctl.numeric.formats import FloatArray

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".ppm", ".pgm", ".tif", ".tiff"})
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
    blob = (pixels.astype(np.float32) - np.array(recipe.mean, np.float32)) * np.array(recipe.norm, np.float32)
    return np.ascontiguousarray(blob.transpose(2, 0, 1))


def _pixels(path: Path, order: str, size: tuple[int, int] | None) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise InputError(
            "reading images needs pillow. Install it with: pip install 'maskctl[images]'.", str(path)
        ) from None
    try:
        with Image.open(path) as opened:
            if opened.mode.startswith(("I", "F")):
                raise InputError(
                    f"the image has pixels of more than 8 bits (mode {opened.mode}), which would be cut at 255. "
                    "Save them as .npy, or as an 8-bit image.",
                    str(path),
                )
            image = opened.convert("L" if order == "gray" else "RGB")
    except UnidentifiedImageError:
        raise InputError("this is no image that pillow can read. Expected .npy, .npz or an image.", str(path)) from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot read the image: {detail}.", str(path)) from None
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
