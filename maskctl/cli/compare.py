"""`maskctl compare`: how far the blobs of two runs are apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from maskctl.analysis.blobs import BlobDifference


@click.command("compare", short_help="Compare the blobs of two runs.")
@click.argument("reference", metavar="REFERENCE.npz")
@click.argument("actual", metavar="ACTUAL.npz")
@click.option("--min-sqnr", type=float, metavar="DB", help="Least SQNR in dB that every blob must reach.")
@click.option("--min-cos", type=float, metavar="COS", help="Least cosine that every blob must reach.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(reference: str, actual: str, *, min_sqnr: float | None, min_cos: float | None, as_json: bool) -> int:
    """Compare the blobs that two .npz files both have: SQNR, cosine, largest error and where it is.

    The files are what `maskctl run -o` writes, or arrays by blob name from elsewhere. Exit status 1: a blob is
    below --min-sqnr or --min-cos, or has another shape.

    \b
    Examples:
      maskctl compare fp32.npz fp16.npz
      maskctl compare fp32.npz device.npz --min-cos 0.999
    """
    from maskctl.analysis.blobs import differences
    from maskctl.errors import InputError
    from maskctl.executor.trace import load_blobs

    for name, least in (("--min-sqnr", min_sqnr), ("--min-cos", min_cos)):
        if least is not None and math.isnan(least):
            raise InputError(f"{name} '{least}' is not a number. Expected e.g. --min-cos 0.999 or --min-sqnr 40.")
    if min_cos is not None and not -1 <= min_cos <= 1:
        raise InputError(f"--min-cos {min_cos:g} is no cosine. Expected -1 to 1, e.g. --min-cos 0.999.")
    wanted, found = load_blobs(reference), load_blobs(actual)
    rows = differences(reference=wanted, actual=found)
    missing = {
        "reference": [name for name in wanted if name not in found],
        "actual": [name for name in found if name not in wanted],
    }
    if not rows:
        raise InputError(f"{reference} and {actual} have no blob of the same name. {_names(missing)}")
    failed = [name for name, row in rows.items() if not row.reaches(sqnr_db=min_sqnr, cosine=min_cos)]
    if as_json:
        import json

        from maskctl.report.blobs import comparison_to_json

        click.echo(json.dumps(comparison_to_json(reference, actual, rows, failed, missing), indent=2, allow_nan=False))
    else:
        _print(rows, failed)
        if any(missing.values()):
            click.echo(f"\nNot compared: {_names(missing)}")
    return int(bool(failed))


def _names(missing: Mapping[str, Sequence[str]]) -> str:
    """Which blobs only one of the files has."""
    parts = []
    for where, names in missing.items():
        shown = ", ".join(f"'{name}'" for name in names[:5])
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        parts += [f"only in the {'first' if where == 'reference' else 'second'}: {shown}{more}."] if names else []
    return " ".join(parts)


def _print(rows: Mapping[str, BlobDifference], failed: Sequence[str]) -> None:
    from maskctl.analysis.metrics import COSINE, SQNR
    from maskctl.cli.text import cosine_text, counted, decibels, print_table, table
    from maskctl.numeric.figures import figure

    numbers = ("dB", "cosine", "largest error", "not finite")
    made = table("blob", "shape", *numbers[:3], "at", numbers[3], "", numbers=numbers)
    for name, row in rows.items():
        sums = row.comparison
        shapes = ["x".join(map(str, shape)) for shape in row.shapes]
        made.add_row(
            name,
            shapes[0] if sums else f"{shapes[0]}, but {shapes[1]}",
            "" if sums is None else decibels(SQNR.of(sums)),
            "" if sums is None else cosine_text(COSINE.of(sums)),
            "" if math.isnan(row.largest_error) else figure(row.largest_error),
            "" if row.at is None or not row.largest_error else ",".join(map(str, row.at)),
            "" if not any(row.not_finite) else f"{row.not_finite[0]:,} / {row.not_finite[1]:,}",
            "below" if name in failed and sums else "other shape" if name in failed else "",
        )
    print_table(made)
    if failed:
        click.echo(f"\n{counted(len(failed), 'blob')} of {len(rows)} not as close as asked for, or of another shape.")
