"""The public surface: `qa.__all__`, which the page, the command line and the evaluation live on."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import subprocess
import sys

import pytest

import qa


@pytest.mark.parametrize("name", qa.__all__)
def test_every_name_can_be_imported_and_is_documented(name: str) -> None:
    assert inspect.getdoc(getattr(qa, name))


def test_the_list_is_sorted_and_complete() -> None:
    """A type checker sees the imports below TYPE_CHECKING, a running program `__all__`: both must name the same."""
    tree = ast.parse(inspect.getsource(qa))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.asname or alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert list(qa.__all__) == sorted(qa.__all__)
    assert typed == set(qa.__all__)


def test_no_name_is_that_of_a_module() -> None:
    """Importing `qa.x` makes the module an attribute of the package, in the place of an exported `x`."""
    assert not set(qa.__all__) & {module.name for module in pkgutil.iter_modules(qa.__path__)}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = qa.Nothing


def test_importing_the_package_loads_no_heavy_library() -> None:
    heavy = "{'numpy', 'torch', 'langchain_core', 'gradio', 'pydantic', 'faiss', 'onnxruntime', 'rich'}"
    code = f"import sys, qa, qa.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
