"""The application."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TrajectoriesConfig(AppConfig):
    """Registers the sync of roles after every migration."""

    name = "trajectories"
    verbose_name = "Minicolumn"

    def ready(self) -> None:
        """Connect signals."""
        post_migrate.connect(_sync_roles, sender=self)


def _sync_roles(**_: Any) -> None:
    from trajectories.services.roles import sync_roles

    sync_roles()
