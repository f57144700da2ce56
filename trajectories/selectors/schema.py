"""Whether the database is of this version of the product."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from trajectories.adapters.project_schemas import unmigrated_projects

_ready: set[str] = set()


def unready_migrations() -> list[str]:
    """One sentence where migrations are missing, else nothing. Once none was missing, none will be for this process."""
    name = str(connection.settings_dict["NAME"])
    if name in _ready:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return []
    executor = MigrationExecutor(connection)
    behind = unmigrated_projects()
    missing = [str(step) for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    if behind:
        return [f"The tables of {len(behind)} project(s) lack migrations: {behind[0]}. Run `manage.py prepare`."]
    if not missing:
        _ready.add(name)
        return []
    shown = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
    return [f"The database lacks {len(missing)} migration(s): {shown}. Run `manage.py prepare`."]
