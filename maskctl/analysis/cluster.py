"""Shares of the samples on a Dask cluster that runs already: one actor for each worker of it."""

from __future__ import annotations

from typing import Any

from maskctl.analysis.shares import Share
from maskctl.errors import InputError


def silent(_what: str, _number: int, _index: int) -> None:
    """Actors tell nothing on the way."""


def share_of(share: tuple[Any, ...]) -> Share:
    """Builds the share where it is to stay."""
    model, portions, policy, wishes, keeping = share
    return Share(model, portions, policy, wishes, silent, keeping)


class Cluster:
    """A connection to a scheduler; raises `InputError` where the package is missing or nobody answers."""

    def __init__(self, scheduler: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise InputError(
                "--dask needs the package distributed. Install it: pip install 'maskctl[distributed]'."
            ) from None
        try:
            self._client = Client(scheduler, timeout=10)
        except (OSError, TimeoutError, ValueError) as error:
            raise InputError(
                f"no Dask scheduler answers at '{scheduler}': {error}. Start one with: dask scheduler."
            ) from None
        self.workers: tuple[str, ...] = tuple(self._client.scheduler_info(n_workers=-1)["workers"])
        if not self.workers:
            self.close()
            raise InputError(
                f"the Dask scheduler at '{scheduler}' has no workers. Start some with: dask worker {scheduler}."
            )

    def share(self, number: int, share: tuple[Any, ...]) -> Remote:
        """A share on one of the workers, which gets a copy of everything but files of weights: their paths must hold there."""
        worker = self.workers[number % len(self.workers)]
        return Remote(self._client.submit(share_of, share, actor=True, workers=[worker], pure=False).result())

    def close(self) -> None:
        """Ends the connection; the cluster stays."""
        self._client.close()


class Remote:
    """A share elsewhere."""

    def __init__(self, actor: Any) -> None:
        self._actor, self._asked = actor, None

    def ask(self, method: str, *arguments: object) -> None:
        """Begins a call."""
        self._asked = getattr(self._actor, method)(*arguments)

    def answer(self) -> Any:
        """What the call returned; raises what it raised."""
        if self._asked is None:
            raise AssertionError("nothing was asked")
        return self._asked.result()

    def close(self) -> None:
        """Lets go of the actor, which ends there."""
        self._actor = self._asked = None
