"""A yardstick for CPU time: plain Python work, measured beside what is judged, so that a busy or slow machine slows both."""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Callable

_LINES = tuple(f"Convolution conv{n} 1 1 b{n} c{n} 0=16 1=3 4=1 5=1 6=2304" for n in range(1_000))
_PAIR = re.compile(r"(-?\d+)=(\S+)")


class _Row:
    def __init__(self, name: str, words: list[str], pairs: dict[int, str]) -> None:
        self.name, self.words, self.pairs = name, words, pairs


def _plain_work() -> None:
    """Splits lines, matches their words, and makes objects, lists and dictionaries of them: some 30 ms."""
    for _ in range(6):
        counts: dict[str, int] = {}
        rows = []
        for line in _LINES:
            words = line.split()
            pairs = {int(found.group(1)): found.group(2) for found in _PAIR.finditer(line)}
            row = _Row(words[1], [word for word in words[4:] if "=" not in word], pairs)
            rows.append(row)
            for word in row.words:
                counts[word] = counts.get(word, 0) + len(pairs)
        rows.sort(key=lambda row: (row.name, len(row.words)))


def in_yardsticks(seconds: Callable[[], float], limit: float, most: int = 8) -> float:
    """How many times the yardstick's CPU time `seconds` gives: the least of some pairs of measurements.

    No more are made once one is well under the limit.
    """
    best = float("inf")
    for _ in range(most):
        unit = min(cpu_seconds(_plain_work), cpu_seconds(_plain_work))
        best = min(best, seconds() / unit)
        if best < 0.8 * limit:
            break
    return best


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU time of a piece of work in this process, without looking for garbage."""
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        work()
        return time.process_time() - start
    finally:
        gc.enable()
