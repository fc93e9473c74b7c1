"""Outcomes of trials on disk, so that an interrupted search goes on where it was."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from maskctl import __version__
from maskctl.cli.text import counted

if TYPE_CHECKING:
    from maskctl.analysis.goal import Outcome
    from maskctl.executor.policy import Policy
    from maskctl.executor.samples import Samples
    from maskctl.graph.model import Model

FOLDER = ".maskctl-cache"


class TrialCache:
    """One file of outcomes, a line each, by a hash of all that they depend on; it is there while the search is unfinished.

    A folder that cannot be written costs nothing but the memory of an interrupted run. Lines that a kill cut short are
    passed over.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._path, self._key = folder / f"{key[:32]}.jsonl", key
        self._known = dict(self._read())
        self.found = len(self._known)

    def find(self, model: Model, masks: Mapping[int, int]) -> Outcome | None:
        """The outcome of these masks on this text, if it is known."""
        stored = self._known.get(self._name(model, masks))
        return None if stored is None else _outcome(stored)

    def keep(self, model: Model, masks: Mapping[int, int], outcome: Outcome) -> None:
        """Writes an outcome down."""
        name, content = self._name(model, masks), asdict(outcome)
        self._known[name] = content
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"trial": name, "outcome": content}, default=str) + "\n")

    def finish(self) -> None:
        """The search is done: nothing is left on disk."""
        with contextlib.suppress(OSError):
            self._path.unlink()
            self._path.parent.rmdir()

    def _name(self, model: Model, masks: Mapping[int, int]) -> str:
        return _hash(self._key.encode(), model.document.to_bytes(), json.dumps(sorted(masks.items())).encode())

    def _read(self) -> Iterator[tuple[str, Any]]:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            for line in self._path.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    stored = json.loads(line)
                    _outcome(stored["outcome"])  # what cannot be read is not known
                    yield stored["trial"], stored["outcome"]


def open_cache(model: Model, samples: Samples, policy: Policy, options: Mapping[str, Any]) -> TrialCache | None:
    """The cache of a command line in the working folder, None with --no-cache; says what is known of an interrupted run."""
    from maskctl.cli.model_input import weights_source
    from maskctl.graph.model import bin_beside

    if options["no_cache"]:
        return None
    plugins = [Path(plugin).read_text(encoding="utf-8", errors="replace") for plugin in options["plugins"]]
    more = json.dumps([plugins, options["output_blobs"], options["check"], options["target_check"]])
    weights = weights_source(options) or str(bin_beside(model.document.path))
    cache = TrialCache(Path(FOLDER), key_of(model, weights, samples, policy, more))
    if cache.found:
        click.echo(
            f"maskctl: note: {counted(cache.found, 'trial')} of an interrupted run {'is' if cache.found == 1 else 'are'} taken "
            f"from {FOLDER}; --no-cache tries them again.",
            err=True,
        )
    return cache


def key_of(model: Model, weights: str, samples: Samples, policy: Policy, more: str) -> str:
    """A hash of what every trial depends on; `weights` is a file or "random:SEED", `more` whatever else counts."""
    parts = [__version__.encode(), model.document.source, str(policy).encode(), more.encode()]
    path = Path(weights)
    parts.append(path.read_bytes() if path.is_file() else weights.encode())
    for name, arrays in sorted(samples.by_blob.items()):
        for array in arrays:
            parts += [name.encode(), str((array.shape, array.dtype)).encode(), array.tobytes()]
    return _hash(*parts)


def _hash(*parts: bytes) -> str:
    """SHA-256 of the parts, each with its length in front, so that no two lists of parts give the same bytes."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.hexdigest()


def _outcome(stored: Any) -> Outcome:
    """Raises `ValueError`, `KeyError` or `TypeError` for what is no outcome."""
    from maskctl.analysis.goal import Outcome
    from maskctl.analysis.metrics import Comparison

    names = {part.name for part in fields(Comparison)}
    outputs = {}
    for blob, sums in stored["outputs"].items():
        if set(sums) != names:
            raise ValueError(f"{sorted(sums)} are not the sums of a comparison")
        exact: dict[str, Any] = {
            name: Fraction(value) if isinstance(value, str) else value for name, value in sums.items()
        }
        outputs[blob] = Comparison(**exact)
    return Outcome(outputs, tuple(stored["sources"]), stored["score"])
