"""The options with which commands name a model, its weights and its inputs, and what they make of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from maskctl.executor.images import ImageRecipe
    from maskctl.executor.samples import Samples
    from maskctl.graph.model import Model

_Command = TypeVar("_Command", bound=Callable[..., Any])

WEIGHTS_OPTIONS = (
    click.option("--bin", "bin_path", metavar="FILE", help="The .bin file. [default: beside MODEL]"),
    click.option(
        "--weights",
        "made_up",
        metavar="random:SEED",
        help="Made-up weights of the right sizes and a sane scale instead of a .bin, the same for the same seed.",
    ),
)
PLUGIN_OPTION = click.option(
    "--plugin",
    "plugins",
    metavar="FILE.py",
    multiple=True,
    help="A file with layer types of the application's own; runs its code.",
)
SHAPE_OPTION = click.option(
    "--shape",
    "shapes",
    metavar="BLOB=C,H,W",
    multiple=True,
    help="Shape of an input blob, instead of the file's; globs name several.",
)
INPUT_OPTIONS = (
    click.option(
        "-i",
        "--input",
        "inputs",
        metavar="BLOB=FILE",
        multiple=True,
        help=".npy, .npz, image or folder of them; repeat for more samples.",
    ),
    click.option("--mean", default="0", show_default=True, help="Subtracted from pixels, per channel: 104,117,123."),
    click.option(
        "--norm", default="1", show_default=True, help="Pixels are multiplied by it after --mean, per channel."
    ),
    click.option(
        "--pixel",
        type=click.Choice(["bgr", "rgb", "gray"]),
        default="bgr",
        show_default=True,
        help="Channel order of the blob.",
    ),
    click.option("--resize", metavar="WxH", help="Size images are resized to. [default: the Input layer's]"),
    SHAPE_OPTION,
    click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Seed of the synthetic input that is used without -i.",
    ),
)


def with_options(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """A decorator that gives a command all of these options, in this order."""

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def weights_source(options: Mapping[str, Any]) -> str | None:
    """What `--bin` or `--weights` names, or None; raises `InputError` for both, and for weights that are not random."""
    from maskctl.errors import InputError
    from maskctl.graph.model import random_seed

    bin_path: str | None = options["bin_path"]
    made_up: str | None = options["made_up"]
    if bin_path and made_up:
        raise InputError("--bin names weights and --weights makes them up. Give one of the two.")
    if made_up and random_seed(made_up) is None:
        raise InputError(f"--weights '{made_up}' is not random:SEED. For weights in a file give --bin FILE.")
    return made_up or bin_path


def files_read(model: str, options: Mapping[str, Any]) -> list[str]:
    """The files and folders that a command with these options reads, which nothing may be written over.

    An `-i` may be BLOB=FILE or a file whose name has an equals sign; both are listed, as the network is not read yet.
    """
    from maskctl.graph.model import bin_beside

    weights = options["bin_path"] or ("" if options["made_up"] else str(bin_beside(model)))
    inputs = [path for spec in options.get("inputs", ()) for path in (spec, spec.partition("=")[2])]
    return [path for path in (model, weights, *options["plugins"], options.get("timings"), *inputs) if path]


def load_plugins(paths: Sequence[str]) -> None:
    """Registers the layer types of each plugin; raises `InputError` for a file that has none.

    What a plugin prints goes to stderr: stdout is the command's.
    """
    if paths:
        from maskctl.cli.writing import stdout_to_stderr
        from maskctl.layers.plugins import load_plugin

        with stdout_to_stderr():
            for path in paths:
                load_plugin(path)


def load_model(model: str, options: Mapping[str, Any]) -> Model:
    """The model with its weights and plugins; says on stderr which layers are cut off."""
    from maskctl.graph.model import load
    from maskctl.graph.operators import cut_text

    load_plugins(options["plugins"])
    loaded = load(model, weights_source(options))
    cut = cut_text(loaded.operators)
    if cut:
        outputs = ", ".join(f"'{name}'" for name in loaded.outputs)
        click.echo(f"maskctl: warning: {model}: {cut}\nWhat is left ends in {outputs}.", err=True)
    return loaded


def read_inputs(model: Model, options: Mapping[str, Any], blobs: Collection[str]) -> tuple[Model, Samples]:
    """The model, which then knows what it is fed, and the samples that the options name, as far as `blobs` depend on them.

    Raises `InputError` for what cannot be used or has no effect.
    """
    from maskctl.cli.no_effect import note_of_seed
    from maskctl.cli.options import parse_shapes
    from maskctl.executor.inputs import read_samples

    note_of_seed(options)
    recipe = _recipe(options)
    _refuse_recipe_without_images(model, options["inputs"], recipe)
    samples = read_samples(model, options["inputs"], recipe, parse_shapes(options["shapes"]), options["seed"], blobs)
    return samples.feeding(model), samples


def _recipe(options: Mapping[str, Any]) -> ImageRecipe:
    from maskctl.cli.options import parse_floats, parse_size
    from maskctl.executor.images import ImageRecipe

    return ImageRecipe(
        parse_floats(options["mean"], "--mean"),
        parse_floats(options["norm"], "--norm"),
        options["pixel"],
        parse_size(options["resize"]) if options["resize"] else None,
    )


def _refuse_recipe_without_images(model: Model, inputs: Sequence[str], recipe: ImageRecipe) -> None:
    """Refuses image options where no `-i` file is an image: they would have no effect."""
    from maskctl.errors import InputError
    from maskctl.executor.images import PLAIN
    from maskctl.executor.inputs import any_image

    fields = ("mean", "norm", "pixel", "resize")
    given = [f"--{name}" for name in fields if getattr(recipe, name) != getattr(PLAIN, name)]
    if given and not any_image(model, inputs):
        one = len(given) == 1
        raise InputError(
            f"{', '.join(given)} {'applies' if one else 'apply'} to images only, and no -i file is one: arrays are taken as they "
            f"are. Give an image, or leave {'it' if one else 'them'} out."
        )
