"""`maskctl reduce`: the smallest model that still shows it."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from maskctl.cli.engine_options import SWITCH_OPTIONS, TARGET_NAMES, policy_of, precision_option
from maskctl.cli.model_input import INPUT_OPTIONS, PLUGIN_OPTION, WEIGHTS_OPTIONS, load_model, read_inputs, with_options

if TYPE_CHECKING:
    from maskctl.graph.model import Model
    from maskctl.reduce.faults import Fault, Shown
    from maskctl.reduce.reduce import Located, Reduction
    from maskctl.reduce.runs import Setup

_FAULTS = ("nan", "sqnr", "mismatch", "crash")
_OF_ENGINES = ("mismatch", "crash")
_TIMEOUT_S = 60


@click.command("reduce", short_help="Cut out the smallest model that still shows a loss or NaN.")
@click.argument("model", metavar="MODEL")
@with_options(*WEIGHTS_OPTIONS, PLUGIN_OPTION, *INPUT_OPTIONS)
@with_options(precision_option(["fp32", "fp16", "fp16-storage", "bf16"], "fp16"))
@click.option("--target", type=click.Choice(TARGET_NAMES), help="What is predicted. [default: arm82, or the engine's]")
@with_options(*SWITCH_OPTIONS)
@click.option("--show", type=click.Choice(_FAULTS), help="What is to be shown. [default: the first that there is]")
@click.option("--layer", metavar="NAME", help="Only what this layer does: a name, or #INDEX.")
@click.option("--blob", metavar="NAME", help="Only what makes this blob what it is in the whole run.")
@click.option(
    "--below", type=float, metavar="DB", help="Preserve an SQNR under DB. [default: what it is, up to 1 dB more]"
)
@click.option("--engine", type=click.Choice(["host", "arm64"]), help="Judge the real engine instead of the prediction.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads of the engine. [default: 1]")
@click.option("--timeout", type=click.IntRange(min=1), help="Seconds until the engine hangs. [default: 60]")
@click.option(
    "--trials", type=click.IntRange(min=1), default=2000, show_default=True, help="The most candidates that are run."
)
@click.option("-o", "--output", metavar="FOLDER", required=True, help="Where model, input and README.txt go.")
@click.option("--force", is_flag=True, help="Replace a reduction that is there.")
def command(model: str, **options: Any) -> int:
    """Reduce MODEL (a .param file) to the least that still shows a loss, NaN or a crash, ready to attach to a report.

    FOLDER gets model.param, model.bin, input.npz and README.txt, which says what they show and how to see it. Every
    step is run before it counts, and the files are read back at the end. Ctrl-C writes the smallest so far. Exit status
    1: MODEL does not show it.

    \b
      nan       the first layer that makes something not finite of finite inputs
      sqnr      the layer that loses most by its own rounding, or --below DB
      mismatch  the first layer at which engine and prediction differ
      crash     the engine crashes or hangs

    \b
    Examples:
      maskctl reduce net.param -i data=photo.jpg --mean 104,117,123 -o report
      maskctl reduce net.param -i data=samples.npz --engine arm64 --show crash -o report
    """
    from maskctl.executor.samples import batches
    from maskctl.reduce.folder import refuse_folder
    from maskctl.reduce.reduce import locate

    folder = Path(options["output"])
    _refuse_early(options)
    refuse_folder(folder, force=options["force"])
    setup = _setup(options)
    loaded = load_model(model, options)
    among = _among(loaded, options)
    loaded, samples = read_inputs(loaded, options, loaded.inputs_read)
    portions = batches(loaded, samples)
    located = locate(loaded, portions, setup, _faults(options), among)
    if located is None:
        click.echo(f"{model}: {_nothing(setup, options)}")
        return 1
    click.echo(f"{model}: {located.shown.text}.")
    return _reduced(loaded, located, setup, folder, options)


def _refuse_early(options: Mapping[str, Any]) -> None:
    from maskctl.errors import InputError

    show, below = options["show"], options["below"]
    if options["layer"] and options["blob"]:
        raise InputError(
            "--layer is what one layer does and --blob what the whole run makes of a blob. Give one of the two."
        )
    if show in _OF_ENGINES and not options["engine"]:
        raise InputError(f"--show {show} is about a real engine. Give --engine host or --engine arm64 too.")
    for name in ("threads", "timeout"):
        if options[name] is not None and not options["engine"]:
            raise InputError(f"--{name} is of a real engine, and there is no --engine. Give both, or neither.")
    if below is not None and not math.isfinite(below):
        raise InputError(f"--below '{below}' is not a number of dB. Expected e.g. --below 40.")
    if below is not None and show not in {None, "sqnr"}:
        raise InputError(f"--below is an SQNR and --show {show} asks for none. Give one of the two.")


def _setup(options: Mapping[str, Any]) -> Setup:
    from maskctl.peers.engines import engine_named, target_of
    from maskctl.reduce.runs import Setup

    name = options["engine"]
    target = options["target"] or (target_of(name).name if name else "arm82")
    engine = engine_named(name, float(options["timeout"] or _TIMEOUT_S)) if name else None
    return Setup(policy_of({**options, "target": target}), engine, options["threads"] or 1)


def _faults(options: Mapping[str, Any]) -> list[Fault]:
    """What is looked for, in this order."""
    from maskctl.reduce.faults import fault_named

    if options["show"]:
        names: Sequence[str] = (options["show"],)
    elif options["below"] is not None:
        names = ("sqnr",)
    else:
        names = (*(("crash",) if options["engine"] else ()), "nan", "sqnr")
    return [fault_named(name, options["below"], options["blob"]) for name in names]


def _among(model: Model, options: Mapping[str, Any]) -> frozenset[int]:
    """The layers that may be to blame: all, the one named, or, for a blob, the one that gives it and those before it."""
    from maskctl.errors import InputError, did_you_mean
    from maskctl.graph.select import select_layers

    running = frozenset(op.layer.index for op in model.operators if not op.cut and op.layer.type != "Input")
    if options["layer"]:
        chosen = select_layers(model.document, (options["layer"],))
        if len(chosen) > 1 or not running.issuperset(chosen):
            raise InputError(
                f"--layer '{options['layer']}' is {len(chosen)} layers, or one that is not run. Expected one layer; #INDEX "
                "names one for certain."
            )
        return frozenset(chosen)
    if not options["blob"]:
        return running
    if options["blob"] not in model.blobs:
        hint = did_you_mean(options["blob"], model.blobs, "'maskctl show' lists them.")
        raise InputError(f"there is no blob '{options['blob']}' that can be computed. {hint}")
    return running & model.needed([options["blob"]])


def _nothing(setup: Setup, options: Mapping[str, Any]) -> str:
    """That there is nothing to reduce, and where else to look."""
    where = (
        f" of layer '{options['layer']}'"
        if options["layer"]
        else f" up to blob '{options['blob']}'"
        if options["blob"]
        else ""
    )
    what = {
        None: "everything is finite and nothing is lost",
        "nan": "no layer makes anything not finite of finite inputs",
        "sqnr": "nothing is lost" if options["below"] is None else f"no SQNR is under {options['below']:g} dB",
        "mismatch": "the engine and the prediction agree",
        "crash": "the engine neither crashes nor hangs",
    }[options["show"] if options["below"] is None else "sqnr"]
    return f"{what}{where} in {setup.policy}. There is nothing to reduce."


def _reduced(model: Model, located: Located, setup: Setup, folder: Path, options: Mapping[str, Any]) -> int:
    from maskctl.reduce.folder import write_folder
    from maskctl.reduce.reduce import reduce

    found = reduce(model, located, setup, options["trials"], _count)
    if sys.stderr.isatty():
        click.echo("", err=True)
    if found is None:
        click.echo("No part of the model, fed from a file, shows it again. Nothing was written.")
        return 1
    shown = write_folder(folder, model, found, setup, _about(setup, options))
    _print(folder, found, shown, setup, options)
    return 130 if found.interrupted else 0


def _count(trials: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{trials} candidates run", nl=False, err=True)


def _about(setup: Setup, options: Mapping[str, Any]) -> Any:
    from maskctl import __version__
    from maskctl.reduce.folder import About

    words = ["--precision", options["precision"], "--target", setup.policy.target.name]
    words += [f"--{name.replace('_', '-')}" for name in ("no_winograd", "no_sgemm", "no_packing") if options[name]]
    words += [word for path in options["plugins"] for word in ("--plugin", path)]
    words += ["--threads", str(setup.threads)] if setup.threads > 1 else []
    return About(__version__, words, options["engine"] or "")


def _print(folder: Path, found: Reduction, shown: Shown, setup: Setup, options: Mapping[str, Any]) -> None:
    from maskctl.cli.text import counted, scaled
    from maskctl.reduce.folder import command as reproduce

    size = sum(path.stat().st_size for path in folder.iterdir())
    state = "Interrupted; the smallest so far is" if found.interrupted else "Reduced to"
    layers, runs = counted(len(found.case.parts), "layer"), counted(found.trials, "run")
    click.echo(f"{state} {layers} after {runs}, {scaled(size, 'B')} in {folder}: {shown.text}.")
    click.echo(f"Reproduce it there with: {reproduce(found, _about(setup, options))}")
