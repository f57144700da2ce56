"""The application."""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate

from trajectories.adapters.acting import CHOSEN, FIRST


class TrajectoriesConfig(AppConfig):
    """Registers what has to be there after every migration, and the tasks that services ring for."""

    name = "trajectories"
    verbose_name = "Minicolumn"

    def ready(self) -> None:
        """Connect signals and bells."""
        import trajectories.tasks  # noqa: F401 (each module connects its bells)

        post_migrate.connect(_sync_roles, sender=self)
        post_migrate.connect(_ensure_first_project, sender=self)
        user_logged_in.connect(_note_sign_in, dispatch_uid="trajectories.sign_ins")


def _sync_roles(**_: Any) -> None:
    from trajectories.services.installation.roles import sync_roles

    sync_roles()


def _ensure_first_project(**_: Any) -> None:
    from trajectories.services.projects.making import ensure_first_project

    ensure_first_project()


def _note_sign_in(request: Any, user: Any, **_: Any) -> None:
    from trajectories.selectors.projects import landing_project
    from trajectories.services.people.sign_ins import note_sign_in

    if (project := landing_project(user)) != FIRST:
        request.session[CHOSEN] = project
    if request.session.session_key:
        note_sign_in(
            user=user, session_key=request.session.session_key, browser=request.META.get("HTTP_USER_AGENT", "")
        )
