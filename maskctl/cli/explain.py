"""`maskctl explain`: the whole story of one layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from maskctl.cli.analyze import ANALYSIS_OPTIONS, analyzed, json_text, report_of
from maskctl.cli.model_input import with_options

if TYPE_CHECKING:
    from maskctl.param import ParamDocument


@click.command("explain", short_help="Tell the whole story of one layer.")
@click.argument("model", metavar="MODEL")
@click.argument("layer", metavar="LAYER")
@with_options(*ANALYSIS_OPTIONS)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: that of analyze, with this layer alone.")
def command(model: str, layer: str, *, as_json: bool, **options: Any) -> int:
    """Say everything about one LAYER of MODEL (a .param file): what it is and how the engine computes it, what it
    loses and why, what its values and errors look like, what each mask bit would do, and which mask is proposed.

    LAYER is a name, or `#12` for the layer of that index. The whole model is analysed as by `maskctl analyze`; nothing
    is changed.

    \b
    Examples:
      maskctl explain net.param conv3 -i data=photo.jpg --mean 104,117,123
      maskctl explain net.param '#12' --json
    """  # noqa: D205 - a summary of more than one line
    from maskctl.param import load

    index = _only_one(load(model), layer)
    analysis, unsafe, _ = analyzed(model, options)
    if analysis.plan.interrupted:
        raise KeyboardInterrupt
    for fence in analysis.fence_layers:  # they are counted in the analysed model
        index += fence.index <= index
    report = report_of(analysis, unsafe, {index}, looked_at=True)
    if as_json:
        from maskctl.report.analysis import only_layer

        click.echo(json_text(only_layer(report, index)), nl=False)
        return 0
    from maskctl.cli.story import print_story

    print_story(report, index, str(analysis.policy))
    return 0


def _only_one(document: ParamDocument, selector: str) -> int:
    """The layer that a selector names; raises `InputError` where it names none, or several."""
    from maskctl.errors import InputError
    from maskctl.graph.select import select_layers

    found = select_layers(document, (selector,))
    if len(found) > 1:
        listed = ", ".join(f"#{index} '{document.layers[index].name}'" for index in found[:_MOST_LISTED])
        more = ", ..." if len(found) > _MOST_LISTED else ""
        raise InputError(
            f"'{selector}' names {len(found)} layers: {listed}{more}. Give one, e.g. '#{found[0]}'.", document.path
        )
    return found[0]


_MOST_LISTED = 5
