"""What a layer file provides, and how its parameters are read from a `.param` line.

Arrays carry the samples in front: a blob of shape (c, h, w) is an array of shape (n, c, h, w).
Shapes never include the samples. The order of an array's axes in memory is free: a convolution gives its maps with
the channels innermost, because that is how it computes them, and whoever needs another order copies.

Blobs are float32 in every storage format of floats. Where the engine keeps integers, the array is int8 or int32; a
layer that computes with floats reads them with `floats_in`, one that reads 32-bit integers (Embed, Crop) with
`integers_in`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn, TypeAlias

from maskctl.errors import ExecutionError, GraphError, InputError
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np, npt

Shape: TypeAlias = tuple[int, ...]
Value: TypeAlias = int | float | str | tuple[int | float, ...]
Array: TypeAlias = "npt.NDArray[Any]"
Arrays: TypeAlias = tuple[Array, ...]
Weights: TypeAlias = Mapping[str, FloatArray]

ONE_OR_MORE = range(1, 1 << 30)
"""How many bottoms or tops a layer has that takes any number of them."""


@dataclass(frozen=True)
class Param:
    """A parameter as ncnn declares it: id, name, default (its type is the parameter's), or another's value."""

    id: int
    name: str
    default: int | float | str | tuple[int | float, ...]
    meaning: str
    same_as: str = ""


@dataclass(frozen=True)
class Weight:
    """A tensor in the `.bin`: its name, its shape, and whether a storage tag precedes it there.

    `role` and `fan_in` say what sane values are where weights are made up: "weight" (of sums of `fan_in` products, by
    default all but the first extent), "bias", "factor" (near 1), "mean", "variance" (positive), "data" (standard
    normal), "int8" (codes -127 to 127), "int8 scale" (from values of about 1 to codes, or of weights to codes), "bytes"
    (stored as bytes without a storage tag, read as -128 to 127).
    """

    name: str
    shape: Shape
    tagged: bool = False
    role: str = "weight"
    fan_in: int = 0

    @property
    def count(self) -> int:
        """Number of elements."""
        product = 1
        for extent in self.shape:
            product *= extent
        return product


@dataclass(frozen=True)
class _Declaration:
    """Parameters of a type, laid out once: their defaults by name, those of each id, and those that are as others say."""

    declared: Sequence[Param]
    defaults: Mapping[str, Value]
    by_id: Mapping[int, Param]
    followers: tuple[Param, ...]


_declarations: dict[int, _Declaration] = {}


def _declaration(declared: Sequence[Param]) -> _Declaration:
    """What follows from the declarations alone; they are told apart by identity, because hashing them is slow."""
    known = _declarations.get(id(declared))
    if known is None:
        known = _declarations[id(declared)] = _Declaration(  # which keeps them, so that no others get their identity
            declared,
            {param.name: param.default for param in declared},
            {param.id: param for param in declared},
            tuple(param for param in declared if param.same_as),
        )
    return known


class Params:
    """The parameters of one layer by ncnn's names, defaults filled in, and how many tops and bottoms it has."""

    def __init__(
        self, declared: Sequence[Param], written: Mapping[int, Value], tops: int = 1, bottoms: int = 1
    ) -> None:
        self._declared, self._written = declared, written
        self.tops, self.bottoms = tops, bottoms
        facts = _declaration(declared)
        self._values = dict(facts.defaults)
        for number, value in written.items():
            param = facts.by_id.get(number)
            if param is not None:
                self._values[param.name] = _typed(param, value)
        for param in facts.followers:
            if param.id not in written:
                self._values[param.name] = _typed(param, self._values[param.same_as])

    def replaced(self, name: str, value: Value) -> Params:
        """The same parameters with one of them as if the line said so."""
        number = next(param.id for param in self._declared if param.name == name)
        return Params(self._declared, {**self._written, number: value}, self.tops, self.bottoms)

    def has(self, name: str) -> bool:
        """True when the layer type declares a parameter of that name."""
        return name in self._values

    def integer(self, name: str) -> int:
        """An integer parameter."""
        value = self._values[name]
        return value if isinstance(value, int) else _wrong_type(name)

    def real(self, name: str) -> float:
        """A float parameter."""
        value = self._values[name]
        return value if isinstance(value, float) else _wrong_type(name)

    def array(self, name: str) -> tuple[int | float, ...]:
        """An array parameter; empty when not set."""
        value = self._values[name]
        return value if isinstance(value, tuple) else _wrong_type(name)

    def text(self, name: str) -> str:
        """A string parameter; empty when not set."""
        value = self._values[name]
        return value if isinstance(value, str) else _wrong_type(name)


def _wrong_type(name: str) -> NoReturn:
    raise TypeError(f"parameter {name} is read as another type than its default declares")


def _typed(param: Param, value: Value) -> Value:
    """The value as the parameter's type; the engine's newest parser converts int to float, and nothing else."""
    if isinstance(param.default, float) and isinstance(value, int):
        return float(value)
    if type(value) is not type(param.default):
        kind = {int: "an integer", float: "a number", tuple: "an array", str: "a string"}[type(param.default)]
        raise GraphError(f"parameter {param.id} ({param.name}) is '{value}'. Expected {kind}.")
    return value


def no_weights(_: Params) -> tuple[Weight, ...]:
    """For layers without weights."""
    return ()


def same_shape(_: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """For layers whose one top is shaped like their one bottom."""
    return inputs[:1]


def no_macs(_: Params, __: tuple[Shape, ...], ___: tuple[Shape, ...]) -> int:
    """For layers that multiply and add nothing worth counting."""
    return 0


def all_supported(_: Params) -> str | None:
    """For layers the executor runs with every value of their parameters."""
    return None


def as_stored(_: Params, weights: Weights) -> Weights:
    """For layers that use their weights as the `.bin` holds them."""
    return weights


def no_integers(_: Params) -> tuple[int, ...]:
    """For layers that read no blob as integers."""
    return ()


def never(_: Params) -> bool:
    """For layers whose tops' extents follow from those of their bottoms."""
    return False


def always(_: Params) -> bool:
    """For layers whose tops' extents depend on values, whatever their parameters."""
    return True


def floats_in(values: Array) -> FloatArray:
    """A blob's elements as the floats the engine reads there; 32-bit integers are taken by their bits.

    Raises `ExecutionError` for int8, of which the engine would read four elements as one.
    """
    if values.dtype == np.int8:
        raise ExecutionError(
            "the input holds int8 codes, and the layer computes with floats. Put a Dequantize layer before it, "
            "or take the layer before out of int8."
        )
    return values.view(np.float32) if values.dtype == np.int32 else values


def integers_in(values: Array) -> npt.NDArray[np.int32]:
    """A blob's elements as the 32-bit integers the engine reads there; float32 elements are taken by their bits.

    Raises `ExecutionError` for int8, of which the engine would read four elements as one.
    """
    if values.dtype == np.int8:
        raise ExecutionError(
            "the input holds int8 codes, and the layer reads 32-bit integers. Give it a blob of those."
        )
    return values if values.dtype == np.int32 else np.ascontiguousarray(values, np.float32).view(np.int32)


@dataclass(frozen=True)
class LayerType:
    """One layer type. `forward` takes arrays (n, …), float32 unless the engine keeps integers, and returns one per top.

    `shapes` and `forward` raise `ExecutionError` for inputs the engine would refuse; `unsupported` names
    a use of the parameters that maskctl does not run, or returns None. `prepare` lays the weights out as `forward`
    wants them; it is called once per layer, not once per run. `integers` are the bottoms read as 32-bit integers.
    Where `by_value` is true the extents of the tops depend on values: `shapes` gives upper bounds, and `forward` is
    called with one sample at a time.
    """

    type: str
    bottoms: range
    forward: Callable[[Params, Weights, Arrays], Arrays]
    params: tuple[Param, ...] = ()
    weights: Callable[[Params], tuple[Weight, ...]] = no_weights
    shapes: Callable[[Params, tuple[Shape, ...]], tuple[Shape, ...]] = same_shape
    macs: Callable[[Params, tuple[Shape, ...], tuple[Shape, ...]], int] = no_macs
    unsupported: Callable[[Params], str | None] = all_supported
    tops: range = range(1, 2)
    prepare: Callable[[Params, Weights], Weights] = as_stored
    integers: Callable[[Params], tuple[int, ...]] = no_integers
    by_value: Callable[[Params], bool] = never


_plugins: dict[str, LayerType] = {}


def register(kind: LayerType) -> None:
    """Makes a layer type of an application known by its name; raises `InputError` for a name ncnn has already."""
    if kind.type not in _plugins and find(kind.type) is not None:
        raise InputError(f"there is a layer type '{kind.type}' already. Give the plugin's type a name of its own.")
    _plugins[kind.type] = kind
    find.cache_clear()


@cache
def find(type_name: str) -> LayerType | None:
    """The layer type of that name, or None when no file here and no plugin defines it."""
    if type_name in _plugins:
        return _plugins[type_name]
    if not type_name.isascii() or not type_name.isalnum():
        return None
    if type_name.lower() not in _files():
        return None
    layer = getattr(importlib.import_module(f"maskctl.layers.{type_name.lower()}"), "LAYER", None)
    return layer if isinstance(layer, LayerType) and layer.type == type_name else None


@cache
def known_types() -> tuple[str, ...]:
    """Names of all layer types that have a file here, sorted; plugins are not among them."""
    modules = [importlib.import_module(f"maskctl.layers.{name}") for name in _files()]
    return tuple(sorted(module.LAYER.type for module in modules if hasattr(module, "LAYER")))


@cache
def _files() -> frozenset[str]:
    """Names of the modules beside this one: the disk is asked once, not for every unknown type of a file."""
    package = importlib.import_module("maskctl.layers")
    return frozenset(entry.name for entry in pkgutil.iter_modules(package.__path__))
