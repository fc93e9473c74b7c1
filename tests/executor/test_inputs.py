"""Samples out of files: what is read, what it means, and every message for what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskctl.errors import InputError
from maskctl.executor.images import ImageRecipe, read_image
from maskctl.executor.inputs import any_image, input_shapes, parse_spec, read_samples
from maskctl.executor.samples import Samples, batches
from maskctl.graph.model import Model
from tests.executor.nets import model_of

Image = pytest.importorskip("PIL.Image", reason="pillow is not installed")

RED_GREEN_BLUE = np.array([[[10, 20, 30], [40, 50, 60], [70, 80, 90]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]]], np.uint8)


@pytest.fixture
def model(tmp_path: Path) -> Model:
    """One input `data` of (3, 2, 3)."""
    return model_of(tmp_path, "Input data 0 1 data 0=3 1=2 2=3", "Pooling pool 1 1 data out 0=0 4=1")


@pytest.fixture
def open_model(tmp_path: Path) -> Model:
    """One input `data` whose shape the file does not give."""
    return model_of(tmp_path, "Input data 0 1 data", "Pooling pool 1 1 data out 0=0 4=1")


@pytest.fixture
def two_inputs(tmp_path: Path) -> Model:
    """Inputs `left` of (4) and `right` without a shape."""
    return model_of(tmp_path, "Input left 0 1 left 0=4", "Input right 0 1 right", "Concat join 2 1 left right out 0=0")


@pytest.fixture
def png(tmp_path: Path) -> Path:
    """A PNG of 3x2 pixels."""
    path = tmp_path / "tiny.png"
    Image.fromarray(RED_GREEN_BLUE).save(path)
    return path


def save(path: Path, array: Any, **others: Any) -> Path:
    """The array as .npy, or with `others` as .npz."""
    if path.suffix == ".npz":
        np.savez(path, **others)
    else:
        np.save(path, array)
    return path


ONE = np.arange(18, dtype=np.float32).reshape(3, 2, 3)


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.int8, np.uint8])
def test_npy_of_any_number_type(model: Model, tmp_path: Path, kind: type[Any]) -> None:
    """An .npy shaped as the network declares is one sample, whatever its number type."""
    path = save(tmp_path / "x.npy", ONE.astype(kind))
    (found,) = read_samples(model, [str(path)]).by_blob["data"]
    assert ONE.tolist() == found.tolist()
    assert np.dtype(np.float32) == found.dtype


def test_npy_of_several_samples(model: Model, tmp_path: Path) -> None:
    """One axis more than the network declares counts samples."""
    path = save(tmp_path / "x.npy", np.stack([ONE, -ONE]))
    assert [ONE.tolist(), (-ONE).tolist()] == [s.tolist() for s in read_samples(model, [str(path)]).by_blob["data"]]


def test_npy_of_booleans(model: Model, tmp_path: Path) -> None:
    """Booleans are read as 0 and 1."""
    path = save(tmp_path / "x.npy", ONE % 2 == 0)
    assert [0.0, 1.0] == sorted(set(read_samples(model, [str(path)]).by_blob["data"][0].ravel().tolist()))


@pytest.mark.parametrize(("rank", "count"), [(3, 1), (4, 2), (1, 1)])
def test_without_a_declared_shape_only_rank_four_is_several(
    open_model: Model, tmp_path: Path, rank: int, count: int
) -> None:
    """Where the file gives no shape, an array of rank 4 holds samples and any other is one."""
    path = save(tmp_path / "x.npy", np.zeros((2, 3, 2, 2)[4 - rank :], np.float32))
    assert count == len(read_samples(open_model, [str(path)]))


@pytest.mark.parametrize("names", [("data",), ("anything",), ("other", "data")])
def test_npz_by_the_blobs_name_or_alone(model: Model, tmp_path: Path, names: tuple[str, ...]) -> None:
    """An .npz gives the array of the blob's name, or its only one."""
    path = save(tmp_path / "x.npz", None, **{name: ONE if name == names[-1] else ONE[:1] for name in names})
    assert ONE.tolist() == read_samples(model, [str(path)]).by_blob["data"][0].tolist()


def test_folder_in_order_of_names(model: Model, tmp_path: Path, png: Path) -> None:
    """A folder gives all its arrays and images by name, and nothing of its other files."""
    folder = tmp_path / "several"
    folder.mkdir()
    save(folder / "b.npy", ONE)
    png.rename(folder / "a.PNG")
    (folder / "notes.txt").write_text("not an input", encoding="utf-8")
    found = read_samples(model, [f"data={folder}"]).by_blob["data"]
    assert [30.0, 0.0] == [float(sample[0, 0, 0]) for sample in found]


