"""A database with all migrations applied, made once for each state of them and copied for every process of tests.

Migrating takes seconds, a copy one. The copies are migrated all the same, which finds nothing left to do and
brings permissions and roles to what the code says.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import psycopg
from django.core.management import call_command
from django.db import connection

from tests.worker import install_queues
from trajectories.adapters.schema_script import SCRIPT
from webapp.database import is_embedded

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "ready_made_"
LOCK = 0x72656164
"""Of the server, for as long as one process makes the database: the others wait for it."""


def copy_ready_made() -> None:
    """Let test databases be copies, where the server is our own."""
    if not is_embedded():
        return
    name = PREFIX + _state()
    with own_server() as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        found = {row[0] for row in server.execute("SELECT datname FROM pg_database WHERE datname ~ %s", [f"^{PREFIX}"])}
        if name not in found:
            _make(server, f"{name}_unfinished")
            server.execute(f"ALTER DATABASE {name}_unfinished RENAME TO {name}".encode())
            # Nothing may be connected to what is copied, the server's own vacuum included.
            server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        for other in found - {name}:
            server.execute(f"DROP DATABASE IF EXISTS {other} WITH (FORCE)".encode())
    connection.settings_dict["TEST"]["TEMPLATE"] = name


def _state() -> str:
    """What tells one state of the migrations from another: ours, and the pins that other packages' come from."""
    told = sha256()
    migrations = sorted((ROOT / "trajectories" / "migrations").rglob("*.py"))
    for path in (*migrations, SCRIPT, ROOT / "requirements-dev.txt"):
        told.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return told.hexdigest()[:16]


def _make(server: "psycopg.Connection[tuple[str]]", name: str) -> None:
    server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
    server.execute(f"CREATE DATABASE {name}".encode())
    with _connected_to(name):
        call_command("migrate", verbosity=0)
        install_queues()


@contextmanager
def _connected_to(name: str) -> Iterator[None]:
    before = connection.settings_dict["NAME"]
    leave_database()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        leave_database()
        connection.settings_dict["NAME"] = before


def leave_database() -> None:
    """Close all connections of this process to its database, as whoever copies it has to."""
    connection.close()
    connection.close_pool()


@contextmanager
def own_server() -> Iterator["psycopg.Connection[tuple[str]]"]:
    """A connection to the server of the test databases, to none of them."""
    settings = connection.settings_dict
    with psycopg.connect(host=settings["HOST"], user=settings["USER"], dbname="postgres", autocommit=True) as server:
        yield server
