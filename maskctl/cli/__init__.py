"""The front door: arguments in, one library call, rendering, exit code.

0: done. 1: done, and the answer is no. 2: the command line or an input file is wrong. 3: a bug in maskctl.
130: interrupted. Nothing below this room knows click or rich, and nothing here imports numpy before it must.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

from maskctl.errors import MaskctlError

COMMANDS = {
    "analyze": "maskctl.cli.analyze",
    "set-mask": "maskctl.cli.set_mask",
    "show": "maskctl.cli.show",
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
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="maskctl")
def cli() -> None:
    """Find the layers of an ncnn model that lose the most in fp16, and write the feature mask that repairs them."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with the code the module documents."""
    try:
        code = cli.main(args=None if arguments is None else list(arguments), prog_name="maskctl", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = 2
    except MaskctlError as error:
        click.echo(f"maskctl: {error}", err=True)
        code = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("maskctl: interrupted; nothing was written.", err=True)
        code = 130
    except BrokenPipeError:
        # The reader of the pipe has gone. Python would complain once more when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except Exception:  # noqa: BLE001 - the one door every bug passes
        code = _report_bug()
    sys.exit(code if isinstance(code, int) else 0)


def _report_bug() -> int:
    import traceback

    traceback.print_exc()
    click.echo(
        "maskctl: this is a bug in maskctl. Please report it with the lines above and, if you can, the .param file.",
        err=True,
    )
    return 3
