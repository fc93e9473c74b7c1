"""Rules about parameters, where the pages' examples do not reach."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from maskctl.layers import Param, find
from maskctl.lint.conditions import Conditions
from maskctl.lint.editing import edited
from maskctl.lint.facts import since
from maskctl.lint.facts.elements import EITHER, FLOATS, INTEGERS
from maskctl.lint.facts.lengths import LENGTHS
from maskctl.lint.facts.limits import DIVIDES, LIMITS
from maskctl.lint.facts.since import PARAMS, TYPES, VALUES
from maskctl.lint.rule import rules
from maskctl.lint.run import lint
from maskctl.lint.subject import Subject
from maskctl.param.scan import scan
from maskctl.peers.ncnn_engine import Job, NcnnEngine
from maskctl.targets import PRECISIONS
from tests.layers.rows import families
from tests.lint.linting import found

HEAD = "7767517\n2 2\nInput data 0 1 data\n"
ON = [rule.name for rule in rules().values() if rule.group == "params" and rule.is_default]
KINDS = {name for names in TYPES.values() for name in names.split()} | set(PARAMS)
YOLO = "Yolov3DetectionOutput l 1 1 data out 0=80 1=3 -23304=6,1.0,2.0,3.0,4.0,5.0,6.0 -23306=1,33.6"


def told(folder: Path, rule: str, layer: str, runtime: str = "") -> list[str]:
    """The messages of a rule about a layer behind an Input; its characters at fault are in front."""
    settings = f'[lint]\nruntime = "{runtime}"' if runtime else ""
    rows = []
    for finding in found(folder, rule, f"{HEAD}{layer}\n", settings=settings):
        span = finding.problem.span
        rows.append(f"{layer[span.column - 1 : span.column - 1 + span.length]}|{finding.problem.message}")
    return rows


@pytest.mark.parametrize(
    ("rule", "layer", "token", "says"),
    [
        ("unknown-param-id", "Sigmoid l 1 1 data out 0=1", "0=1", "It has no parameters of its own."),
        ("unknown-param-id", "ExpandDims l 1 1 data out 0=1", "0=1", "as expand_w up to 1.0.20250916"),
        ("unknown-param-id", "ReLU l 1 1 data out -23401=1,2", "-23401=1,2", "does not exist"),
        ("param-not-integer", "Permute l 1 1 data out 0=1.5", "0=1.5", "parameter 0 (order_type) is a whole number"),
        ("param-not-integer", "Tile l 1 1 data out 2=1,1.5", "2=1,1.5", "is an array of whole numbers"),
        ("float-for-int", "Permute l 1 1 data out 0=3e0", "0=3e0", "Write '0=3'."),
        ("float-for-int", "Tile l 1 1 data out 2=1,2.", "2=1,2.", "Write '2=1,2'."),
        ("int-for-float", "PriorBox l 1 1 data out 11=-233", "11=-233", "take -233 by its bits, nan."),
        ("int-for-float", "Eltwise l 2 1 data data out 0=1 1=1,2", "1=1,2", "Write '1=1.0,2.0'."),
        ("int-for-float", "ELU l 1 1 data out 0=1065353216", "0=1065353216", "Write '0=1.0'."),
        ("int-for-float", f"{YOLO} -23305=3,0,1,2", "-23305=3,0,1,2", "Write '-23305=3,0.0,1.0,2.0'."),
        ("param-kind-mismatch", "ELU l 1 1 data out 0=nan", "0=nan", "a string, and parameter 0 (alpha) is a number"),
        ("param-kind-mismatch", "Reshape l 1 1 data out 6=4", "6=4", "parameter 6 (shape_expr) is a string"),
        ("malformed-shape-hints", "ReLU l 1 1 data out -23330=3,1,2,3", "-23330=3,1,2,3", "four for each top are 4"),
        ("malformed-shape-hints", "ReLU l 1 1 data out 30=4", "30=4", "'4' is no array"),
        ("malformed-shape-hints", "ReLU l 1 1 data out 30=1,4.0,0,0", "30=1,4.0,0,0", "they are whole numbers"),
        ("malformed-shape-hints", "ReLU l 1 1 data out 30=5,4,4,4", "30=5,4,4,4", "a rank of 5 with extents 4, 4, 4"),
        ("malformed-shape-hints", "ReLU l 1 1 data out 30=4,4,4,4", "30=4,4,4,4", "a rank of 4 with extents 4, 4, 4"),
        ("array-length-mismatch", "Slice l 1 3 data a b c 0=1,1", "0=1,1", "Expected one for each top."),
        ("array-length-mismatch", f"{YOLO} -23305=2,0.0,1.0", "-23305=2,0.0,1.0", "for each bottom, 3 or more."),
        ("duplicate-param", "Crop l 1 1 data out -23309=1,0 9=1,", "-23309=1,0", "both are parameter 9 (starts)"),
        ("value-out-of-range", "Convolution l 1 1 data out 0=4 1=1 6=4 3=0", "3=0", "(stride_w) is '0'. Expected 1 or"),
        ("value-out-of-range", "Convolution l 1 1 data out 1=1 6=4", "Convolution", "is not written, so 0."),
        ("value-out-of-range", "Softmax l 1 1 data out 0=1", "Softmax", "Expected 1 where axis is not 0."),
        ("value-out-of-range", "Gemm l 2 1 data data out 18=5", "18=5", "parameter 18 (quantize_term) is '5'."),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(rule: str, layer: str, token: str, says: str, tmp_path: Path) -> None:
    """A finding points at the characters at fault and calls the parameter by ncnn's name."""
    (only,) = told(tmp_path, rule, layer)
    place, _, message = only.partition("|")
    assert (token, True) == (place, says in message), message


