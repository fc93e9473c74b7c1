"""A mask of the lock beside the file is not on its layer any more.

`ncnnoptimize`, `ncnn2int8` and a new export write the file without masks, and the network runs in plain fp16 again without a
word. The lock (`net.masks.toml` beside `net.param`, written by `maskctl lock`) knows which layers had which, and finds them under
other names too. `maskctl apply` puts all of them back.

Bad:
    7767517
    2 2
    Input        data  0 1 data 0=4 1=4 2=16
    Convolution  conv  1 1 data conv 0=16 1=3 4=1 6=2304

Bad lock:
    7767517
    2 2
    Input        data  0 1 data 0=4 1=4 2=16
    Convolution  conv  1 1 data conv 0=16 1=3 4=1 6=2304 31=64

Good:
    7767517
    2 2
    Input        in0   0 1 in0 0=4 1=4 2=16
    Convolution  c1    1 1 in0 c1 0=16 1=3 4=1 6=2304 9=1 31=64

Good lock:
    7767517
    2 2
    Input        data  0 1 data 0=4 1=4 2=16
    Convolution  conv  1 1 data conv 0=16 1=3 4=1 6=2304 31=64
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl import featmask, lock
from maskctl.errors import InputError
from maskctl.graph.network import Graph
from maskctl.lint.editing import mask_edit, mask_words
from maskctl.lint.finding import Fix, Problem, Severity, Span
from maskctl.lint.subject import Subject
from maskctl.lock import Found

GROUP = "mask"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every mask of the lock whose layer has another or cannot be found, and a lock that cannot be read.

    The fix writes the mask where the layer is certain.
    """
    if subject.lock is None or subject.graph is None:
        return
    try:
        locked = lock.load(subject.lock)
    except InputError as error:
        yield Problem(f"its lock '{error.place}' cannot be read: {error.problem}", Span())
        return
    for found in lock.match(locked, subject.graph):
        if found.index is None:
            yield Problem(_unsure(found, subject.graph), Span())
        elif subject.graph.layers[found.index].mask != found.entry.mask:
            yield _differs(subject, subject.graph, found, found.index)


def _unsure(found: Found, graph: Graph) -> str:
    """What is to be said of a mask without a certain layer."""
    places = ", ".join(str(graph.layers[index]) for index in found.candidates[:3])
    may_be = f" It may be {places}." if places else ""
    return (
        f"the mask {mask_words(found.entry.mask)} of {found.entry} in the lock has no certain layer: {found.why}.{may_be} Set it with "
        "'maskctl set-mask' and lock again."
    )


def _differs(subject: Subject, graph: Graph, found: Found, index: int) -> Problem:
    layer, mask = graph.layers[index], found.entry.mask
    was = "" if layer.name == found.entry.name else f", called '{found.entry.name}' there,"
    return Problem(
        f"{layer} has {mask_words(layer.mask)}, and the lock{was} has {mask_words(mask)}. Put it back with 'maskctl apply'.",
        subject.param_span(layer, featmask.PARAM_ID),
        layer.name,
        Fix(f"write 31={mask}", (mask_edit(layer, mask),)),
    )
