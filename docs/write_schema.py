"""Writes trajectories/adapters/schema.sql, by which a new installation gets its tables: `python docs/write_schema.py`.

To be run after every new migration. All migrations are applied to an empty database in a folder of its own.
"""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Migrate an empty database one migration after the other, and write down what came of it."""
    import django
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from webapp.database import ensure_database

    ensure_database()
    django.setup()

    from trajectories.adapters.schema_script import APP, SCRIPT, write_script

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    (head,) = (name for _, name in executor.loader.graph.leaf_nodes(APP))
    SCRIPT.write_text(write_script(head), encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    with TemporaryDirectory() as folder:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "webapp.settings", "MINICOLUMN_VAR": folder}
        main()
