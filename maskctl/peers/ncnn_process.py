"""The process in which the real ncnn runs: a script for any Python that has ncnn and numpy, maskctl not needed.

    python ncnn_process.py REQUEST.json INPUTS.npz OUTPUTS.npz [REQUEST.json INPUTS.npz OUTPUTS.npz ...]

A request holds `param` and `bin` (paths), `blobs` (names to read) and `options` (by ncnn's names). Inputs are
arrays (n, …) by blob name. Outputs are arrays without samples, named `BLOB NUMBER`, because a detection layer gives
each sample as many rows as it finds; `__version__` is the engine's version. A crash costs the request that crashed:
the others go on in another fork. What went wrong is written to OUTPUTS.npz.failed. With `one_by_one` each blob is also
written on its own as it comes, to OUTPUTS.npz.NUMBER.npy, so that those before a crash are not lost. With `guarded` what
reads past the end of a blob is killed, where it may otherwise get away with it.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import select
import signal
import sys
import traceback
from typing import Any

import numpy as np

_ALLOWED_BYTES = 64
"""ncnn's `NCNN_MALLOC_OVERREAD`, which is what it aligns blobs to as well."""
_KEPT: list[Any] = []


class RefusedError(Exception):
    """The engine returned an error."""


def main(*paths: str) -> None:
    """Runs the requests one after another, three paths each; a fork runs them until one of them kills it.

    With "--apart" behind them each has a fork of its own. Only the first of a fork is blamed for its end: what kills a
    later one may be memory that one before has damaged, and it is run again.
    """
    apart, paths = "--apart" in paths, tuple(path for path in paths if path != "--apart")
    if apart:
        import ncnn  # noqa: F401 - here once, and not in every fork again
    jobs = list(zip(paths[0::3], paths[1::3], paths[2::3]))  # noqa: B905 - Python 3.9
    while jobs:
        first = jobs[0]
        end = in_fork(jobs[:1] if apart else jobs)
        jobs = [job for job in jobs if not any(map(os.path.exists, (job[2], job[2] + ".failed")))]
        if jobs and jobs[0] == first:
            _fail(jobs.pop(0)[2], "was killed by signal %d" % end)  # noqa: UP031 - Python 3.9


def in_fork(jobs: list[tuple[str, str, str]]) -> int:
    """Runs the requests in a fork and returns the signal that ended it, 0 for none, SIGALRM where it had to be killed as overdue."""
    told, tells = os.pipe()
    child = os.fork()
    if child == 0:
        for job in jobs:
            attempt(*job)
            os.write(tells, b".")
        os._exit(0)
    os.close(tells)
    overdue = not in_time(told, [job[0] for job in jobs])
    if overdue:
        os.kill(child, signal.SIGKILL)
    os.close(told)
    _, status = os.waitpid(child, 0)
    return signal.SIGALRM if overdue else os.WTERMSIG(status)


def in_time(told: int, requests: list[str]) -> bool:
    """Waits for a fork that writes a byte to the pipe `told` behind each request, and then for its end; False if one is overdue.

    Each has an alarm of its own, which does not end an emulator that has locked up.
    """
    for path in [*requests, requests[-1]]:
        with open(path, encoding="utf-8") as file:
            patience = json.load(file)["patience"]
        if not select.select([told], [], [], patience)[0]:
            return False
        if not os.read(told, 1):
            break
    return True


def attempt(request_path: str, inputs_path: str, outputs_path: str) -> None:
    """Runs one request and writes down what goes wrong. A hang ends in SIGALRM."""
    try:
        run(request_path, inputs_path, outputs_path)
    except RefusedError as error:
        _fail(outputs_path, str(error))
    except Exception:  # noqa: BLE001 - the caller must learn of it
        _fail(outputs_path, traceback.format_exc())


def guard() -> Any:
    """An allocator whose blobs end at a page that cannot be read, but for the 64 bytes that ncnn allows itself to read on.

    Nothing is given back: a fork has one request.
    """
    import ncnn

    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)
    libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    pointer = ctypes.pythonapi.PyCapsule_New
    pointer.restype, pointer.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)

    class Guard(ncnn.PoolAllocator):  # type: ignore[misc]
        def fastMalloc(self, size: int) -> Any:  # noqa: N802 - ncnn's name
            size = -(-(size + _ALLOWED_BYTES) // _ALLOWED_BYTES) * _ALLOWED_BYTES
            pages = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
            access, private = mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
            begin = libc.mmap(None, pages + mmap.PAGESIZE, access, private, -1, 0)
            ctypes.memset(begin, 0xFF, pages)  # NaN, as fp32 and in 16 bits
            libc.mprotect(begin + pages, mmap.PAGESIZE, 0)
            return pointer(begin + pages - size, None, None)

        def fastFree(self, _: Any) -> None:  # noqa: N802 - ncnn's name
            pass

    _KEPT.append(Guard())  # longer than the blobs
    return _KEPT[-1]


def _fail(outputs_path: str, reason: str) -> None:
    with open(outputs_path + ".failed", "w", encoding="utf-8") as file:
        file.write(reason)


def run(request_path: str, inputs_path: str, outputs_path: str) -> None:
    """Runs every sample and writes every blob asked for; raises `RefusedError` where ncnn returns an error."""
    import ncnn

    with open(request_path, encoding="utf-8") as file:
        request = json.load(file)
    if request["one_by_one"]:
        with open(outputs_path + ".version", "w", encoding="utf-8") as file:
            file.write(ncnn.__version__)
    signal.alarm(request["seconds"])
    with np.load(inputs_path, allow_pickle=False) as stored:
        inputs = {name: np.ascontiguousarray(stored[name], np.float32) for name in stored.files}
    net = ncnn.Net()
    net.opt.use_vulkan_compute = False
    for name, value in request["options"].items():
        setattr(net.opt, name, value)
    if net.load_param(request["param"]) != 0 or net.load_model(request["bin"]) != 0:
        raise RefusedError("ncnn refuses the model")
    if request["guarded"]:
        net.opt.blob_allocator = net.opt.workspace_allocator = guard()
    results: dict[str, Any] = {}
    for sample in range(request["samples"]):
        # A Mat over a numpy array does not own its memory: clone it, and keep the array until the run is over.
        fed = {name: ncnn.Mat(values[sample]).clone() for name, values in inputs.items()}
        extractor = net.create_extractor()
        extractor.set_light_mode(False)
        for name, mat in fed.items():
            extractor.input(name, mat)
        for name in request["blobs"]:
            code, mat = extractor.extract(name)
            if code != 0:
                raise RefusedError("ncnn cannot compute blob '%s': it returns %d" % (name, code))  # noqa: UP031
            values = np.array(mat) if mat.dims else np.zeros(0, np.float32)
            results["%s %d" % (name, sample)] = values  # noqa: UP031
            if request["one_by_one"]:
                np.save("%s.%d.npy" % (outputs_path, len(results) - 1), values)  # noqa: UP031
    np.savez(outputs_path + ".part.npz", __version__=np.array(ncnn.__version__), **results)
    os.replace(outputs_path + ".part.npz", outputs_path)  # a crash while writing leaves no half answer


if __name__ == "__main__":
    main(*sys.argv[1:])