def test_several_files_for_one_blob(model: Model, tmp_path: Path) -> None:
    """Giving -i more than once adds samples in that order."""
    paths = [save(tmp_path / f"{name}.npy", ONE + number) for number, name in enumerate("ba")]
    found = read_samples(model, [f"data={path}" for path in paths]).by_blob["data"]
    assert [0.0, 1.0] == [float(sample[0, 0, 0]) for sample in found]


def test_without_files_one_synthetic_sample(model: Model) -> None:
    """Without -i there is one sample of noise, marked as such, the same for the same seed."""
    first, again, other = (read_samples(model, [], seed=seed) for seed in (1, 1, 2))
    assert (True, 1, 1) == (first.synthetic, first.seed, len(first))
    assert first.by_blob["data"][0].tolist() == again.by_blob["data"][0].tolist()
    assert first.by_blob["data"][0].tolist() != other.by_blob["data"][0].tolist()


@pytest.mark.parametrize(
    ("recipe", "pixel"),
    [
        (ImageRecipe(), [30, 20, 10]),
        (ImageRecipe(pixel="rgb"), [10, 20, 30]),
        (ImageRecipe(mean=(1.0, 2.0, 3.0)), [29, 18, 7]),
        (ImageRecipe(mean=(10.0,), norm=(0.5,)), [10, 5, 0]),
        (ImageRecipe(mean=(1.0, 2.0, 3.0), norm=(1.0, 2.0, 4.0), pixel="rgb"), [9, 36, 108]),
    ],
)
def test_pixels_become_values(png: Path, recipe: ImageRecipe, pixel: list[float]) -> None:
    """A value is (pixel - mean) * norm, channels in the order of `pixel`, mean and norm in that order too."""
    found = read_image(png, recipe)
    assert (3, 2, 3) == found.shape
    assert np.dtype(np.float32) == found.dtype
    assert pixel == found[:, 0, 0].tolist()


def test_gray_has_one_channel(png: Path) -> None:
    """gray is the luma that pillow computes, 0.299 R + 0.587 G + 0.114 B."""
    found = read_image(png, ImageRecipe(pixel="gray"))
    assert (1, 2, 3) == found.shape
    assert [18, 48, 78] == found[0, 0].tolist()


def test_transparency_and_palettes_become_three_channels(tmp_path: Path) -> None:
    """Whatever the mode of the file, the pixels are RGB."""
    for mode in ("RGBA", "P", "L", "1"):
        path = tmp_path / f"{mode}.png"
        Image.new(mode, (3, 2)).save(path)
        assert (3, 2, 3) == read_image(path, ImageRecipe()).shape


def test_an_image_takes_the_declared_size(tmp_path: Path) -> None:
    """Without --resize an image is resized to the height and width the network declares."""
    model = model_of(tmp_path, "Input data 0 1 data 0=6 1=4 2=3", "Pooling pool 1 1 data out 0=0 4=1")
    path = tmp_path / "tiny.png"
    Image.fromarray(RED_GREEN_BLUE).save(path)
    assert (3, 4, 6) == read_samples(model, [str(path)]).by_blob["data"][0].shape


def test_resize_wins_over_the_declared_size(png: Path, model: Model) -> None:
    """--resize is (width, height) and holds whatever the network declares; only rank and channels are checked."""
    found = read_samples(model, [str(png)], ImageRecipe(resize=(5, 4))).by_blob["data"][0]
    assert (3, 4, 5) == found.shape


def test_resizing_is_plain_bilinear(tmp_path: Path) -> None:
    """A resized pixel is interpolated between its four neighbours at (x + 0.5) * scale - 0.5, as ncnn resizes."""
    path = tmp_path / "ramp.png"
    Image.fromarray(np.array([[0, 100, 200, 240]], np.uint8)).save(path)
    found = read_image(path, ImageRecipe(pixel="gray", resize=(2, 1)))
    assert [50, 220] == found[0, 0].tolist()


