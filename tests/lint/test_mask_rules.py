"""Rules about feature masks, where the pages' examples do not reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskctl.lint.editing import edited
from tests.lint.linting import found

HEAD = "7767517\n3 3\nInput data 0 1 data 0=8 1=8 2=16 "
GROUPED = "ConvolutionDepthWise conv 1 1 data conv 0=16 1=3 4=1 6=1152 7=2"


def network(second: str, third: str = "Sigmoid last 1 1 conv last", head: str = "") -> str:
    """A file of an Input, a layer `conv`, and a third one."""
    return f"{HEAD}{head}\n{second}\n{third}\n"


@pytest.mark.parametrize(("target", "told"), [("arm82", ["unsafe-storage-mask"]), ("x86", ["mask-contradiction"])])
def test_one_advice_for_one_mask(target: str, told: list[str], tmp_path: Path) -> None:
    """Where bit 2 has to go, nobody is told to complete it with bit 1."""
    text = network(
        "Convolution conv 1 1 data conv 0=16 1=1 6=256", "Convolution last 1 1 conv last 0=16 1=1 6=256 31=2"
    )
    rules = ("mask-contradiction", "unsafe-storage-mask")
    rows = [row for rule in rules for row in found(tmp_path, rule, text, settings=f'[lint]\ntarget = "{target}"')]
    assert told == [row.rule for row in rows]


@pytest.mark.parametrize(
    ("layer", "settings", "bits"),
    [
        ("Convolution conv 1 1 data conv 0=16 1=3 6=2304 31=64", "", []),
        ("Convolution conv 1 1 data conv 0=16 1=3 3=2 6=2304 31=64", "", [64]),
        ("Convolution conv 1 1 data conv 0=16 1=3 11=1 6=768 31=64", "", [64]),
        ("ConvolutionDepthWise conv 1 1 data conv 0=16 1=3 4=1 6=144 7=16 31=64", "", [64]),
        (f"{GROUPED} 31=64", "", []),
        (f"{GROUPED} 31=32", "", []),
        ("Convolution conv 1 1 data conv 0=16 1=1 6=256 31=32", "", [32]),
        ("Deconvolution conv 1 1 data conv 0=16 1=3 6=2304 31=96", "", [64]),
        ("Convolution conv 1 1 data conv 0=16 1=1 6=256 31=8", "", [8]),
        ("Convolution conv 1 1 data conv 0=16 1=1 6=256 8=2 31=8", "", []),
        ("ShuffleChannel conv 1 1 data conv 0=2 31=1", "", [1]),
        ("Pooling conv 1 1 data conv 0=1 1=2 31=1", "", []),
        ("Pooling conv 1 1 data conv 0=1 1=2 31=1", '[lint]\ntarget = "x86"', [1]),
        ("Pooling conv 1 1 data conv 0=1 1=2 31=144", "", []),
        ("MyLayer conv 1 1 data conv 31=1", "", [1]),
    ],
)
def test_bits_that_do_nothing_are_told(layer: str, settings: str, bits: list[int], tmp_path: Path) -> None:
    """Winograd, gemm, int8 and arithmetic bits are told where the layer has none of it, and nowhere else."""
    told = found(tmp_path, "mask-without-effect", network(layer), settings=settings)
    assert bits == [int(finding.problem.message.split(" has bit ")[1].split()[0]) for finding in told]


def test_no_bit_does_anything_on_an_input(tmp_path: Path) -> None:
    """The engine does not run Input layers, so each bit on one is told."""
    told = found(tmp_path, "mask-without-effect", network("Sigmoid conv 1 1 data conv", head="31=67"))
    assert [True] * 3 == ["does not run Input layers" in finding.problem.message for finding in told]


def test_storage_masks_are_unsafe_on_the_target_they_break(tmp_path: Path) -> None:
    """Bit 2 behind a 16-bit blob is told for arm64, which runs fp16; x86 keeps no fp16 blobs, and honours it."""
    file = network("Convolution conv 1 1 data conv 0=16 1=1 6=256", "Sigmoid last 1 1 conv last 31=2")
    assert ["write 31=1"] == [
        finding.problem.fix.what for finding in found(tmp_path, "unsafe-storage-mask", file) if finding.problem.fix
    ]
    assert () == found(tmp_path, "unsafe-storage-mask", file, settings='[lint]\ntarget = "x86"')


def test_masks_are_judged_where_a_layer_reads_a_blob_twice(tmp_path: Path) -> None:
    """The engine runs a layer that has one blob twice, so that the masks of such a network count as any."""
    file = network("Convolution conv 1 1 data conv 0=16 1=1 6=256", "BinaryOp square 2 1 conv conv last 0=2 31=3")
    assert ["write 31=1"] == [
        finding.problem.fix.what for finding in found(tmp_path, "unsafe-storage-mask", file) if finding.problem.fix
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("31=3.0", "write 31=3"), ("31=3,", "write 31=3"), ("31=3.5", None), ("31=none", None), ("31=1e3", None)],
)
def test_masks_that_are_no_integers(written: str, meant: str | None, tmp_path: Path) -> None:
    """A float or an array of one that is whole is mended, everything else only told."""
    told = found(tmp_path, "mask-not-integer", network(f"Sigmoid conv 1 1 data conv {written}"))
    assert [meant] == [finding.problem.fix and finding.problem.fix.what for finding in told]
    assert [True] == [f"has the feature mask '{written}'." in finding.problem.message for finding in told]


@pytest.mark.parametrize(
    ("rule", "written", "left"),
    [
        ("redundant-mask", "31=64 9=1 31=3 31=1 10=2", "9=1 31=1 10=2"),
        ("redundant-mask", "31=0 9=1", "9=1"),
        ("mask-not-integer", "31=3.0 9=1 31=1", "31=3 9=1 31=1"),
        ("mask-not-integer", "9=1 31=0.0", "9=1"),
    ],
)
def test_only_the_mask_that_is_told_is_mended(rule: str, written: str, left: str, tmp_path: Path) -> None:
    """Repairs of masks leave the mask that counts and all other parameters as they are."""
    param = network(f"Convolution conv 1 1 data conv 0=16 1=1 6=256 {written}")
    (told,) = found(tmp_path, rule, param)
    assert told.problem.fix
    assert param.replace(written, left) == edited(param.splitlines(keepends=True), told.problem.fix.edits)


def test_the_span_is_the_mask(tmp_path: Path) -> None:
    """A finding about a mask points at its characters."""
    (told,) = found(tmp_path, "unknown-mask-bit", network("Sigmoid conv 1 1 data conv 0=1 31=512 1=2"))
    line = "Sigmoid conv 1 1 data conv 0=1 31=512 1=2"
    span = told.problem.span
    assert (4, "31=512") == (span.line, line[span.column - 1 : span.column - 1 + span.length])


def test_a_lock_that_is_none_is_told(tmp_path: Path) -> None:
    """A file under the lock's name that cannot be read as one is a finding, with what is wrong."""
    (tmp_path / "net.masks.toml").write_text("masks = 1")
    (told,) = found(tmp_path, "mask-lost", network("Sigmoid conv 1 1 data conv"))
    assert "has no line 'lock = 1'" in told.problem.message


def test_a_mask_whose_layer_is_gone_is_told(tmp_path: Path) -> None:
    """A mask of the lock without a layer is told, without a place and without a repair."""
    locked = network("Convolution conv 1 1 data conv 0=16 1=3 4=1 6=2304 31=64")
    (told,) = found(tmp_path, "mask-lost", network("Sigmoid conv 1 1 data conv"), lock=locked)
    assert (0, None) == (told.problem.span.line, told.problem.fix)
    assert "has no certain layer" in told.problem.message


def test_a_mask_that_differs_is_told_at_the_mask(tmp_path: Path) -> None:
    """A mask that is another than the lock's is told where it stands, and the repair writes the lock's."""
    line = "Convolution conv 1 1 data conv 0=16 1=3 4=1 6=2304 31={}"
    (told,) = found(tmp_path, "mask-lost", network(line.format(1)), lock=network(line.format(64)))
    assert told.problem.fix is not None
    assert ("write 31=64", 4) == (told.problem.fix.what, told.problem.span.line)
    assert () == found(tmp_path, "mask-lost", network(line.format(64)), lock=network(line.format(64)))
