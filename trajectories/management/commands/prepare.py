"""`manage.py prepare`: everything a deployment needs before its processes start."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from trajectories.adapters.pgvector import find_vector_search
from trajectories.management.preparation import KEPT_BY_ADMIN, prepare
from trajectories.services.installation.accounts import ADMIN, admin_password


class Command(BaseCommand):
    help = "Bring the database, the queue, static files, problems and the admin account up to date."

    def handle(self, *_: Any, **__: Any) -> None:
        prepare(self.stdout.write)
        self.stdout.write(find_vector_search().words)
        if password := admin_password(password_file=settings.VAR_DIR / KEPT_BY_ADMIN):
            self.stdout.write(f"Log in as {ADMIN} with the password {password}")
