"""What has to be there before an installation serves: every step may be repeated, and costs little when it is done."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.db import connection
from pgmq.install import get_embedded_install_sql

from trajectories.adapters.acting import acting_in
from trajectories.adapters.backups import BackupError
from trajectories.adapters.pgvector import ensure_vector_search
from trajectories.adapters.project_schemas import unmigrated_projects
from trajectories.selectors.projects import open_projects
from trajectories.services.installation.accounts import ensure_admin
from trajectories.services.installation.demo import ensure_demo_run
from trajectories.services.installation.restore_marks import finish_restoring
from trajectories.services.problems.imports import import_arc_agi_1
from trajectories.services.projects.making import furnish

Say = Callable[[str], None]


KEPT_BY_ADMIN = "admin_password"
"""The file in the data folder with the password of the first account."""


def prepare(say: Say) -> None:
    """Bring database, queue, static files, problems and the admin account up to date.

    `say` gets one line for each step that takes a while. Raises CommandError with one sentence.
    """
    try:
        finish_restoring(say)
    except BackupError as fault:
        raise CommandError(str(fault)) from fault
    migrate(say)
    ensure_queue()
    ensure_vector_search()
    collect_static(say)
    import_problems(say)
    for project in open_projects():
        with acting_in(project):
            furnish()
    ensure_admin(password_file=settings.VAR_DIR / KEPT_BY_ADMIN)


def migrate(say: Say) -> None:
    """Bring the tables up to date."""
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()) or unmigrated_projects():
        say("Preparing the database ...")
        call_command("migrate", interactive=False, verbosity=0)


OLD_QUEUES = ("celery",)
"""Queues of earlier versions. What waits in them is only bells, which the sweeps ring again."""


def ensure_queue() -> None:
    """Put PGMQ into the database, where it is the queue."""
    if not settings.CELERY_BROKER_TRANSPORT_OPTIONS:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'pgmq'")
        if cursor.fetchone() is None:
            cursor.execute(get_embedded_install_sql())
        for name in OLD_QUEUES:
            cursor.execute("SELECT pgmq.drop_queue(queue_name) FROM pgmq.meta WHERE queue_name = %s", [name])


def collect_static(say: Say) -> None:
    """Collect the static files where any of them changed."""
    kept = Path(settings.STATIC_ROOT).with_suffix(".fingerprint")
    now = static_fingerprint()
    if kept.exists() and kept.read_text() == now:
        return
    say("Collecting static files ...")
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    kept.write_text(now)


PROCESSORS = ("django", "whitenoise", "brotli")
"""The packages that give the collected files their names and compress them, as far as they are installed."""


def static_fingerprint() -> str:
    """What the collected files depend on: path, size and time of each source, and the packages that process them."""
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for line in _static_sources():
        digest.update(line.encode())
    return digest.hexdigest()


def import_problems(say: Say) -> None:
    """Import ARC-AGI-1 where it is not in yet."""
    from trajectories.models import ProblemSet

    if not ProblemSet.objects.exists():
        say("Importing the ARC-AGI-1 tasks ...")
    import_arc_agi_1()


def start_demo() -> None:
    """Plan the first run and ring for it, where no run was ever made."""
    ensure_demo_run()


def _static_sources() -> Iterator[str]:
    yield sys.version
    for name in PROCESSORS:
        with suppress(PackageNotFoundError):
            yield f"{name} {version(name)}"
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = Path(storage.path(path)).stat()
            yield f"{path} {status.st_size} {status.st_mtime_ns}"
