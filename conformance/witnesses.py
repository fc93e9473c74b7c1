"""What the engine computed for the cases, and the file it is stored in: a few long arrays and an index, no pickles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from maskctl.numeric.formats import FloatArray


@dataclass(frozen=True)
class Witness:
    """One case with its model, its samples (n, …) and what the engine made of them (n, …)."""

    name: str
    precision: str
    profiles: tuple[str, ...]
    param: str
    weights: bytes
    inputs: FloatArray
    outputs: FloatArray
    without: frozenset[str] = frozenset()

    def write(self, folder: Path) -> Path:
        """Writes the model and returns the path of its `.param`, the `.bin` beside it."""
        path = folder / "case.param"
        path.write_text(self.param, encoding="utf-8")
        path.with_suffix(".bin").write_bytes(self.weights)
        return path


def store(path: Path, witnesses: Iterable[Witness], about: Mapping[str, str]) -> None:
    """Writes the witnesses; one array per kind of bytes, because an array per case would weigh more than its values."""
    found = list(witnesses)
    index = [
        {
            "name": witness.name,
            "precision": witness.precision,
            "profiles": witness.profiles,
            "param": witness.param,
            "weights": len(witness.weights),
            "inputs": witness.inputs.shape,
            "outputs": witness.outputs.shape,
            "without": sorted(witness.without),
        }
        for witness in found
    ]
    np.savez_compressed(
        path,
        about=_text(dict(about)),
        index=_text(index),
        weights=np.frombuffer(b"".join(witness.weights for witness in found), np.uint8),
        inputs=_planes([witness.inputs for witness in found]),
        outputs=_planes([witness.outputs for witness in found]),
    )


def load(path: Path) -> tuple[Mapping[str, str], tuple[Witness, ...]]:
    """What `store` wrote: about the engine, and the witnesses."""
    with np.load(path, allow_pickle=False) as stored:
        about: dict[str, str] = json.loads(stored["about"].tobytes())
        index: list[dict[str, Any]] = json.loads(stored["index"].tobytes())
        weights = stored["weights"].tobytes()
        inputs, outputs = (_floats(stored[name]) for name in ("inputs", "outputs"))
    found, at, read, written = [], 0, 0, 0
    for row in index:
        taken, given = (int(np.prod(row[name])) for name in ("inputs", "outputs"))
        found.append(
            Witness(
                row["name"],
                row["precision"],
                tuple(row["profiles"]),
                row["param"],
                weights[at : at + row["weights"]],
                inputs[read : read + taken].reshape(row["inputs"]),
                outputs[written : written + given].reshape(row["outputs"]),
                frozenset(row["without"]),
            )
        )
        at, read, written = at + row["weights"], read + taken, written + given
    return about, tuple(found)


def _text(value: object) -> npt.NDArray[np.uint8]:
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


def _planes(arrays: list[FloatArray]) -> npt.NDArray[np.uint8]:
    """float32 values as four rows of bytes: fp16 values leave most of them 0, and rows compress well."""
    values = np.concatenate([array.reshape(-1) for array in arrays])
    return np.ascontiguousarray(values.astype("<f4").view(np.uint8).reshape(-1, 4).T)


def _floats(planes: npt.NDArray[np.uint8]) -> FloatArray:
    return np.ascontiguousarray(planes.T).view("<f4").reshape(-1).astype(np.float32)
