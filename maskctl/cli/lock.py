"""`maskctl lock`: a model's masks, kept in a file that outlives its next export."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from maskctl.lock import Entry, Lock


@click.command("lock", short_help="Keep the masks of a model in a file that outlives its next export.")
@click.argument("model", metavar="MODEL")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="The lock to write, - for stdout. [default: beside MODEL, net.param -> net.masks.toml]",
)
@click.option(
    "--force", is_flag=True, help="Replace a FILE that is no lock, and drop masks of a lock that MODEL does not have."
)
def command(model: str, output: str | None, *, force: bool) -> int:
    """Write the feature masks of MODEL (a .param file) into a lock: a TOML file with each mask and what tells its layer.

    ncnnoptimize, ncnn2int8 and every exporter write the .param without masks; `maskctl apply` puts them back from the lock. A
    lock that exists is brought up to date: reasons stay, and so do the measured gains of masks that have not changed. Exit
    status 1: MODEL has no mask, and nothing is written.

    \b
    Examples:
      maskctl lock net.param
      maskctl lock net.param -o masks/net.toml
    """
    from maskctl import lock
    from maskctl.cli.writing import STDOUT
    from maskctl.param.exclusive import exclusive

    if output == STDOUT:
        return _print(model)
    path = output or str(lock.beside(model))
    with exclusive(path):
        return _write(model, path, force=force)


def _write(model: str, path: str, *, force: bool) -> int:
    from maskctl import lock
    from maskctl.cli.text import counted
    from maskctl.cli.writing import write_file
    from maskctl.graph.network import build
    from maskctl.param import load
    from maskctl.param.write import refuse_unwritable

    graph = build(load(model))
    _refuse_model(path, model)
    refuse_unwritable(path)
    made, before = lock.lock_of(graph), _lock_there(path, force=force)
    if not made.entries and not (before and force):
        click.echo(f"{model} has no feature mask; nothing was written.{_lost(before)}")
        return 1
    if before:
        made, gone = lock.updated(before, made, graph)
        _refuse_loss(gone, path, model, force=force)
    write_file(path, lock.to_text(made).encode())
    click.echo(f"Wrote {counted(len(made.entries), 'mask')} to {path}.")
    return 0


def _print(model: str) -> int:
    """A new lock on stdout, whatever lies beside the model."""
    from maskctl import lock
    from maskctl.cli.writing import write_stdout
    from maskctl.graph.network import build
    from maskctl.param import load

    made = lock.lock_of(build(load(model)))
    if not made.entries:
        click.echo(f"{model} has no feature mask; nothing was written.", err=True)
        return 1
    write_stdout(lock.to_text(made).encode())
    return 0


def _refuse_model(path: str, model: str) -> None:
    """Not even --force puts the lock in place of what it is the lock of."""
    from maskctl.cli.writing import same_file
    from maskctl.errors import InputError

    if same_file(path, model):
        raise InputError(f"'{path}' is the model, and would be replaced. Give another name.")


def _lock_there(path: str, *, force: bool) -> Lock | None:
    """The lock that will be brought up to date; raises `EditRefusedError` for another file unless it may be replaced."""
    from maskctl import lock
    from maskctl.errors import EditRefusedError, InputError

    if not Path(path).exists():
        return None
    try:
        return lock.load(path)
    except InputError as error:
        if force:
            return None
        why = f"the file exists, and cannot be brought up to date: {error.problem}"
        raise EditRefusedError(f"{why} Or give another name with -o, or --force to replace it.", path) from None


def _lost(before: Lock | None) -> str:
    from maskctl.cli.text import counted

    has = (
        before
        and f" The lock {before.path} has {counted(len(before.entries), 'mask')}: 'maskctl apply' puts them back."
    )
    return has or ""


def _refuse_loss(gone: Sequence[Entry], path: str, model: str, *, force: bool) -> None:
    """A lock is not brought up to date with a model that has just lost its masks."""
    from maskctl.errors import EditRefusedError

    if gone and not force:
        listed = ", ".join(map(str, gone[:_MOST_LISTED])) + (", ..." if len(gone) > _MOST_LISTED else "")
        raise EditRefusedError(
            f"the lock holds masks that {model} has not: {listed}. Put them back with 'maskctl apply {path} {model}'. "
            "Where 'maskctl set-mask' has put them on other layers, or nobody wants them any more, give --force to drop them.",
            path,
        )


_MOST_LISTED = 5
