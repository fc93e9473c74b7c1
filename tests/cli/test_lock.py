"""`maskctl lock`: masks into a file beside the model, kept up to date, and never lost in silence."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from maskctl.lock import load
from tests.cli.driver import Runner, check_golden, state
from tests.lock.nets import MADE


@pytest.fixture
def net(folder: Path) -> Path:
    """The network made for locks, as `net.param` in the current folder."""
    path = folder / "net.param"
    path.write_bytes(MADE.read_bytes())
    return path


def edit(path: Path, *changes: tuple[str, str]) -> None:
    """Replaces text that stands once in a file."""
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert 1 == text.count(old)
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def test_output(net: Path, run: Runner) -> None:
    """The lock lies beside the model, and is the file that is stored with the tests."""
    check_golden("lock", ("lock", "net.param"), run("lock", "net.param"))
    text = net.with_name("net.masks.toml").read_text(encoding="utf-8")
    check_golden("lock_file", ("lock", "net.param"), run("lock", "net.param")._replace(out=text))


def test_elsewhere(net: Path, run: Runner) -> None:
    """-o names another place, and nothing else is written."""
    assert (0, "Wrote 6 masks to kept.toml.\n", "") == run("lock", "net.param", "-o", "kept.toml")
    assert {"kept.toml", "net.param"} == set(state(net.parent))


def test_on_stdout(net: Path, run: Runner) -> None:
    """-o - prints the lock that would be written, and no file; without a mask it prints nothing, and ends in 1."""
    run("lock", "net.param")
    text = net.with_name("net.masks.toml").read_text(encoding="utf-8")
    before = state(net.parent)
    assert (0, text, "") == run("lock", "net.param", "-o", "-")
    assert before == state(net.parent)
    run("set-mask", "*", "0", "-m", "net.param")
    assert (1, "", "net.param has no feature mask; nothing was written.\n") == run("lock", "net.param", "-o", "-")


def test_kept_up_to_date(net: Path, run: Runner) -> None:
    """Run again, the same masks give the same bytes, and a reason written by hand stays with its layer, also under another name."""
    run("lock", "net.param")
    lock = net.with_name("net.masks.toml")
    before = lock.read_bytes()
    assert 0 == run("lock", "net.param").code
    assert before == lock.read_bytes()
    edit(
        lock,
        ('words = "no-fp16-arithmetic,no-winograd"', 'words = "no-fp16-arithmetic,no-winograd"\nreason = "overflows"'),
    )
    told = lock.read_text(encoding="utf-8")
    edit(net, ("stem                     1 1 data stem", "conv_0                   1 1 data stem"), ("31=64", "31=65"))
    assert 0 == run("lock", "net.param").code
    after = lock.read_text(encoding="utf-8")
    assert (
        told.replace('"stem"', '"conv_0"').replace(
            'mask = 64\nwords = "no', 'mask = 65\nwords = "no-fp16-arithmetic,no'
        )
        == after
    )


def test_masks_that_were_lost(net: Path, run: Runner) -> None:
    """A model that has just lost masks does not overwrite their lock: the message says how to put them back; --force drops them."""
    run("lock", "net.param")
    edit(net, (" 31=65", ""), (" 31=17", ""))
    before = state(net.parent)
    check_golden("lock_lost", ("lock", "net.param"), run("lock", "net.param"))
    assert before == state(net.parent)
    assert (0, "Wrote 4 masks to net.masks.toml.\n", "") == run("lock", "net.param", "--force")


def test_no_mask(net: Path, run: Runner) -> None:
    """A model without masks has nothing to lock (exit 1), and says what a lock beside it still holds."""
    masked = net.read_bytes()
    run("set-mask", "*", "0", "-m", "net.param")
    assert (1, "net.param has no feature mask; nothing was written.\n", "") == run("lock", "net.param")
    bare = net.read_bytes()
    net.write_bytes(masked)
    run("lock", "net.param")
    net.write_bytes(bare)
    before = state(net.parent)
    check_golden("lock_no_mask", ("lock", "net.param"), run("lock", "net.param"))
    assert before == state(net.parent)


def test_another_file_there(net: Path, run: Runner) -> None:
    """A file that is no lock is not replaced without --force."""
    other = net.with_name("net.masks.toml")
    other.write_text("mine = 1\n", encoding="utf-8")
    check_golden("lock_other_file", ("lock", "net.param"), run("lock", "net.param"))
    assert "mine = 1\n" == other.read_text(encoding="utf-8")
    assert 0 == run("lock", "net.param", "--force").code
    assert other.read_text(encoding="utf-8").startswith("# Feature masks")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("net.param", "-o", "net.param", "--force"), "maskctl: 'net.param' is the model, and would be replaced."),
        (("net.param", "-o", os.devnull), f"maskctl: {os.devnull}: this is a device or a pipe."),
        ((".",), "maskctl: .: cannot read the file: Is a directory."),
    ],
)
def test_refused(net: Path, run: Runner, arguments: tuple[str, ...], message: str) -> None:
    """The model is no place for its lock, a pipe is not read from, and a folder is no model (exit 2)."""
    before = state(net.parent)
    result = run("lock", *arguments)
    assert (2, "") == (result.code, result.out)
    assert result.err.startswith(message)
    assert before == state(net.parent)


def test_analyze_enters_what_it_writes(digits: Path, run: Runner) -> None:
    """`analyze --write` with a lock beside the model enters its masks with reason and gain, and leaves the others as they are."""
    model, lock = "digits_overflow.param", "digits_overflow.masks.toml"
    run("set-mask", "conv1", "64", "-m", model)
    run("lock", model)
    first = (digits / lock).read_text(encoding="utf-8")
    result = run("analyze", model, "-i", "image=digits_test.npz", "--write")
    assert (0, "") == (result.code, result.err)
    assert result.out.endswith(f"Wrote 1 mask to {model}. {lock} has them too.\n")
    text = (digits / lock).read_text(encoding="utf-8")
    assert text.startswith(first.replace("masks = 1\n", "masks = 2\n"))
    assert (
        'name = "conv3"\ntype = "Convolution"\nmask = 1\nwords = "no-fp16-arithmetic"\nreason = "sum reaches -161,206'
        in text
    )
    (entry,) = (entry for entry in load(digits / lock).entries if entry.gain)
    assert entry.gain
    assert entry.plan
    assert (True, True) == (math.isnan(entry.gain.sqnr_db_without), entry.gain.sqnr_db_with > 50)
    assert (1, True) == (entry.plan.masks, math.isnan(entry.plan.sqnr_db_before))
    assert entry.gain.sqnr_db_with == entry.plan.sqnr_db_after
    assert 0 == run("apply", lock, model, "--check").code


def test_a_mask_taken_away_leaves_the_lock(digits: Path, run: Runner) -> None:
    """A mask that `analyze --write` takes away is in the lock no more, so that `apply` does not put it back."""
    with np.load(digits / "digits_test.npz") as every:
        np.save(digits / "few.npy", every["image"][:8])
    model, lock = "digits_overflow.param", "digits_overflow.masks.toml"
    run("set-mask", "conv3", "1", "-m", model)
    run("set-mask", "conv4", "2", "-m", model)
    run("lock", model)
    result = run("analyze", model, "-i", "few.npy", "--write")
    assert result.out.endswith(f"Took 1 mask away in {model}. {lock} has this too.\n")
    assert ["conv3"] == [entry.name for entry in load(digits / lock).entries]
    assert 0 == run("apply", lock, model, "--check").code
    assert " 31=2" not in (digits / model).read_text(encoding="utf-8")


def test_the_gain_of_each_mask_is_what_dropping_it_costs(digits: Path, run: Runner) -> None:
    """The recorded figures of a mask are those that `run` and `compare` give where only this mask is taken back by hand."""
    with np.load(digits / "digits_test.npz") as every:
        np.savez(digits / "few.npz", image=every["image"][:24])
    model, lock, feed = "digits_overflow.param", "digits_overflow.masks.toml", ("-i", "image=few.npz", "-o")
    run("set-mask", "conv[12]", "64", "-m", model)
    run("lock", model)
    assert 0 == run("analyze", model, "-i", "image=few.npz", "--target-sqnr", "62.5", "--write").code
    run("run", model, *feed, "fp32.npz")
    planned = [entry for entry in load(digits / lock).entries if entry.gain]
    assert [("conv1", 65), ("conv3", 1)] == [(entry.name, entry.mask) for entry in planned]
    whole = worst_output(run, model, feed)
    for entry in planned:
        before = "64" if entry.name == "conv1" else "0"
        run("set-mask", entry.name, before, "-m", model)
        without = worst_output(run, model, feed)
        run("set-mask", entry.name, str(entry.mask), "-m", model)
        assert entry.gain
        assert str((without["sqnr_db"], whole["sqnr_db"])) == str((entry.gain.sqnr_db_without, entry.gain.sqnr_db_with))
        assert str((without["cosine"], whole["cosine"])) == str((entry.gain.cosine_without, entry.gain.cosine_with))


def worst_output(run: Runner, model: str, feed: Sequence[str]) -> dict[str, float]:
    """SQNR and cosine, rounded as a lock has them, of the one output in fp16 against `fp32.npz`."""
    run("run", model, *feed, "fp16.npz", "--precision", "fp16", "--force")
    (row,) = json.loads(run("compare", "fp32.npz", "fp16.npz", "--json").out)["blobs"].values()
    return {key: round(float(row[key]), digits) for key, digits in (("sqnr_db", 2), ("cosine", 9))}


@pytest.mark.parametrize("cut_behind", ["masks = 6\n", "masks = 6\nlock = 1\n", "[[layer]]"])
def test_a_lock_that_was_cut_short(net: Path, run: Runner, cut_behind: str) -> None:
    """A lock cut between two tables, also in its head, is refused: its masks would be missed by no check (exit 2)."""
    run("lock", "net.param")
    lock = net.with_name("net.masks.toml")
    text = lock.read_text(encoding="utf-8")
    end = text.rindex("\n" + cut_behind) if cut_behind == "[[layer]]" else text.index(cut_behind) + len(cut_behind)
    lock.write_text(text[:end], encoding="utf-8")
    result = run("apply", "net.masks.toml", "net.param", "--check")
    assert (2, "") == (result.code, result.out)
    told = {"[[layer]]": "masks = 6 and holds 5", "masks = 6\n": "has no line 'lock = 1'"}
    assert told.get(cut_behind, "masks = 6 and holds 0") in result.err


def test_analyze_without_a_lock(digits: Path, run: Runner) -> None:
    """Without a lock `analyze --write` makes none; one that cannot be read is left as it is, and told."""
    before = set(state(digits))
    run("analyze", "digits_overflow.param", "-i", "image=digits_test.npz", "--write")
    assert before == set(state(digits))
    (digits / "out.masks.toml").write_text("mine = 1\n", encoding="utf-8")
    run("set-mask", "*", "0", "-m", "digits_overflow.param")
    result = run("analyze", "digits_overflow.param", "-i", "image=digits_test.npz", "-o", "out.param")
    assert "The lock out.masks.toml is as it was: out.masks.toml: the file has no line 'lock = 1'." in result.out
    assert "mine = 1\n" == (digits / "out.masks.toml").read_text(encoding="utf-8")
