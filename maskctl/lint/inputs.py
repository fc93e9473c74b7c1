"""Shapes and ranges that were given by pattern, fitted to the input blobs of each file."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from maskctl.errors import InputError, did_you_mean
from maskctl.lint.conditions import Conditions
from maskctl.lint.plan import Asked
from maskctl.lint.subject import Subject

_Given = TypeVar("_Given")


class Inputs:
    """What the command line says of input blobs, with what of it was of use for any file."""

    def __init__(self, asked: Asked) -> None:
        self._idle = {("--shape", name) for name in asked.shapes} | {("--range", name) for name in asked.ranges}
        self._blobs: dict[str, None] = {}

    def fitted(self, subject: Subject) -> Conditions:
        """The file's conditions with shapes and ranges by the names of its blobs; a name goes before a pattern."""
        given = subject.conditions
        if not given.shapes and not given.ranges:
            return given
        inputs = input_blobs(subject)
        self._blobs.update(dict.fromkeys(inputs))
        for option, texts in (("--shape", given.shapes), ("--range", given.ranges)):
            self._idle -= {(option, name) for name in names_of_use(texts, subject)}
        return replace(given, shapes=_by_name(given.shapes, inputs), ranges=_by_name(given.ranges, inputs))

    def refuse_unknown(self) -> None:
        """Raises `InputError` for a blob of the command line that no file has."""
        for option, name in sorted(self._idle):
            known = f"Input blobs are: {_some(self._blobs)}." if self._blobs else "They have no input blobs."
            raise InputError(
                f"{option} names blob '{name}', which no file has. {did_you_mean(name, self._blobs, known)}"
            )


def input_blobs(subject: Subject) -> list[str]:
    """The blobs that the application feeds."""
    return [top for layer in subject.layers if layer.type == "Input" for top in layer.tops]


def names_of_use(names: Iterable[str], subject: Subject) -> set[str]:
    """Those that are of a blob of the file, or patterns of an input blob."""
    inputs = input_blobs(subject)
    return {name for name in names if name in subject.producers or fnmatch.filter(inputs, name)}


def _by_name(given: Mapping[str, _Given], inputs: Sequence[str]) -> dict[str, _Given]:
    by_pattern = {name: value for pattern, value in given.items() for name in fnmatch.filter(inputs, pattern)}
    return {**by_pattern, **given}


def _some(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(shown[:8]) + (f" and {len(shown) - 8} more" if len(shown) > 8 else "")
