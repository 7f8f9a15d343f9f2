"""The command line on real files, a real index and the embedded model."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import docx
import pytest
from click.testing import CliRunner, Result
from docx.oxml.ns import qn

from qa import terminal
from qa.cli import cli

TOWN = """# The town of Ostrava Bay

The lighthouse of Ostrava Bay was built in 1887 by the engineer Mara Lindqvist. It is 31 metres high.

The harbour has room for forty boats. Every Tuesday a market is held on the quay, where fishermen sell mackerel.
"""


def program(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What `docqa` with these arguments does in a process of its own, in this folder."""
    return subprocess.run(
        [sys.executable, "-m", "qa.cli", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with a corpus and its index, made once; tests copy it."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "seeds").mkdir()
    (folder / "seeds" / "town.md").write_text(TOWN, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run("index").exit_code == 0
    return folder


@pytest.fixture
def home(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    shutil.copytree(made, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def empty(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without documents and index; the prepared model is there, to spare the time of making it."""
    shutil.copytree(made / ".docqa" / "models", tmp_path / ".docqa" / "models")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, prog_name="docqa")


def failure(result: Result) -> str:
    """The one line on stderr of a command that could not do it."""
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.stderr
    line = result.stderr.strip().splitlines()[-1]
    assert line.startswith("docqa: ")
    return line


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_and_option_has_a_help_text(name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    for parameter in cli.commands[name].params:
        if parameter.param_type_name == "option":
            assert getattr(parameter, "help", None), parameter.name


def test_index_says_what_it_did_and_next_time_does_nothing(home: Path) -> None:
    (home / "seeds" / "notes.txt").write_text("The bakery opens at six.", encoding="utf-8")
    result = run("index")
    assert result.exit_code == 0
    assert "2 documents" in result.stdout
    assert "1 added, 0 changed, 0 moved, 0 deleted, 1 unchanged" in result.stdout
    assert "0 added, 0 changed, 0 moved, 0 deleted, 2 unchanged" in run("index").stdout


def test_files_left_out_are_named_and_the_exit_code_is_1(home: Path) -> None:
    (home / "seeds" / "broken.pdf").write_bytes(b"%PDF-1.4 and no more")
    result = run("index")
    assert result.exit_code == 1
    assert re.search(r"^left out: broken\.pdf: \S", result.stdout, re.MULTILINE)
    assert "left out: broken.pdf: " in run("status").stdout


def test_index_of_another_folder(home: Path) -> None:
    (home / "other").mkdir()
    (home / "other" / "mill.txt").write_text("The old mill stands by the river.", encoding="utf-8")
    shutil.copytree(home / ".docqa" / "models", home / "elsewhere" / "models")
    assert run("index", "--corpus", "other", "--index-dir", "elsewhere").exit_code == 0
    assert "mill.txt" in run("search", "old mill", "--index-dir", "elsewhere").stdout


def test_ask_prints_the_answer_and_beneath_it_its_sources(home: Path) -> None:
    result = run("ask", "Who built the lighthouse of Ostrava Bay?")
    assert result.exit_code == 0
    answer, sources = result.stdout.split("Sources (confidence ")
    assert "Mara Lindqvist" in answer
    assert "[1]" in answer
    assert "[1] The town of Ostrava Bay (town.md)" in sources
    assert "“The lighthouse of Ostrava Bay was built in 1887 by the engineer Mara Lindqvist.”" in sources


def test_ask_as_json_holds_quotes_that_stand_in_the_file(home: Path) -> None:
    answer = json.loads(run("ask", "--json", "Who", "built", "the lighthouse of Ostrava Bay?").stdout)
    assert answer["abstained"] is False
    assert answer["citations"]
    for citation in answer["citations"]:
        assert citation["quote"] in TOWN
        assert citation["uri"] == "town.md"


def test_a_reader_that_has_seen_enough_gets_no_complaint(home: Path) -> None:
    command = [sys.executable, "-m", "qa.cli", "search", "harbour", "market"]
    with subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_ask_abstains_with_a_reason_and_the_closest_passages(home: Path) -> None:
    result = run("ask", "What is the boiling point of tungsten?")
    assert result.exit_code == 0
    assert result.stdout.startswith("The documents do not answer this. ")
    assert "tungsten" in result.stdout
    assert "Closest passages:\n1. The town of Ostrava Bay (town.md)" in result.stdout


def test_search_shows_as_many_passages_as_asked_for(home: Path) -> None:
    (home / "seeds" / "market.txt").write_text("On the market, mackerel is sold from the boat.", encoding="utf-8")
    run("index")
    assert len(json.loads(run("search", "mackerel market", "--json").stdout)["hits"]) == 2
    result = run("search", "mackerel", "market", "-k", "1")
    assert re.findall(r"^\d+\. ", result.stdout, re.MULTILINE) == ["1. "]
    assert "cosine " in result.stdout
    assert "BM25 " in result.stdout


def test_status_shows_settings_with_their_source_models_and_index(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "docqa.toml").write_text("[read]\npassages = 5\n", encoding="utf-8")
    monkeypatch.setenv("DOCQA_CHAT__PORT", "8123")
    status = json.loads(run("status", "--json", "--index-dir", ".docqa").stdout)
    assert status["settings"]["read.passages"] == {"value": 5, "from": "docqa.toml"}
    assert status["settings"]["chat.port"] == {"value": 8123, "from": "DOCQA_CHAT__PORT"}
    assert status["settings"]["index_dir"] == {"value": ".docqa", "from": "--index-dir"}
    assert status["settings"]["corpus"] == {"value": "seeds", "from": "default"}
    assert len(status["models"]) == 2
    assert all(status["models"].values())
    assert status["index"]["documents"] == 1
    assert status["index"]["generation"] >= 1

    text = run("status").stdout
    assert re.search(r"read\.passages +5 \(docqa\.toml\)", text)
    assert all(digest in text for digest in status["models"].values())
    assert re.search(r"documents +1$", text, re.MULTILINE)

    run("index")
    assert json.loads(run("status", "--json").stdout)["index"]["root"] == str(home / "seeds")
    assert re.search(rf"folder +{re.escape(str(home / 'seeds'))}$", run("status").stdout, re.MULTILINE)


@pytest.mark.parametrize("command", [["ask", "Who?"], ["search", "lighthouse"], ["status"]])
def test_without_an_index_the_command_that_makes_one_is_named(empty: Path, command: list[str]) -> None:
    assert "docqa index" in failure(run(*command))


def test_status_without_an_index_still_shows_the_settings(empty: Path) -> None:
    assert re.search(r"chat\.port +7860 \(default\)", run("status").stdout)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["index", "--corpus", "nowhere"], "nowhere"),
        (["ask", ""], "empty"),
        (["ask", "?!"], "no word"),
        (["ask", "why " * 25_000], "100,000"),
        (["index", "--config", "none.toml"], "none.toml cannot be read"),
        (["chat", "--port", "many"], 'chat.port (from --port): "many" is not a whole number from 0 to 65535.'),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(home: Path, arguments: list[str], message: str) -> None:
    assert message in failure(run(*arguments))


def test_debug_shows_where_it_failed(home: Path) -> None:
    done = program(home, "index", "--corpus", "nowhere", "--debug")
    assert "Traceback" in done.stderr
    assert "CorpusError" in done.stderr


@pytest.mark.parametrize("debug", [False, True])
def test_a_file_that_nobody_foresaw_is_left_out_and_cannot_command_the_terminal(home: Path, debug: bool) -> None:
    made = docx.Document()
    cell = made.add_table(1, 1).cell(0, 0)._tc
    cell.grid_span = 2
    cell.tcPr.find(qn("w:gridSpan")).set(qn("w:val"), "many")
    made.save(str(home / "seeds" / "red\x1b[31m\x07\nIn order.docx"))
    done = program(home, "index", *(["--debug"] if debug else []))
    assert done.returncode == 1
    assert "left out: red\ufffd[31m\ufffd In order.docx: Damaged, or of an unknown kind (ValueError" in done.stdout
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.stdout + done.stderr)
    if debug:
        assert re.search(
            r"^red\ufffd\[31m\ufffd In order\.docx cannot be read\nTraceback.*\n  File ", done.stderr, re.MULTILINE
        )
    else:
        assert done.stderr == ""


def test_the_program_itself_exits_with_the_code_and_writes_one_line(empty: Path) -> None:
    done = program(empty, "index", "--corpus", "nowhere")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "nowhere" in done.stderr.strip().splitlines()[-1]


def test_chat_indexes_what_changed_and_serves_the_page(home: Path) -> None:
    (home / "seeds" / "inn.txt").write_text("The inn has nine rooms.", encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "qa.cli", "chat", "--port", "0"],
        cwd=home,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        try:
            lines = []
            for line in server.stdout:
                lines.append(line)
                if address := re.search(r"http://127\.0\.0\.1:\d+", line):
                    break
            assert address, "".join(lines)
            assert "1 added" in "".join(lines)
            with urllib.request.urlopen(address.group()) as page:
                assert page.status == 200
        finally:
            # Not SIGINT: a shell's background job, as some CI systems are, has it ignored.
            server.terminate()


def test_documents_cannot_command_the_terminal() -> None:
    hostile = "red \x1b[31m title \x1b]0;x\x07 \x9b2J line\r\nback\x08 \u202eright to left\u2069 \udce9 e\u0301 👩‍👧"
    shown = terminal.plain(hostile)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    assert "red \ufffd[31m title" in shown
    assert shown.endswith("e\u0301 👩‍👧")


def environment() -> dict[str, str]:
    """For a program started in another folder: this project's modules, wherever it is installed."""
    root = str(Path(__file__).parents[2])
    return {**os.environ, "PYTHONPATH": root}
