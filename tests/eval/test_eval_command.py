"""`python -m eval` as a CI system sees it: its exit code and its last line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from eval.gate import write_baseline
from eval.saved import write_run
from tests.eval.records import answered, good_run, run_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A baseline, a run that equals it, a run that is worse, and a file."""
    run = good_run()
    write_baseline(run, tmp_path / "baseline.json")
    write_run(run, tmp_path / "same")
    wrong = {f"q{number}": answered(number, 0.7, "Nobody knows.", 600) for number in (1, 2, 3)}
    write_run(run_of(run.gold, [wrong.get(record.id, record) for record in run.records]), tmp_path / "worse")
    (tmp_path / "file").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("run", "markdown", "code", "last"),
    [
        ("same", "new/gate.md", 0, "No regression over 20 questions"),
        ("worse", "gate.md", 1, "Regression: "),
        ("none", "gate.md", 2, "Error: "),
        ("same", "file/gate.md", 2, "Error: unexpected "),
    ],
    ids=["as before", "worse", "no such run", "the verdict cannot be written"],
)
def test_only_a_regression_ends_with_1(folder: Path, run: str, markdown: str, code: int, last: str) -> None:
    options = {"--run": run, "--baseline": "baseline.json", "--markdown": markdown}
    given = [f"{option}={folder / name}" for option, name in options.items()]
    command = [sys.executable, "-m", "eval", "gate", *given]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code
    said = done.stderr if code == 2 else done.stdout
    assert said.splitlines()[-1].startswith(last)
    assert ("Traceback" in done.stderr) == ("unexpected" in last)