@pytest.mark.parametrize("size", [(20, 20), (100, 81), (227, 227)])
@pytest.mark.parametrize(
    ("pixel", "conversion", "levels"),
    [("bgr", "PIXEL_RGB2BGR", 1), ("rgb", "PIXEL_RGB", 1), ("gray", "PIXEL_GRAY", 1), ("gray", "PIXEL_RGB2GRAY", 2)],
)
def test_resizing_is_that_of_ncnn(
    tmp_path: Path, size: tuple[int, int], pixel: str, conversion: str, levels: int
) -> None:
    """Resized pixels are at most one grey level from those of `ncnn.Mat.from_pixels_resize`, in every channel order.

    ncnn rounds in fixed point with weights of 11 bits, pillow drops the fraction. Gray out of colours may be two levels
    apart: ncnn resizes first and converts with weights of 8 bits.
    """
    ncnn = pytest.importorskip("ncnn", reason="ncnn is not installed")
    shape = (37, 53) if conversion == "PIXEL_GRAY" else (37, 53, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    path = tmp_path / "noise.png"
    Image.fromarray(pixels).save(path)
    kind = getattr(ncnn.Mat.PixelType, conversion)
    expected = np.array(ncnn.Mat.from_pixels_resize(pixels, kind, 53, 37, *size))
    found = read_image(path, ImageRecipe(pixel=pixel, resize=size))
    assert expected.shape == found.shape
    assert levels >= np.abs(expected - found).max()


def test_whether_an_image_is_given(model: Model, tmp_path: Path, png: Path) -> None:
    """Images are known among the files and in folders; arrays, and no files at all, are none."""
    array = save(tmp_path / "x.npy", ONE)
    (tmp_path / "empty").mkdir()
    assert [False, False, True, True, True] == [
        any_image(model, specs)
        for specs in ([], [str(array)], [f"data={png}"], [str(array), str(png)], [str(tmp_path)])
    ]
    with pytest.raises(InputError, match="the folder holds no"):
        any_image(model, [str(tmp_path / "empty")])


def test_the_same_size_changes_no_pixel(png: Path) -> None:
    """Resizing to the image's own size leaves it alone."""
    assert read_image(png, ImageRecipe()).tolist() == read_image(png, ImageRecipe(resize=(3, 2))).tolist()


def test_declared_shapes_can_be_replaced(two_inputs: Model) -> None:
    """--shape adds to and replaces what the file says, outermost extent first."""
    assert {"left": (4,)} == input_shapes(two_inputs, {})
    assert {"left": (2,), "right": (5,)} == input_shapes(two_inputs, {"left": (2,), "right": (5,)})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("lefd=x.npy", "there is no input blob 'lefd'. Expected -i BLOB=FILE. Did you mean 'left'?"),
        ("qqq=x.npy", "there is no input blob 'qqq'. Expected -i BLOB=FILE. Input blobs are: left, right."),
        ("x.npy", "'x.npy' does not say which blob it is for. Expected -i BLOB=FILE. Input blobs are: left, right."),
    ],
)
def test_specs_that_name_no_blob(spec: str, message: str) -> None:
    """A spec without a known blob says what was expected, with the nearest name."""
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        parse_spec(spec, ["left", "right"])


def test_a_path_with_an_equals_sign(tmp_path: Path) -> None:
    """With one input blob, a file whose path holds '=' needs no blob name."""
    path = save(tmp_path / "a=b.npy", ONE)
    assert path == parse_spec(str(path), ["data"]).path


def wrong(kind: str) -> Callable[[Path], Path]:
    """A file with something wrong in it, by what that is."""

    def made(folder: Path) -> Path:
        path = folder / {"image": "x.png", "npz": "x.npz", "archive": "x.npz"}.get(kind, "x.npy")
        arrays: dict[str, Any] = {
            "pickled": np.array([{"a": 1}], object),
            "text": np.array([["a", "b"]]),
            "complex": ONE * 1j,
            "nan": np.where(ONE == 4, np.nan, ONE),
            "huge": ONE.astype(np.float64) * 1e300,
            "rank": ONE[0],
            "channels": ONE[:2],
            "many": np.zeros((2, 2, 3, 2, 3), np.float32),
        }
        if kind in arrays:
            np.save(path, arrays[kind], allow_pickle=kind == "pickled")
        elif kind == "npz":
            np.savez(path, a=ONE, b=ONE)
        elif kind != "missing":
            path.write_bytes(b"no such format")
        return path

    return made


