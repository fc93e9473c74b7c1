"""Every layer of an analysed network as JSON: what it is, what mask bits would do, and what its blobs hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from maskctl.analysis.anatomy import Anatomy
from maskctl.analysis.distributions import Profile, Values
from maskctl.analysis.histograms import Histogram
from maskctl.analysis.metrics import Comparison
from maskctl.report.numbers import number


def layer_to_json(
    row: Anatomy, profile: Profile | None, figures: Callable[[Comparison], dict[str, Any]]
) -> dict[str, Any]:
    """One layer; `profile` is what its first blob holds, None where nobody looked, and `figures` tells sums as JSON."""
    layer, step = row.op.layer, row.step
    compared = profile if profile and profile.after.elements else None
    return {
        "index": layer.index,
        "name": layer.name,
        "type": layer.type,
        "line": layer.line.text.strip(),
        "bottoms": list(layer.bottoms),
        "tops": list(layer.tops),
        "shapes": None if row.facts.shapes is None else [list(shape) for shape in row.facts.shapes],
        "macs": row.facts.macs,
        "share_of_macs": row.share,
        "mask": layer.mask,
        "cut": row.op.cut,
        "kernel": row.kernel,
        "instead_of": row.instead_of,
        "kernel_words": _kernel_words(row),
        "arrives": list(step.arrives),
        "stored": step.stored,
        "weights": step.weights if row.has_weights else None,
        "gives": step.gives,
        "sums_in_fp16": step.sums_in_fp16,
        "formats_words": _formats_words(row),
        "bits": [
            {
                "bit": found.bit.value,
                "word": found.bit.word,
                "is_set": found.is_set,
                "changes": found.changes,
                "honoured": found.honoured,
                "effect": found.effect,
            }
            for found in row.bits
        ],
        "values": None if profile is None else _values(profile.values),
        "errors": None if compared is None else _errors(compared),
        "after": None if compared is None else figures(compared.after),
    }


def _kernel_words(row: Anatomy) -> str:
    computed = row.kernel or "its fp32 definition"
    return f"{row.instead_of}, which is not reproduced: {computed} stands in for it" if row.instead_of else computed


def _formats_words(row: Anatomy) -> str:
    """The formats on the way through a layer."""
    step = row.step
    arrives = ", ".join(dict.fromkeys(step.arrives))
    weights = f", weights {step.weights}" if row.has_weights else ""
    arithmetic = ", arithmetic fp16" if step.sums_in_fp16 else ""
    before = f"arrives in {arrives}; " if arrives else ""
    return f"{before}computed in {step.stored}{weights}{arithmetic}; gives {step.gives}"


def _values(values: Values) -> dict[str, Any]:
    return {
        "smallest": number(values.smallest),
        "largest": number(values.largest),
        "above": values.above,
        "subnormal": values.subnormal,
        "flushed": values.flushed,
        "magnitudes": _histogram(values.magnitudes),
    }


def _errors(profile: Profile) -> dict[str, Any]:
    return {"before": _histogram(profile.errors_before), "after": _histogram(profile.errors_after)}


def _histogram(found: Histogram) -> dict[str, Any]:
    return {
        "first": found.first,
        "counts": list(found.counts),
        "zeros": found.zeros,
        "not_finite": found.not_finite,
    }
