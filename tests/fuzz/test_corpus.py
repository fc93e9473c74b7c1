"""Bytes nobody meant, for everything that maskctl reads: a result or a message, in little time and little memory."""

from __future__ import annotations

import contextlib
import time
import tracemalloc
from operator import attrgetter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.readers import NETWORK, READERS
from fuzz.seeds import seeds
from maskctl.errors import MaskctlError
from maskctl.param import parse
from tests.shared_models import SHARED
from tests.yardstick import cpu_seconds, in_yardsticks

CORPUS = Path(__file__).parent.parent.parent / "fuzz" / "corpus"
INPUTS = sorted(path for path in CORPUS.glob("*/*") if path.is_file())
REAL = sorted(SHARED.rglob("*.param"))
TIMES, MORE_BYTES = 10, 16 << 20
SECONDS_PER_MB, MORE_S = 2.0, 0.5
YARDSTICK_S = 0.03
"""What the yardstick takes where nothing else runs."""


def feed(reader: str, data: bytes) -> None:
    """Reads; every exception but a `MaskctlError` passes."""
    with contextlib.suppress(MaskctlError):
        READERS[reader](data)


def test_every_reader_has_a_corpus() -> None:
    """The corpus is there for every reader, and small."""
    assert sorted(READERS) == sorted({path.parent.name for path in INPUTS})
    assert len(INPUTS) < 220
    assert sum(path.stat().st_size for path in INPUTS) < 500_000


@pytest.mark.parametrize("reader", READERS)
def test_what_was_found_once(reader: str) -> None:
    """Every input that reached something new, or that something was wrong with, is read or refused."""
    feed(reader, b"")  # what is imported is not counted
    for path in (path for path in INPUTS if path.parent.name == reader):
        data = path.read_bytes()
        begun = time.process_time()
        feed(reader, data)
        assert time.process_time() - begun < SECONDS_PER_MB * len(data) / 1e6 + MORE_S, path.name
        tracemalloc.start()
        feed(reader, data)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < TIMES * len(data) + MORE_BYTES, path.name


SEEDS = {reader: tuple(seeds(reader)) for reader in READERS if reader not in {"network", "lint"}}


@st.composite
def nearly(draw: st.DrawFn, reader: str) -> bytes:
    """A file that a reader expects, with pieces of it changed, repeated or taken away."""
    data = bytearray(draw(st.sampled_from(SEEDS[reader])))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(data)))
        end = min(len(data), begin + draw(st.integers(0, 8)))
        data[begin:end] = draw(st.binary(max_size=8) | st.just(bytes(data[begin:end]) * 3))
    return bytes(data)


@pytest.mark.parametrize("reader", SEEDS)
def test_nearly_right(reader: str) -> None:
    """A file with a few bytes wrong is read or refused."""

    @given(nearly(reader) | st.binary(max_size=64))
    @settings(deadline=None, max_examples=60)
    def check(data: bytes) -> None:
        feed(reader, data)

    check()


def _chain(kind: str, count: int, params: str = "") -> bytes:
    lines = [f"{kind} l{place} 1 1 b{place} b{place + 1}{params}" for place in range(count)]
    return _param(["Input i 0 1 b0 0=4 1=4 2=2", *lines])


def _param(lines: list[str]) -> bytes:
    return "\n".join(["7767517", f"{len(lines)} {2 * len(lines) + 1}", *lines, ""]).encode()