@pytest.mark.parametrize("rule", ON)
@pytest.mark.parametrize(
    "layer",
    [
        "ReLU l 1 1 data out 0=0 -23330=4,3,4,4,3",
        "ReLU l 1 1 data out -23330=0",
        "MyLayer l 1 1 data out 29=x 3=1.5 3=2",
        "Convolution l 1 1 data out 0=4 1=1 4=-233 6=4 9=2 10=0.1,",
        "Convolution l 2 1 data data out 19=1",
        "Pooling l 1 1 data out 0=1 4=1 2=0",
        "Pooling l 1 1 data out 7=1 8=-233 18=2",
        f"{YOLO} -23305=3,0,1065353216,1073741824",
        "Slice l 1 2 data a b -23300=3,1,1,1",
        "InstanceNorm l 1 1 data out 0=0 2=0",
    ],
)
def test_what_engines_take_is_not_told(rule: str, layer: str, tmp_path: Path) -> None:
    """Zeros for floats, bits of anchors, SAME borders, unused sizes and layers of an application's own are left alone."""
    if rule != "duplicate-param" or "MyLayer" not in layer:
        assert [] == told(tmp_path, rule, layer)


@pytest.mark.parametrize("rule", ON)
@pytest.mark.parametrize(
    "text", ["", "7767517\n", "7767517\n9 9\r\nInput data 0 1 data 0=4\r\nReLU l 1 1 data \udcff 0=0.5\r\n"]
)
def test_files_of_nothing_and_of_odd_bytes_pass(rule: str, text: str, tmp_path: Path) -> None:
    """An empty file, one that lies about its counts, CRLF and names that are no UTF-8 are no matter of parameters."""
    assert () == found(tmp_path, rule, text)


@pytest.mark.parametrize(
    ("runtime", "layer", "says"),
    [
        ("1.0.20231027", "RMSNorm l 1 1 data out 2=0", "the type came with 1.0.20240820, and 1.0.20231027 refuses it."),
        (
            "1.0.20221128",
            "Slice l 1 1 data out -23302=1,1",
            "(indices), which came with 1.0.20231027: 1.0.20221128 ignores",
        ),
        (
            "1.0.20220729",
            "BinaryOp l 1 1 data out 0=9 1=1",
            "a value of parameter 0 (op_type) that came with 1.0.20230223",
        ),
        ("1.0.20220729", "ReLU l 1 1 data out 31=1", "Feature masks came with 1.0.20221128"),
        ("1.0.20240102", "ReLU l 1 1 data out 31=128", "Bit 128 came with 1.0.20240410"),
        ("1.0.20260113", "ReLU l 1 1 data out -23330=5,3,4,4,1,3", "Shape hints of five values came with 1.0.20260526"),
        ("1.0.20241226", "Slice l 1 1 data out 0=1,", "Arrays without their length came with 1.0.20250428"),
        ("1.0.20260526", "ELU l 1 1 data out 0=0.10000000001", "are read with 1.0.20261020"),
    ],
)
def test_what_is_too_new(runtime: str, layer: str, says: str, tmp_path: Path) -> None:
    """What came after the runtime is told, and not for the release with which it came, nor where no runtime is known."""
    (only,) = told(tmp_path, "too-new-for-runtime", layer, runtime)
    assert says in only
    came = only.split(" 1.0." if "came with" not in only else "came with 1.0.")[1][:8]
    assert [] == told(tmp_path, "too-new-for-runtime", layer, f"1.0.{came}")
    assert [] == told(tmp_path, "too-new-for-runtime", layer)


