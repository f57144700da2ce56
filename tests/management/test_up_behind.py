"""What `make run` has installed beside and behind the first start."""

import time

import psutil
import pytest

from trajectories.adapters import instance
from trajectories.management import preparation
from trajectories.management.commands.up import install_behind, installing_tools
from trajectories.management.preparation import static_fingerprint


def test_the_program_named_runs_with_the_mark_of_the_data_folder(tmp_path, settings, monkeypatch):
    settings.BASE_DIR = tmp_path
    program = tmp_path / "extras"
    program.write_text(f'#!/bin/sh\necho "$1 ${instance.MARK}" > part && mv part done\n')
    program.chmod(0o755)
    monkeypatch.setenv("MINICOLUMN_EXTRAS", "extras")
    monkeypatch.setenv(instance.MARK, "here")
    install_behind()
    deadline = time.monotonic() + 30
    while not (tmp_path / "done").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (tmp_path / "done").read_text() == "--optional here\n"


def test_without_a_name_nothing_is_installed(tmp_path, settings, monkeypatch):
    settings.BASE_DIR = tmp_path
    monkeypatch.delenv("MINICOLUMN_EXTRAS", raising=False)
    install_behind()
    assert list(tmp_path.iterdir()) == []


def test_tools_are_installed_meanwhile_and_waited_for(tmp_path, settings, monkeypatch):
    settings.BASE_DIR = tmp_path
    program = tmp_path / "tools"
    program.write_text(
        f'#!/bin/sh\nwhile [ ! -e go ]; do sleep 0.02; done\necho "$1 $2 ${instance.MARK}" > part && mv part done\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("MINICOLUMN_TOOLS", "tools bubblewrap sandbox")
    monkeypatch.setenv(instance.MARK, "here")
    with installing_tools() as tools:
        assert tools.poll() is None
        (tmp_path / "go").touch()  # the caller goes on at once: it lets the program end, which waits for it
        assert tools.wait(timeout=30) == 0
        assert (tmp_path / "done").read_text() == "bubblewrap sandbox here\n"


def test_tools_end_with_a_start_that_fails(tmp_path, settings, monkeypatch):
    settings.BASE_DIR = tmp_path
    program = tmp_path / "tools"
    program.write_text("#!/bin/sh\necho $$ > part && mv part pid\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("MINICOLUMN_TOOLS", "tools")

    def fail_once_they_run():
        deadline = time.monotonic() + 30
        while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        raise RuntimeError("no database")

    with pytest.raises(RuntimeError, match="no database"), installing_tools():
        fail_once_they_run()
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_without_tools_nothing_is_waited_for(monkeypatch):
    monkeypatch.delenv("MINICOLUMN_TOOLS", raising=False)
    with installing_tools() as tools:
        assert tools is None


def test_another_package_leaves_the_collected_files_as_they_are(monkeypatch):
    """The families of problems are installed behind the first start: the second one collected all files again."""
    before = static_fingerprint()
    monkeypatch.setattr("importlib.metadata.distributions", lambda: ())
    assert static_fingerprint() == before
    monkeypatch.setattr(preparation, "version", lambda name: f"{name} 99")
    assert static_fingerprint() != before
