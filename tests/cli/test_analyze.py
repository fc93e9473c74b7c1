"""`maskctl analyze`, the main job: the story of the README from the broken model to the repaired one."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import pytest

import maskctl
from maskctl.analysis.goal import Outcome
from maskctl.analysis.metrics import Comparison
from maskctl.cli.analysis_tables import print_analysis
from maskctl.cli.plan_tables import print_proposal
from maskctl.cli.sorting import COLUMNS
from maskctl.report.html import to_html
from tests.cli.driver import SAMPLES, Runner, check_golden, spawn, state

STORY = ("analyze", "digits_overflow.param", "-i", "image=digits_test.npz")
FEW = 40
LAYERS = ("conv1", "conv2", "pool1", "conv3", "conv4", "fc1", "fc2", "prob")


@pytest.fixture
def few(digits: Path) -> tuple[str, ...]:
    """The command of the story on its first images only, which is quicker."""
    with np.load(SAMPLES / "digits_test.npz") as images:
        np.save(digits / "few.npy", images["image"][:FEW])
    return ("analyze", "digits_overflow.param", "-i", "few.npy")


@pytest.mark.usefixtures("digits")
def test_story(run: Runner) -> None:
    """The README's command names conv3 with its sum, proposes 31=1 on it alone, and prints the diff."""
    check_golden("analyze_digits", STORY, run(*STORY))


def test_default_changes_nothing(run: Runner, few: tuple[str, ...], digits: Path) -> None:
    """Without --write or -o no file changes and none appears."""
    before = state(digits)
    result = run(*few)
    assert (0, "") == (result.code, result.err)
    assert "+++ digits_overflow.param" in result.out
    assert before == state(digits)


@pytest.mark.usefixtures("digits")
def test_fp16_on_x86(run: Runner, few: tuple[str, ...]) -> None:
    """On a target that keeps nothing but some weights in fp16, the reason says so and a note names the target of phones."""
    result = run(*few, "--target", "x86")
    assert ["weights rounded to fp16"] * 2 == re.findall(r"fc.*(weights rounded to fp16)", result.out)
    assert "Note: fp16 options change no blob and no sum on x86." in result.out
    assert "Note: fp16 options" not in run(*few, "--target", "x86", "--precision", "bf16").out


def test_write_then_nothing_to_propose(run: Runner, few: tuple[str, ...], digits: Path) -> None:
    """--write adds ` 31=1` to conv3 and nothing else; a second run proposes nothing and writes nothing."""
    param = digits / "digits_overflow.param"
    before = param.read_text()
    result = run(*few, "--write", "--backup")
    assert (0, "") == (result.code, result.err)
    assert result.out.endswith("Wrote 1 mask to digits_overflow.param.\n")
    assert "+++" not in result.out
    line = next(line for line in before.splitlines() if " conv3 " in line)
    assert before.replace(line, line + " 31=1") == param.read_text()
    assert before == (digits / "digits_overflow.param.bak").read_text()
    written = state(digits)
    again = run(*few, "--write")
    assert 0 == again.code
    assert again.out.endswith("Every output reaches cosine 0.999 as the model is: nothing to propose.\n")
    assert written == state(digits)


@pytest.mark.parametrize(
    ("masks", "asked", "price", "done"),
    [
        (
            {"conv3": "1", "conv4": "2"},
            "With 1 mask taken away every",
            " network's time (estimated).\n",
            "Took 1 mask away in digits_overflow.param.\n",
        ),
        (
            {"fc2": "2"},
            "With 1 mask and 1 taken away every",
            " network's time (estimated), and the masked layer holds 14.3 % of the multiply-adds.\n",
            "Wrote 1 mask to digits_overflow.param, and took 1 mask away.\n",
        ),
    ],
)
def test_masks_taken_away_are_not_counted_as_masks(
    run: Runner, few: tuple[str, ...], masks: dict[str, str], asked: str, price: str, done: str
) -> None:
    """A mask of the file that the plan takes away is told as that, before and after it is done; then nothing is left to do."""
    for layer, mask in masks.items():
        run("set-mask", layer, mask, "-m", "digits_overflow.param")
    shown, written = run(*few), run(*few, "--write")
    assert (True, True) == (asked in shown.out, price in shown.out)
    assert ("--write changes digits_overflow.param, -o OUT a copy.\n" in shown.out) == done.startswith("Took")
    assert written.out.endswith(done)
    assert "nothing to propose" in run(*few).out


def test_output_elsewhere(run: Runner, few: tuple[str, ...], digits: Path) -> None:
    """-o writes the repaired model to a new file, refuses an existing one, and leaves the model alone."""
    before = state(digits)
    assert 0 == run(*few, "-o", "repaired.param").code
    repaired = (digits / "repaired.param").read_bytes()
    assert before == {name: value for name, value in state(digits).items() if name != "repaired.param"}
    refused = run(*few, "-o", "repaired.param")
    expected = "maskctl: repaired.param: the file exists. Give another name, or --force to replace it.\n"
    assert (2, "", expected) == refused
    (digits / "repaired.param").write_text("something else")
    assert 0 == run(*few, "-o", "repaired.param", "--force").code
    assert repaired == (digits / "repaired.param").read_bytes()


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (("./digits_overflow.param",), "is the model itself. Give --write to change it, or another name."),
        (("digits_overflow.bin", "--force"), "is read by this run, and would be replaced. Give another name."),
        (("few.npy", "--force"), "is read by this run, and would be replaced. Give another name."),
    ],
)
def test_output_never_replaces_what_is_read(
    run: Runner, few: tuple[str, ...], digits: Path, output: tuple[str, ...], said: str
) -> None:
    """-o refuses the model, which is what --write is for, and whatever --force says its weights and samples."""
    before = state(digits)
    assert (2, "", f"maskctl: -o '{output[0]}' {said}\n", before) == (*run(*few, "-o", *output), state(digits))