def test_a_default_that_is_written_is_not_too_new(tmp_path: Path) -> None:
    """A parameter that came later and says what the engine does without it is not told."""
    assert [] == told(tmp_path, "too-new-for-runtime", "Interp l 1 1 data out 0=1 6=0", "1.0.20200106")


@pytest.mark.parametrize(
    ("shape", "layer", "says"),
    [
        (
            "0=4 1=4 2=8",
            "Convolution l 1 1 data out 0=16 1=3 6=144",
            "is 144. Expected 1152: 16 (num_output) x 8 (channels)",
        ),
        ("0=4 1=4 2=8", "ConvolutionDepthWise l 1 1 data out 0=8 1=3 6=72 7=4", "2 (channels of a group)"),
        ("0=4 1=4 2=8", "Deconvolution l 1 1 data out 0=16 1=3 11=1 6=96", "Expected 384:"),
        ("0=4 1=4 2=8", "InnerProduct l 1 1 data out 0=10 2=1270", "Expected 1280: 10 (num_output) x 128 (inputs)."),
        ("", "Convolution3D l 1 1 data out 0=4 1=2 6=31", "Expected a multiple of 32: 4 (num_output) x 2 (kernel_d) x"),
        ("", "LSTM l 1 1 data out 0=8 1=100 2=2", "multiple of 64: 2 (directions) x 4 (gates) x 8 (hidden_size)."),
        ("", "Embed l 1 1 data out 0=8 1=10 3=40", "Expected 80: 8 (num_output) x 10 (input_dim)."),
        ("0=4 1=4", "MultiHeadAttention l 1 1 data out 0=8 1=2 2=64", "x 4 (width of the queries)."),
    ],
)
def test_sizes_of_weights(shape: str, layer: str, says: str, tmp_path: Path) -> None:
    """A weight's size is held against its kernel and outputs, and against the channels where the input's shape is known."""
    file = f"7767517\n2 2\nInput data 0 1 data {shape}\n{layer}\n"
    (only,) = found(tmp_path, "weight-size-mismatch", file)
    assert says in only.problem.message
    assert () == found(tmp_path, "shape-mismatch", file)


@pytest.mark.parametrize("slices", ["58,-2330", "58,0", "58,58,-7", "-234,58"])
def test_slices_are_extents_or_shares(slices: str, tmp_path: Path) -> None:
    """A slice is 1 or more, or -233; the newest engine loads no other, whatever the indices are."""
    layer = f"Slice l 1 2 data a b -23300={slices.count(',') + 1},{slices} -23302=1,58"
    (only,) = told(tmp_path, "value-out-of-range", layer)
    assert "Expected extents of 1 or more, or -233 for an equal share of the rest." in only
    assert [] == told(tmp_path, "value-out-of-range", "Slice l 1 2 data a b -23300=2,58,-233")


@pytest.mark.parametrize(
    "layer",
    [
        "InnerProduct l 1 1 data out 0=10 2=40",
        "Convolution l 2 1 data data out 19=1",
        "Embed l 1 1 data out 0=8 1=10 3=88",
        "MyLayer l 1 1 data out 6=7",
    ],
)
def test_sizes_that_fit(layer: str, tmp_path: Path) -> None:
    """Rows of a matrix, weights that come as blobs, and rows of a table that are left over are fine."""
    assert () == found(tmp_path, "weight-size-mismatch", f"7767517\n2 2\nInput data 0 1 data 0=4 1=9\n{layer}\n")


