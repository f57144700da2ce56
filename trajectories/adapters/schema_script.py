"""The tables of a new installation in one script: what all migrations together make, in a second instead of half a
minute.

`docs/write_schema.py` writes it from the catalogue of a database that every migration was applied to, one after the
other. A database that has none of the tables yet gets them by it; one that has some is migrated as ever.
"""

from collections.abc import Sequence
from pathlib import Path

from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from trajectories.adapters.acting import SHARED_SCHEMA
from trajectories.adapters.project_schemas import PREFIX, all_tables, statements_of

SCRIPT = Path(__file__).with_name("schema.sql")
APP = "trajectories"
_HEAD = "-- The tables after the migration "
# A function in SQL names tables that come after it.
_BEFORE = "SET LOCAL check_function_bodies = off"


def read_head() -> str:
    """The name of the migration after which tables are as the script makes them; "" where there is no script."""
    if not SCRIPT.exists():
        return ""
    with SCRIPT.open(encoding="utf-8") as script:
        return script.readline().removeprefix(_HEAD).strip()


def write_script(head: str) -> str:
    """The script for the tables as they are in this database, after the migration `head`."""
    statements = statements_of(all_tables(), SHARED_SCHEMA, SHARED_SCHEMA)
    return f"{_HEAD}{head}\n" + "".join(f"{statement.strip()};\n" for statement in statements)


def has_tables() -> bool:
    """Whether there is any table of the application in the first schema."""
    return any(name.startswith(PREFIX) for name in all_tables())


def run_script(migrations: Sequence[str]) -> None:
    """Make the tables and note the migrations, in their order, as applied: all of it or nothing.

    What the tables refer to, accounts for example, has to be there.
    """
    recorder = MigrationRecorder(connection)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{_BEFORE};\n{SCRIPT.read_text(encoding='utf-8')}")
        for name in migrations:
            recorder.record_applied(APP, name)
