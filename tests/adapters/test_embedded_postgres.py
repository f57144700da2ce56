import os
import shutil
import signal
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.worker import wait_for
from trajectories.adapters import embedded_postgres


def answer(var: Path) -> int:
    with psycopg.connect(
        host=str(embedded_postgres.socket_folder(var)), user=embedded_postgres.USER, dbname="here"
    ) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return row[0]


def kill(var: Path) -> int:
    pid = embedded_postgres.server_pid(var)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: embedded_postgres.server_pid(var) is None, "the server to be gone")
    return pid


@pytest.fixture(scope="module")
def made(new_folder):
    """A data folder, on a path with a space, with one row in it."""
    var = new_folder() / "data folder" / "var"
    embedded_postgres.ensure_running(var, "here")
    with psycopg.connect(host=str(var / "postgres"), user=embedded_postgres.USER, dbname="here") as connection:
        connection.execute("CREATE TABLE kept (id int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    yield var
    embedded_postgres.stop(var)


@pytest.fixture
def var(made):
    embedded_postgres.ensure_running(made, "here")
    return made


def test_a_running_server_is_left_running(var):
    pid = embedded_postgres.server_pid(var)
    embedded_postgres.ensure_running(var, "here")
    assert embedded_postgres.server_pid(var) == pid
    assert answer(var) == 1


def test_a_killed_server_comes_back_with_its_data(var):
    killed = kill(var)
    embedded_postgres.ensure_running(var, "here")
    assert embedded_postgres.server_pid(var) not in {None, killed}
    assert answer(var) == 1


def test_the_recorded_id_may_be_another_programs_by_now(var):
    kill(var)
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        lines = [str(os.getpid()), *(var / "postgres" / name).read_text().splitlines()[1:]]
        (var / "postgres" / name).write_text("\n".join(lines) + "\n")
    assert embedded_postgres.server_pid(var) is None
    embedded_postgres.ensure_running(var, "here")
    assert answer(var) == 1


def test_a_stopped_server_leaves_no_process(var):
    embedded_postgres.stop(var)
    assert embedded_postgres.server_pid(var) is None
    assert [
        found for found in psutil.process_iter(["cmdline"]) if str(var) in " ".join(found.info["cmdline"] or [])
    ] == []


def test_only_its_owner_may_look_into_the_data(var):
    assert (var / "postgres").stat().st_mode & 0o077 == 0


def test_a_start_cut_short_is_begun_again(new_folder):
    var = new_folder()
    for name in ("postgres", "postgres.new"):
        (var / name / "base").mkdir(parents=True)
        (var / name / "postgresql.conf").write_text("half of it")
    embedded_postgres.ensure_running(var, "here")
    try:
        assert embedded_postgres.server_pid(var) is not None
        assert not (var / "postgres.new").exists()
    finally:
        embedded_postgres.stop(var)


def test_a_long_path_gets_a_short_socket(new_folder):
    var = new_folder() / ("deep" * 30)
    folder = embedded_postgres.socket_folder(var)
    assert len(os.fsencode(folder / ".s.PGSQL.5432")) <= embedded_postgres.LONGEST_SOCKET_PATH
    embedded_postgres.ensure_running(var, "here")
    try:
        assert (folder / ".s.PGSQL.5432").is_socket()
    finally:
        embedded_postgres.stop(var)
        shutil.rmtree(folder)


def test_a_server_that_cannot_start_says_why(var):
    embedded_postgres.stop(var)
    settings = var / "postgres" / "postgresql.auto.conf"
    before = settings.read_text()
    settings.write_text("shared_buffers = nonsense\n")
    try:
        with pytest.raises(
            RuntimeError,
            match=r"did not start: configuration file .* contains errors\. .*; set DATABASE_URL to use another server",
        ):
            embedded_postgres.ensure_running(var, "here")
    finally:
        settings.write_text(before)