def test_shapes_are_told_once_and_not_behind_boxes(tmp_path: Path) -> None:
    """Only the first layer that does not fit is told, with what it reads; where extents depend on values nothing is."""
    first = "Input data 0 1 data 0=4 1=4 2=8\nBatchNorm n 1 1 data a 0=3\nReLU r 1 1 a b\nBatchNorm m 1 1 b c 0=3\n"
    (only,) = found(tmp_path, "shape-mismatch", f"7767517\n4 4\n{first}")
    assert "'n' (BatchNorm)" in only.problem.message
    assert only.problem.message.endswith(" It reads 'data' (8, 4, 4).")
    boxes = "Input data 0 1 data 0=2 1=2 2=18\nYolov3DetectionOutput d 1 1 data a 0=1 1=3 -23304=6,1.,2.,3.,4.,5.,6. "
    boxes += "-23305=3,0.,1.,2. -23306=1,33.6\nInnerProduct i 1 1 a b 0=1 2=7\n"
    assert () == found(tmp_path, "shape-mismatch", f"7767517\n3 3\n{boxes}")


@pytest.mark.parametrize(("diagonal", "is_told"), [(3, False), (4, True), (-2, False), (-3, True)])
def test_an_empty_blob_is_told_where_it_arises(diagonal: int, tmp_path: Path, *, is_told: bool) -> None:
    """A diagonal beside the matrix is told, where the shape is known, and not again at what reads it."""
    layers = f"Diag d 1 1 data a 0={diagonal}\nReLU r 1 1 a b\n"
    told = found(tmp_path, "shape-mismatch", f"7767517\n3 3\nInput data 0 1 data 0=4 1=3\n{layers}")
    assert ["#1 'd' (Diag): its blob 'a' is empty"] * is_told == [row.problem.message.split(",")[0] for row in told]
    assert () == found(tmp_path, "shape-mismatch", f"7767517\n3 3\nInput data 0 1 data\n{layers}")


@pytest.mark.skipif(find_spec("ncnn") is None, reason="needs the real ncnn")
@pytest.mark.parametrize(("diagonal", "fails"), [(3, False), (4, True), (-3, True)])
def test_the_engine_fails_behind_an_empty_blob(diagonal: int, tmp_path: Path, *, fails: bool) -> None:
    """A ReLU behind a Diag beside its matrix ends the run, and one behind a diagonal of the matrix does not."""
    path = tmp_path / "net.param"
    path.write_text(f"7767517\n3 3\nInput x 0 1 x\nDiag d 1 1 x a 0={diagonal}\nReLU r 1 1 a y\n", encoding="utf-8")
    path.with_suffix(".bin").write_bytes(b"")
    inputs = {"x": np.ones((1, 3, 4), np.float32)}
    seen = NcnnEngine().observe(Job(path, path.with_suffix(".bin"), inputs, ("y",), PRECISIONS["fp32"]))
    assert fails == bool(seen.failure)


@pytest.mark.parametrize(
    ("before", "after", "is_safe"),
    [
        (
            "Convolution      l 1 1 data out 0=4 1=1 11=1 2=1 5=1 6=64 9=2 -23310=1,0.1 31=1\r\n",
            "InnerProduct     l 1 1 data out 0=4 1=1 2=64 9=2 -23310=1,0.1 31=1\r\n",
            True,
        ),
        ("Convolution l 1 1 data out 0=4 1=1 6=64 8=2", "InnerProduct l 1 1 data out 0=4 2=64 8=2", False),
    ],
)
def test_a_convolution_on_a_vector_becomes_an_inner_product(
    before: str, after: str, tmp_path: Path, *, is_safe: bool
) -> None:
    """The fix keeps columns, line ends, mask and what means the same, and is unsafe for int8."""
    head = "7767517\n2 2\nInput data 0 1 data 0=16\n"
    (only,) = found(tmp_path, "convolution-on-vector", head + before)
    fix = only.problem.fix
    assert fix is not None
    assert (head + after, is_safe) == (edited(scan((head + before).encode()).lines, fix.edits), fix.is_safe)
    assert () == found(tmp_path, "shape-mismatch", head + before)


