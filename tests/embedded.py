"""A pytest plugin loaded before pytest-django reads the settings: the tests' own database, and cheaper starts."""

import gc
import os
import sys
from pathlib import Path

import psycopg

os.environ.setdefault("MINICOLUMN_VAR", str(Path(__file__).resolve().parent.parent / "var" / "test"))
os.environ["DEBUG"] = "0"
# Compiled modules are kept, whatever the shell says: a hundred processes that tests start would each compile them anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from trajectories.adapters import embedded_postgres
from webapp.database import ensure_database, is_embedded
from webapp.environment import var_dir

sys.dont_write_bytecode = False
# Fourteen thousand tests are collected, and nothing of them goes away: to look for garbage among them, again and again,
# takes a quarter of the time of collecting them.
gc.disable()

# The middleware of static files warns at every client of a test where its folder is missing.
(var_dir() / "static").mkdir(parents=True, exist_ok=True)

ensure_database()
if is_embedded():
    # A test database need not survive a power cut.
    with psycopg.connect(
        host=str(embedded_postgres.socket_folder(var_dir())),
        user=embedded_postgres.USER,
        dbname="postgres",
        autocommit=True,
    ) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {name} = off".encode())
        connection.execute("SELECT pg_reload_conf()")


def pytest_collection_finish() -> None:
    """From here on there is garbage; what has been collected and imported is not looked through for it."""
    gc.freeze()
    gc.enable()
