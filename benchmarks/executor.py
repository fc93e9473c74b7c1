"""Times a pass of the fp32 executor beside the real ncnn and ONNX's reference evaluator, on the same machine and threads.

    python benchmarks/executor.py [--threads 2] [--rounds 15] [--markdown FILE] [--every | --param FILE ...]

Ours and ncnn take turns, each in a process of its own so that the idle threads of one do not take the cores from the
other, and medians are compared: machines are shared and noisy. Models come from the
folder MASKCTL_SHARED (by default `shared` beside the repository); a model without a `.bin` gets made-up weights, the
same for all. Memory is what a pass allocates at its peak, weights laid out for it included, beside the bound it must
keep: all weights as fp32 and three times the largest pair of bottoms and tops.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maskctl.graph.model import Model
    from maskctl.layers.base import Array

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("MASKCTL_SHARED", ROOT.parent / "shared"))
PARAMS = (
    "models/squeezenet_v1.1.param",
    "params/ncnn-mobilenet_v2.param",
    "params/ncnn-regnety_400m.param",
    "params/assets-yolov4-tiny-opt.param",
    "params/ncnn-vgg16.param",
    "params/ncnn-vision_transformer.param",
)
REST_S = 0.06
"""Between turns: the threads of both keep spinning for some 25 ms after a pass."""

BURST_S = 0.2
"""How long a turn takes at least: after a rest the first passes are slow in both."""
WORKER = "--ncnn-worker"

Pass = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Medians in seconds, and the memory of a pass and its bound in bytes."""

    name: str
    ours: float
    ncnn: float
    onnx: float | None
    peak_bytes: int
    bound_bytes: int


def main() -> None:
    """Prints a row per model, and writes them as a Markdown table where asked."""
    if sys.argv[1:2] == [WORKER]:
        _serve_ncnn(json.loads(sys.argv[2]))
        return
    arguments = _arguments()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(arguments.threads)
    sys.path.insert(0, str(ROOT))
    rows = [HEADER]
    print(HEADER)
    for path in arguments.param:
        rows.append(_line(_timing(Path(path), arguments)))
        print(rows[-1], flush=True)
    if arguments.markdown:
        Path(arguments.markdown).write_text("\n".join([*rows, "", _machine(arguments.threads), ""]), encoding="utf-8")
    print(_machine(arguments.threads))