def test_stale_hints_are_told_at_the_first_and_renewed_all(tmp_path: Path) -> None:
    """One finding for a file, whose fix writes every stale hint anew, four numbers a top or five where there is a volume."""
    lines = [
        "Input data 0 1 data 0=4 1=4 11=2 2=3 -23330=5,4,4,4,2,3",
        "Split s 1 2 data a b -23330=10,4,8,8,2,3,4,4,4,2,3",
        "Pooling3D p 1 1 a c 4=1 -23330=4,1,9,1,1",
        "ReLU r 1 1 b d 31=1",
    ]
    text = "7767517\n4 6\n" + "\n".join(lines)
    (only,) = found(tmp_path, "stale-shape-hints", text)
    assert (
        "'s' (Split): its shape hints (parameter 30) say (3, 2, 8, 8), and it gives (3, 2, 4, 4)"
        in only.problem.message
    )
    assert ": stale, and those of 1 more." in only.problem.message
    assert only.problem.fix is not None
    mended = edited(scan(text.encode()).lines, only.problem.fix.edits)
    assert ["-23330=10,4,4,4,2,3,4,4,4,2,3", "-23330=4,1,3,1,1"] == [
        mended.split("\n")[row].split()[-1] for row in (3, 4)
    ]
    assert () == found(tmp_path, "stale-shape-hints", mended)


def test_hints_are_not_held_against_shapes_of_the_command_line() -> None:
    """With shapes given for the inputs the file's own hints may differ, and nothing is told."""
    data = b"7767517\n2 2\nInput data 0 1 data 0=4 1=4 2=3\nReLU r 1 1 data out -23330=4,3,4,4,3\n"
    rule = [rules()["stale-shape-hints"]]
    assert () == lint(Subject(data, scan(data), Conditions(shapes={"data": (3, 8, 8)})), rule)


def test_what_the_engine_does_not_load_is_told_once(tmp_path: Path) -> None:
    """An equation that cannot be read is told; where a table tells a value already, the definition adds nothing."""
    equation = ",".join(str(ord(letter)) for letter in "ij")
    assert 1 == len(told(tmp_path, "value-out-of-range", f"Einsum l 1 1 data out -23300=2,{equation}"))
    assert 1 == len(told(tmp_path, "value-out-of-range", "Convolution l 1 1 data out 0=4 1=1 6=4 9=8"))
    assert 0 == len(told(tmp_path, "value-out-of-range", "Convolution l 1 1 data out 0=4 1=1 6=5"))


def test_the_old_spelling_is_mended_safely_where_the_runtime_reads_the_new_one(tmp_path: Path) -> None:
    """Without a runtime the fix is unsafe, with a newer one safe, and with an older one there is nothing to mend."""
    file = f"{HEAD}Tile l 1 1 data out -23302=1,2\n"
    safe = {
        runtime: [
            finding.problem.fix.is_safe
            for finding in found(tmp_path, "old-array-spelling", file, settings=f'[lint]\nruntime = "{runtime}"')
            if finding.problem.fix
        ]
        for runtime in ("1.0.20250428", "1.0.20241226")
    }
    assert {"1.0.20250428": [True], "1.0.20241226": []} == safe
    assert [False] == [
        finding.problem.fix.is_safe for finding in found(tmp_path, "old-array-spelling", file) if finding.problem.fix
    ]


def test_tables_name_what_there_is() -> None:
    """Every type and parameter in the tables of facts is one that is declared."""
    rows = [(row.types, row.params) for row in LIMITS] + [(row.types, row.param) for row in LENGTHS]
    rows += [(row.types, f"{row.whole} {row.part}") for row in DIVIDES] + [(row.types, row.param) for row in VALUES]
    wrong = [(types, names) for types, names in rows if types and not set(names.split()) <= _names(types.split())]
    assert [] == wrong
    assert [] == [
        (types, name) for types, names in rows for name in types.split() if not _names([name]) & set(names.split())
    ]
    assert [] == [name for name in KINDS if find(name) is None]
    assert [] == [
        (name, number)
        for name, released in PARAMS.items()
        for number in (number for numbers in released.values() for number in numbers)
        if number not in {param.id for param in _declared(name)}
    ]


def test_every_array_has_a_kind_of_element() -> None:
    """Arrays of all types that have rows are said to be of floats, of integers, or of either."""
    arrays = {
        param.name
        for kind in {row.type for rows in families().values() for row in rows}
        for param in _declared(kind)
        if isinstance(param.default, tuple)
    }
    assert FLOATS | INTEGERS | EITHER == arrays


def test_the_table_of_releases_is_in_order() -> None:
    """A type's parameters come after the type."""
    assert [] == [
        (name, release)
        for name, released in PARAMS.items()
        for release in released
        if release <= since.type_since(name)
    ]


def _declared(name: str) -> tuple[Param, ...]:
    kind = find(name)
    return kind.params if kind else ()


def _names(types: list[str]) -> set[str]:
    return {param.name for name in types for param in _declared(name)}
