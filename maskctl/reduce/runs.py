"""What a model computes for one input: in fp32, as predicted in a low precision, and in the real engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from maskctl.errors import ExecutionError
from maskctl.executor.policy import FP32, Policy
from maskctl.executor.run import run
from maskctl.graph.model import Model
from maskctl.graph.weights import write_to
from maskctl.layers.base import Array
from maskctl.peers.engines import require_started
from maskctl.peers.ncnn_engine import Job, NcnnEngine, Observation


@dataclass(frozen=True)
class Setup:
    """How models are run: what is asked for, and the engine, None for the prediction alone."""

    policy: Policy
    engine: NcnnEngine | None = None
    threads: int = 1

    def within(self, seconds: float) -> Setup:
        """The same with an engine that is taken to hang after `seconds`, if not earlier already."""
        if self.engine is None:
            return self
        return replace(self, engine=replace(self.engine, timeout_s=min(seconds, self.engine.timeout_s)))

    @property
    def source(self) -> str:
        """Whose blobs are judged, in words."""
        return "the engine" if self.engine else "the prediction"


class Runs:
    """The runs of one model over samples (n, …), each made when it is first asked for; raises as `run` does.

    `files` are its `.param` and `.bin` where they are on disk.
    """

    def __init__(
        self, model: Model, inputs: Mapping[str, Array], setup: Setup, files: tuple[Path, Path] | None = None
    ) -> None:
        self.model, self.inputs, self.setup, self._files = model, inputs, setup, files
        self._observed: Observation | None = None

    @cached_property
    def exact(self) -> Mapping[str, Array]:
        """All blobs in fp32."""
        return run(self.model, self.inputs, FP32, keep=["*"])

    @cached_property
    def predicted(self) -> Mapping[str, Array]:
        """All blobs as predicted."""
        return run(self.model, self.inputs, self.setup.policy, keep=["*"])

    @property
    def observed(self) -> Observation:
        """The engine's run; raises `ExecutionError` where it refuses the model, or a blob."""
        if self._observed is None:
            observe_together([self])
        seen = self._observed or Observation({})
        if seen.failure and not seen.is_dead:
            raise ExecutionError(f"the engine {seen.failure}.", self.model.document.path)
        return seen

    @property
    def lowered(self) -> Mapping[str, Array]:
        """The low-precision blobs that are judged: the engine's where there is one, else the predicted ones."""
        if self.setup.engine is None:
            return self.predicted
        return {**self.inputs, **self.observed.blobs}

    def job(self, folder: Path) -> Job:
        """What the engine is to run; a model that is not on disk is written into `folder`."""
        param, weights = self._files or write_model(self.model, folder)
        blobs = [top for op in self.model.operators if op.layer.type != "Input" for top in op.layer.tops]
        return Job(param, weights, self.inputs, blobs, self.setup.policy.options, self.setup.threads)

    def saw(self, seen: Observation) -> None:
        """Takes the engine's run."""
        self._observed = seen


def observe_together(runs: Sequence[Runs]) -> None:
    """Has the engine run several models of one setup in one start; the prediction takes its place where there is none."""
    engine = runs[0].setup.engine
    if engine is None:
        for run_of_one in runs:
            run_of_one.saw(Observation(run_of_one.predicted))
        return
    with TemporaryDirectory() as folder:
        jobs = []
        for number, run_of_one in enumerate(runs):
            own = Path(folder) / str(number)
            own.mkdir()
            jobs.append(run_of_one.job(own))
        for run_of_one, seen in zip(runs, engine.observe_all(jobs), strict=True):
            require_started(engine, seen)
            run_of_one.saw(seen)


def write_model(model: Model, folder: Path) -> tuple[Path, Path]:
    """Writes a model's `.param` and `.bin` into a folder, weights as fp32; raises `OSError`."""
    param, weights = folder / "model.param", folder / "model.bin"
    param.write_bytes(model.document.to_bytes())
    with weights.open("wb") as file:
        write_to(file, model.operators, model.weights.tensors)
    return param, weights