@pytest.mark.parametrize(
    ("missing", "there", "hint"),
    [
        ("photo.jpg", "photos.JPG", " Did you mean 'photos.JPG'?"),
        ("pohto.png", "photo.jpg", " Did you mean 'photo.jpg'?"),
        ("photo", "photos/", " Did you mean 'photos'?"),
        ("sample.npz", "samples.npz", " Did you mean 'samples.npz'?"),
        ("sample.npy", "sample.npz", " Did you mean 'sample.npz'?"),
        ("net.npy", "net.bin", ""),
        ("photo.jpg", "photo.param", ""),
        ("gone/photo.jpg", "photo.jpg", ""),
    ],
)
def test_missing_file_that_was_meant(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, there: str, hint: str
) -> None:
    """A missing image, array or folder of them asks for the nearest name beside it that could be one, and for nothing else."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    Path(there).mkdir() if there.endswith("/") else Path(there).touch()
    with pytest.raises(InputError) as caught:
        read_samples(model, [f"data={missing}"])
    assert str(caught.value).endswith(f": No such file or directory.{hint}")


DECLARED = "The network declares (3, 2, 3); several samples go in front: (n, 3, 2, 3)."
NUMBERS = "Expected numbers saved with numpy.save or numpy.savez."


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing", "cannot read the input: No such file or directory."),
        ("pickled", f"cannot read the array: it holds pickled Python objects, which can run code. {NUMBERS}"),
        (
            "garbage",
            (
                f"this is no .npy file: it begins with b'no suc'. {NUMBERS[:-1]}; an image is read as one when its name says "
                "so, e.g. .jpg or .png."
            ),
        ),
        ("text", "the array holds <U1. Expected numbers."),
        ("complex", "the array holds complex64. Expected numbers."),
        ("nan", "the array holds nan. Expected finite numbers that fit fp32."),
        ("huge", "the array holds inf. Expected finite numbers that fit fp32."),
        ("rank", f"blob 'data' is (2, 3) here. {DECLARED}"),
        ("channels", f"blob 'data' is (2, 2, 3) here. {DECLARED}"),
        ("many", f"blob 'data' is (2, 2, 3, 2, 3) here. {DECLARED}"),
        ("npz", "the archive has no array 'data'. It has: a, b. Save the samples under the blob's name."),
        ("image", "this is no image that pillow can read. Expected .npy, .npz or an image."),
    ],
)
def test_files_that_are_refused(model: Model, tmp_path: Path, kind: str, message: str) -> None:
    """Each thing wrong with a file has its own message behind the path, and pickled objects are never loaded."""
    path = wrong(kind)(tmp_path)
    with pytest.raises(InputError) as caught:
        read_samples(model, [f"data={path}"])
    assert f"{path}: {message}" == str(caught.value)


def test_an_image_cut_short(model: Model, tmp_path: Path) -> None:
    """An image file that ends too early is named."""
    path = tmp_path / "cut.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(InputError, match=re.escape(f"{path}: cannot read the image: ")):
        read_samples(model, [f"data={path}"])


NO_IMAGE = "Images have three axes with one channel or three: give the samples as .npy."


@pytest.mark.parametrize(
    ("declared", "pixel", "here", "there", "cure"),
    [
        ("0=3 1=2 2=1", "bgr", "(3, 2, 3)", "(1, 2, 3)", "Give --pixel gray, which gives one channel."),
        ("0=3 1=2 2=3", "gray", "(1, 2, 3)", "(3, 2, 3)", "Give --pixel bgr or rgb, which give three channels."),
        ("0=3 1=2 2=4", "rgb", "(3, 2, 3)", "(4, 2, 3)", NO_IMAGE),
        ("0=3 1=2", "gray", "(1, 2, 3)", "(2, 3)", NO_IMAGE),
        ("0=3", "gray", "(1, 2, 3)", "(3)", NO_IMAGE),
    ],
)
def test_an_image_of_other_channels_than_declared(
    tmp_path: Path, png: Path, declared: str, pixel: str, here: str, there: str, cure: str
) -> None:
    """An image that does not fit the blob is refused, with both shapes and what to do about it."""
    model = model_of(tmp_path, f"Input data 0 1 data {declared}", "Dropout drop 1 1 data out")
    with pytest.raises(InputError) as caught:
        read_samples(model, [f"data={png}"], ImageRecipe(pixel=pixel))
    expected = f"the image is {here} with --pixel {pixel}. The network declares {there} for blob 'data'. {cure}"
    assert f"{png}: {expected}" == str(caught.value)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (
            ImageRecipe(mean=(1.0, 2.0)),
            "--mean has 2 numbers. Expected 3 for pixel order 'bgr', or one for all.",
        ),
        (
            ImageRecipe(norm=(1.0, 2.0, 3.0), pixel="gray"),
            "--norm has 3 numbers. Expected 1 for pixel order 'gray', or one for all.",
        ),
    ],
)
def test_mean_and_norm_that_do_not_fit(png: Path, recipe: ImageRecipe, message: str) -> None:
    """Mean and norm need one number per channel, or one."""
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        read_image(png, recipe)


def test_an_empty_folder(model: Model, tmp_path: Path) -> None:
    """A folder without arrays or images is refused."""
    folder = tmp_path / "empty"
    folder.mkdir()
    with pytest.raises(InputError) as caught:
        read_samples(model, [f"data={folder}"])
    assert f"{folder}: the folder holds no .npy, .npz or image file." == str(caught.value)


def test_an_input_without_files(two_inputs: Model, tmp_path: Path) -> None:
    """When some input blobs have files, all need them."""
    path = save(tmp_path / "x.npy", np.zeros(4, np.float32))
    with pytest.raises(InputError) as caught:
        read_samples(two_inputs, [f"left={path}"])
    assert "no input given for blob 'right'. Give -i right=FILE for each of: left, right." == str(caught.value)


def test_an_input_without_a_shape(two_inputs: Model) -> None:
    """Noise needs a shape, from the file or from --shape."""
    with pytest.raises(InputError) as caught:
        read_samples(two_inputs, [])
    expected = "input blob 'right' has no shape in the file. Give samples with -i, or --shape right=C,H,W."
    assert expected == str(caught.value)
    given = read_samples(two_inputs, [], shapes={"right": (3,)}).by_blob
    assert {"left": (4,), "right": (3,)} == {name: arrays[0].shape for name, arrays in given.items()}


def test_a_shape_for_an_unknown_blob(model: Model) -> None:
    """--shape must name an input blob."""
    with pytest.raises(InputError) as caught:
        input_shapes(model, {"dota": (1,)})
    assert "there is no input blob 'dota' to give a shape. Did you mean 'data'?" == str(caught.value)


def test_different_numbers_of_samples(two_inputs: Model) -> None:
    """Every input blob needs as many samples as the others, and at least one."""
    one, two = [np.zeros(4, np.float32)], [np.zeros(4, np.float32)] * 2
    with pytest.raises(InputError) as caught:
        batches(two_inputs, Samples({"left": one, "right": two}))
    expected = "the inputs have different numbers of samples, or none: 'left' 1, 'right' 2. Give as many for each blob."
    assert expected == str(caught.value)


def test_samples_of_equal_shapes_are_stacked(open_model: Model) -> None:
    """Samples of the same shape run together, others apart, none lost."""
    arrays = [np.full(shape, number, np.float32) for number, shape in enumerate([(1, 2, 2), (1, 3, 3), (1, 2, 2)])]
    portions = batches(open_model, Samples({"data": arrays}))
    assert [(2, 1, 2, 2), (1, 1, 3, 3)] == [portion.inputs["data"].shape for portion in portions]


def test_images_of_too_many_pixels_are_refused(model: Model, tmp_path: Path) -> None:
    """An image that says it has more pixels than fit is refused before they are unpacked."""
    path = tmp_path / "wide.png"
    Image.new("L", (70_000, 1000)).save(path)
    with pytest.raises(InputError, match=r"the image says it has 70000 x 1000 pixels\. Expected at most 67,108,864;"):
        read_samples(model, [f"data={path}"])


def test_deep_images_are_refused(tmp_path: Path) -> None:
    """An image of more than 8 bits, which pillow would cut at 255, is refused and not read wrong."""
    image = pytest.importorskip("PIL.Image")
    path = tmp_path / "deep.png"
    image.fromarray(np.full((2, 2), 40000, np.uint16)).save(path)
    with image.open(path) as opened:
        mode = opened.mode
    with pytest.raises(InputError) as caught:
        read_image(path, ImageRecipe())
    assert (
        f"{path}: the image has pixels of more than 8 bits (mode {mode}), which would be cut at 255. "
        "Save them as .npy, or as an 8-bit image."
    ) == str(caught.value)


def test_unknown_pixel_order(tmp_path: Path) -> None:
    """A pixel order that does not exist is refused, and not taken for another one."""
    with pytest.raises(InputError) as caught:
        read_image(tmp_path / "any.png", ImageRecipe(pixel="rbg"))
    assert "pixel order 'rbg' is not known. Expected one of: bgr, rgb, gray." == str(caught.value)
