"""The options with which commands say what the engine runs on and is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from maskctl.executor.policy import Policy
    from maskctl.kernels.packing import Options

_Command = TypeVar("_Command", bound=Callable[..., Any])

_SWITCHES = {
    "no_winograd": ("use_winograd_convolution", "Without winograd, as if every layer had 31=64."),
    "no_sgemm": ("use_sgemm_convolution", "Without im2col and gemm for convolutions, as if every layer had 31=32."),
    "no_packing": ("use_packing_layout", "Without packed channels."),
}

TARGET_NAMES = ("arm82", "x86", "x86-avx512bf16")
TARGET_OPTION = click.option(
    "--target", type=click.Choice(TARGET_NAMES), default="arm82", show_default=True, help="What the engine runs on."
)
SWITCH_NAMES = {name: f"--{name.replace('_', '-')}" for name in _SWITCHES}
"""Switches as they are given, by parameter."""

SWITCH_OPTIONS = tuple(
    click.option(SWITCH_NAMES[name], name, is_flag=True, help=f"{text} The engine's {option}=false.")
    for name, (option, text) in _SWITCHES.items()
)


def precision_option(choices: Sequence[str], default: str) -> Callable[[_Command], _Command]:
    """`--precision`, with the choices that make sense for a command."""
    return click.option(
        "--precision", type=click.Choice(choices), default=default, show_default=True, help="What the engine runs in."
    )


def switched_off(options: Mapping[str, Any]) -> Options:
    """The engine's options that the command line switches off, by the engine's names."""
    return frozenset(option for name, (option, _) in _SWITCHES.items() if options[name])


def words_of(policy: Policy) -> str:
    """The options with which another command asks for the same."""
    off = [f" --{name.replace('_', '-')}" for name, (option, _) in _SWITCHES.items() if option in policy.without]
    return f"--precision {policy.precision} --target {policy.target.name}{''.join(off)}"


def policy_of(options: Mapping[str, Any]) -> Policy:
    """What the engine is asked for, and where."""
    from maskctl.executor.policy import Policy
    from maskctl.targets import TARGETS

    return Policy(options["precision"], TARGETS[options["target"]], without=switched_off(options))
