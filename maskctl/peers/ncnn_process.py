"""The process in which the real ncnn runs: a script for any Python that has ncnn and numpy, maskctl not needed.

    python ncnn_process.py REQUEST.json INPUTS.npz OUTPUTS.npz [REQUEST.json INPUTS.npz OUTPUTS.npz ...]

A request holds `param` and `bin` (paths), `blobs` (names to read) and `options` (by ncnn's names). Inputs are
arrays (n, …) by blob name, and so are the outputs; `__version__` is the engine's version.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np


def main(*paths: str) -> None:
    """Runs the requests one after another, three paths each."""
    for request_path, inputs_path, outputs_path in zip(paths[0::3], paths[1::3], paths[2::3]):  # noqa: B905 - Python 3.9
        run(request_path, inputs_path, outputs_path)


def run(request_path: str, inputs_path: str, outputs_path: str) -> None:
    """Runs every sample and writes every blob asked for; exits with 4 and a message where ncnn returns an error."""
    import ncnn

    with open(request_path, encoding="utf-8") as file:
        request = json.load(file)
    with np.load(inputs_path, allow_pickle=False) as stored:
        inputs = {name: np.ascontiguousarray(stored[name], np.float32) for name in stored.files}
    net = ncnn.Net()
    net.opt.use_vulkan_compute = False
    for name, value in request["options"].items():
        setattr(net.opt, name, value)
    if net.load_param(request["param"]) != 0 or net.load_model(request["bin"]) != 0:
        print("ncnn refuses the model", file=sys.stderr)  # noqa: T201
        sys.exit(4)
    results: dict[str, list[Any]] = {name: [] for name in request["blobs"]}
    for sample in range(len(next(iter(inputs.values())))):
        # A Mat over a numpy array does not own its memory: clone it, and keep the array until the run is over.
        fed = {name: ncnn.Mat(values[sample]).clone() for name, values in inputs.items()}
        extractor = net.create_extractor()
        extractor.set_light_mode(False)
        for name, mat in fed.items():
            extractor.input(name, mat)
        for name in request["blobs"]:
            code, mat = extractor.extract(name)
            if code != 0:
                print(f"ncnn cannot compute blob '{name}': it returns {code}", file=sys.stderr)  # noqa: T201
                sys.exit(4)
            results[name].append(np.array(mat))
    version = np.array(ncnn.__version__)
    stacked: dict[str, Any] = {name: np.stack(rows) for name, rows in results.items()}
    np.savez(outputs_path, __version__=version, **stacked)


if __name__ == "__main__":
    main(*sys.argv[1:])
