"""The means of an analysis: a limit of memory and a cluster change nothing of what it finds."""

from __future__ import annotations

import pickle
import sys
import tracemalloc
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from maskctl.analysis.analyze import analyze
from maskctl.analysis.pool import Means
from maskctl.analysis.sensitivity import Wishes
from maskctl.errors import InputError
from maskctl.executor.samples import Samples
from maskctl.executor.spill import on_disk
from maskctl.executor.suffixes import identical
from maskctl.graph.model import Model
from tests.analysis.made import Network, samples
from tests.analysis.test_pool import facts

WISHES = Wishes("alone", ("whole", "int8"))


def network() -> Model:
    """Six convolutions, one of which overflows."""
    rng = np.random.default_rng(0)
    made, blob = Network(), "data"
    for number in range(6):
        scale = 5000 if number == 3 else 0.2
        made.convolution(f"c{number}", blob, rng.standard_normal((8, 8, 1, 1)) * scale, "9=1")
        blob = f"c{number}"
    return made.layer(f"BinaryOp last 1 1 {blob} last 0=2 1=1 2=0.0001").model()


def images(count: int, size: int) -> Samples:
    """Noise."""
    rng = np.random.default_rng(1)
    return samples(*(rng.standard_normal((8, size, size)).astype(np.float32) for _ in range(count)))


@pytest.mark.parametrize("limit", [1, 50_000, 500_000])
def test_a_limit_changes_nothing(limit: int) -> None:
    """With blobs computed again, or mapped from disk, every sum, mask and reason is the same."""
    model, given = network(), images(3, 12)
    free, limited = (
        analyze(model, given, wishes=WISHES),
        analyze(model, given, wishes=WISHES, means=Means(memory=limit)),
    )
    assert facts(free) == facts(limited)


def test_a_limit_saves_memory() -> None:
    """A tenth of the blobs takes less than half of the memory of all of them."""
    model, given = network(), images(6, 48)

    def peak(means: Means) -> int:
        tracemalloc.start()
        analyze(model, given, wishes=WISHES, means=means)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    blobs = 7 * 4 * 8 * 48 * 48 * 6
    assert peak(Means(memory=blobs // 10)) < 0.5 * peak(Means())


@pytest.mark.parametrize("shape", [(2, 3, 4), (0, 3), (2, 4, 3, 5)])
def test_on_disk(shape: tuple[int, ...]) -> None:
    """A blob on disk has the bits of the one in memory, and its axes in the same order there."""
    blob = np.random.default_rng(0).standard_normal(shape[::-1]).astype(np.float32).T
    kept = on_disk(blob)
    assert identical(blob, kept)
    assert blob.strides == kept.strides


class FakeActor:
    """An actor of a cluster in this process: what goes to it and comes from it is pickled."""

    def __init__(self, made: Any) -> None:
        self._made = made

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: object) -> Any:
            sent = pickle.loads(pickle.dumps(arguments))  # noqa: S301 - our own
            found = pickle.dumps(getattr(self._made, name)(*sent))
            return SimpleNamespace(result=lambda: pickle.loads(found))  # noqa: S301 - our own

        return call


class FakeClient:
    """The part of distributed's Client that is used, with two workers."""

    def __init__(self, address: str, timeout: float) -> None:
        if not address.startswith("tcp://"):
            raise OSError(f"nobody at {address} for {timeout} s")
        self.closed = False
        clients.append(self)

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        """Two workers."""
        return {"workers": {"a": n_workers, "b": n_workers}}

    def submit(self, function: Callable[..., Any], share: object, **_: object) -> Any:
        """An actor of what the function builds."""
        made = function(pickle.loads(pickle.dumps(share)))  # noqa: S301 - our own
        return SimpleNamespace(result=lambda: FakeActor(made))

    def close(self) -> None:
        """Remembers."""
        self.closed = True


clients: list[FakeClient] = []


def test_a_cluster_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shared out over a cluster, everything that travels pickled, every sum, mask and reason is the same."""
    module: Any = ModuleType("distributed")
    module.Client = FakeClient
    monkeypatch.setitem(sys.modules, "distributed", module)
    model, given = network(), images(3, 6)
    found = analyze(model, given, wishes=WISHES, means=Means(scheduler="tcp://fake:1"))
    assert facts(analyze(model, given, wishes=WISHES)) == facts(found)
    assert [True] == [client.closed for client in clients]
    with pytest.raises(InputError, match="no Dask scheduler answers at 'nowhere': nobody at nowhere"):
        analyze(model, given, means=Means(scheduler="nowhere"))


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package is missing the message says how to get it."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'maskctl\[distributed\]'"):
        analyze(network(), images(2, 6), means=Means(scheduler="tcp://fake:1"))


@pytest.mark.filterwarnings("ignore")
def test_a_real_cluster() -> None:
    """On a real local cluster of two processes too."""
    distributed = pytest.importorskip(
        "distributed", reason="distributed is not installed: pip install maskctl[distributed]"
    )
    model, given = network(), images(3, 6)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        found = analyze(model, given, wishes=WISHES, means=Means(scheduler=cluster.scheduler_address))
    assert facts(analyze(model, given, wishes=WISHES)) == facts(found)
