"""`maskctl apply`: the masks of a lock back in a model exported again, or each that has no certain layer named, with why."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskctl.param import parse
from tests.cli.driver import Runner, check_golden, state
from tests.cli.test_lock import edit
from tests.lock.nets import BY_HAND, MADE, MEANT, OPTIMIZED

LOCK, NET = "net.masks.toml", "net.param"


@pytest.fixture
def net(folder: Path, run: Runner) -> Path:
    """A lock of the network made for locks, and the network as `ncnnoptimize` wrote it, without masks."""
    path = folder / NET
    path.write_bytes(MADE.read_bytes())
    run("lock", NET)
    path.write_bytes(OPTIMIZED.read_bytes())
    return path


def masks(path: Path) -> dict[str, int]:
    """The masks of a file by the names of their layers."""
    return {layer.name: layer.mask for layer in parse(path.read_bytes()).layers if layer.mask}


LOCKED = {layer.name: layer.mask for layer in parse(MADE.read_bytes()).layers if layer.mask}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("apply", ()),
        ("apply_dry_run", ("--dry-run",)),
        ("apply_output", ("-o", "new.param")),
        ("apply_check", ("--check",)),
        ("apply_check_writes_nothing", ("--check", "-o", "new.param")),
    ],
)
@pytest.mark.usefixtures("net")
def test_output(run: Runner, name: str, arguments: tuple[str, ...]) -> None:
    """What a command prints, and its exit code, are those of its golden file."""
    check_golden(name, ("apply", LOCK, NET, *arguments), run("apply", LOCK, NET, *arguments))


def test_masks_are_back(net: Path, run: Runner) -> None:
    """Only masks are written, the check passes then, and a second run has nothing to do."""
    before = net.read_bytes()
    assert 0 == run("apply", LOCK, NET, "--backup").code
    assert LOCKED == masks(net)
    assert before == net.with_name("net.param.bak").read_bytes()
    check_golden("apply_check_passes", ("apply", LOCK, NET, "--check"), run("apply", LOCK, NET, "--check"))
    result = run("apply", LOCK, NET)
    assert (0, "Nothing to change: net.param is as it was.") == (result.code, result.out.splitlines()[-1])
    run("set-mask", "*", "0", "-m", NET)
    assert before == net.read_bytes()


def test_called_otherwise(net: Path, run: Runner) -> None:
    """Layers with other names get the masks, and the output says what they were called."""
    net.write_bytes(BY_HAND)
    check_golden("apply_renamed", ("apply", LOCK, NET), run("apply", LOCK, NET))
    assert {MEANT[name]: mask for name, mask in LOCKED.items()} == masks(net)


def test_no_certain_layer(net: Path, run: Runner) -> None:
    """Masks without a certain layer are named with why, and nothing is written (exit 1) until --partial says so."""
    net.write_bytes(BY_HAND)
    edit(
        net,
        ("0=8 1=1 5=1 6=64", "0=8 1=1 5=1 6=64 31=4"),
        ("fc_1 1 1 b22 b23 0=10 1=1 2=160", "fc_1 1 1 b22 b23 0=12 1=1 2=192"),
    )
    before = state(net.parent)
    check_golden("apply_unsure", ("apply", LOCK, NET), run("apply", LOCK, NET))
    check_golden("apply_unsure_check", ("apply", LOCK, NET, "--check"), run("apply", LOCK, NET, "--check"))
    assert 1 == run("apply", LOCK, NET, "--dry-run").code
    assert before == state(net.parent)
    assert 0 == run("apply", LOCK, NET, "--partial").code
    assert {MEANT[name]: mask for name, mask in LOCKED.items() if name != "fc2"} == masks(net)


def test_on_stdout(net: Path, run: Runner) -> None:
    """With -o - stdout is the model with its masks and nothing else, what is said is on stderr, and no file is written."""
    before = state(net.parent)
    result = run("apply", LOCK, NET, "-o", "-")
    assert before == state(net.parent)
    assert 0 == run("apply", LOCK, NET).code
    assert (0, net.read_text(encoding="utf-8")) == (result.code, result.out)
    assert result.err.startswith("#1 stem (Convolution): 0 (none) -> 65 (no-fp16-arithmetic,no-winograd)\n")
    assert (0, result.out) == run("apply", LOCK, NET, "-o", "-")[:2]
    net.write_bytes(net.read_bytes().replace(b"0=10 1=1 2=160", b"0=12 1=1 2=192"))
    assert (1, "") == run("apply", LOCK, NET, "-o", "-")[:2]


def test_the_lock_of_another_model(net: Path, run: Runner) -> None:
    """Where no mask has a layer, the question is whose lock it is; there are no others for --partial to write."""
    net.write_bytes(b"7767517\n2 2\nInput data 0 1 data\nInnerProduct fc 1 1 data out 0=2 2=8\n")
    result = run("apply", LOCK, NET)
    assert (1, "") == (result.code, result.out)
    assert (
        "maskctl: 6 of 6 masks have no certain layer; nothing was written. Is this the lock of another model? If not, set masks "
        "with 'maskctl set-mask'."
    ) == result.err.splitlines()[-1]


def test_trusted_names(net: Path, run: Runner) -> None:
    """--by-name takes the layer of the name, whatever it has become."""
    edit(net, ("0=10 1=1 2=160", "0=12 1=1 2=192"))
    assert 1 == run("apply", LOCK, NET).code
    assert 0 == run("apply", LOCK, NET, "--by-name").code
    assert LOCKED == masks(net)


@pytest.mark.usefixtures("net")
def test_check_of_other_masks(run: Runner) -> None:
    """--check tells a mask that differs (exit 1), and one that the lock does not have (which alone is no failure)."""
    run("apply", LOCK, NET)
    run("set-mask", "sum", "16", "-m", NET)
    check_golden("apply_check_more", ("apply", LOCK, NET, "--check"), run("apply", LOCK, NET, "--check"))
    run("set-mask", "stem", "1", "-m", NET)
    check_golden("apply_check_differs", ("apply", LOCK, NET, "--check"), run("apply", LOCK, NET, "--check"))


def test_unsafe_after_the_export(net: Path, run: Runner) -> None:
    """A mask that was safe where it was and is not any more comes back with a warning, as by set-mask."""
    net.write_bytes(
        b"7767517\n3 3\nInput data 0 1 data\nPReLU p 1 1 data x 0=1\nInnerProduct fc 1 1 x y 0=2 2=8 31=2\n"
    )
    run("lock", NET, "--force")
    net.write_bytes(b"7767517\n3 3\nInput data 0 1 data\nReLU p 1 1 data x\nInnerProduct fc 1 1 x y 0=2 2=8\n")
    result = run("apply", LOCK, NET)
    assert (0, {"fc": 2}) == (result.code, masks(net))
    assert result.err.startswith("maskctl: warning: #2 'fc' (InnerProduct)")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((NET, NET), "maskctl: net.param: this is no TOML: "),
        (
            ("gone.toml", NET),
            "maskctl: gone.toml: cannot read the file: No such file or directory. 'maskctl lock MODEL' writes one.",
        ),
        ((LOCK, "gone.param"), "maskctl: gone.param: cannot read the file: No such file or directory."),
        (
            ("net.mask.toml", NET),
            (
                "maskctl: net.mask.toml: cannot read the file: No such file or directory. "
                "'maskctl lock MODEL' writes one. Did you mean 'net.masks.toml'?"
            ),
        ),
        (
            (LOCK, NET, "-o", LOCK),
            "maskctl: net.masks.toml: the file exists. Give another name, or --force to replace it.",
        ),
    ],
)
def test_refused(net: Path, run: Runner, arguments: tuple[str, ...], message: str) -> None:
    """What cannot be read or written is told with exit code 2, and nothing is written."""
    before = state(net.parent)
    result = run("apply", *arguments)
    assert (2, "") == (result.code, result.out)
    assert result.err.startswith(message)
    assert before == state(net.parent)