LARGE = {
    "ordinary layers": _param(
        [
            "Convolution              conv                     1 1 conv1 conv2 0=8 1=3 4=1 5=1 6=576 9=2 -23310=1,1.000000e-01"
        ]
        * 2_000
    ),
    "dense layers": _param(["Convolution c 1 1 a b 0=8 1=3 2=1 3=1 4=1 5=1 6=576"] * 5_000),
    "layers of nothing": _param(["a b 0 0"] * 32_000),
    "a chain": _chain("ReLU", 9_000),
    "a chain with masks": _chain("ReLU", 8_000, " 31=2"),
    "unknown types": _param(["Input i 0 1 i", *(f"Relu{place} l 0 1 b{place}" for place in range(12_000))]),
    "a name that is not there": _chain("ReLU", 9_000).replace(b"l8999 1 1 b8999", b"l8999 1 1 c8999"),
    "lines that are no layers": b"7767517\n1 1\n" + b"a\n" * 128_000,
    "comments": b"7767517\n1 1\n" + b"#\n" * 128_000,
    "blank lines": b"7767517\n1 1\nInput i 0 1 i" + b"\n \n" * 85_000,
    "one parameter again and again": _param(["Input i 0 1 i" + " 0=1" * 64_000]),
    "a long array": _param(["Input i 0 1 i 9=" + "1," * 128_000]),
    "a long expression": _param(
        ["Input i 0 1 i 0=4", 'Reshape r 1 1 i a 6="' + "neg(" * 50_000 + "0w" + ")" * 50_000 + '"']
    ),
    "a number of 256,000 digits": _param(["Input i 0 1 i 0=4", f'Reshape r 1 1 i a 6="{"1" * 256_000}"']),
    **{
        f"wide characters in {place}": _param(
            ["Input i 0 1 i 0=4", line.replace("*", "\N{GRINNING FACE}" + "w" * 250_000)]
        )
        for place, line in (
            ("a string", 'Reshape r 1 1 i a 6="*"'),
            ("a string without end", 'Reshape r 1 1 i a 6="*'),
            ("a name", "Reshape * 1 1 i a"),
            ("a count", "Reshape r * 1 i a"),
            ("an array", "Reshape r 1 1 i a -23300=2,1,*"),
            ("no parameter", "Reshape r 1 1 i a *"),
        )
    },
    "many tops": _param(["Input i 0 1 i 0=4", "Split s 1 32000 i " + " ".join(map(str, range(32_000)))]),
    "many pieces": _param(
        [
            "Input i 0 1 i 0=20000",
            "Slice s 1 20000 i " + " ".join(map(str, range(20_000))) + " -23300=20000" + ",-233" * 20_000,
        ]
    ),
}


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("reader", ["param", "network"])
def test_large_files(name: str, reader: str) -> None:
    """A quarter of a megabyte of anything is read or refused in time in proportion to it."""
    feed(reader, NETWORK.encode())
    data = LARGE[name]
    limit = (SECONDS_PER_MB * len(data) / 1e6 + MORE_S) / YARDSTICK_S
    assert in_yardsticks(lambda: cpu_seconds(lambda: feed(reader, data)), limit, most=3) < limit


@pytest.mark.parametrize("name", LARGE)
def test_memory_of_large_files(name: str) -> None:
    """Reading a file of nothing but the smallest pieces takes at most 10 times its size, as one of ordinary layers does."""
    assert peak_bytes(LARGE[name]) < TIMES * len(LARGE[name])


@pytest.mark.parametrize(("name", "times"), [("ordinary layers", 20), ("layers of nothing", 65)])
def test_memory_of_layers_asked_for(name: str, times: int) -> None:
    """Layers that a command has gone over are objects: they take more than the file, by a factor that the page says."""
    assert TIMES * len(LARGE[name]) < peak_bytes(LARGE[name], asked=True) < times * len(LARGE[name])


@pytest.mark.skipif(not REAL, reason=f"no .param files in {SHARED}; set MASKCTL_SHARED")
def test_memory_of_real_files() -> None:
    """Reading real files takes at most 10 times their size."""
    files = [path.read_bytes() for path in REAL]
    assert sum(map(peak_bytes, files)) < TIMES * sum(map(len, files))


def peak_bytes(data: bytes, *, asked: bool = False) -> int:
    """The most memory that reading a text takes beside the text itself, what is read included, with the layers that are asked for."""
    tracemalloc.start()
    with contextlib.suppress(MaskctlError):
        document = parse(data)
        if asked:
            list(map(attrgetter("params"), document.layers))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most
