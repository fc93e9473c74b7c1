"""`maskctl set-mask`: one token on one line, its words on the terminal, and nothing else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from maskctl.cli import COMMANDS
from tests.cli.driver import Runner, check_golden, state

NET = b"""7767517
6 6
Input                    data      0 1 data 0=8 1=8 2=1
Convolution              conv1     1 1 data conv1 0=8 1=3 4=1 5=1 6=72
ReLU                     relu1     1 1 conv1 relu1
Convolution              conv2     1 1 relu1 conv2 0=8 1=3 4=1 5=1 6=576 31=64
Pooling                  pool      1 1 conv2 pool 0=0 1=2 2=2
InnerProduct             fc        1 1 pool fc 0=10 1=1 2=1280
"""
NO_FP16_STORAGE_TWICE = NET.replace(b"6=72", b"6=72 31=2").replace(b"conv1 relu1", b"conv1 relu1 31=2")


@pytest.fixture
def net(folder: Path) -> Path:
    """The only `.param` in the current folder."""
    path = folder / "net.param"
    path.write_bytes(NET)
    return path


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("set_mask_minimal", ("conv1", "3")),
        ("set_mask_same", ("conv2", "64")),
        ("set_mask_clear", ("conv2", "none")),
        ("set_mask_several", ("type:Conv*", "fc", "1")),
        ("set_mask_dry_run", ("fc", "no-fp16-arithmetic,no-winograd", "--dry-run")),
        ("set_mask_unsafe", ("conv2", "3")),
        ("set_mask_strict", ("conv2", "3", "--strict")),
        ("set_mask_output", ("conv1", "1", "-o", "new.param")),
        ("set_mask_unknown_bits", ("conv1", "256")),
        ("set_mask_no_layer", ("conv9", "1")),
        ("set_mask_bad_word", ("conv1", "no-winogard")),
        ("set_mask_model_first", ("net.param", "conv1", "3")),
    ],
)
def test_output(net: Path, run: Runner, name: str, arguments: tuple[str, ...]) -> None:
    """What a command prints, and its exit code, are those of its golden file."""
    check_golden(name, ("set-mask", *arguments), run("set-mask", *arguments))
    assert net.exists()


def test_unsafe_by_clearing(net: Path, run: Runner) -> None:
    """Clearing a mask that made the next layer's mask safe sets it all the same, and warns of the next layer."""
    net.write_bytes(NO_FP16_STORAGE_TWICE)
    check_golden("set_mask_clear_unsafe", ("set-mask", "conv1", "0"), run("set-mask", "conv1", "0"))
    assert NO_FP16_STORAGE_TWICE.replace(b"6=72 31=2", b"6=72") == net.read_bytes()


def test_minimal_call_changes_one_token(net: Path, run: Runner) -> None:
    """`conv1 3` in a folder with one `.param` adds ` 31=3` to that line, and clearing it restores the bytes."""
    assert 0 == run("set-mask", "conv1", "3").code
    assert NET.replace(b"6=72", b"6=72 31=3") == net.read_bytes()
    assert 0 == run("set-mask", "conv1", "0").code
    assert NET == net.read_bytes()


@pytest.mark.parametrize(
    ("start", "mask", "expected"),
    [
        (0, "3", 3),
        (0, "0x3", 3),
        (0, "0b11", 3),
        (0, "no-fp16-arithmetic", 1),
        (0, "no-fp16-arithmetic,no-winograd", 65),
        (0, "1,no-sgemm", 33),
        (17, "+no-winograd", 81),
        (17, "-16", 1),
        (17, "-no-vulkan", 1),
        (17, "+no-winograd,-1", 80),
        (17, "-no-vulkan,+0x40", 65),
        (16, "-16", 0),
        (16, "0", 0),
        (16, "none", 0),
        (16, "single-thread", 128),
        (16, "-single-thread", 16),
    ],
)
def test_masks(net: Path, run: Runner, start: int, mask: str, expected: int) -> None:
    """Every way to write a mask, absolute or relative, gives its number."""
    net.write_bytes(NET.replace(b"6=72", b"6=72 31=%d" % start if start else b"6=72"))
    assert 0 == run("set-mask", "conv1", mask).code
    assert NET.replace(b"6=72", b"6=72 31=%d" % expected if expected else b"6=72") == net.read_bytes()


