"""`manage.py up` as a person meets it: started, hurt, started again, stopped."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.worker import ROOT, wait_for
from trajectories.adapters import embedded_postgres, instance


class Installation:
    """A checkout's `manage.py up` on a data folder and a port of its own."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.log = var.parent / "output"
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> dict[str, object]:
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        environment |= {"MINICOLUMN_VAR": str(self.var), "PORT": str(self.port), "WORKER_PROCESSES": "1"}
        return {"args": [sys.executable, "manage.py", "up"], "cwd": ROOT, "env": environment}

    def start(self) -> str:
        """Start; what it said until the web server answered."""
        self.launch()
        return self.wait_for_address()

    def launch(self) -> None:
        """Start, without waiting for anything."""
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                **self.command(),
                stdout=output,
                stderr=output,
                start_new_session=True,  # type: ignore[call-overload]
            )

    def clear(self) -> None:
        """End whatever of it is still there."""
        if self.process is not None and not self.has_ended():
            self.process.kill()
            self.process.wait()
        instance.stop_marked(self.var)
        embedded_postgres.stop(self.var)

    def wait_for_address(self) -> str:
        """What it said until the web server answered."""
        wait_for(lambda: "Stop with Ctrl-C." in self.output() or self.has_ended(), "the address", seconds=300)
        assert not self.has_ended(), self.output()
        return self.output()

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def status(self, path: str = "/health/") -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def query(self, sql: str) -> int:
        with psycopg.connect(
            host=str(embedded_postgres.socket_folder(self.var)), user=embedded_postgres.USER, dbname="minicolumn"
        ) as connection:
            row = connection.execute(sql.encode()).fetchone()
        assert row is not None
        return int(row[0])

    def processes(self) -> list[int]:
        """Everything that works on this data folder."""
        return [process.pid for process in psutil.process_iter() if self._is_ours(process)]

    def running(self, name: str) -> list[int]:
        """Those of its processes that are called so."""
        return [pid for pid in self.processes() if _name_of(pid) == name]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            marked = process.environ().get(instance.MARK) == str(self.var)
            return process.status() != psutil.STATUS_ZOMBIE and (marked or str(self.var) in " ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False


def _name_of(pid: int) -> str:
    """The name of a process; nothing for one that has just ended."""
    try:
        return psutil.Process(pid).name()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return ""


@pytest.fixture
def installation(new_folder):
    made = Installation(new_folder() / "var")
    yield made
    made.clear()


def test_a_taken_port_stops_it_before_anything_starts(installation):
    with socket.create_server(("127.0.0.1", installation.port)):
        done = subprocess.run(**installation.command(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(rf"Port {installation.port} on 127.0.0.1 is taken; .*PORT=\d+ make run\n", done.stderr)
    assert not (installation.var / "postgres").exists()


@pytest.mark.long
def test_it_survives_what_happens_to_it(installation):
    said = installation.start()
    assert installation.status("/login/") == 200
    password = (installation.var / "admin_password").read_text().strip()
    assert f"http://localhost:{installation.port}" in said
    assert password in said
    assert (installation.var / "admin_password").stat().st_mode & 0o777 == 0o600
    assert (installation.var / "secret_key").stat().st_mode & 0o777 == 0o600
    problems = installation.query("SELECT count(*) FROM trajectories_problem")
    assert problems > 700
    assert installation.query("SELECT count(*) FROM trajectories_run") == 1

    # Started twice.
    second = subprocess.run(**installation.command(), capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert f"process {json.loads((installation.var / 'up.lock').read_text())['pid']}" in second.stderr
    assert installation.status() == 200

    # Its database is killed.
    killed = embedded_postgres.server_pid(installation.var)
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: embedded_postgres.server_pid(installation.var) not in {None, killed}, "another server")
    wait_for(lambda: installation.status() == 200, "the database behind the web server")
    wait_for_work(installation)

    # Each of its processes but the web server is killed.
    for name in ("beat", "database", "workers", "quick worker"):
        dead = set(installation.running(name))
        assert dead, name
        for pid in dead:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: set(installation.running(name)) - dead, f"another {name}")  # noqa: B023
        assert not installation.has_ended()
        assert installation.status() == 200
        wait_for_work(installation)

    # It is killed itself, and started again.
    installation.end(signal.SIGKILL)
    assert "had left running" in installation.start()
    assert installation.status() == 200
    assert password in installation.output()
    assert installation.query("SELECT count(*) FROM trajectories_problem") == problems
    assert installation.query("SELECT count(*) FROM trajectories_run") == 1

    # It is asked to stop.
    assert installation.end(signal.SIGINT) == 0
    assert wait_for(lambda: installation.processes() == [], "the end of every process")

    # Its web server ends: without it there is no reason to go on.
    installation.start()
    (web,) = (pid for pid in installation.running("web") if psutil.Process(pid).ppid() == installation.process.pid)
    os.kill(web, signal.SIGKILL)
    assert installation.process.wait(timeout=60) == 128 + signal.SIGKILL
    assert wait_for(lambda: installation.processes() == [], "the end of every process")


@pytest.mark.long
def test_of_two_starts_at_once_one_serves_and_its_folder_may_be_moved(installation):
    # Started twice at the same moment.
    other = Installation(installation.var)
    other.log, other.port = installation.var.parent / "other", installation.port
    for each in (installation, other):
        each.launch()
    wait_for(lambda: installation.has_ended() or other.has_ended(), "one of them to give way")
    first, second = (other, installation) if installation.has_ended() else (installation, other)
    assert second.process.wait() == 1
    assert second.output().startswith("Minicolumn is running already on this data")
    first.wait_for_address()
    assert first.status() == 200
    assert installation.query("SELECT count(*) FROM trajectories_run") == 1
    problems = installation.query("SELECT count(*) FROM trajectories_problem")
    password = (installation.var / "admin_password").read_text()
    wait_for_work(installation)

    # Stopped, moved and started; then killed, moved and started.
    assert first.end(signal.SIGINT) == 0
    for name, number in (("moved elsewhere", signal.SIGKILL), ("and once more", signal.SIGINT)):
        moved = installation.var.with_name(name)
        installation.var.rename(moved)
        installation.var = moved
        installation.start()
        assert installation.status("/login/") == 200
        assert installation.query("SELECT count(*) FROM trajectories_problem") == problems
        assert (installation.var / "admin_password").read_text() == password
        wait_for_work(installation)
        installation.end(number)
        instance.stop_marked(installation.var)
        embedded_postgres.stop(installation.var)


def wait_for_work(installation: Installation) -> None:
    """A worker takes a new bell: the sweep's come every few seconds."""
    made = "SELECT count(*) FROM pgmq.meta WHERE queue_name = 'sweeps'"
    wait_for(lambda: installation.query(made), "the first worker or bell")
    rung = "SELECT last_value FROM pgmq.q_sweeps_msg_id_seq"
    new = installation.query(rung) + 1
    wait_for(lambda: installation.query(rung) >= new, "another bell")
    wait_for(lambda: installation.query(f"SELECT count(*) FROM pgmq.q_sweeps WHERE msg_id = {new}") == 0, "its hearing")
