"""The application."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TrajectoriesConfig(AppConfig):
    """Registers the sync of roles after every migration, and the tasks that services ring for."""

    name = "trajectories"
    verbose_name = "Minicolumn"

    def ready(self) -> None:
        """Connect signals and bells."""
        import trajectories.tasks  # noqa: F401 (each module connects its bells)

        post_migrate.connect(_sync_roles, sender=self)


def _sync_roles(**_: Any) -> None:
    from trajectories.services.installation.roles import sync_roles

    sync_roles()
