"""Django's `migrate`, for the tables of every project."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from trajectories.adapters.acting import FIRST, acting_in, acting_project, schema_of
from trajectories.adapters.patient_locks import LockedOutError, try_patiently
from trajectories.adapters.project_schemas import projects_with_schemas
from trajectories.adapters.schema_script import has_tables, read_head, run_script

APP = "trajectories"
FIRST_WITH_PROJECTS = "0094"
LOOKS = ("plan", "check_unapplied", "prune", "fake", "fake_initial")
"""Options with which nothing but the first schema is looked at."""


class Command(migrate.Command):
    """Bring each other project to a state of the migrations, then the first one with what all projects share.

    In this order, since a name that is not in a project's schema is looked for in the first one: DROP INDEX IF EXISTS
    of an index that is to be made would drop the first project's, were it made there already. So a migration by which
    a table of projects refers to a new table that all share has to come in a later version than that table.

    Where there is no table of the application yet, all of them are made by one script.

    It may run beside an installation at work: no migration waits long for a table that is in use, see
    adapters.patient_locks. A migration that gave way is begun again, and those before it are kept.
    """

    def handle(self, *arguments: Any, **options: Any) -> None:
        others = projects_with_schemas() if acting_project() == FIRST else []
        if others and options["app_label"] in (None, APP) and (options["migration_name"] or "9") < FIRST_WITH_PROJECTS:
            raise CommandError(
                f"Found {len(others)} more projects, expected none: before {FIRST_WITH_PROJECTS} there was only one."
            )
        say = self.stdout.write if options["verbosity"] else _silently
        try:
            if options["app_label"] in (None, APP) and not any(options[name] for name in LOOKS):
                self._migrate_others(others, options["migration_name"], say)
                if options["app_label"] is None and acting_project() == FIRST and not has_tables():
                    self._begin(options["verbosity"])
            rest = super().handle
            try_patiently(lambda: rest(*arguments, **options), say)
        except LockedOutError as locked:
            raise CommandError(str(locked)) from locked

    def _migrate_others(self, projects: list[int], name: str | None, say: Callable[[str], Any]) -> None:
        for project in projects:
            say(f"  Migrating {schema_of(project)}")
            with acting_in(project):
                try_patiently(lambda: migrate_project(name), say)

    def _begin(self, verbosity: int) -> None:
        """Make all tables of the application at once, and before them those of other applications: what is left to
        migrate is nothing, unless the script is older than the newest migration."""
        executor = MigrationExecutor(connection)
        graph = executor.loader.graph
        heads = [name for _, name in graph.leaf_nodes(APP)]
        if heads != [read_head()]:
            return
        if verbosity:
            self.stdout.write(f"  Making the tables of {APP} as they are after {heads[0]}")
        executor.migrate([leaf for leaf in graph.leaf_nodes() if leaf[0] != APP])
        run_script([name for app, name in graph.forwards_plan((APP, heads[0])) if app == APP])


def _silently(_: str) -> None:
    """Say nothing."""


def migrate_project(name: str | None) -> None:
    """Bring the tables of the project that acts to a migration, by the beginning of its name; None for the newest."""
    executor = MigrationExecutor(connection)
    if name is None:
        targets = executor.loader.graph.leaf_nodes(APP)
    else:
        targets = [(APP, executor.loader.get_migration_by_prefix(APP, name).name)]
    executor.migrate(targets)
