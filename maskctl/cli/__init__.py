"""The front door: arguments in, one library call, rendering, exit code.

0: done. 1: done, and the answer is no. 2: the command line or an input file is wrong. 3: a bug in maskctl.
130: interrupted; a `KeyboardInterrupt` whose text says what was written is told with it. 141: nobody reads stdout any more.
Nothing below this room knows click or rich, and nothing here imports numpy before it must.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from maskctl import __version__
from maskctl.errors import InputError, MaskctlError, did_you_mean

COMMANDS = {
    "analyze": "maskctl.cli.analyze",
    "apply": "maskctl.cli.apply",
    "compare": "maskctl.cli.compare",
    "diff": "maskctl.cli.diff",
    "explain": "maskctl.cli.explain",
    "lint": "maskctl.cli.lint",
    "lock": "maskctl.cli.lock",
    "prove": "maskctl.cli.prove",
    "reduce": "maskctl.cli.reduce",
    "run": "maskctl.cli.run",
    "set-mask": "maskctl.cli.set_mask",
    "show": "maskctl.cli.show",
    "verify": "maskctl.cli.verify",
}


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are named."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = importlib.import_module(module).command
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                parameter.callback = _refuse_empty
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(_no_command(args[0]), ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _ReaderGoneError from None


def _refuse_empty(_ctx: click.Context, option: click.Parameter, value: Any) -> Any:
    """Refuses "" as the value of an option, or behind the name of a blob: it is a shell variable that is not set."""
    for text in value if isinstance(value, tuple) else (value,):
        if text == "":
            raise InputError(f"{option.opts[0]} is empty. Give a value, or leave the option out. {_UNSET}")
        if isinstance(text, str) and "=" in (option.metavar or "") and text.endswith("=") and text.count("=") == 1:
            raise MaskctlError(
                f"{option.opts[0]} '{text}' ends at its equals sign. Expected {option.metavar}. {_UNSET}"
            )
    return value


_UNSET = "Is a variable of the shell not set?"


class _ReaderGoneError(Exception):
    """The reader of stdout has gone. Left to click it would end in exit status 1, which means "the answer is no"."""


def _no_command(name: str) -> str:
    return f"there is no command '{name}'. " + did_you_mean(name, COMMANDS, f"Commands are: {', '.join(COMMANDS)}.")


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def cli() -> None:
    """Find the layers of an ncnn model that lose the most in fp16, and write the feature mask that repairs them."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with the code the module documents."""
    _print_anything()
    _print_all()
    try:
        code = cli.main(args=None if arguments is None else list(arguments), prog_name="maskctl", standalone_mode=False)
        if sys.stdout:
            sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = 2
    except MaskctlError as error:
        click.echo(f"maskctl: {error}", err=True)
        code = 2
    except (click.Abort, KeyboardInterrupt) as error:
        written = str(error.__cause__ or error)  # click puts its own in place of a KeyboardInterrupt
        click.echo(f"maskctl: interrupted; {written or 'nothing was written'}.", err=True)
        code = 130
    except (BrokenPipeError, _ReaderGoneError):
        _discard_stdout()
        code = 141
    except MemoryError:
        click.echo("maskctl: not enough memory. Give fewer samples, or a smaller input with --shape.", err=True)
        code = 2
    except Exception as error:  # noqa: BLE001 - the one door every bug passes
        code = _report_unforeseen(error)
    sys.exit(code if isinstance(code, int) else 0)


def _print_anything() -> None:
    """Names in a file need not be text of the terminal's encoding; they are shown escaped rather than not at all."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _print_all() -> None:
    """Puts a buffer, flushed at each line, into a stdout that PYTHONUNBUFFERED left without one.

    Without it Python passes over it when the system takes only a part of what is printed, as it does when the reader goes
    in the middle; with one the rest is tried too, and fails.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and isinstance(sys.stdout.buffer, io.RawIOBase):
        encoding, errors = sys.stdout.encoding, sys.stdout.errors
        buffer = io.BufferedWriter(sys.stdout.detach())
        sys.stdout = io.TextIOWrapper(buffer, encoding, errors, line_buffering=True)


def _discard_stdout() -> None:
    """Sends what is still buffered nowhere: Python would complain once more when it flushes stdout at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_unforeseen(error: Exception) -> int:
    """What no command foresaw: a disk that is full under stdout, or else a bug."""
    import traceback

    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        click.echo(f"maskctl: cannot write: {error.strerror}.", err=True)
        _discard_stdout()
        return 2
    traceback.print_exc()
    click.echo(
        "maskctl: this is a bug in maskctl. Please report it with the lines above and, if you can, the .param file.",
        err=True,
    )
    return 3
