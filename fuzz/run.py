"""Looks for bytes that a reader does not take as it should, guided by the lines that they reach.

    python -m fuzz.run param --runs 1000000 --found found

needs `pip install atheris` (CPython 3.11 to 3.13). It goes on behind a finding, keeps one input for each kind of it, and says
at the end how many inputs it tried. What it learns goes into the folder of `--work`, from which `python -m fuzz.keep` picks the
corpus. Memory is bounded (--memory), so that a claim somebody allocates for is a finding too.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import sys
import time
import traceback
import warnings
from pathlib import Path

import atheris

COVERED = {
    "param": ["maskctl.param"],
    "network": ["maskctl.param", "maskctl.graph", "maskctl.layers", "maskctl.targets"],
    "weights": ["maskctl.graph"],
    "array": ["maskctl.executor"],
    "archive": ["maskctl.executor"],
    "member": ["maskctl.executor"],
    "image": ["maskctl.executor"],
    "timings": ["maskctl.analysis.timings"],
    "lint": ["maskctl.param", "maskctl.lint"],
    "settings": ["maskctl.lint", "maskctl.toml_text"],
    "baseline": ["maskctl.lint"],
    "lock": ["maskctl.lock", "maskctl.toml_text"],
}
"""The modules whose lines guide the search of each reader: what it is about, and not all that it passes through."""

reader_named = sys.argv[1] if len(sys.argv) > 1 else ""
with atheris.instrument_imports(include=COVERED.get(reader_named, [])):
    from fuzz.mutators import MUTATORS
    from fuzz.readers import READERS
    from fuzz.seeds import seeds
    from maskctl.errors import MaskctlError

SLOW_S = 0.5
"""Of processor time. Inputs are 4 kB at most, where 2 s for 1 MB are 8 ms; the rest is room for the coverage."""
REPORTED_EVERY = 100_000


class Trial:
    """A reader, and what it made of the inputs so far; the process ends with input number `wanted`."""

    def __init__(self, name: str, found: Path, wanted: int) -> None:
        self.name, self._read, self._found, self._wanted = name, READERS[name], found / name, wanted
        self.runs, self.refused, self.kinds = 0, 0, set[str]()
        self.started = time.monotonic()

    def __call__(self, data: bytes) -> None:
        """Feeds the reader; a finding is written down, not raised."""
        self.runs += 1
        begun = time.process_time()
        try:
            self._read(data)
        except MaskctlError:
            self.refused += 1
        except Exception as error:  # noqa: BLE001 - every other exception is what is looked for
            self._keep(_kind(error), data)
        taken = time.process_time() - begun
        if taken > SLOW_S:
            self._keep(f"slow-{int(taken)}s", data)
        if self.runs % REPORTED_EVERY == 0 or self.runs == self._wanted:
            self._report()
        if self.runs == self._wanted:
            os._exit(0)  # libFuzzer's own count begins behind the corpus, and it would not come back here either

    def _keep(self, kind: str, data: bytes) -> None:
        if kind in self.kinds:
            return
        self.kinds.add(kind)
        self._found.mkdir(parents=True, exist_ok=True)
        (self._found / kind).write_bytes(data)
        print(f"FOUND {self.name}: {kind} ({len(data)} bytes)", file=sys.stderr, flush=True)

    def _report(self) -> None:
        taken = time.monotonic() - self.started
        print(
            f"{self.name}: {self.runs:,} runs in {taken:,.0f} s ({self.runs / max(taken, 1):,.0f} a second), {self.refused:,} "
            f"refused with a message, {len(self.kinds)} kinds of finding: {', '.join(sorted(self.kinds)) or 'none'}",
            flush=True,
        )


def _kind(error: BaseException) -> str:
    """The exception and the innermost line of maskctl that it passed through: one finding each."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "maskctl" in frame.filename]
    where = f"{Path(frames[-1].filename).stem}-{frames[-1].name}" if frames else "outside"
    return f"{type(error).__name__}-{where}"


def _custom(name: str) -> dict[str, object]:
    if name not in MUTATORS:
        return {}
    mutate = MUTATORS[name]

    def custom(data: bytes, most: int, seed: int) -> bytes:
        return atheris.Mutate(data, most) if seed % 6 == 0 else mutate(data, most, seed)

    return {"custom_mutator": custom}


def main() -> None:
    """Runs one reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=4096, help="bytes of an input")
    parser.add_argument("--memory", type=int, default=1024, help="MB that the process may take on top of what it has")
    parser.add_argument("--found", type=Path, default=Path("found"))
    parser.add_argument("--work", type=Path, default=Path("fuzz-work"))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    work = options.work / options.reader
    for folder in (work, options.found):
        folder.mkdir(parents=True, exist_ok=True)
    corpus = Path(__file__).parent / "corpus" / options.reader
    for data in (*seeds(options.reader), *(path.read_bytes() for path in corpus.glob("*"))):
        (work / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    trial = Trial(options.reader, options.found, options.runs)
    arguments = [sys.argv[0], f"-seed={options.seed}", f"-max_len={options.most}", "-timeout=600"]
    arguments += ["-rss_limit_mb=0", "-len_control=0", "-verbosity=0", f"-artifact_prefix={options.found}/", str(work)]
    atheris.Setup(arguments, trial, enable_python_coverage=True, **_custom(options.reader))
    taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + (options.memory << 20), -1))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
