"""The sandbox's interpreter and its environment; `make` installs packages into one, these tests do not."""

import subprocess
import sys
from pathlib import Path

import pytest

from trajectories.adapters.sandbox.environment import STAMP, create_environment, describe_python, main

PROJECT = Path(__file__).parents[2]


def test_an_environment_without_packages_is_made_and_then_left_alone(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("")
    folder = tmp_path / "environment"
    assert create_environment(folder, requirements) is True
    assert (folder / "bin" / "python").exists()
    assert create_environment(folder, requirements) is False
    requirements.write_text("# changed\n")
    assert create_environment(folder, requirements) is True


def test_a_failed_installation_is_not_taken_for_done(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("no hash at all==1\n")
    with pytest.raises(subprocess.CalledProcessError):
        create_environment(tmp_path / "environment", requirements)
    assert not (tmp_path / "environment" / STAMP).exists()


def test_the_command_line_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("")
    arguments = [str(tmp_path / "environment"), str(requirements)]
    assert main(arguments) == 0
    assert main(arguments) == 0
    assert [line.rpartition(": ")[2] for line in capsys.readouterr().out.splitlines()] == ["installed", "up to date"]
    assert main([]) == 2
    assert "usage: " in capsys.readouterr().err


def test_the_own_interpreter_brings_no_packages() -> None:
    python = describe_python(None)
    assert python.site is None
    assert list(python.versions) == ["CPython"]
    assert python.executable == Path(sys.executable).resolve()
    assert any((folder / "json").is_dir() for folder in python.folders)


def test_requirements_are_pinned_with_hashes_and_name_no_index() -> None:
    text = (PROJECT / "requirements-sandbox.txt").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert {line.partition("==")[0] for line in lines} == {"numpy", "scipy"}
    assert text.count("--hash=sha256:") > len(lines)
    assert "http" not in text
