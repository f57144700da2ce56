"""A pytest plugin loaded before pytest-django reads the settings: the tests' own database."""

import os
from pathlib import Path

import psycopg

os.environ.setdefault("MINICOLUMN_VAR", str(Path(__file__).resolve().parent.parent / "var" / "test"))
os.environ["DEBUG"] = "0"

from trajectories.adapters import embedded_postgres
from webapp.database import ensure_database, is_embedded
from webapp.environment import var_dir

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
