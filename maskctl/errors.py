"""Every exception maskctl raises, divided by what the user does next.

A finding (a layer that overflows, a target missed) is a value; an error is one of these.
The command line turns each into its message on stderr and exit code 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A position in a text file; `line` and `column` count from 1, 0 means the whole file.

    >>> str(Place("net.param", 3, 14))
    'net.param:3:14'
    >>> str(Place("net.param"))
    'net.param'
    """

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        numbers = [str(number) for number in (self.line, self.column) if number]
        return ":".join([self.path, *numbers])


_LONGEST = 4000
_KEPT_IN_FRONT = 3000


class MaskctlError(Exception):
    """The base of all errors a user can cause; `str()` is the whole message to show.

    A value of a megabyte in it is cut: a message begins with what is wrong and ends with what to do.
    """

    def __init__(self, message: str, place: Place | str | None = None) -> None:
        if len(message) > _LONGEST:
            message = f"{message[:_KEPT_IN_FRONT]} … {message[_KEPT_IN_FRONT - _LONGEST :]}"
        self.place = Place(place) if isinstance(place, str) else place
        self.problem = message
        super().__init__(f"{self.place}: {message}" if self.place else message)


class ParamSyntaxError(MaskctlError):
    """The text of a `.param` file cannot be read: mend the text. `mistake` is the name the linter has for it."""

    def __init__(self, message: str, place: Place | str | None = None, mistake: str = "syntax-error") -> None:
        super().__init__(message, place)
        self.mistake = mistake


class GraphError(MaskctlError):
    """The text is readable but the network it describes is not sound: mend the network."""


class WeightsError(MaskctlError):
    """The `.bin` does not fit the `.param`, or holds values no network can use."""


class UnsupportedError(MaskctlError):
    """The network uses something maskctl cannot run; every such layer is named at once."""


class InputError(MaskctlError):
    """What the caller gave (a file, a shape, a name, an option) cannot be used."""


class ExecutionError(MaskctlError):
    """A layer cannot be computed with the inputs that reached it."""


class EditRefusedError(MaskctlError):
    """Nothing was written: the result would not have been what was asked for, or nowhere to put it."""


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The question with the nearest of the known names, or `otherwise` where none is near.

    >>> did_you_mean("conv33", ["conv3", "prob"])
    "Did you mean 'conv3'?"
    """
    import difflib  # only a message needs it

    near = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean '{near[0]}'?" if near else otherwise
