"""A network as layers and blobs, with every blob's producer and readers known and sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from maskctl.errors import GraphError, Place, did_you_mean
from maskctl.param import LayerLine, ParamDocument, Value


@dataclass(frozen=True)
class Layer:
    """One layer: its index (from 0), its line, and through it type, name, bottoms, tops, params and mask."""

    index: int
    line: LayerLine

    @property
    def type(self) -> str:
        """ncnn's type name, e.g. "Convolution"."""
        return self.line.type

    @property
    def name(self) -> str:
        """The layer's name; not unique in real files."""
        return self.line.name

    @property
    def bottoms(self) -> tuple[str, ...]:
        """Names of the blobs it reads."""
        return self.line.bottoms

    @property
    def tops(self) -> tuple[str, ...]:
        """Names of the blobs it produces."""
        return self.line.tops

    @property
    def params(self) -> Mapping[int, Value]:
        """Value by parameter id."""
        return self.line.params

    @property
    def mask(self) -> int:
        """The feature mask."""
        return self.line.mask

    def as_if_written(self, type_name: str, params: Mapping[int, int]) -> Layer:
        """The layer as if its line said another type, and these values for these parameters."""
        line = self.line
        for number, value in params.items():
            line = line.with_param(number, value)
        return Layer(self.index, replace(line, type=type_name))

    def __str__(self) -> str:
        return f"#{self.index} '{self.name}' ({self.type})"


@dataclass(frozen=True, eq=False)
class Graph:
    """Layers in execution order; every blob is produced once, before it is read, and read by at most one layer.

    A graph equals only itself, so that what follows from it can be remembered cheaply. `fed` are the shapes that
    inputs are given, outermost extent first, 0 for an extent that varies and empty where the rank does: the engine does not look
    at those in the file.
    """

    path: str
    layers: tuple[Layer, ...]
    fed: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @cached_property
    def producer(self) -> Mapping[str, int]:
        """Index of the layer that produces a blob."""
        return {top: layer.index for layer in self.layers for top in layer.tops}

    @cached_property
    def reader(self) -> Mapping[str, int]:
        """Index of the layer that reads a blob; outputs have none."""
        return {bottom: layer.index for layer in self.layers for bottom in layer.bottoms}

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Blobs the application feeds: the tops of Input layers."""
        return tuple(top for layer in self.layers if layer.type == "Input" for top in layer.tops)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Blobs nobody reads, in file order."""
        return tuple(top for layer in self.layers for top in layer.tops if top not in self.reader)


def build(document: ParamDocument, *, repeated: bool = False) -> Graph:
    """The network a document describes; raises `GraphError` for the first thing the engine would trip over.

    With `repeated` a layer may read one blob several times. The engine runs that, and the executor does not.
    """
    layers = tuple(Layer(index, line) for index, line in enumerate(document.layers[: document.layer_count]))
    if len(layers) < document.layer_count:
        raise GraphError(
            f"the file says {document.layer_count} layers and has {len(layers)}. The engine refuses it. "
            "The file was cut short, or the count in its second line is wrong.",
            Place(document.path, 2),
        )
    produced: dict[str, Layer] = {}
    read: dict[str, Layer] = {}
    for layer in layers:
        _check_bottoms(layer, produced, read, document.path)
        if not repeated:
            _check_repeated(layer, document.path)
        read.update(dict.fromkeys(layer.bottoms, layer))
        _check_tops(layer, produced, document.path)
        _check_mask(layer, document.path)
    return Graph(document.path, layers)


def check_counts(document: ParamDocument) -> str | None:
    """What the engine makes of counts that lie although it loads the file, or None when they are right."""
    surplus = len(document.layers) - document.layer_count
    blobs = len({name for layer in document.layers for name in (*layer.bottoms, *layer.tops)})
    if surplus > 0:
        first = document.layers[document.layer_count]
        return (
            f"{Place(document.path, 2)}: the file says {document.layer_count} layers and has {len(document.layers)}. The engine "
            f"drops the last {surplus} in silence, from '{first.name}' on. Write {len(document.layers)} {blobs} in the second line."
        )
    if blobs > document.blob_count:
        return (
            f"{Place(document.path, 2)}: the file says {document.blob_count} blobs and has {blobs}. Older engines write past the end "
            f"of their table, newer ones refuse. Write {len(document.layers)} {blobs} in the second line."
        )
    return None


def _check_bottoms(layer: Layer, produced: dict[str, Layer], read: dict[str, Layer], path: str) -> None:
    for bottom in layer.bottoms:
        place = Place(path, layer.line.number)
        if bottom not in produced:
            raise GraphError(
                f"{layer} reads blob '{bottom}', which no layer before it produces. "
                + did_you_mean(bottom, produced, "Check the order of the layers and the spelling."),
                place,
            )
        if bottom in read:
            raise GraphError(
                f"{layer} reads blob '{bottom}', which {read[bottom]} reads already. The engine gives each blob one reader: "
                "put a Split layer behind its producer.",
                place,
            )


def _check_repeated(layer: Layer, path: str) -> None:
    if len(set(layer.bottoms)) < len(layer.bottoms):
        bottom = next(name for name in layer.bottoms if layer.bottoms.count(name) > 1)
        raise GraphError(
            f"{layer} reads blob '{bottom}' twice. The engine runs that, and maskctl does not: put a Split layer behind its producer.",
            Place(path, layer.line.number),
        )


def _check_tops(layer: Layer, produced: dict[str, Layer], path: str) -> None:
    for top in layer.tops:
        if top in produced:
            raise GraphError(
                f"{layer} produces blob '{top}', which {produced[top]} produces already. Give one of the two another name.",
                Place(path, layer.line.number),
            )
        produced[top] = layer


def _check_mask(layer: Layer, path: str) -> None:
    if layer.line.malformed_mask:
        raise GraphError(
            f"{layer} has the feature mask '{layer.line.malformed_mask}'. "
            "The engine takes a whole number, 0 to 255 for the bits it knows. Set it with 'maskctl set-mask'.",
            Place(path, layer.line.number),
        )
