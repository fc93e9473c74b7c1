"""Runs every row of `tests/layers/rows` here and in the real engine, and writes how well each layer type agrees.

    python conformance/layer_agreement.py

The result is docs/layer_agreement.json, from which docs/layers.md is made. A row that agrees worse than it should is
told, and nothing is written. tests/test_docs.py says when rows have come or gone since.
"""

from __future__ import annotations

import json
import math
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STORED = ROOT / "docs" / "layer_agreement.json"


def main() -> None:
    """Writes the file."""
    sys.path.insert(0, str(ROOT))
    STORED.write_text(json.dumps(measured(), indent=1) + "\n", encoding="utf-8")


def measured() -> dict[str, Any]:
    """Engine and machine, and per layer type: rows, ranks tried, worst agreement, and rows without an answer to compare."""
    from importlib.metadata import version

    from tests.layers.agreement import Outcome, outcomes
    from tests.layers.rows import families

    found: dict[str, list[Outcome]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for family, rows in families().items():
            for outcome in outcomes(rows, Path(folder) / family):
                if outcome.problem:
                    raise SystemExit(f"{family}: {outcome.row}: {outcome.problem}")
                found.setdefault(outcome.row.type, []).append(outcome)
    engine = f"ncnn {version('ncnn')} on {platform.machine()}"
    return {"engine": engine, "types": {name: _facts(found[name]) for name in sorted(found)}}


def _facts(outcomes: list[Any]) -> dict[str, Any]:
    compared = [outcome for outcome in outcomes if not outcome.row.refused]
    worst = min((outcome.worst_db for outcome in compared), default=math.nan)
    return {
        "rows": len(outcomes),
        "compared": len(compared),
        "ranks": sorted({len(shape) for outcome in outcomes for shape in outcome.row.inputs}),
        "worst_db": None if math.isinf(worst) or math.isnan(worst) else round(worst),
        "below_110_db": sorted({o.row.why for o in compared if o.row.why and o.row.least_db < 110}),
        "without_answer": sorted(
            {f"{o.row.refused}: {o.row.why}" if o.row.why else o.row.refused for o in outcomes if o.row.refused}
        ),
    }


if __name__ == "__main__":
    main()
