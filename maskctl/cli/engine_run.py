"""A model in the real engine and in maskctl, for the commands that put both beside each other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maskctl.analysis.verify import Verification
    from maskctl.executor.policy import Policy
    from maskctl.graph.model import Model
    from maskctl.layers.base import Array
    from maskctl.peers.ncnn_engine import Observation


def verified(
    model: Model, options: Mapping[str, Any], policy: Policy, engine: Any, inputs: Mapping[str, Array]
) -> tuple[Verification, Observation]:
    """The engine's run and ours, compared; and what the engine gave. `options` are those of a command line.

    Raises `InputError` where the engine does not start.
    """
    from maskctl.analysis.verify import verify
    from maskctl.peers.engines import require_started
    from maskctl.peers.ncnn_engine import Job

    with _weights_file(model, options) as weights:
        blobs = [top for op in model.operators if not op.cut and op.layer.type != "Input" for top in op.layer.tops]
        path = Path(model.document.path)
        seen = engine.observe(Job(path, weights, inputs, blobs, policy.options, options["threads"]))
    require_started(engine, seen)
    found = verify(
        model,
        inputs,
        policy,
        seen.blobs,
        failure=seen.failure,
        failed_at=seen.failed_at,
        tolerance_db=options["tolerance"],
    )
    return found, seen


@contextlib.contextmanager
def _weights_file(model: Model, options: Mapping[str, Any]) -> Iterator[Path]:
    """The `.bin` for the engine: the user's, or a temporary one of made-up weights."""
    from tempfile import TemporaryDirectory

    from maskctl.graph.model import bin_beside, random_seed
    from maskctl.graph.weights import write_random_to

    seed = random_seed(options["made_up"])
    if seed is None:
        yield Path(options["bin_path"] or bin_beside(model.document.path))
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "made-up.bin"
        with path.open("wb") as file:
            write_random_to(file, model.operators, seed)
        yield path
