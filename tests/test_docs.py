"""What the docs say about commands, settings and licences is what the program has."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from click.testing import CliRunner

from qa.cli import cli
from qa.config import Config, allowed, load_config, setting_fields
from qa.train.questions import SOURCES

ROOT = Path(__file__).parents[1]
COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "docqa.toml.example").read_text(encoding="utf-8")
# Settings without a default in the file: left out means "decide yourself".
OPEN = {"read.threshold"}


@pytest.mark.parametrize("name", ["", *sorted(cli.commands)])
def test_the_docs_show_the_help_of_every_command(name: str) -> None:
    help_text = CliRunner().invoke(cli, [*name.split(), "--help"], prog_name="docqa", terminal_width=100).stdout
    assert help_text.strip() in COMMANDS


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_the_readme_names_every_command(name: str) -> None:
    assert f"docqa {name}" in README


def uncommented() -> str:
    return re.sub(r"^# (\w+ = )", r"\1", EXAMPLE, flags=re.MULTILINE)


def test_the_example_holds_every_setting_with_its_default(tmp_path: Path) -> None:
    written = tomllib.loads(uncommented())
    flat = {
        f"{key}.{name}" if isinstance(value, dict) else key: inner
        for key, value in written.items()
        for name, inner in (value.items() if isinstance(value, dict) else [("", value)])
    }
    assert set(flat) == {path for path, _ in setting_fields()}
    for path, field in setting_fields():
        if path not in OPEN:
            assert flat[path] == (str(field.default) if isinstance(field.default, Path) else field.default), path

    file = tmp_path / "docqa.toml"
    file.write_text(uncommented(), encoding="utf-8")
    assert load_config(file=file, environment={})


def test_the_example_as_it_stands_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "docqa.toml"
    file.write_text(EXAMPLE, encoding="utf-8")
    assert load_config(file=file, environment={}) == Config()


def test_the_example_says_what_each_number_and_choice_may_be() -> None:
    """The limits stand in the comment above the setting, as the field has them."""
    comments = {}
    for block in re.split(r"\n\s*\n", EXAMPLE):
        for name in re.findall(r"^# (\w+) = ", block, re.MULTILINE):
            comments[name] = block
    for path, field in setting_fields():
        for limit in re.findall(r'\d+|"[\w-]+"', allowed(field)):
            assert limit in comments[path.rpartition(".")[2]], f"{path}: {allowed(field)}"


def direct_dependencies() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(requirement for extra in extras for requirement in extra)]
    return [re.split(r"[^\w-]", requirement)[0] for requirement in wanted]


@pytest.mark.parametrize("name", direct_dependencies())
def test_every_direct_dependency_is_locked_and_its_licence_listed(name: str) -> None:
    assert re.search(rf"^{name}==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    assert f"| {name} | " in (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")


def test_the_licence_of_all_training_data_is_listed_and_of_no_other() -> None:
    section = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8").partition("the reader is trained on")[2]
    patterns = re.findall(r"`([^`]+)` \|$", section, re.MULTILINE)
    rows = {source: [pattern for pattern in patterns if fnmatchcase(source, pattern)] for source in SOURCES}
    assert {source: found for source, found in rows.items() if len(found) != 1} == {}
    assert set(patterns) == {pattern for found in rows.values() for pattern in found}
    assert len(re.findall(r"^\| ", section, re.MULTILINE)) == len(patterns) + 2  # two lines of heading


@pytest.mark.parametrize(
    "page", sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")]), ids=lambda page: page.name
)
def test_links_and_pictures_of_the_docs_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"make (\w+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
