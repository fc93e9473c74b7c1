"""What settings files say, where they are found, and how the command line goes before them."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskctl.errors import InputError
from maskctl.lint.finding import Severity
from maskctl.lint.plan import Asked, plan_for
from maskctl.lint.rule import rules
from maskctl.lint.settings import Ignore, Settings, has_settings, parse_settings
from maskctl.lint.settings_files import settings_finder

WHOLE = """
[lint]
select = ["graph", "unknown-mask-bit"]
ignore = ["undefined-blob"]
extend-select = ["layer-count-mismatch"]
target = "x86"
runtime = "1.0.20241226"
weights = false
strict = true
custom-layers = ["MyLayer"]
shapes = { data = [3, 224, 224], "cache*" = "0" }
ranges = { data = [[0, 255], [0, 1]], mask = [0, 1.5], old = "-1:1" }

[lint.severity]
unknown-mask-bit = "error"

[lint.per-file-ignores]
"models/*.param" = ["mask"]
"net.param:conv:0*" = ["all"]
"""


def test_every_key() -> None:
    """Each key is read into what it means."""
    expected = Settings(
        "maskctl.toml",
        WHOLE,
        select=("graph", "unknown-mask-bit"),
        ignore=("undefined-blob",),
        extend_select=("layer-count-mismatch",),
        target="x86",
        runtime=20241226,
        weights=False,
        strict=True,
        custom_layers=frozenset({"MyLayer"}),
        severity={"unknown-mask-bit": Severity.ERROR},
        shapes={"data": (3, 224, 224), "cache*": (0,)},
        ranges={"data": ((0.0, 255.0), (0.0, 1.0)), "mask": ((0.0, 1.5),), "old": ((-1.0, 1.0),)},
        per_file_ignores=(Ignore("models/*.param", "", ("mask",)), Ignore("net.param", "conv:0*", ("all",))),
    )
    assert expected == parse_settings(WHOLE, "maskctl.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[lint", "this is no TOML: "),
        (f"lint = {'[' * 5000}", "this is no TOML: its brackets are nested too deeply."),
        (f"[lint]\nruntime = {'9' * 5000}", "this is no TOML: "),
        ("[lnt]", "there is no key 'lnt'. Did you mean 'lint'?"),
        ("lint = 1", "'lint' is 1. Expected a table, [lint]."),
        ("[lint]\nselct = []", "there is no key 'lint.selct'. Did you mean 'select'?"),
        ("[lint]\nselect = 'graph'", "'lint.select' is 'graph'. Expected a list of names, "),
        (
            "[lint]\nignore = ['grahp']",
            "'lint.ignore' names 'grahp', which is no rule and no group. Did you mean 'graph'?",
        ),
        ("[lint]\ntarget = 'arm'", "'lint.target' is 'arm'. "),
        ("[lint]\nruntime = 2024", "'lint.runtime' '2024' is no version of the engine. "),
        ("[lint]\nstrict = 'yes'", "'lint.strict' is 'yes'. Expected true or false."),
        ("[lint]\nshapes.data = '3,x'", "'lint.shapes' has '3,x' for 'data', which is no shape. "),
        ("[lint]\nranges.data = [0]", "'lint.ranges' has [0] for 'data', which is no range. "),
        ("[lint]\nshapes.data = [3, 0]", "'lint.shapes' has [3, 0] for 'data', which is no shape. "),
        ("[lint]\nranges.data = '1:0'", "'lint.ranges' has '1:0' for 'data', which is no range. "),
        (
            "[lint.severity]\nundefined-blob = 'eror'",
            "'lint.severity' has 'eror' for 'undefined-blob'. Did you mean 'error'?",
        ),
        ("[lint.severity]\ngraph = 'error'", "'lint.severity' names 'graph', which is no rule."),
        (
            "[lint.severity]\nundefined-blob = 1",
            "'lint.severity' has 1 for 'undefined-blob'. Expected one of error, warning, info.",
        ),
        (
            "[lint]\ncustom-layers = 'Focus'",
            "'lint.custom-layers' is 'Focus'. Expected a list of names, e.g. [\"YoloV5Focus\"].",
        ),
        (
            "[lint.per-file-ignores]\n'a.param' = 'mask'",
            "'lint.per-file-ignores' has 'mask' for 'a.param'. Expected a list of names, ",
        ),
        ("[lint.per-file-ignores]\n'a:' = ['all']", "'lint.per-file-ignores' has the key 'a:'. "),
        ("[lint.per-file-ignores]\na = ['undefined-blub']", "'lint.per-file-ignores' names 'undefined-blub', "),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    """What cannot be meant is refused with the file, the key, and the nearest that can."""
    with pytest.raises(InputError) as caught:
        parse_settings(text, "some/maskctl.toml")
    assert str(caught.value).startswith(f"some/maskctl.toml: {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.maskctl.lnt]", "there is no key 'tool.maskctl.lnt'. Did you mean 'lint'?"),
        ("[tool.maskctl]\nselect = ['file']", "there is no key 'tool.maskctl.select'. Keys are: lint."),
        ("[tool.maskctl.lint", "this is no TOML: "),
    ],
)
def test_mistakes_in_project_files(tmp_path: Path, text: str, message: str) -> None:
    """A project file that names maskctl's table counts, so that a misspelled key or a broken table does not go unseen."""
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        settings_finder()(str(tmp_path / "net.param"))
    assert caught.value.problem.startswith(message)


