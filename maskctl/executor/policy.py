"""Which precision a run uses: a target, the engine's options, and one feature mask per layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from maskctl.errors import InputError
from maskctl.graph.model import Model
from maskctl.kernels.packing import Options
from maskctl.targets import DEFAULT, PRECISIONS, Target
from maskctl.targets.storage import Step, steps


@dataclass(frozen=True)
class Policy:
    """A precision on a target; `masks` (by layer index) replaces the masks of the file where given.

    `without` names options of the engine, by its own names, that are off for the whole network.
    """

    precision: str = "fp32"
    target: Target = DEFAULT
    masks: Mapping[int, int] | None = None
    without: Options = frozenset()

    def __post_init__(self) -> None:
        """Raises `InputError` for a precision that nobody knows."""
        if self.precision not in PRECISIONS:
            raise InputError(f"precision '{self.precision}' is not known. Expected one of: {', '.join(PRECISIONS)}.")

    @property
    def options(self) -> Options:
        """The engine's options that are on."""
        return PRECISIONS[self.precision] - self.without

    def __str__(self) -> str:
        """In words: precision, target, and what is switched off.

        >>> print(Policy("fp16", without=frozenset({"use_winograd_convolution"})))
        fp16 on arm82 (Armv8.2 CPU with fp16 arithmetic), without use_winograd_convolution
        >>> print(Policy())
        fp32
        """
        off = f", without {', '.join(sorted(self.without))}" if self.without else ""
        where = "" if self.precision == "fp32" else f" on {self.target.name} ({self.target.title})"
        return f"{self.precision}{where}{off}"

    def all_masks(self, model: Model) -> tuple[int, ...]:
        """One mask per layer: the file's, or this policy's where it has one."""
        changed = self.masks or {}
        return tuple(changed.get(layer.index, layer.mask) for layer in model.graph.layers)

    def steps(self, model: Model, raised: int | None = None) -> tuple[Step, ...]:
        """How each layer runs; the layer `raised` in fp32 whatever it reads."""
        return steps(model.graph, self.target, self.options, self.all_masks(model), raised)


FP32 = Policy()
