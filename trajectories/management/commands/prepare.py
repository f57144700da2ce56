"""`manage.py prepare`: everything a deployment needs before its processes start."""

from typing import Any

from django.core.management.base import BaseCommand

from trajectories.management.preparation import prepare
from trajectories.services.installation.accounts import ADMIN


class Command(BaseCommand):
    help = "Bring the database, the queue, static files, problems and the admin account up to date."

    def handle(self, *_: Any, **__: Any) -> None:
        password = prepare(self.stdout.write)
        if password:
            self.stdout.write(f"Log in as {ADMIN} with the password {password}")