WEIGHTS = "its weights are still digits_overflow.bin: use --bin digits_overflow.bin, or copy it to repaired.bin.\n"


def test_output_says_where_the_weights_are(run: Runner, few: tuple[str, ...], digits: Path) -> None:
    """-o copies no weights and says so, unless a .bin is there or the output is the model itself."""
    assert run(*few, "-o", "repaired.param").out.endswith(f"\nWrote 1 mask to repaired.param; {WEIGHTS}")
    (digits / "elsewhere.bin").write_bytes((digits / "digits_overflow.bin").read_bytes())
    forced = ("--force", "--bin", "elsewhere.bin")
    result = run(*few, "-o", "repaired.param", *forced)
    assert result.out.endswith(WEIGHTS.replace("digits_overflow", "elsewhere"))
    (digits / "elsewhere.bin").rename(digits / "repaired.bin")
    assert run(*few, "-o", "repaired.param", "--force").out.endswith("\nWrote 1 mask to repaired.param.\n")
    assert run(*few, "-o", "digits_overflow.param", "--force").out.endswith(
        "\nWrote 1 mask to digits_overflow.param.\n"
    )


def test_output_without_a_proposal(run: Runner, few: tuple[str, ...], digits: Path) -> None:
    """-o with nothing to propose writes a copy and says that it is one."""
    bf16 = (*few, "--precision", "bf16", "-o", "repaired.param")
    said = "\nNothing proposed; wrote an unchanged copy to repaired.param."
    assert run(*bf16).out.endswith(f"{said} I{WEIGHTS[1:]}")
    assert (digits / "digits_overflow.param").read_bytes() == (digits / "repaired.param").read_bytes()
    (digits / "repaired.bin").write_bytes(b"")
    assert run(*bf16, "--force").out.endswith(f"{said}\n")


@pytest.mark.parametrize(
    ("lines", "samples", "said"),
    [
        (
            ("Input in 0 1 in 0=4", "Noop end 1 0 in"),
            "1 sample (synthetic)",
            "No layer gives a blob that counts as an output",
        ),
        (("Input in 0 1 in 0=4",), "1 sample (synthetic)", "No layer gives a blob that counts as an output"),
        (("MemoryData one 0 1 one 0=1", "ReLU out 1 1 one out"), "0 samples\n", "Every output reaches cosine 0.999"),
    ],
)
def test_networks_at_the_edge(run: Runner, tmp_path: Path, lines: tuple[str, ...], samples: str, said: str) -> None:
    """A network without outputs has nothing to compare, and says so; one without inputs does not speak of noise."""
    path, tops = tmp_path / "edge.param", sum(int(line.split()[3]) for line in lines)
    path.write_text("\n".join(["7767517", f"{len(lines)} {tops}", *lines, ""]))
    path.with_suffix(".bin").write_bytes(np.array([2], np.float32).tobytes() if lines[0].startswith("Memory") else b"")
    result = run("analyze", str(path))
    assert (0, True, True) == (result.code, samples in result.out, said in result.out), result.out + result.err
    assert ("synthetic" in samples) == ("seeded noise" in result.out)


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_unsafe_masks(run: Runner, few: tuple[str, ...], digits: Path, precision: str) -> None:
    """A mask the engine does not honour is a warning and in the JSON, whichever 16-bit storage is analysed."""
    param = digits / "digits_overflow.param"
    line = next(line for line in param.read_text().splitlines() if " fc1 " in line)
    param.write_text(param.read_text().replace(line, f"{line} 31=4"))
    result = run(*few, "--precision", precision, "--json", "-")
    assert result.err.startswith(
        "maskctl: warning: #6 'fc1' (InnerProduct): its input 'conv4' arrives in bf16, and with bit 4"
    )
    assert 1 == result.err.count("\n")
    report = json.loads(result.out)
    assert [(6, "fc1", 4, "conv4")] == [
        tuple(mask[key] for key in ("index", "name", "bit", "blob")) for mask in report["unsafe"]
    ]
    assert [layer["index"] for layer in report["layers"] if layer["mask"] != layer["proposed"]] == [
        change["index"] for change in report["masks"]
    ]


@pytest.mark.usefixtures("digits")
def test_json_on_stdout(run: Runner, few: tuple[str, ...]) -> None:
    """--json - prints JSON of schema 2 and nothing else, also when something is written."""
    result = run(*few, "--json", "-", "--write")
    assert (0, "Wrote 1 mask to digits_overflow.param.\n") == (result.code, result.err)
    report: dict[str, Any] = json.loads(result.out)
    assert (2, "digits_overflow.param", "arm82", "fp16", True) == tuple(
        report[key] for key in ("schema", "model", "target", "precision", "reached")
    )
    assert ("conv3", 0, 1) == tuple(report["layers"][0][key] for key in ("name", "mask", "proposed"))
    assert sorted(LAYERS) == sorted(layer["name"] for layer in report["layers"])