def test_byte_order_mark(tmp_path: Path) -> None:
    """A byte order mark, which some editors put in front, does not count."""
    (tmp_path / "maskctl.toml").write_text("[lint]\nstrict = true\n", encoding="utf-8-sig")
    assert settings_finder()(str(tmp_path / "net.param")).strict


def test_nearest_file(tmp_path: Path) -> None:
    """The nearest file counts, maskctl.toml before pyproject.toml, and a pyproject.toml that says nothing is passed over."""
    for name, text in (
        ("maskctl.toml", "[lint]\nruntime = 20240101"),
        ("a/pyproject.toml", "[tool.maskctl.lint]\nruntime = 20240102"),
        ("a/b/pyproject.toml", "[project]\nname = 'maskctl-user'"),
        ("a/b/c/maskctl.toml", "[lint]\nruntime = 20240103"),
        ("a/b/c/pyproject.toml", "[tool.maskctl.lint]\nruntime = 20240104"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    settings_for = settings_finder()
    found = [
        settings_for(str(tmp_path / name / "net.param")).runtime for name in ("", "x", "a", "a/b", "a/b/c", "a/b/c/d")
    ]
    assert [20240101, 20240101, 20240102, 20240102, 20240103, 20240103] == found


def test_command_line_goes_first() -> None:
    """--select takes the place of what the settings choose, --ignore comes on top, and the others replace theirs."""
    settings = parse_settings(WHOLE, "maskctl.toml")
    graph = {name for name, rule in rules().items() if rule.group == "graph"}

    def names(asked: Asked) -> set[str]:
        return {rule.name for rule in plan_for(asked, settings).rules}

    assert graph - {"undefined-blob"} | {"unknown-mask-bit", "layer-count-mismatch"} == names(Asked())
    assert {"undefined-blob"} == names(Asked(select=("undefined-blob",)))
    assert graph - {"undefined-blob"} == names(Asked(ignore=("unknown-mask-bit", "layer-count-mismatch")))
    plan = plan_for(Asked(target="arm82", runtime=20250101, shapes={"data": (1,)}), settings)
    found = plan.conditions
    assert ("arm82", 20250101, {"data": (1,), "cache*": (0,)}, False) == (
        found.target.name,
        found.runtime,
        found.shapes,
        found.reads_weights,
    )
    assert plan.is_strict
    assert [Severity.ERROR] == [rule.severity for rule in plan.rules if rule.name == "unknown-mask-bit"]


@pytest.mark.parametrize(
    "text", ["tool = 5 # maskctl", "tool.maskctl = 5", "tool.maskctl = {}", f"maskctl = {'[' * 5000}", "maskctl"]
)
def test_project_files_that_say_nothing(text: str) -> None:
    """A project file in which maskctl is no table or an empty one, or that is no TOML with its head, says nothing."""
    assert not has_settings(text)
