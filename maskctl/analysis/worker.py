"""The other end of `processes`: builds a share of the samples and answers calls to it until its input ends."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from typing import Any

from maskctl.analysis.shares import Share
from maskctl.errors import MaskctlError


def main() -> None:
    """Reads pickled messages and writes pickled answers; what anything prints goes to stderr.

    An interrupt is the parent's to act on, which then ends this process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def say(kind: str, found: object) -> None:
        pickle.dump((kind, found), answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()

    def told(*what: object) -> None:
        say("told", what)

    try:
        model, portions, policy, wishes, keeping = _next()
        share = Share(model, portions, policy, wishes, told, keeping)
        while True:
            method, arguments = _next()
            try:
                say("returned", getattr(share, method)(*arguments))
            except MaskctlError as error:
                say("raised", error)
    except (EOFError, BrokenPipeError):  # nobody asks any more
        os._exit(0)  # what is buffered has no reader


def _next() -> Any:
    return pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one


if __name__ == "__main__":
    main()