def test_json_in_a_file(run: Runner, few: tuple[str, ...], digits: Path) -> None:
    """--json FILE writes the JSON beside the printed tables, and replaces an older one."""
    (digits / "report.json").write_text("old")
    result = run(*few, "--json", "report.json")
    assert 0 == result.code
    assert "conv3" in result.out
    assert json.loads((digits / "report.json").read_text()) == json.loads(run(*few, "--json", "-").out)


@pytest.mark.parametrize("name", ["digits_overflow.param", "./digits_overflow.bin", "new.param"])
def test_json_never_replaces_the_model(run: Runner, few: tuple[str, ...], digits: Path, name: str) -> None:
    """--json refuses the names of the model, its weights and the output."""
    before = state(digits)
    result = run(*few, "--json", name, "-o", "new.param")
    other = name.removeprefix("./")
    expected = f"maskctl: --json '{name}' would replace '{other}'. Give the JSON a name of its own.\n"
    assert (2, "", expected) == result
    assert before == state(digits)


@pytest.mark.parametrize("option", ["--json", "--html"])
@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("few.npy", "few.npy"),
        ("./few.npy", "few.npy"),
        ("images/a.npy", "images"),
        ("plugin.py", "plugin.py"),
        ("times.txt", "times.txt"),
        ("other.bin", "other.bin"),
        ("digits_overflow.param.bak", "digits_overflow.param.bak"),
    ],
)
def test_reports_never_replace_what_is_read(run: Runner, digits: Path, option: str, name: str, other: str) -> None:
    """--json and --html refuse the samples, also one in a folder of them, plugins, timings, weights and the backup."""
    (digits / "images").mkdir()
    for file in ("few.npy", "images/a.npy", "plugin.py", "times.txt", "other.bin"):
        (digits / file).write_text("read")
    before = state(digits)
    read = (
        "-i",
        "few.npy",
        "-i",
        "image=images",
        "--plugin",
        "plugin.py",
        "--timings",
        "times.txt",
        "--bin",
        "other.bin",
    )
    result = run("analyze", "digits_overflow.param", *read, "--write", "--backup", option, name)
    what = {"--json": "JSON", "--html": "page"}[option]
    expected = f"maskctl: {option} '{name}' would replace '{other}'. Give the {what} a name of its own.\n"
    assert (2, "", expected, before) == (*result, state(digits))


def test_json_into_a_device(run: Runner, few: tuple[str, ...]) -> None:
    """A device such as /dev/null is written to, not replaced by a file."""
    assert 0 == run(*few, "--json", "/dev/null").code
    assert Path("/dev/null").is_char_device()


def test_html(run: Runner, few: tuple[str, ...], digits: Path) -> None:
    """--html writes a page beside the printed tables, with the document of --json, in which blobs then were looked at."""
    result = run(*few, "--html", "page.html", "--json", "report.json")
    assert (0, "") == (result.code, result.err)
    assert result.out == run(*few).out
    page = (digits / "page.html").read_text(encoding="utf-8")
    report = json.loads((digits / "report.json").read_text())
    assert page == to_html(report)
    assert [True] * 9 == [layer["values"] is not None for layer in report["network"]]
    plain = json.loads(run(*few, "--json", "-").out)
    assert {None} == {layer[key] for layer in plain["network"] for key in ("values", "errors", "after")}


@pytest.mark.parametrize("name", ["digits_overflow.param", "./digits_overflow.bin", "new.param", "report.json"])
def test_html_never_replaces_another_file(run: Runner, few: tuple[str, ...], digits: Path, name: str) -> None:
    """--html refuses the names of the model, its weights, the output and the JSON."""
    before = state(digits)
    result = run(*few, "--html", name, "-o", "new.param", "--json", "report.json")
    expected = f"maskctl: --html '{name}' would replace '{name.removeprefix('./')}'. Give the page a name of its own.\n"
    assert (2, "", expected) == result
    assert before == state(digits)


def test_html_wants_a_file(run: Runner, few: tuple[str, ...]) -> None:
    """The page does not go to stdout, where the tables are."""
    expected = "maskctl: --html '-' is not a file. Give the page a name, e.g. --html net.html.\n"
    assert (2, "", expected) == run(*few, "--html", "-")


@pytest.mark.parametrize(
    ("column", "first"),
    [
        ("loss", ["conv3", "conv4", "conv2"]),
        ("index", ["conv1", "conv2", "pool1"]),
        ("layer", ["conv1", "conv2", "conv3"]),
        ("largest", ["conv3", "conv4", "fc2"]),
        ("lost", ["conv4", "fc1", "conv3"]),
        ("graph-db", ["conv3", "conv4", "fc2"]),
        ("mask", ["conv3", "conv4", "conv2"]),
    ],
)
def test_sort(run: Runner, few: tuple[str, ...], column: str, first: list[str]) -> None:
    """--sort lists the layers by a column, the worst first, and --top takes the first of that order."""
    listed = re.findall(r"^\d+ +(\w+) ", run(*few, "--sort", column).out, flags=re.MULTILINE)
    assert (sorted(LAYERS), first) == (sorted(listed), listed[:3])
    few_listed = re.findall(r"^\d+ +(\w+) ", run(*few, "--sort", column, "--top", "3").out, flags=re.MULTILINE)
    assert [name for name in listed if name in {*first[: 3 - ("conv3" not in first)], "conv3"}] == few_listed


