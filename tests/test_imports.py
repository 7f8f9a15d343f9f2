"""The arrows of the architecture: index <- qa <- (ui, eval), and the command line alone starts the page."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = {"index", "qa", "ui", "eval", "tests"}
FILES = sorted([*(path for part in ("index", "qa", "eval") for path in (ROOT / part).rglob("*.py")), ROOT / "ui.py"])


def imported(tree: ast.AST, path: Path) -> Iterator[tuple[str, int, bool]]:
    """Every module of this project that a file imports, the line, and whether that is at the file's top level."""
    top = set(map(id, tree.body)) if isinstance(tree, ast.Module) else set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            names = [node.module or ""]
        else:
            continue
        for name in names:
            if name.split(".")[0] in OURS:
                yield name, node.lineno, id(node) in top


def forbidden(importer: str, module: str, at_top: bool) -> str:
    """Why a file (its path below the root) may not import a module; "" when it may."""
    own, package = importer.split("/", maxsplit=1)[0].removesuffix(".py"), module.split(".", maxsplit=1)[0]
    if package == own:
        return ""
    if importer == "qa/cli.py" and module == "ui":
        return "the page is heavy: import it where it is started" if at_top else ""
    if own == "qa" and package == "index":
        return ""
    if own in ("ui", "eval") and module == "qa":
        return ""
    if own in ("ui", "eval") and package == "qa":
        return "use what qa/__init__.py exports"
    return "an arrow that the architecture does not have"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_follow_the_arrows(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=name)
    wrong = [
        f"{name}:{line}: {module}: {reason}"
        for module, line, at_top in imported(tree, path)
        if (reason := forbidden(name, module, at_top))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("importer", "module", "at_top"),
    [
        ("index/store.py", "qa.types", False),
        ("index/store.py", "ui", False),
        ("qa/chain.py", "ui", False),
        ("qa/chain.py", "eval.run", False),
        ("qa/cli.py", "ui", True),
        ("qa/cli.py", "eval", False),
        ("ui.py", "qa.chain", False),
        ("ui.py", "index.store", False),
        ("eval/run.py", "index.types", False),
        ("eval/run.py", "ui", False),
        ("qa/chain.py", "tests.conftest", False),
    ],
)
def test_other_arrows_are_noticed(importer: str, module: str, at_top: bool) -> None:
    assert forbidden(importer, module, at_top)


def test_every_package_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {".".join(path.relative_to(ROOT).parent.parts) for path in FILES if path.name != "ui.py"}
    assert set(project["tool"]["setuptools"]["packages"]) == packages


def test_imports_inside_functions_are_seen_too() -> None:
    tree = ast.parse("import index.store\ndef f():\n    from qa import chain\n")
    assert list(imported(tree, Path("x.py"))) == [("index.store", 1, True), ("qa", 3, False)]
