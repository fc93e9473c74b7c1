"""What is declared of layer types is known without numpy, and numpy is there when arrays come."""

from __future__ import annotations

import subprocess
import sys

from tests.builders import param_text
from tests.cli.driver import SAMPLES, environment

WITHOUT_NUMPY = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "numpy":
            raise ImportError("numpy was loaded")

sys.meta_path.insert(0, Refuse())

import maskctl.graph.memory, maskctl.graph.model, maskctl.graph.select, maskctl.layers.plugins, maskctl.targets
from maskctl.graph.network import build
from maskctl.graph.operators import facts
from maskctl.layers import known_types
from maskctl.param import load, parse

known_types()
for document in (load(sys.argv[1]), parse(sys.argv[2].encode())):
    print([row.shapes for row in facts(build(document))][-1])
"""

FIRST_USE_BY_THREADS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from maskctl.layers import Params, find
from maskctl.numeric.late import np

kind, ready = find("UnaryOp"), Barrier(8)
params = Params(kind.params, {0: 4})

def squares(_):
    ready.wait()
    return kind.forward(params, {}, (np.float32([[2, 3]]),))[0].tolist()

assert "numpy" not in sys.modules
with ThreadPoolExecutor(8) as pool:
    print(*pool.map(squares, range(8)))
"""


def printed(script: str, *arguments: str) -> tuple[str, str]:
    """What a Python of its own writes to stdout and stderr, warnings being errors."""
    command = [sys.executable, "-W", "error", "-c", script, *arguments]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    return done.stdout, done.stderr


def test_declarations_need_no_numpy() -> None:
    """All layer types, and the facts of networks, are known without numpy; who loads it is in the traceback."""
    reshape = param_text("Input data 0 1 data 0=3 1=2 2=4", 'Reshape fold 1 1 data out 6="*(0w,2),-1"').decode()
    expected = "((10,),)\n((4, 6),)\n"
    assert (expected, "") == printed(WITHOUT_NUMPY, str(SAMPLES / "digits.param"), reshape)


def test_first_use_by_many_threads() -> None:
    """numpy is loaded once, whole for every thread, when layers are first run by several at a time."""
    assert (" ".join(["[[4.0, 9.0]]"] * 8) + "\n", "") == printed(FIRST_USE_BY_THREADS)