def test_on_stdout(net: Path, run: Runner) -> None:
    """With -o - stdout is the changed model and nothing else, and no file is written; --dry-run prints no model."""
    result = run("set-mask", "conv1", "1", "-o", "-")
    assert (0, NET.replace(b"6=72", b"6=72 31=1").decode()) == (result.code, result.out)
    assert result.err.startswith("#1 conv1 (Convolution): 0 (none) -> 1 (no-fp16-arithmetic)\n")
    assert (0, NET.decode()) == run("set-mask", "conv1", "0", "-o", "-")[:2]
    assert (0, "") == run("set-mask", "conv1", "1", "-o", "-", "--dry-run")[:2]
    assert (2, "") == run("set-mask", "conv1", "1", "-o", "-", "--backup")[:2]
    assert (1, NET) == (len(state(net.parent)), net.read_bytes())


@pytest.mark.parametrize(
    ("selectors", "layers"),
    [
        (("fc",), "fc"),
        (("conv*",), "conv1 conv2"),
        (("#4",), "pool"),
        (("type:Convolution",), "conv1 conv2"),
        (("type:*nn*",), "fc"),
        (("fc", "#1", "relu?"), "conv1 relu1 fc"),
        (("conv1", "conv1"), "conv1"),
    ],
)
@pytest.mark.usefixtures("net")
def test_selectors(run: Runner, selectors: tuple[str, ...], layers: str) -> None:
    """Names, globs, indices, types and several of them choose layers, each once, in file order."""
    result = run("set-mask", *selectors, "16", "--dry-run")
    assert (0, "") == (result.code, result.err)
    assert layers.split() == [line.split()[1] for line in result.out.splitlines() if line.startswith("#")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("conv9", "1"), "net.param: no layer matches 'conv9'. Did you mean 'conv2', 'conv1'?"),
        (("type:Conv", "1"), "net.param: no layer matches 'type:Conv'. Did you mean 'type:Convolution'?"),
        (("xyz", "1"), "net.param: no layer matches 'xyz'. 'maskctl show' lists the layers."),
        (("#6", "1"), "net.param: there is no layer #6: the file has 6, #0 to #5."),
        (
            ("conv1", "+no-winograd,1"),
            (
                "mask '+no-winograd,1' mixes absolute and relative terms. "
                "Give either '3' or 'word,word', or only terms that begin with + or -."
            ),
        ),
        (("conv1", "+1,-1"), "mask '+1,-1' both adds and drops no-fp16-arithmetic. Keep one of the two."),
        (
            ("conv1", "0x1ff"),
            "mask '0x1ff' has bits the engine does not know (256). Known are 1 to 128. Give --force to set them.",
        ),
        (
            ("conv1", "+512"),
            "mask '+512' has bits the engine does not know (512). Known are 1 to 128. Give --force to set them.",
        ),
        (
            ("conv1", "1", "-o", "net2.param"),
            "net2.param: the file exists. Give another name, or --force to replace it.",
        ),
        (
            ("conv1", "1", "-o", "gone/net.param"),
            "gone/net.param: this is a folder, or in a folder that is not there. Give a file name.",
        ),
        (("conv1", "1", "-o", os.devnull, "--force"), None),
        (("conv1", "net.param"), None),
        (("conv1", "-no-such"), None),
    ],
)
def test_refused(net: Path, run: Runner, arguments: tuple[str, ...], message: str | None) -> None:
    """What cannot be meant is refused with exit code 2 and a message that says what to do, and nothing is written."""
    net.with_name("net2.param").write_bytes(b"mine")
    before = state(net.parent)
    result = run("set-mask", *arguments, "-m", "net.param")
    assert (2, "") == (result.code, result.out)
    assert result.err.startswith("maskctl: ")
    assert message is None or f"maskctl: {message}\n" == result.err
    assert before == state(net.parent)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("set-mask", "conv1", "3", "--dryrun"), "--dry-run"),
        (("set-mask", "conv1", "3", "--ouput", "x"), "--output"),
        (("set-mask", "conv1"), "Missing argument"),
        (("set-maks", "conv1", "3"), "there is no command 'set-maks'. Did you mean 'set-mask'?"),
        (("analyse", "net.param"), "there is no command 'analyse'. Did you mean 'analyze'?"),
        (
            ("net.param",),
            f"there is no command 'net.param'. Commands are: {', '.join(COMMANDS)}.",
        ),
    ],
)
def test_typos(net: Path, run: Runner, arguments: tuple[str, ...], hint: str) -> None:
    """A mistyped command or option ends in exit code 2 with a hint, and nothing is written."""
    before = state(net.parent)
    result = run(*arguments)
    assert (2, "") == (result.code, result.out)
    assert hint in result.err
    assert before == state(net.parent)


