"""Masks put back after re-exports, on every `.param` of folders: how many came back, were named, or went wrong.

python -m conformance.relock FOLDER... --json docs/relock.json
python -m conformance.relock FOLDER... --tools BUILD --built-from "ncnn of …" --json docs/relock.json

Every third layer with weights gets a mask, the network is locked, written anew, and the masks are put back. What a network
becomes is made here (`reexports.py`), and with `--tools` also by the real `ncnnoptimize` and `ncnn2int8` in that folder or below
it; they run on a file without weights, which they make up.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from conformance.reexports import (
    CHANGES,
    EDITS,
    WEIGHTED,
    Change,
    Judged,
    changed,
    closed,
    every_third,
    judged,
    opened,
    renamed,
    to_bytes,
)
from maskctl import lock
from maskctl.errors import MaskctlError
from maskctl.graph.network import Graph, build
from maskctl.param import ParamDocument, load

MOST_WEIGHTS = 150_000_000
TIMEOUT_S = 300


def main() -> int:
    """Measures, prints the table, and writes it as JSON where asked; exit status 1 where a mask went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--tools", type=Path)
    parser.add_argument("--built-from", default="")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    documents = [load(path) for folder in options.folders for path in sorted(folder.glob("*.param"))]
    if not documents:
        sys.exit(f"no .param in {', '.join(map(str, options.folders))}")
    result: dict[str, Any] = {"files": len(documents), "built_from": options.built_from}
    for key, kinds in (("reexports", CHANGES), ("edits", EDITS)):
        result[key] = {name: _row(name, made(documents, changes)) for name, changes in kinds.items()}
    result["tools"] = _tools(documents, options.tools) if options.tools else {}
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    tables = [row for key in ("reexports", "edits") for row in result[key].values()] + list(result["tools"].values())
    return int(any(row["wrong"] for row in tables))


def made(documents: Sequence[ParamDocument], changes: Sequence[Change]) -> Judged:
    """What became of the masks of all documents under changes made here."""
    total = Judged()
    for document in documents:
        before, after, was = changed(document, changes)
        masks = every_third(before)
        total += judged(masks, lock.match(lock.lock_of(before, masks), after), was)
    return total


def _tools(documents: Sequence[ParamDocument], folder: Path) -> dict[str, Any]:
    """What became of the masks under the real tools, with the names they keep and without; what they could not read is counted."""
    rows: dict[str, Any] = {}
    for tool in ("ncnnoptimize", "ncnn2int8"):
        path = next(path for path in sorted(folder.rglob(tool)) if path.is_file())
        pairs = list(_exported(documents, tool, path))
        for words, changes in (("", ()), ("; renamed", (renamed,))):
            total = Judged()
            for before, document in pairs:
                net = opened(document, 0)
                for change in changes:
                    change(net)
                masks = every_third(before)
                old = {layer.name: layer.index for layer in before.layers}
                was = [None if row.was is None else old.get(document.layers[row.was].name) for row in net.rows]
                total += judged(masks, lock.match(lock.lock_of(before, masks), closed(net)), was)
            rows[f"{tool}{words}"] = {**_row(f"{tool}{words}", total), "files": len(pairs)}
    return rows


def _exported(documents: Sequence[ParamDocument], tool: str, path: Path) -> Iterator[tuple[Graph, ParamDocument]]:
    """Networks before and after the tool; those it fails on, whose names repeat, or that are too large are left out, and told."""
    for document in documents:
        net = opened(document, 0)
        before = closed(net)
        names = [row.name for row in net.rows]
        weights = sum(
            int(row.params.get("2" if row.kind == "InnerProduct" else "6", "0"))
            for row in net.rows
            if row.kind in WEIGHTED
        )
        weights += sum(
            int(row.params.get("8", "0")) * int(row.params.get("9", "0")) for row in net.rows if row.kind == "Gemm"
        )
        why = "too large" if weights > MOST_WEIGHTS else "names repeat" if len(set(names)) < len(names) else ""
        after = None if why else _run(before, document, tool, path)
        if after is None:
            print(
                f"  left out of {tool}: {Path(document.path).name} ({why or 'the tool fails on it, or writes what it would not read'})"
            )
            continue
        yield before, after


def _run(before: Graph, document: ParamDocument, tool: str, path: Path) -> ParamDocument | None:
    """What the tool writes, None where it writes nothing, or no network."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        net = opened(document, 0)
        for row in net.rows:  # without shapes the tool does not run the network to find the others
            row.params.pop("-23330", None)
            row.params = {} if row.kind == "Input" else row.params
        (folder / "in.param").write_bytes(to_bytes(net))
        table = folder / "in.table"
        table.write_text(_table(before), encoding="utf-8")
        last = ["0"] if tool == "ncnnoptimize" else [str(table)]
        command = [str(path.resolve()), "in.param", "null", "out.param", "out.bin", *last]
        try:
            subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=TIMEOUT_S)  # noqa: S603
            after = load(folder / "out.param")
            build(after)
        except (subprocess.SubprocessError, MaskctlError):
            return None
        return after


def _table(graph: Graph) -> str:
    """A calibration table, its scales made up."""
    counts = {"Convolution": 0, "InnerProduct": 0, "ConvolutionDepthWise": 7}
    layers = [layer for layer in graph.layers if layer.type in counts]
    weights = [
        " ".join([f"{layer.name}_param_0", *["64.0"] * int(str(layer.params[counts[layer.type]]))]) for layer in layers
    ]
    return "\n".join([*weights, *(f"{layer.name} 32.0" for layer in layers), ""])


def _row(name: str, total: Judged) -> dict[str, int]:
    print(f"{name:<55} right {total.right:>6,}  named {total.named:>6,}  wrong {total.wrong:>3,}", flush=True)
    return vars(total)


if __name__ == "__main__":
    sys.exit(main())
