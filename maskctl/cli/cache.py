"""What an analysis has found so far, on disk, so that an interrupted one goes on where it was."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from maskctl import __version__
from maskctl.cli.text import counted
from maskctl.cli.written import from_json, to_json

if TYPE_CHECKING:
    from maskctl.analysis.goal import Outcome
    from maskctl.analysis.tasks import Measured
    from maskctl.executor.policy import Policy
    from maskctl.executor.samples import Samples
    from maskctl.graph.model import Model

FOLDER = ".maskctl-cache"


class Cache:
    """One file of outcomes of trials and of measurements, a line each, by a hash of all that they depend on.

    It is there while the analysis is unfinished. A folder that cannot be written costs nothing but the memory of an
    interrupted run. Lines that are cut short or damaged are passed over.
    """

    def __init__(self, folder: Path, key: str, check: str = "") -> None:
        """What `key` has left in a folder; trials count for the same `check` only, measurements for any."""
        self._path, self._key, self._check = folder / f"{key[:32]}.jsonl", key, check
        self._trials: dict[str, Outcome] = {}
        self._measured: dict[str, list[tuple[str, tuple[int, ...], Measured]]] = {}
        for line in self._lines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                self._know(json.loads(line))

    @property
    def found(self) -> str:
        """In words what an interrupted run has left; "" for nothing."""
        layers = sum(len(indices) for tasks in self._measured.values() for _, indices, _ in tasks)
        counts = ((len(self._trials), "trial"), (layers, "measurement"))
        return " and ".join(counted(count, what) for count, what in counts if count)

    @property
    def goes_on(self) -> str:
        """In words that another run finds what is kept; "" where nothing is, as in a folder that cannot be written."""
        return "The same command goes on from here" if self._path.is_file() else ""

    def find(self, model: Model, masks: Mapping[int, int]) -> Outcome | None:
        """The outcome of these masks on this text, if it is known."""
        return self._trials.get(self._trial(model, masks))

    def keep(self, model: Model, masks: Mapping[int, int], outcome: Outcome) -> None:
        """Writes an outcome down."""
        name = self._trial(model, masks)
        self._trials[name] = outcome
        self._write({"trial": name, "check": self._check, "outcome": to_json(outcome)})

    def measured(self, of: bytes) -> Iterator[tuple[str, tuple[int, ...], Measured]]:
        """The method and the layers of each task that was done on this, and what it gave."""
        yield from self._measured.get(_hash(self._key.encode(), of), ())

    def keep_measured(self, of: bytes, method: str, indices: Sequence[int], found: Measured) -> None:
        """Writes down what a task gave."""
        name = _hash(self._key.encode(), of)
        self._write({"measured": name, "method": method, "layers": list(indices), "found": to_json(found)})

    def finish(self) -> None:
        """The analysis is done: nothing is left on disk."""
        with contextlib.suppress(OSError):
            self._path.unlink()
            self._path.parent.rmdir()

    def _trial(self, model: Model, masks: Mapping[int, int]) -> str:
        return _hash(self._key.encode(), model.document.to_bytes(), json.dumps(sorted(masks.items())).encode())

    def _write(self, line: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def _lines(self) -> Sequence[str]:
        with contextlib.suppress(OSError):
            return self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        return ()

    def _know(self, stored: Any) -> None:
        """Takes in a line; raises `ValueError`, `KeyError` or `TypeError` for what is none."""
        if "trial" in stored:
            if stored["check"] == self._check:
                self._trials[stored["trial"]] = _one("Outcome", stored["outcome"])
        else:
            found, indices = _one("Measured", stored["found"]), tuple(stored["layers"])
            if set(found.losses) != set(indices):
                raise ValueError("the sums are of other layers")
            self._measured.setdefault(stored["measured"], []).append((stored["method"], indices, found))


def open_cache(model: Model, samples: Samples, policy: Policy, options: Mapping[str, Any]) -> Cache | None:
    """The cache of a command line in the working folder, None with --no-cache; says what is known of an interrupted run."""
    from maskctl.cli.model_input import weights_source
    from maskctl.graph.model import bin_beside

    if options["no_cache"]:
        return None
    plugins = [Path(plugin).read_text(encoding="utf-8", errors="replace") for plugin in options["plugins"]]
    more = json.dumps([plugins, options["output_blobs"]])
    weights = weights_source(options) or str(bin_beside(model.document.path))
    check = _check_key(options["check"] or "", number=options["target_check"] is not None)
    cache = Cache(Path(FOLDER), key_of(model, weights, samples, policy, more), check)
    if cache.found:
        click.echo(
            f"maskctl: note: {cache.found} of an interrupted run in {FOLDER}; what fits is taken. --no-cache does everything again.",
            err=True,
        )
    return cache


def _check_key(command: str, *, number: bool) -> str:
    """A hash of what a score depends on, as far as the command says: its words, and what the files that it names hold."""
    held = []
    with contextlib.suppress(ValueError, OSError):  # who runs the command says what is wrong with it
        held = [Path(word).read_bytes() for word in shlex.split(command) if Path(word).is_file()]
    return _hash(command.encode(), bytes([number]), *held)


def key_of(model: Model, weights: str, samples: Samples, policy: Policy, more: str) -> str:
    """A hash of what everything that is kept depends on; `weights` is a file or "random:SEED", `more` whatever else counts."""
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


def _one(name: str, stored: Any) -> Any:
    """What is stored, which must be one of these."""
    if stored["is"] != name:
        raise ValueError(f"a {stored['is']} is no {name}")
    return from_json(stored)
