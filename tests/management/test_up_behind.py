"""What `make run` has installed behind the first start."""

import time

from trajectories.adapters import instance
from trajectories.management.commands.up import install_behind


def test_the_program_named_runs_with_the_mark_of_the_data_folder(tmp_path, settings, monkeypatch):
    settings.BASE_DIR = tmp_path
    program = tmp_path / "extras"
    program.write_text(f'#!/bin/sh\necho "$1 ${instance.MARK}" > part && mv part done\n')
    program.chmod(0o755)
    monkeypatch.setenv("MINICOLUMN_EXTRAS", "extras")
    install_behind({instance.MARK: "here", "PATH": "/usr/bin:/bin"})
    deadline = time.monotonic() + 30
    while not (tmp_path / "done").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (tmp_path / "done").read_text() == "--optional here\n"


def test_without_a_name_nothing_is_installed(tmp_path, settings, monkeypatch):
    settings.BASE_DIR = tmp_path
    monkeypatch.delenv("MINICOLUMN_EXTRAS", raising=False)
    install_behind({})
    assert list(tmp_path.iterdir()) == []