def test_every_column_sorts(run: Runner, few: tuple[str, ...]) -> None:
    """Every column of the help is one to sort by, and an unknown one is refused with the choices."""
    for column in COLUMNS:
        assert 0 == run(*few, "--sort", column).code
    refused = run(*few, "--sort", "size")
    assert 2 == refused.code
    assert "'layer-db'" in refused.err


def test_out_of_reach(run: Runner, few: tuple[str, ...], digits: Path) -> None:
    """Where no masks reach the target the exit code is 1, and the output says how far the best found goes."""
    before = state(digits)
    result = run(*few, "--target-sqnr", "150", "--target-cos", "0.9", "--also-vulkan")
    assert (1, "") == (result.code, result.err)
    assert (
        "Cosine 0.9 and SQNR 150 dB is out of reach with masks the engine honours. The best found takes" in result.out
    )
    assert " and reaches " in result.out
    assert "31=1" in result.out
    assert before == state(digits)


def test_nothing_helps(run: Runner, few: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no mask can cure the NaN nothing is proposed, the exit code is 1, and --write writes nothing."""
    monkeypatch.setattr("maskctl.analysis.decide._repaired", lambda *_, **__: None)
    monkeypatch.setattr("maskctl.analysis.decide.candidates", lambda *_, **__: ())
    before = Path("digits_overflow.param").read_bytes()
    result = run(*few, "--write")
    assert 1 == result.code
    assert "Cosine 0.999 is out of reach: no mask the engine honours helps.\n" in result.out
    assert before == Path("digits_overflow.param").read_bytes()


@pytest.mark.parametrize("precision", ["fp16", "fp16-storage", "bf16"])
def test_synthetic_input(run: Runner, digits: Path, precision: str) -> None:
    """Without -i the input is seeded noise, the output says so, and the same seed gives the same output."""
    arguments = ("analyze", "digits_overflow.param", "--precision", precision, "--seed", "7")
    before = state(digits)
    result = run(*arguments)
    assert result.code in {0, 1}
    assert f"digits_overflow.param: {precision} on arm82" in result.out
    assert "1 sample (synthetic)" in result.out
    assert (
        "Note: no input was given. The figures come from seeded noise (seed 7) and are indicative only: "
        "give real samples with -i BLOB=FILE.\n"
    ) in result.out
    assert result == run(*arguments)
    assert before == state(digits)


@pytest.mark.parametrize("precision", ["fp16-storage", "bf16"])
def test_other_precisions(run: Runner, few: tuple[str, ...], precision: str) -> None:
    """In fp16-storage and bf16 the sums are fp32: the model works as it is, and its losses are those of rounding."""
    result = run(*few, "--precision", precision, "--json", "-")
    report = json.loads(result.out)
    assert (0, "", precision) == (result.code, result.err, report["precision"])
    assert {f"rounding to {precision.removesuffix('-storage')}"} == {layer["reason"] for layer in report["layers"]}
    assert [0] * len(LAYERS) == [layer["proposed"] for layer in report["layers"]]


def test_top(run: Runner, few: tuple[str, ...]) -> None:
    """--top lists that many layers and says how many more there are; 0 lists all."""
    short, whole = run(*few, "--top", "3").out, run(*few, "--top", "0").out
    assert "… and 5 more layers; --top 0 lists all.\n" in short
    assert ("prob   Softmax" in whole, "prob   Softmax" in short) == (True, False)
    assert "… and 1 more layer; --top 0 lists all.\n" in run(*few, "--top", "7").out


@pytest.fixture
def analysis(few: tuple[str, ...]) -> maskctl.Analysis:
    """What the quick command analyses."""
    model = maskctl.load(few[1])
    return maskctl.analyze(model, maskctl.read_samples(model, [few[-1]]))


@pytest.mark.parametrize(
    ("top", "shown", "left"),
    [
        (1, ["fc2"], "… and 7 more layers, 1 of them with a new mask; --top 0 lists all."),
        (2, ["fc2", "pool1"], "… and 6 more layers; --top 0 lists all."),
        (3, ["conv3", "fc2", "pool1"], "… and 5 more layers; --top 0 lists all."),
        (0, ["conv3", "conv4", "conv2", "fc2", "fc1", "prob", "conv1", "pool1"], ""),
    ],
)
def test_top_takes_new_masks_first(
    analysis: maskctl.Analysis, capsys: pytest.CaptureFixture[str], top: int, shown: list[str], left: str
) -> None:
    """--top lists rows whose mask changes before the others, all in their order, and says what is left out."""
    rows = tuple(replace(row, proposed=int(row.layer.name in {"fc2", "pool1"})) for row in analysis.rows)
    print_analysis(replace(analysis, rows=rows), top, show_diff=False)
    printed = capsys.readouterr().out
    assert (shown, left) == (
        re.findall(r"^\d+ +(\w+) ", printed, flags=re.MULTILINE),
        "".join(re.findall("^….*", printed, flags=re.MULTILINE)),
    )


@pytest.mark.parametrize(
    ("top", "changed", "left"), [("2", 2, "… and 6 more masks; --top 0 shows all.\n"), ("0", 8, "")]
)
def test_the_result_comes_last(run: Runner, few: tuple[str, ...], top: str, changed: int, left: str) -> None:
    """However many masks there are, the difference is of --top of them, and result, price and what to do are the last lines."""
    printed = run(*few, "--target-sqnr", "300", "--top", top).out
    assert changed == len(re.findall(r"^\+[A-Z]", printed, flags=re.MULTILINE))
    assert left == "".join(re.findall("^….*mask.*shows all.\n", printed, flags=re.MULTILINE))
    last = printed[printed.index("\nWith ") :].splitlines()[1:]
    begins = [
        "With 8 masks every output reaches SQNR 300 dB.",
        "They add ",
        "Nothing was written: --write puts the masks into ",
    ]
    assert all(line.startswith(begin) for line, begin in zip((*last[:2], last[-1]), begins, strict=True)), last
    assert len(last) <= 6


def test_what_was_not_tried(run: Runner, few: tuple[str, ...]) -> None:
    """Where the goal is out of reach the last line names what was left out of the search, and nothing else."""
    out_of_reach = (*few, "--target-sqnr", "300", "--budget", "3%")
    assert (
        "Not tried: layers put in that cast to 32 bits (--fences); what costs more than --budget 3%.\n"
        in run(*out_of_reach).out
    )
    vulkan = run(*few, "--target-sqnr", "300", "--also-vulkan").out
    assert vulkan.endswith("Not tried: bits 2 and 4, which --also-vulkan leaves out.\n")


VULKAN = ": with Vulkan compute such a layer needs bit 16 (no-vulkan) too."
GAPLESS = (
    "The engine honours that only without a gap from the inputs on, so every layer before the one that needs it carries it "
    "too. A lower target may need far fewer masks."
)


@pytest.mark.parametrize(
    ("masks", "note"),
    [
        ({1: 1}, ""),
        (
            {1: 2},
            f"1 of the proposed masks asks for 32-bit storage. It holds on CPUs only{VULKAN}",
        ),
        (
            {1: 2, 2: 5},
            f"2 of the proposed masks ask for 32-bit storage. {GAPLESS} They hold on CPUs only{VULKAN}",
        ),
    ],
)
def test_note_on_storage(
    analysis: maskctl.Analysis, capsys: pytest.CaptureFixture[str], masks: dict[int, int], note: str
) -> None:
    """Proposed masks with 32-bit storage come with what they take and where they hold."""
    decision = replace(analysis.decision, plan=replace(analysis.plan, masks=masks))
    print_analysis(replace(analysis, decision=decision), 0, show_diff=False)
    printed = capsys.readouterr().out
    assert ([f"Note: {note}"] if note else []) == [line for line in printed.splitlines() if line.startswith("Note: ")]


def test_several_files_and_a_folder(run: Runner, few: tuple[str, ...], digits: Path) -> None:
    """Several -i, or a folder, are samples of one analysis, the same as all of them in one file."""
    images = np.load(digits / "few.npy")
    (digits / "images").mkdir()
    np.save(digits / "images" / "b.npy", images[1:])
    np.save(digits / "images" / "a.npy", images[0])
    whole = run(*few, "--json", "-").out
    assert '"few.npy[0]"' in whole
    renamed = re.sub(
        r"few\.npy\[(\d+)\]", lambda found: f"b.npy[{int(found[1]) - 1}]", whole.replace("few.npy[0]", "a.npy")
    )
    assert renamed == run("analyze", "digits_overflow.param", "-i", "image=images", "--json", "-").out
    parts = ("-i", "image=images/a.npy", "-i", "image=images/b.npy")
    assert renamed == run("analyze", "digits_overflow.param", *parts, "--json", "-").out


def test_image_input(run: Runner, digits: Path) -> None:
    """A gray image is resized to the Input layer's size and normalised by --mean and --norm."""
    image = pytest.importorskip("PIL.Image", reason="pillow is not installed")
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    image.fromarray(pixels).save(digits / "gray.png")
    result = run(
        "analyze",
        "digits_overflow.param",
        "-i",
        "gray.png",
        "--pixel",
        "gray",
        "--mean",
        "0",
        "--norm",
        "0.0625",
        "--json",
        "-",
    )
    assert "" == result.err
    assert {"count": 1, "synthetic": False, "seed": None} == json.loads(result.out)["samples"]


@pytest.mark.parametrize("weights", [("--bin", "elsewhere.bin"), ()])
def test_bin(run: Runner, few: tuple[str, ...], digits: Path, weights: tuple[str, ...]) -> None:
    """The weights are those beside the model, or those of --bin."""
    if weights:
        (digits / "digits_overflow.bin").rename(digits / "elsewhere.bin")
    assert 0 == run(*few, *weights).code


def test_narrow_terminal(run: Runner, few: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal of 80 columns the table leaves columns out rather than break words, and says so."""
    for room in ("text", "analysis_tables"):
        monkeypatch.setattr(f"maskctl.cli.{room}.width", lambda: 80, raising=True)
    result = run(*few)
    table = result.out[: result.out.index("140 columns of terminal show")].splitlines()[2:]
    assert ["#", "layer", "layer dB", "graph dB", "mask", "reason"] == re.split(" {2,}", table[0])
    assert 80 >= max(map(len, table))
    assert "no-fp16-arithmetic" in result.out


def _top1(outputs: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8]) -> float:
    """Images whose largest output is their label, in per cent; a row that is not all finite is wrong."""
    right = np.isfinite(outputs).all(axis=1) & (np.argmax(np.nan_to_num(outputs), axis=1) == labels)
    return float(100 * right.mean())


def test_top1_collapses_and_comes_back(tmp_path: Path) -> None:
    """fp32 reads at least 97 % of the held-out digits, fp16 under 20 %, and fp16 with at most two masks as many as fp32."""
    with np.load(SAMPLES / "digits_test.npz") as images:
        inputs, labels = {"image": images["image"]}, images["labels"]
    for suffix in ("param", "bin"):
        shutil.copyfile(SAMPLES / f"digits_overflow.{suffix}", tmp_path / f"net.{suffix}")
    model = maskctl.load(tmp_path / "net.param")
    samples = maskctl.read_samples(model, [f"image={SAMPLES / 'digits_test.npz'}"])
    analysis = maskctl.analyze(model, samples, "fp16")
    maskctl.write(model.document.with_masks(analysis.masks), tmp_path / "net.param", analysis.masks)
    repaired = maskctl.load(tmp_path / "net.param")
    fp32 = _top1(maskctl.run(model, inputs)["prob"], labels)
    broken = _top1(maskctl.run(model, inputs, maskctl.Policy("fp16"))["prob"], labels)
    mended = _top1(maskctl.run(repaired, inputs, maskctl.Policy("fp16"))["prob"], labels)
    assert (True, True, True) == (fp32 >= 97, broken < 20, abs(fp32 - mended) <= 0.5), (fp32, broken, mended)
    assert 0.999 <= maskctl.COSINE.of(analysis.plan.after.outputs["prob"])
    assert 1 <= len(analysis.masks) <= 2
    assert {} == maskctl.analyze(repaired, samples, "fp16").masks


def test_budget_and_front(run: Runner, few: tuple[str, ...]) -> None:
    """With --budget alone the best under the cost is proposed and exit is 0; --pareto lists it, and JSON has both."""
    result = run(*few, "--budget", "10%", "--pareto", "--json", "-")
    report = json.loads(result.out)
    cost = report["cost"]
    assert (0, ["conv3"]) == (result.code, [mask["name"] for mask in report["masks"]])
    assert 0 < cost["added_us"] <= 0.1 * cost["total_us"]
    assert cost["added_us"] in [point["added_us"] for point in report["pareto"]]
    tables = run(*few, "--budget", "10%", "--pareto").out
    assert "With 1 mask every output is finite." in tables
    assert "#4 1 no-fp16-arithmetic" in tables


@pytest.mark.usefixtures("digits")
def test_bound_of_storage_masks(run: Runner) -> None:
    """A plan of 32-bit storage, whose layers spare each other's casts, costs no less than what no plan is to go below."""
    cost = json.loads(run("analyze", "digits_overflow.param", "--target-cos", "0.9999999", "--json", "-").out)["cost"]
    assert 1 < len(cost["needed"])
    assert 0 < cost["bound_us"] <= cost["added_us"]


@pytest.mark.parametrize(
    ("noises", "said"),
    [
        ({4: None}, "#4 needs a mask. With all others there are, and none on it, the worst output comes to NaN."),
        (
            {4: None, 2: 1e-2},
            (
                "each of #4 and #2 needs a mask. With all there are but that one, the worst output comes to NaN (#4), "
                "cosine 0.995037 (#2)."
            ),
        ),
        (
            dict.fromkeys(range(1, 8), None),
            (
                "each of #1, #2, #3, #4, #5, #6 and 1 other needs a mask. With all there are but that one, the worst output "
                "comes to NaN (#1), NaN (#2), NaN (#3), NaN (#4), NaN (#5), NaN (#6), ..."
            ),
        ),
    ],
)
def test_layers_that_need_a_mask(
    analysis: maskctl.Analysis, capsys: pytest.CaptureFixture[str], noises: dict[int, float | None], said: str
) -> None:
    """Of layers that all need a mask it is said that all do, and what is reached at best without each one's."""
    needed = {
        index: Outcome(
            {
                "prob": Comparison(signal=1.0, lost=1)
                if noise is None
                else Comparison(signal=1.0, noise=noise, dot=1.0, actual_energy=1.0 + noise)
            }
        )
        for index, noise in noises.items()
    }
    plan = replace(analysis.plan, needed=needed, bound=analysis.decision.total / 50)
    print_proposal(replace(analysis, decision=replace(analysis.decision, plan=plan)))
    begin = "No plan of masks alone adds less than 2.0 %, as long as more masks never lose accuracy: "
    assert f"{begin}{said}\n" in capsys.readouterr().out


def test_budget_too_small_for_the_cure(run: Runner, few: tuple[str, ...]) -> None:
    """A budget that does not buy finite outputs is an answer of no."""
    result = run(*few, "--budget", "0.1%")
    assert 1 == result.code
    assert "Finite values are out of reach: no mask the engine honours helps within the budget.\n" in result.out
    why = "fp16 sums, and a gentler mask costs more than is left of the budget"
    assert f"  #4 'conv3' (Convolution) loses elements: {why}.\n" in result.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--budget", "5"), "--budget '5' is no percentage. Expected what masks may add, e.g. --budget 5%."),
        (
            ("--profile", "fast", "--target-cos", "0.9"),
            "--profile fast is a cosine of 0.99, and there is --target-cos. Give one.",
        ),
        (("--timings", "none.txt"), "none.txt: cannot read the timings: No such file or directory. Expected"),
    ],
)
def test_plan_options_refused(run: Runner, few: tuple[str, ...], options: tuple[str, ...], said: str) -> None:
    """Options of the plan that cannot be meant are refused with what to give."""
    result = run(*few, *options)
    assert (2, "") == (result.code, result.out)
    assert result.err.startswith(f"maskctl: {said}")


