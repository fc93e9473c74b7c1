"""Networks written anew: what exporters and optimisers do to a `.param`, and which layer of the result was which before."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from maskctl.graph.network import Graph, build
from maskctl.lock import Found
from maskctl.lock.shapes import SHAPES
from maskctl.param import ParamDocument, parse

WEIGHTED = frozenset(
    name for name in SHAPES if name not in {"MemoryData", "Pooling", "Concat", "Slice", "Permute", "Interp"}
)
FUSING = frozenset(("Convolution", "ConvolutionDepthWise", "Deconvolution", "DeconvolutionDepthWise", "InnerProduct"))
ACTIVATIONS = {"ReLU": "1", "Clip": "3", "Sigmoid": "4", "Mish": "5", "HardSwish": "6"}
"""What `ncnnoptimize` fuses into those, and the activation type that is written then."""


@dataclass
class Row:
    """One layer; `was` is its index in the first network, None where it was not there."""

    kind: str
    name: str
    bottoms: list[str]
    tops: list[str]
    params: dict[str, str]
    was: int | None = None


@dataclass
class Net:
    """A network that is being changed; `fresh` counts the names made up."""

    rows: list[Row]
    random: random.Random
    fresh: int = field(default=0)

    def new_name(self) -> str:
        """A name nobody has."""
        self.fresh += 1
        return f"made_{self.fresh}"

    def readers(self, blob: str) -> list[Row]:
        """The layers that read a blob."""
        return [row for row in self.rows if blob in row.bottoms]


Change = Callable[[Net], None]


def opened(document: ParamDocument, seed: int) -> Net:
    """A document as a network that can be changed, without its masks."""
    rows = []
    for index, line in enumerate(document.layers[: document.layer_count]):
        words = [line.text[token.start : token.end].split("=", 1) for token in line.tokens]
        params = {key: value for key, value in words if key != "31"}
        rows.append(Row(line.type, line.name, list(line.bottoms), list(line.tops), params, index))
    return Net(rows, random.Random(seed))  # noqa: S311 - only variety is asked for


def to_bytes(net: Net) -> bytes:
    """The network as the file it would be."""
    lines = [
        " ".join(
            [row.kind, row.name, str(len(row.bottoms)), str(len(row.tops)), *row.bottoms, *row.tops]
            + [f"{key}={value}" for key, value in row.params.items()]
        )
        for row in net.rows
    ]
    blobs = {name for row in net.rows for name in (*row.bottoms, *row.tops)}
    text = "\n".join(["7767517", f"{len(lines)} {max(1, len(blobs))}", *lines, ""])
    return text.encode("utf-8", "surrogateescape")


def closed(net: Net) -> Graph:
    """The network as it would be read."""
    return build(parse(to_bytes(net), "again.param"))


def renamed(net: Net) -> None:
    """Other names for all layers and blobs."""
    blobs: dict[str, str] = {}
    for row in net.rows:
        row.name = net.new_name()
        for top in row.tops:
            blobs[top] = net.new_name()
    for row in net.rows:
        row.bottoms = [blobs[name] for name in row.bottoms]
        row.tops = [blobs[name] for name in row.tops]


def exchanged(net: Net) -> None:
    """The names of layers of one type dealt out anew among them."""
    for kind in sorted({row.kind for row in net.rows}):
        rows = [row for row in net.rows if row.kind == kind]
        names = [row.name for row in rows]
        net.random.shuffle(names)
        for row, name in zip(rows, names, strict=True):
            row.name = name


def numbered(net: Net) -> None:
    """Names by type and number in the order of the file, as converters give them: they move when a layer comes or goes."""
    counts = Counter[str]()
    for row in net.rows:
        row.name = f"{row.kind.lower()}_{counts[row.kind]}"
        counts[row.kind] += 1


def stripped(net: Net) -> None:
    """Without Noop, Dropout, and Split where one of its tops at most is read."""
    for row in list(net.rows):
        alone = row.kind in {"Noop", "Dropout"} and len(row.bottoms) == len(row.tops) == 1
        read = [top for top in row.tops if net.readers(top)]
        if alone or (row.kind == "Split" and len(read) == 1):
            _cut_out(net, row, read[0] if read else row.tops[0])


def with_splits(net: Net) -> None:
    """With a Split, of which one top is read, or a Noop put in behind every other layer."""
    for place, row in enumerate(list(net.rows)):
        if place % 2 or not row.tops or not net.readers(row.tops[0]):
            continue
        kind, tops = ("Split", [net.new_name(), net.new_name()]) if place % 4 else ("Noop", [net.new_name()])
        _put_in(net, row, Row(kind, net.new_name(), [row.tops[0]], tops, {}))


def fused(net: Net) -> None:
    """With activations, BatchNorm and Scale behind a layer with weights taken into it."""
    for row in list(net.rows):
        if row.kind not in FUSING:
            continue
        for _ in range(3):
            behind = net.readers(row.tops[0])
            if len(behind) != 1 or len(behind[0].bottoms) != 1 or "9" in row.params:
                break
            follower = behind[0]
            if follower.kind in ACTIVATIONS:
                row.params["9"] = ACTIVATIONS[follower.kind]
            elif follower.kind in {"BatchNorm", "Scale"}:
                row.params["1" if row.kind == "InnerProduct" else "5"] = "1"
            else:
                break
            _cut_out(net, follower, follower.tops[0])


def unfused(net: Net) -> None:
    """With a BatchNorm behind every other layer with weights, and its activation as a layer of its own."""
    kinds = {"1": "ReLU", "2": "ReLU", "3": "Clip", "4": "Sigmoid", "5": "Mish", "6": "HardSwish"}
    for place, row in enumerate([row for row in net.rows if row.kind in FUSING]):
        kind = kinds.get(row.params.pop("9", ""))
        row.params.pop("-23310", None)
        row.params.pop("10", None)
        if kind:
            _put_in(net, row, Row(kind, net.new_name(), [row.tops[0]], [net.new_name()], {}))
        if place % 2:
            channels = {"0": row.params["0"]}
            _put_in(net, row, Row("BatchNorm", net.new_name(), [row.tops[0]], [net.new_name()], channels))


def int8(net: Net) -> None:
    """With the layers that can be in int8, every third of them between Quantize and Dequantize layers."""
    for place, row in enumerate([row for row in net.rows if row.kind in FUSING]):
        row.params["8"] = "2" if place % 2 else "102"
        if place % 3 == 0 and row.bottoms:
            blob = net.new_name()
            net.rows.insert(_place(net, row), Row("Quantize", net.new_name(), [row.bottoms[0]], [blob], {"0": "1"}))
            row.bottoms[0] = blob
            _put_in(net, row, Row("Dequantize", net.new_name(), [row.tops[0]], [net.new_name()], {"0": "1"}))


def reordered(net: Net) -> None:
    """The layers in another order in which each still comes behind those it reads from."""
    made: set[str] = set()
    waiting, order = list(net.rows), list[Row]()
    while waiting:
        ready = [row for row in waiting if made.issuperset(row.bottoms)]
        row = net.random.choice(ready)
        waiting = [other for other in waiting if other is not row]
        order.append(row)
        made.update(row.tops)
    net.rows = order


def with_other_stem(net: Net) -> None:
    """With a layer with weights put in behind every input layer."""
    for row in [row for row in net.rows if row.kind == "Input"]:
        if net.readers(row.tops[0]):
            stem = {"0": "3", "1": "1", "6": "9"}
            _put_in(net, row, Row("Convolution", net.new_name(), [row.tops[0]], [net.new_name()], stem))


def with_other_heads(net: Net) -> None:
    """With more outputs in the last layers with weights before the outputs of the network."""
    read = {name for row in net.rows for name in row.bottoms}
    ends = [row for row in net.rows if row.tops and not read.intersection(row.tops)]
    for row in ends:
        found = _last_weighted(net, row)
        if found is not None and "0" in found.params:
            found.params["0"] = str(int(found.params["0"]) + 3)


def with_a_double(net: Net) -> None:
    """With one layer with weights there twice, one behind the other."""
    rows = [row for row in net.rows if row.kind in WEIGHTED and len(row.bottoms) == len(row.tops) == 1]
    row = net.random.choice(rows)
    if net.readers(row.tops[0]):
        _put_in(net, row, Row(row.kind, net.new_name(), [row.tops[0]], [net.new_name()], dict(row.params)))


def without_one(net: Net) -> None:
    """Without one of the layers with weights."""
    rows = [row for row in net.rows if row.kind in WEIGHTED and len(row.bottoms) == len(row.tops) == 1]
    _cut_out(net, row := net.random.choice(rows), row.tops[0])


CHANGES: Mapping[str, Sequence[Change]] = {
    "as it was, without masks": (),
    "all layers and blobs renamed": (renamed,),
    "names exchanged among layers of a type": (exchanged,),
    "Split, Noop, Dropout taken out; renamed": (stripped, renamed),
    "Split, Noop put in; renamed": (with_splits, renamed),
    "activations and BatchNorm fused; renamed": (fused, renamed),
    "BatchNorm put in, activations taken apart; renamed": (unfused, renamed),
    "int8, with Quantize and Dequantize; renamed": (int8, renamed),
    "another topological order; renamed": (reordered, renamed),
    "all of these, renamed": (stripped, unfused, int8, with_splits, reordered, renamed),
    "all of these, numbered anew": (stripped, unfused, int8, with_splits, reordered, numbered),
}
"""What re-exports do: the network is the same."""

EDITS: Mapping[str, Sequence[Change]] = {
    "a layer put in behind the input; names kept": (with_other_stem,),
    "a layer put in behind the input; numbered anew": (numbered, with_other_stem, numbered),
    "other numbers of outputs; renamed": (with_other_heads, renamed),
    "other numbers of outputs; numbered anew": (numbered, with_other_heads, numbered),
    "both of these; names kept": (with_other_stem, with_other_heads),
    "both of these; numbered anew": (numbered, with_other_stem, with_other_heads, numbered),
    "a layer with weights doubled; renamed": (with_a_double, renamed),
    "a layer with weights doubled; numbered anew": (numbered, with_a_double, numbered),
    "a layer with weights taken out; renamed": (without_one, renamed),
    "a layer with weights taken out; numbered anew": (numbered, without_one, numbered),
    "taken out, put in, other outputs; numbered anew": (
        numbered,
        without_one,
        with_other_stem,
        with_other_heads,
        numbered,
    ),
    "taken out, put in, other outputs; names kept": (without_one, with_other_stem, with_other_heads),
}
"""What people do: it is another network. The first change is made before the masks are locked where it is `numbered`."""


def changed(
    document: ParamDocument, changes: Sequence[Change], seed: int = 0
) -> tuple[Graph, Graph, Sequence[int | None]]:
    """A network before and after changes, and for each layer after them its index before."""
    net = opened(document, seed)
    if changes and changes[0] is numbered:
        numbered(net)
        changes = changes[1:]
    before = closed(replace(net, rows=[replace(row) for row in net.rows]))
    for change in changes:
        change(net)
    return before, closed(net), [row.was for row in net.rows]


def _place(net: Net, row: Row) -> int:
    return next(place for place, other in enumerate(net.rows) if other is row)


def _put_in(net: Net, row: Row, new: Row) -> None:
    """Puts a layer behind the first top of another: its first top goes where that went."""
    for reader in net.readers(row.tops[0]):
        reader.bottoms = [new.tops[0] if name == row.tops[0] else name for name in reader.bottoms]
    net.rows.insert(_place(net, row) + 1, new)


def _cut_out(net: Net, row: Row, top: str) -> None:
    """Takes a layer out: who read `top` of it reads what it read."""
    for reader in net.readers(top):
        reader.bottoms = [row.bottoms[0] if name == top else name for name in reader.bottoms]
    net.rows = [other for other in net.rows if other is not row]


def _last_weighted(net: Net, row: Row) -> Row | None:
    """The nearest layer with weights at or before a layer, along first bottoms."""
    made = {top: other for other in net.rows for top in other.tops}
    while row.kind not in WEIGHTED:
        if not row.bottoms:
            return None
        row = made[row.bottoms[0]]
    return row


MASKS = (1, 64, 65, 2)
"""Dealt out in turn, so that neighbours differ."""


def every_third(graph: Graph, *, weighted: bool = True) -> list[int]:
    """A mask for every third layer with weights, or for every third layer; 0 for the others."""
    masks = [0] * len(graph.layers)
    places = [layer.index for layer in graph.layers if layer.type in WEIGHTED or not weighted]
    for number, index in enumerate(places[::3]):
        masks[index] = MASKS[number % len(MASKS)]
    return masks


@dataclass(frozen=True)
class Judged:
    """How many masks came back on a layer that had this mask before, on another one, or had no certain layer and were named."""

    right: int = 0
    named: int = 0
    wrong: int = 0

    def __add__(self, other: Judged) -> Judged:
        return Judged(self.right + other.right, self.named + other.named, self.wrong + other.wrong)


def judged(masks: Sequence[int], found: Sequence[Found], was: Sequence[int | None]) -> Judged:
    """What became of masks, given for each layer of the new network its index in the old one."""
    total = Judged()
    for one in found:
        old = None if one.index is None else was[one.index]
        right = old is not None and masks[old] == one.entry.mask
        total += Judged(named=1) if one.index is None else Judged(right=1) if right else Judged(wrong=1)
    return total
