"""A reduction as a folder to attach to a report: model, input and a text; read back and run before it takes its place."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskctl.errors import EditRefusedError
from maskctl.executor.inputs import read_samples
from maskctl.executor.samples import batches
from maskctl.executor.trace import write_blobs
from maskctl.graph.model import Model, load
from maskctl.reduce.faults import Shown
from maskctl.reduce.narrow import kept_whole
from maskctl.reduce.reduce import Reduction
from maskctl.reduce.runs import Runs, Setup, write_model

_TRIES = 5
"""How often the engine is run at the end: where it reads memory that is not its own, what comes out is luck."""
FILES = ("model.param", "model.bin", "input.npz", "README.txt")


@dataclass(frozen=True)
class About:
    """What a report says besides what is in the files: the versions and the options of the command line that matter."""

    maskctl: str
    options: Sequence[str]
    engine: str = ""


def refuse_folder(path: Path, *, force: bool) -> None:
    """Raises `EditRefusedError` where a folder cannot be made, or holds what must not be lost.

    With `force` an earlier reduction is replaced; a folder with any other file never is.
    """
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise EditRefusedError("this is no folder. Give a name for a new one.", str(path))
    if not path.resolve().parent.is_dir():
        raise EditRefusedError("it is to be in a folder that is not there. Make that one first.", str(path))
    for folder in (path.resolve().parent, path.resolve()):
        if folder.exists() and not os.access(folder, os.W_OK):
            raise EditRefusedError(
                f"the folder '{folder}' is read-only. Make it writable, or write elsewhere.", str(path)
            )
    if path.resolve() == Path.cwd():  # a folder takes its place, and a shell would stay in what was there before
        raise EditRefusedError("this is the folder you are in. Give a name for a new one.", str(path))
    held = sorted(entry.name for entry in path.iterdir()) if path.exists() else []
    others = [name for name in held if name not in FILES]
    if others:
        raise EditRefusedError(
            f"the folder holds '{others[0]}', which is not of a reduction. Give a new or an empty folder.", str(path)
        )
    if held and not force:
        raise EditRefusedError("the folder holds a reduction. Give another name, or --force to replace it.", str(path))


def write_folder(path: Path, model: Model, reduction: Reduction, setup: Setup, about: About) -> Shown:
    """Writes the reduction as a folder in one step, and returns what its files show when they are loaded afresh.

    Raises `EditRefusedError`, with nothing written, where they do not show the fault, or cannot be written.
    """
    target = path.resolve()
    try:
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            made = beside / "new"
            made.mkdir()
            shown = _fill(made, model, reduction, setup, about)
            if target.exists():
                target.replace(beside / "old")
            made.replace(target)
        finally:
            if not target.exists() and (beside / "old").exists():
                (beside / "old").replace(target)
            shutil.rmtree(beside)
    except OSError as error:
        raise EditRefusedError(f"cannot write: {error.strerror}.", str(path)) from None
    return shown


def _fill(folder: Path, model: Model, reduction: Reduction, setup: Setup, about: About) -> Shown:
    case = reduction.case
    files = write_model(case.model, folder)
    with (folder / "input.npz").open("wb") as file:
        write_blobs(file, case.inputs)
    loaded = load(files[0])
    samples = read_samples(loaded, [f"{name}={folder / 'input.npz'}" for name in case.inputs])
    index = case.index_of(reduction.located.shown.layer.index)
    for _ in range(_TRIES if setup.engine else 1):
        runs = Runs(loaded, batches(loaded, samples)[0].inputs, setup, files)
        shown = reduction.located.fault.shown(runs, index)
        if shown is not None:
            break
    else:
        raise EditRefusedError(
            "read back from its files, the reduced model does not show it any more: nothing was written. Where the engine "
            "reads memory that is not its own, what it does may change from run to run; try again."
        )
    version = runs.observed.version if setup.engine else ""
    text = _text(folder, model, reduction, shown, about, version)
    (folder / "README.txt").write_text(text, encoding="utf-8", errors="surrogateescape")
    for name in FILES:
        with (folder / name).open("rb") as written:
            os.fsync(written.fileno())
    return shown


def _text(folder: Path, model: Model, reduction: Reduction, shown: Shown, about: About, version: str) -> str:
    case, located = reduction.case, reduction.located
    engine = f", ncnn {version or '(version unknown)'} ({about.engine})" if about.engine else ""
    whole = kept_whole(case)
    lines = [
        f"{shown.text}.",
        "",
        "To reproduce it, in this folder:",
        "",
        f"    {command(reduction, about)}",
        "",
        f"Reduced from {Path(model.document.path).name}, where {located.shown.text}.",
        "",
        *_sizes(folder, model, reduction),
        "",
        f"{reduction.trials:,} {'candidate was' if reduction.trials == 1 else 'candidates were'} run"
        + (", then the search was interrupted." if reduction.interrupted else "."),
        *([f"Channels of these types were kept as they are: {', '.join(whole)}."] if whole else []),
        f"maskctl {about.maskctl}, numpy {np.__version__}{engine}",
        "",
    ]
    return "\n".join(lines)


def _sizes(folder: Path, model: Model, reduction: Reduction) -> list[str]:
    """Before and after, a line each."""
    before = reduction.located.inputs
    layers = (len(model.graph.layers), len(reduction.case.model.graph.layers))
    param = (len(model.document.source), (folder / "model.param").stat().st_size)
    weights = (sum(model.weights.bytes_on_disk), (folder / "model.bin").stat().st_size)
    fed = tuple(sum(values.size for values in blobs.values()) for blobs in (before, reduction.case.inputs))
    rows = (("layers", layers), (".param bytes", param), (".bin bytes", weights), ("input elements", fed))
    return [f"{'':<16}{'before':>14}{'after':>10}", *(f"{name:<16}{was:>14,}{now:>10,}" for name, (was, now) in rows)]


def command(reduction: Reduction, about: About) -> str:
    """The command line that shows the fault in the folder's files."""
    inputs = [word for name in reduction.case.inputs for word in ("-i", f"{name}=input.npz")]
    if about.engine:
        words = ["verify", "model.param", *inputs, "--engine", about.engine]
    elif reduction.located.fault.name == "sqnr":
        words = ["analyze", "model.param", *inputs]
    else:
        words = ["run", "model.param", *inputs, "--all-blobs"]
    return shlex.join(["maskctl", *words, *about.options])