def test_profiles(run: Runner, few: tuple[str, ...]) -> None:
    """A profile is a target."""
    assert "every output reaches cosine 0.9999." in run(*few, "--profile", "quality").out


def test_timings_decide(run: Runner, few: tuple[str, ...], digits: Path) -> None:
    """Times of the device take the place of estimates, and the output says so."""
    (digits / "times.txt").write_text("Convolution conv3 1.0ms\n31=1\nConvolution conv3 1.5ms\n")
    report = json.loads(run(*few, "--timings", "times.txt", "--json", "-").out)
    assert report["cost"]["measured"]
    assert 500.0 == pytest.approx(report["cost"]["added_us"])
    assert "(scaled to the measured times)" in run(*few, "--timings", "times.txt").out


def test_interrupt_shows_what_is_known(
    run: Runner, few: tuple[str, ...], digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while masks are tried shows the best that was tried, writes nothing and exits with 130."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("maskctl.analysis.plan.Planner._swapped", interrupted)
    before = state(digits)
    result = run(*few, "--write", "--no-cache")
    assert (130, "\nmaskctl: interrupted; nothing was written.\n") == (result.code, result.err)
    assert "Interrupted. The best tried so far takes 1 mask and reaches " in result.out
    assert before == state(digits)
    both = run(*few, "--html", "page.html", "--json", "report.json", "--no-cache")
    said = "\nmaskctl: interrupted; report.json and page.html were written, no mask was.\n"
    assert (130, said) == (both.code, both.err)
    report = json.loads((digits / "report.json").read_text())
    assert report["interrupted"]
    assert {None} == {layer["values"] for layer in report["network"]}  # nobody waits for more passes


@pytest.mark.parametrize("where", ["maskctl.analysis.decide.candidates", "maskctl.analysis.pool.Shares.evaluate"])
def test_interrupt_before_masks_are_tried(
    run: Runner, few: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Ctrl-C while masks are weighed, or the network is run without any, still lists the layers that were measured."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupted)
    result = run(*few, "--no-cache")
    assert (130, "\nmaskctl: interrupted; nothing was written.\n") == (result.code, result.err)
    assert sorted(LAYERS) == sorted(re.findall(r"^\d+ +(\w+) ", result.out, flags=re.MULTILINE))
    assert result.out.endswith(
        "Partial: 8 of 8 layers were measured over all samples before the interrupt, and nothing is proposed.\n"
    )


def test_interrupt_after_the_reports(run: Runner, few: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after the reports, here before masks are written, says which there are; the search was not cut short."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("maskctl.param.write.write", interrupted)
    result = run(*few, "--json", "report.json", "--write")
    assert (130, "\nmaskctl: interrupted; report.json was written, no mask was.\n") == (result.code, result.err)
    assert not json.loads(Path("report.json").read_text())["interrupted"]


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("maskctl.report.html.to_html", "report.json was written, no mask was"),
        ("maskctl.cli.analysis_tables.print_analysis", "report.json and page.html were written, no mask was"),
        ("maskctl.report.analysis.to_json", "nothing was written"),
    ],
)
def test_interrupt_between_the_reports(
    run: Runner, few: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, where: str, said: str
) -> None:
    """Ctrl-C between two reports, or behind both, names those that are there."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupted)
    result = run(*few, "--json", "report.json", "--html", "page.html")
    assert (130, f"\nmaskctl: interrupted; {said}.\n") == (result.code, result.err)
    assert [name for name in ("report.json", "page.html") if name in said] == [
        name for name in ("report.json", "page.html") if Path(name).exists()
    ]


@pytest.mark.parametrize(
    ("scope", "column"),
    [("alone", "alone dB"), ("leave-one-out", "without dB"), ("graphwise", None), ("layerwise", None)],
)
def test_scopes(run: Runner, few: tuple[str, ...], scope: str, column: str | None) -> None:
    """A scope adds its column and says what its variants took; the others do without."""
    result = run(*few, "--scope", scope)
    assert 0 == result.code
    assert [name for name in ("alone dB", "without dB") if name in result.out] == ([column] if column else [])
    assert bool(column) == bool(re.search(r"Layer executions: [\d,]+ of [\d,]+ naive\.", result.out))


def test_kinds(run: Runner, few: tuple[str, ...]) -> None:
    """Other precisions are measured where they are asked for, and in the JSON."""
    report = json.loads(run(*few, "--kind", "int8", "--kind", "bf16", "--json", "-").out)
    kinds = {layer["name"]: set(layer["apart"]) for layer in report["layers"]}
    assert {"weights", "blobs", "bf16", "int8"} == kinds["conv1"]
    assert {"blobs", "bf16"} == kinds["pool1"]


@pytest.mark.parametrize(("asked", "named"), [((), ""), (("int8",), "int8"), (("int8", "bf16"), "int8 and bf16")])
def test_kinds_are_pointed_to(run: Runner, few: tuple[str, ...], asked: tuple[str, ...], named: str) -> None:
    """The tables say where the figures of other precisions are, where some were asked for."""
    out = run(*few, *(word for kind in asked for word in ("--kind", kind))).out
    notes = [line for line in out.splitlines() if line.startswith("Note: what layers lose")]
    assert [f"Note: what layers lose in {named} is in --json and --html, not in the table."] * bool(named) == notes


def test_jobs_change_nothing(run: Runner, few: tuple[str, ...]) -> None:
    """However many processes share the work, the JSON is the same."""
    assert run(*few, "--jobs", "1", "--json", "-").out == run(*few, "--jobs", "5", "--json", "-").out


def test_worst_and_output_blob(run: Runner, few: tuple[str, ...]) -> None:
    """The samples measured are those asked for, and so are the blobs that count."""
    report = json.loads(run(*few, "--worst", "2", "--output-blob", "fc2", "--json", "-").out)
    assert 2 == len(report["measured_samples"])
    assert ["fc2"] == [output["blob"] for output in report["outputs"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--output-blob", "fc22"),
            "--output-blob 'fc22' is no blob that a layer of digits_overflow.param gives. Did you mean 'fc2'?",
        ),
        (
            ("--output-blob", "image"),
            "--output-blob 'image' is no blob that a layer of digits_overflow.param gives. Outputs are: prob.",
        ),
    ],
)
def test_wrong_output_blobs(run: Runner, few: tuple[str, ...], arguments: tuple[str, ...], said: str) -> None:
    """A blob that cannot count as an output is refused, with the nearest or the outputs there are."""
    result = run(*few, *arguments)
    assert (2, True) == (result.code, said in result.err), result.err


def test_param_on_stdout(run: Runner, few: tuple[str, ...], digits: Path) -> None:
    """With -o - stdout is the changed model and nothing else, what is said is on stderr, and no file is written."""
    before, shown = state(digits), run(*few)
    result = run(*few, "-o", "-")
    assert before == state(digits)
    assert shown.out.replace(shown.out.splitlines()[-1] + "\n", "") == result.err
    assert 0 == run(*few, "-o", "file.param").code
    assert (0, (digits / "file.param").read_text()) == (result.code, result.out)
    out_of_reach = run(*few, "--target-sqnr", "150", "--also-vulkan", "-o", "-")
    assert (1, True) == (out_of_reach.code, " 31=" in out_of_reach.out)
    assert "is out of reach" in out_of_reach.err
    assert (digits / "digits_overflow.param").read_text() == run(*few, "--precision", "bf16", "-o", "-").out
    assert (0, result.out) == run(*few, "-o", "-", "--json", "report.json", "--html", "page.html")[:2]
    assert [4] == [mask["index"] for mask in json.loads((digits / "report.json").read_text())["masks"]]
    assert "page.html" in state(digits)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--json", "-"), "--json - and -o - are both for stdout. Give one of them a file."),
        (("--write",), "--write changes MODEL and -o leaves it. Give one of the two."),
        (("--backup",), "--backup keeps what --write replaces, and there is no --write. Give both, or neither."),
    ],
)
def test_what_stdout_cannot_hold(
    run: Runner, few: tuple[str, ...], digits: Path, arguments: tuple[str, ...], said: str
) -> None:
    """Two results for stdout, or stdout and the model itself, are refused before any work."""
    before = state(digits)
    assert (2, "", f"maskctl: {said}\n") == run(*few, "-o", "-", *arguments)
    assert before == state(digits)


def test_two_names_of_stdout(few: tuple[str, ...], digits: Path) -> None:
    """/dev/stdout is stdout too."""
    for option in ("--json", "--html"):
        refused = spawn(*few, "-o", "-", option, "/dev/stdout", folder=digits)
        assert (2, "") == refused[:2]
        assert f"maskctl: {option} /dev/stdout and -o - are both for stdout. Give one of them a file.\n" == refused.err


def test_no_param_on_stdout_after_an_interrupt(
    run: Runner, few: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that is interrupted puts nothing on stdout: half a plan in a pipe looks like a whole one."""

    def interrupted(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("maskctl.cli.analysis_tables.print_proposal", interrupted)
    assert (130, "") == run(*few, "-o", "-")[:2]
