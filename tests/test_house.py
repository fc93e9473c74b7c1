"""The plan of the house as code: which room may import which, and how large things may grow."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from maskctl import cli, errors

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "maskctl"
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

DOORS = {
    "errors": set[str](),
    "featmask": {"errors"},
    "toml_text": {"errors"},
    "param": {"errors", "featmask"},
    "numeric": {"errors"},
    "layers": {"errors", "numeric"},
    "graph": {"errors", "param", "numeric", "layers"},
    "kernels": {"errors", "numeric", "layers"},
    "targets": {"errors", "featmask", "graph", "kernels"},
    "lint": {"errors", "featmask", "toml_text", "param", "numeric", "layers", "graph", "targets", "lock"},
    "lock": {"errors", "featmask", "toml_text", "param", "layers", "graph"},
    "executor": {"errors", "featmask", "param", "numeric", "layers", "graph", "kernels", "targets"},
    "analysis": {"errors", "featmask", "param", "numeric", "layers", "graph", "kernels", "targets", "executor"},
    "peers": {"errors", "numeric", "layers", "graph", "kernels", "targets"},
    "reduce": {"errors", "param", "numeric", "layers", "graph", "executor", "analysis", "peers"},
    "report": {"featmask", "param", "graph", "lint", "lock", "executor", "analysis"},
}
"""What each room may import of ours, besides itself. The command line may import everything."""

ONE_ROOM_ONLY = {"click": "cli", "rich": "cli", "ncnn": "peers", "onnx": "peers", "PIL": "executor"}

MAX_FUNCTION_LINES = 40
MAX_MODULE_LINES = 400


def imports(path: Path) -> Iterator[str]:
    """Dotted names of everything a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "maskctl":
            yield from (f"maskctl.{alias.name}" for alias in node.names if not alias.name.startswith("__"))
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def room_of(path: Path) -> str:
    """The room a module lies in."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions and methods of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its signature and docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_rooms_open_only_the_doors_of_the_plan() -> None:
    """No module imports a room that the plan does not let it import."""
    broken = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in MODULES
        if (room := room_of(path)) in DOORS
        for name in imports(path)
        if name.startswith("maskctl.") and (other := name.split(".")[1]) != room and other not in DOORS[room]
    ]
    assert [] == broken


def test_every_room_is_in_the_plan() -> None:
    """Each folder and module of the package is a room of the plan, or the front door."""
    assert set(DOORS) | {"cli", "__init__", "__main__", "__pycache__"} >= {room_of(path) for path in MODULES}


def test_outside_libraries_stay_in_their_room() -> None:
    """click and rich are known to the command line only, ncnn and onnx to the peers, pillow to the input readers."""
    broken = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in MODULES
        for name in imports(path)
        if ONE_ROOM_ONLY.get(name.split(".")[0], room_of(path)) != room_of(path)
    ]
    assert [] == broken


def test_functions_stay_short() -> None:
    """No function body is longer than 40 lines."""
    long = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in MODULES
        for node in functions(path)
        if body_lines(node) > MAX_FUNCTION_LINES
    ]
    assert [] == long


def test_modules_stay_short() -> None:
    """No module is longer than 400 lines."""
    long = [path for path in MODULES if len(path.read_text(encoding="utf-8").splitlines()) > MAX_MODULE_LINES]
    assert [] == long


def test_every_error_is_used() -> None:
    """Each exception of the tree is raised somewhere."""
    text = "".join(path.read_text(encoding="utf-8") for path in MODULES if room_of(path) != "errors")
    names = [name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)]
    assert [] == [name for name in names if name != "MaskctlError" and f"{name}(" not in text]


def test_every_test_says_its_promise() -> None:
    """Each test function has a docstring that is a sentence."""
    silent = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in TESTS
        for node in functions(path)
        if node.name.startswith("test_") and not (ast.get_docstring(node) or "").rstrip().endswith(".")
    ]
    assert [] == silent


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help_and_an_example(name: str) -> None:
    """Each command's help holds at least one example of its own call, and its options all say what they do."""
    command: click.Command = importlib.import_module(cli.COMMANDS[name]).command
    assert f"maskctl {name} " in (command.help or "")
    assert [] == [option.name for option in command.params if isinstance(option, click.Option) and not option.help]


def test_the_plan_in_words_is_the_plan_in_code() -> None:
    """The table of rooms in docs/architecture.md names exactly the rooms of the plan."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(\w+)(?:\.py|/)` \|", text, flags=re.MULTILINE))
    assert set(DOORS) | {"cli"} == named