HEADER = (
    "| model | maskctl ms | ncnn ms | ratio | onnx reference ms | times faster | peak MB | bound MB |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|"
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--markdown", metavar="FILE")
    parser.add_argument("--every", action="store_true", help="every model of the folder, not only the six of the table")
    parser.add_argument("--param", nargs="+", default=[str(SHARED / path) for path in PARAMS])
    arguments = parser.parse_args()
    if arguments.every:
        arguments.param = sorted(map(str, [*SHARED.glob("models/*.param"), *SHARED.glob("params/*.param")]))
    return arguments


def _line(row: Timing) -> str:
    onnx = "| |" if row.onnx is None else f"{row.onnx * 1e3:.0f} | {row.onnx / row.ours:.0f} |"
    return (
        f"| {row.name} | {row.ours * 1e3:.2f} | {row.ncnn * 1e3:.2f} | {row.ours / row.ncnn:.2f} | {onnx} "
        f"{row.peak_bytes / 1e6:.1f} | {row.bound_bytes / 1e6:.1f} |"
    )


def _timing(param: Path, arguments: argparse.Namespace) -> Timing:
    import numpy as np

    from maskctl.executor.inputs import input_shapes
    from maskctl.executor.run import run
    from maskctl.graph.model import bin_beside, load
    from maskctl.graph.network import build
    from maskctl.graph.operators import operators
    from maskctl.graph.weights import write_random
    from tests.shared_models import INPUT_SHAPES, repaired, shortened, without_focus

    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        weights = bin_beside(param)
        document = shortened(without_focus(repaired(param)))
        source, param = param, Path(folder) / param.name
        param.write_bytes(document.source)
        if not weights.exists():
            weights = Path(folder) / "made_up.bin"
            write_random(weights, operators(build(document)), 0)
        model = load(param, weights)
        known = INPUT_SHAPES.get(source.stem, {})
        shapes = input_shapes(model, {name: known[name] for name in model.graph.inputs if name in known})
        inputs = {name: rng.standard_normal((1, *shape), np.float32) for name, shape in shapes.items()}
        if "im_info" in inputs:
            inputs["im_info"] = np.array([[224, 224, 1]], np.float32)
        peak = _peak_bytes(lambda: run(model, inputs))
        arrays: dict[str, Any] = dict(inputs)
        np.savez(Path(folder) / "inputs.npz", **arrays)
        request = {
            "param": str(param),
            "bin": str(weights),
            "inputs": f"{folder}/inputs.npz",
            "threads": arguments.threads,
        }
        engine = _Worker({**request, "outputs": model.outputs})
        ours, ncnn = _medians(lambda: _timed(lambda: run(model, inputs)), engine.pass_time, arguments.rounds)
        engine.stop()
        return Timing(param.stem, ours, ncnn, _onnx_time(model, inputs), peak, _bound_bytes(model, shapes))


def _medians(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> tuple[float, float]:
    """Both take turns; a turn is a burst of passes, of which the first third is not counted."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for found, one in zip(times, (ours, theirs), strict=True):
            time.sleep(REST_S)
            burst = [one()]
            while sum(burst) < BURST_S:
                burst.append(one())
            found.extend(burst[len(burst) // 3 :])
    return statistics.median(times[0]), statistics.median(times[1])


def _timed(one: Pass) -> float:
    start = time.perf_counter()
    one()
    return time.perf_counter() - start


class _Worker:
    """ncnn in a process of its own, which runs one pass for each line it is sent and answers with its seconds."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        command = [sys.executable, __file__, WORKER, json.dumps(request)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603

    def pass_time(self) -> float:
        """Seconds of one pass."""
        assert self._process.stdin is not None  # noqa: S101
        assert self._process.stdout is not None  # noqa: S101
        print(file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def stop(self) -> None:
        """Ends the process."""
        self._process.communicate()


def _serve_ncnn(request: Mapping[str, Any]) -> None:
    import ncnn
    import numpy as np

    net = ncnn.Net()
    net.opt.use_vulkan_compute = False
    for name in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(net.opt, name, False)
    net.opt.num_threads = request["threads"]
    if net.load_param(request["param"]) or net.load_model(request["bin"]):
        raise SystemExit(f"ncnn refuses {request['param']}")
    with np.load(request["inputs"]) as stored:
        arrays = {name: np.ascontiguousarray(stored[name][0]) for name in stored.files}
    fed = {name: ncnn.Mat(values).clone() for name, values in arrays.items()}  # a Mat does not own its memory

    def one_pass() -> None:
        extractor = net.create_extractor()
        for name, mat in fed.items():
            extractor.input(name, mat)
        for name in request["outputs"]:
            extractor.extract(name)

    for _ in sys.stdin:
        print(_timed(one_pass), flush=True)


def _onnx_time(model: Model, inputs: Mapping[str, Array]) -> float | None:
    """The best of three passes, or None where there is no equivalent graph."""
    from maskctl.errors import UnsupportedError
    from maskctl.peers.onnx_reference import OnnxReference

    try:
        reference = OnnxReference(model)
    except UnsupportedError:
        return None
    if model.graph.path.endswith("vgg16.param"):  # minutes
        return None
    times = []
    for _ in range(3):
        start = time.perf_counter()
        reference.run(inputs)
        times.append(time.perf_counter() - start)
    return min(times)


def _peak_bytes(one: Pass) -> int:
    """The most bytes a first pass holds at once; numpy tells tracemalloc of its arrays, mapped files are not memory."""
    tracemalloc.start()
    one()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def _bound_bytes(model: Model, shapes: Mapping[str, tuple[int, ...]]) -> int:
    from maskctl.graph.memory import weight_bytes
    from maskctl.graph.operators import infer_shapes

    known = infer_shapes(model.operators, shapes, model.graph.path)
    pairs = (
        sum(4 * math.prod(known[name]) for name in {*op.layer.bottoms, *op.layer.tops})
        for op in model.operators
        if op.layer.type not in {"Input", "Split"}
    )
    return weight_bytes(model.operators) + 3 * max(pairs)


def _machine(threads: int) -> str:
    from importlib.metadata import version

    cpu = "unknown CPU"
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), cpu)
    return (
        f"{cpu}, {threads} threads, Python {platform.python_version()}, numpy {version('numpy')}, ncnn {version('ncnn')}, "
        f"onnx {version('onnx')}"
    )


if __name__ == "__main__":
    main()
