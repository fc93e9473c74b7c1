"""An analysis as one page that needs nothing from the network: its document and the drawn network, and what shows them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
from collections.abc import Mapping
from importlib.resources import files
from string import Template
from typing import Any

from maskctl.report.drawing import BOX_HEIGHT, BOX_WIDTH, draw

_SCRIPTS = ("data.js", "graph.js", "table.js", "charts.js", "story.js", "page.js")


def to_html(report: Mapping[str, Any]) -> str:
    """The page of a document that `report.analysis.to_json` made.

    The document is in it as base64 of its compressed JSON, so that no name in it is ever markup. The page's own policy lets
    only the style and the script run that it came with, and lets nothing load.
    """
    style, script = _part("page.css"), "\n".join(map(_part, _SCRIPTS))
    packed = gzip.compress(json.dumps({"report": report, "drawing": _drawing(report)}).encode(), mtime=0)
    return Template(_part("page.html")).substitute(
        policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'",
        title=html.escape(report["model"]),
        style=style,
        script=script,
        data=base64.b64encode(packed).decode(),
    )


def _part(name: str) -> str:
    return files("maskctl.report").joinpath("page", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """A source of a content security policy that is this text and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _drawing(report: Mapping[str, Any]) -> dict[str, Any]:
    """The places of the layers and their lines, in tenths."""
    layers = report["network"]
    producer = {top: layer["index"] for layer in layers for top in layer["tops"]}
    found = draw(len(layers), [(producer[name], layer["index"]) for layer in layers for name in layer["bottoms"]])
    return {
        "width": round(found.width, 1),
        "height": round(found.height, 1),
        "box_width": BOX_WIDTH,
        "box_height": BOX_HEIGHT,
        "boxes": [[round(x, 1), round(y, 1)] for x, y in found.boxes],
        "lines": [
            {"from": line.source, "to": line.target, "points": [[round(x, 1), round(y, 1)] for x, y in line.points]}
            for line in found.lines
        ],
    }