def test_no_candidate(folder: Path, run: Runner) -> None:
    """Without a model given or in the folder the error says where one is looked for."""
    result = run("set-mask", "conv1", "3")
    expected = "maskctl: which .param? This folder has none. Give one with --model FILE, or set MASKCTL_MODEL.\n"
    assert (2, "", expected) == result
    assert {} == state(folder)


def test_many_candidates(net: Path, run: Runner) -> None:
    """With several models in the folder the error lists them."""
    net.with_name("b.param").write_bytes(NET)
    result = run("set-mask", "conv1", "3")
    expected = "maskctl: which .param? This folder has 2: b.param, net.param. Give one with --model FILE, or set MASKCTL_MODEL.\n"
    assert (2, "", expected) == result


def test_model_from_the_environment(net: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """MASKCTL_MODEL names the model, and --model goes before it."""
    other = net.with_name("other.param")
    other.write_bytes(NET)
    monkeypatch.setenv("MASKCTL_MODEL", "other.param")
    assert 0 == run("set-mask", "conv1", "3").code
    assert (NET, True) == (net.read_bytes(), b"31=3" in other.read_bytes())
    assert 0 == run("set-mask", "conv1", "1", "-m", "net.param").code
    assert b"6=72 31=1" in net.read_bytes()


def test_unknown_bits_forced(net: Path, run: Runner) -> None:
    """--force sets bits the engine does not know."""
    assert 0 == run("set-mask", "conv1", "257", "--force").code
    assert NET.replace(b"6=72", b"6=72 31=257") == net.read_bytes()


def test_dry_run_writes_nothing(net: Path, run: Runner) -> None:
    """--dry-run shows the diff and leaves the folder as it is."""
    before = state(net.parent)
    result = run("set-mask", "conv1", "1", "--dry-run", "--backup", "-o", "new.param")
    assert 0 == result.code
    assert "+++ new.param" in result.out
    assert before == state(net.parent)


def test_output_and_force(net: Path, run: Runner) -> None:
    """-o leaves the model alone, refuses a file that exists, and replaces it with --force."""
    assert 0 == run("set-mask", "conv1", "1", "-o", "new.param").code
    assert (NET, NET.replace(b"6=72", b"6=72 31=1")) == (net.read_bytes(), net.with_name("new.param").read_bytes())
    assert 2 == run("set-mask", "conv1", "16", "-o", "new.param", "-m", "net.param").code
    assert 0 == run("set-mask", "conv1", "16", "-o", "new.param", "-m", "net.param", "--force").code
    assert NET.replace(b"6=72", b"6=72 31=16") == net.with_name("new.param").read_bytes()


def test_output_without_a_change(net: Path, run: Runner) -> None:
    """-o writes the file also when the masks are what they were."""
    assert 0 == run("set-mask", "conv2", "64", "-o", "new.param").code
    assert NET == net.with_name("new.param").read_bytes()


def test_backup(net: Path, run: Runner) -> None:
    """--backup keeps the old bytes beside the new ones."""
    assert 0 == run("set-mask", "conv1", "1", "--backup").code
    assert NET == net.with_name("net.param.bak").read_bytes()
    assert ["net.param", "net.param.bak"] == sorted(os.listdir(net.parent))


def test_second_run_changes_nothing(net: Path, run: Runner) -> None:
    """A mask that is set already is not written again, and the output says so."""
    run("set-mask", "conv1", "1")
    before = net.stat()
    result = run("set-mask", "conv1", "1", "--backup")
    assert (0, "") == (result.code, result.err)
    assert result.out.endswith("as it was\nNothing to change: net.param is as it was.\n")
    assert (before.st_mtime_ns, before.st_ino) == (net.stat().st_mtime_ns, net.stat().st_ino)
    assert ["net.param"] == os.listdir(net.parent)


def test_unsafe_mask_is_written(net: Path, run: Runner) -> None:
    """A mask the engine does not honour is set as asked, with a warning that names the safe one."""
    result = run("set-mask", "conv2", "66")
    assert 0 == result.code
    assert result.err.startswith("maskctl: warning: #3 'conv2' (Convolution): its input 'relu1' arrives in fp16")
    assert result.err.endswith("The safe alternative is 31=65.\n")
    assert NET.replace(b"31=64", b"31=66") == net.read_bytes()


@pytest.mark.parametrize("extra", [(), ("--dry-run",), ("-o", "new.param")])
def test_strict_writes_nothing(net: Path, run: Runner, extra: tuple[str, ...]) -> None:
    """--strict refuses an unsafe mask with exit code 1, prints no change and writes nothing."""
    before = state(net.parent)
    result = run("set-mask", "conv2", "+2", "--strict", *extra)
    assert (1, "") == (result.code, result.out)
    assert result.err.endswith("maskctl: refused by --strict; nothing was written.\n")
    assert before == state(net.parent)


@pytest.mark.parametrize("mask", ["1", "64", "+no-winograd"])
def test_strict_lets_safe_masks_through(net: Path, run: Runner, mask: str) -> None:
    """--strict has nothing against masks the engine honours."""
    result = run("set-mask", "conv2", mask, "--strict")
    assert (0, "") == (result.code, result.err)
    assert net.exists()


def test_old_hazards_elsewhere_are_not_repeated(net: Path, run: Runner) -> None:
    """An unsafe mask that was there before, on a layer not named, is no reason to warn."""
    net.write_bytes(NET.replace(b"31=64", b"31=2"))
    assert (0, "") == (run("set-mask", "fc", "1", "--strict").code, run("set-mask", "fc", "1").err)


def test_counts_that_lie_warn(net: Path, run: Runner) -> None:
    """A file whose counts the engine takes amiss is edited all the same, with a warning."""
    net.write_bytes(NET.replace(b"6 6\n", b"5 6\n"))
    result = run("set-mask", "conv1", "1")
    assert 0 == result.code
    assert (
        "maskctl: warning: net.param:2: the file says 5 layers and has 6. The engine drops the last 1 in silence, "
        "from 'fc' on. Write 6 6 in the second line.\n"
    ) == result.err
    assert b"6=72 31=1" in net.read_bytes()


def test_unsound_network_warns(net: Path, run: Runner) -> None:
    """Where the network is not sound the mask is set, and a warning says that its safety cannot be told."""
    net.write_bytes(NET.replace(b"1 1 conv2 pool", b"1 1 relu1 pool"))
    result = run("set-mask", "conv1", "1")
    assert 0 == result.code
    assert (
        "maskctl: warning: cannot tell whether these masks are safe: net.param:7: #4 'pool' (Pooling) reads blob 'relu1', "
        "which #3 'conv2' (Convolution) reads already. The engine gives each blob one reader: put a Split layer behind its "
        "producer.\n"
    ) == result.err


def test_symlink_and_mode_are_kept(net: Path, run: Runner) -> None:
    """A link stays a link, its target changes, and the target keeps its mode."""
    net.chmod(0o640)
    link = net.with_name("link.param")
    link.symlink_to(net.name)
    assert 0 == run("set-mask", "conv1", "1", "-m", "link.param").code
    assert link.is_symlink()
    assert b"31=1" in net.read_bytes()
    assert 0o640 == stat.S_IMODE(net.stat().st_mode)


def test_read_only(net: Path, run: Runner) -> None:
    """A read-only model is refused before anything is printed, unless nothing is to be written."""
    net.chmod(0o444)
    expected = "maskctl: net.param: the file is read-only. Make it writable, or write elsewhere with -o.\n"
    assert (2, "", expected) == run("set-mask", "conv1", "1", "--backup")
    assert (NET, ["net.param"]) == (net.read_bytes(), os.listdir(net.parent))
    assert 0 == run("set-mask", "conv1", "1", "--dry-run").code
    assert 0 == run("set-mask", "conv2", "64").code
    assert 0 == run("set-mask", "conv1", "1", "-o", "new.param").code


def test_line_ends_and_names_are_kept(net: Path, run: Runner) -> None:
    """CRLF line ends, a missing last one, and names that are no UTF-8 survive, and the output shows them escaped."""
    net.write_bytes(NET.replace(b"relu1", b"r\xff[/b]").replace(b"\n", b"\r\n").rstrip())
    before = net.read_bytes()
    result = run("set-mask", "#2", "16")
    assert (0, "") == (result.code, result.err)
    assert "[/b]" in result.out
    assert before.replace(b"conv1 r\xff[/b]", b"conv1 r\xff[/b] 31=16") == net.read_bytes()


@pytest.mark.parametrize("token", ["31=1.0", "31=-1", "-23331=1,5"])
def test_malformed_masks(net: Path, run: Runner, token: str) -> None:
    """A mask that no engine reads can be cleared and replaced, and has no bits to change."""
    clean = net.read_bytes()
    lines = clean.decode().splitlines(keepends=True)
    net.write_text("".join([*lines[:3], lines[3].rstrip("\n") + f" {token}\n", *lines[4:]]))
    refused = run("set-mask", "#1", "+64")
    assert (2, True) == (refused.code, f"has the feature mask '{token}', which is no whole number" in refused.err)
    cleared = run("set-mask", "#1", "0")
    assert (True, "") == (f"{token} -> 0 (none)" in cleared.out, cleared.err)
    assert clean == net.read_bytes()
