"""`manage.py watch_database`: starts the embedded PostgreSQL again when it dies. A process of `manage.py up`."""

import logging
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from trajectories.adapters import embedded_postgres

logger = logging.getLogger(__name__)
SECONDS_BETWEEN_LOOKS = 1.0


class Command(BaseCommand):
    help = "Keep the embedded PostgreSQL running until this command is stopped."
    requires_system_checks: list[str] = []

    def handle(self, *_: Any, **__: Any) -> None:
        if not settings.EMBEDDED_DATABASE:
            raise CommandError("DATABASE_URL is set, so there is no embedded PostgreSQL to keep running.")
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        while not stopped.wait(SECONDS_BETWEEN_LOOKS):
            if embedded_postgres.server_pid(settings.VAR_DIR) is None:
                logger.warning("PostgreSQL has stopped; starting it again")
                try:
                    embedded_postgres.ensure_running(settings.VAR_DIR, str(settings.DATABASES["default"]["NAME"]))
                except RuntimeError as error:  # say it, and try again at the next look
                    logger.error("%s", error)
