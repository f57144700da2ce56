"""Real workers on the test database, for tests of what happens between processes.

Loaded as a pytest plugin; `celery_worker_process` is the fixture. `WORKER_INCLUDES` in a test module names further
modules with tasks, `WORKER_CONCURRENCY` the number of its workers for everything, `WORKER_SETTINGS` its environment,
`WORKER_IS_FRESH` that it is started anew and not forked, see tests.nursery.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
from django.conf import settings as django_settings

from tests.emptying import BESIDE
from tests.nursery import FOLDER, Forked, close_nursery, nursery_of

ROOT = Path(__file__).resolve().parent.parent
QUEUE_SQL = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT queue_name FROM pgmq.list_queues() LOOP
        EXECUTE format('DELETE FROM pgmq.%I', 'q_' || lower(name));
    END LOOP;
END $$
"""
"""PGMQ's own purge truncates, and so waits for every session that has the queue open, a killed worker's too."""


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 180.0) -> Any:
    """The first true value of `condition`, asked again and again; fails naming `what` when none came in time.

    How long it may take says how busy the machine is: time that costs nothing where all goes well. What takes long to
    ask is asked less often, since what is waited for needs the processor too.
    """
    deadline = time.monotonic() + seconds
    while (asked := time.monotonic()) < deadline:
        if value := condition():
            return value
        time.sleep(min(1.0, max(0.05, 2 * (time.monotonic() - asked))))
    pytest.fail(f"waited {seconds:g} s for {what}")


def wait_with_sweeps(condition: Callable[[], Any], what: str) -> Any:
    """As `wait_for`, while sweeps are rung as often as an installation's clock does: a message that was read when its
    connection broke was lost, and only a sweep rings for it again."""
    from trajectories.tasks.sweeps import sweep

    next_sweep = 0.0

    def ring_and_look() -> Any:
        nonlocal next_sweep
        if time.monotonic() >= next_sweep:
            sweep.apply_async(expires=django_settings.SWEEP_SECONDS)
            next_sweep = time.monotonic() + django_settings.SWEEP_SECONDS
        return condition()

    return wait_for(ring_and_look, what)


def database_url(settings: dict[str, Any]) -> str:
    """The address of a Django database, a socket folder included, for a process beside this one: its sessions bear a
    name, by which the emptying of the database finds those that outlive their process."""
    user, password = quote(settings["USER"], safe=""), quote(settings["PASSWORD"] or "", safe="")
    host, port = quote(settings["HOST"], safe=""), f":{settings['PORT']}" if settings["PORT"] else ""
    address = f"{user}{f':{password}' if password else ''}@{host}{port}/{quote(settings['NAME'], safe='')}"
    return f"postgresql://{address}?application_name={quote(BESIDE)}"


class WorkerProcess:
    """`manage.py work` in a process group of its own: a supervisor, workers, the quick worker and the file worker."""

    def __init__(
        self,
        url: str,
        folder: Path,
        includes: list[str],
        concurrency: int = 1,
        settings: Mapping[str, str] | None = None,
        *,
        is_fresh: bool = False,
    ) -> None:
        self.log = folder / "worker.log"
        self._is_fresh = is_fresh
        self._places = concurrency + 2
        logged = {"LOG_LEVEL": "INFO", "WORKER_LOG_LEVEL": "INFO", "PYTHONUNBUFFERED": "1"}
        embedded = {"MODEL_ADDRESSES": "loopback"}  # as it is with the embedded database
        embedded |= {"MINICOLUMN_VAR": str(folder / "var"), "SECRET_KEY": django_settings.SECRET_KEY}
        self.environment = {**os.environ, "DATABASE_URL": url, **logged, **embedded, **(settings or {})}
        self._words = ["manage.py", "work", f"--processes={concurrency}", "--grace=1"]
        self._words += [f"--include={name}" for name in includes]
        self.process: subprocess.Popen[bytes] | Forked | None = None

    def include(self, name: str) -> None:
        """Have it load one more module when it is started next."""
        self._words.append(f"--include={name}")

    def add_one(self) -> None:
        """Have it run one more worker for everything when it is started next."""
        place = next(place for place, word in enumerate(self._words) if word.startswith("--processes="))
        self._words[place] = f"--processes={self._places - 1}"
        self._places += 1

    def start(self) -> None:
        """Start and wait until each of its workers takes tasks."""
        with self.log.open("wb") as output:
            if self._is_fresh:
                self.process = subprocess.Popen(
                    [sys.executable, *self._words], cwd=ROOT, env=self.environment, stdout=output,
                    stderr=output, start_new_session=True,
                )  # fmt: skip
        if not self._is_fresh:
            self.process = nursery_of(self.environment).start(self._words, self.environment[FOLDER], self.log)
        wait_for(self._is_ready, f"the worker to be ready:\n{self.log.read_text()[-4000:]}")

    def kill(self) -> None:
        """End it and its children at once, as a power cut would."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def children(self) -> dict[int, str]:
        """The names of the running workers by process id, as they wrote themselves down."""
        from trajectories.models import Worker

        assert self.process is not None
        running = {child.pid for child in psutil.Process(self.process.pid).children()}
        return dict(Worker.objects.filter(pid__in=running).values_list("pid", "name"))

    def output(self) -> str:
        """Everything it has said since its last start."""
        return self.log.read_text(errors="replace")

    def _is_ready(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            pytest.fail(f"the worker ended with {self.process.returncode}:\n{self.output()[-4000:]}")
        return self.output().count(" ready.") >= self._places


def empty_queues() -> None:
    """Drop every waiting message: a flush empties Django's tables only."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(QUEUE_SQL)


@pytest.fixture
def celery_worker_process(
    transactional_db: None, tmp_path: Path, settings: Any, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """A running worker; `WORKER_...` of the test module say what it is started with.

    It and the test have a data folder of their own. Tests that run beside one another have a database each, in which
    the same ids come: in one folder they would write into one another's `imports/import-1.rows`.
    """
    from django.db import connection

    empty_queues()
    settings.VAR_DIR = tmp_path / "var"
    settings.EXPORT_DIR = settings.VAR_DIR / "exports"
    module = request.module
    worker = WorkerProcess(
        database_url(connection.settings_dict),
        tmp_path,
        list(getattr(module, "WORKER_INCLUDES", [])),
        getattr(module, "WORKER_CONCURRENCY", 1),
        getattr(module, "WORKER_SETTINGS", None),
        is_fresh=getattr(module, "WORKER_IS_FRESH", False),
    )
    try:
        worker.start()
        yield worker
    finally:
        worker.kill()
        empty_queues()


def pytest_sessionfinish() -> None:
    close_nursery()


def install_queues() -> None:
    """Put PGMQ into the database, unless it is there."""
    from django.db import connection
    from pgmq.install import get_embedded_install_sql

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'pgmq'")
        if cursor.fetchone() is None:
            cursor.execute(get_embedded_install_sql())


def connect_queues() -> None:
    """Put PGMQ into the test database and let this process ring its bells there."""
    from django.db import connection

    from webapp.celery import app
    from webapp.database import broker_settings

    install_queues()
    app.conf.broker_transport_options = broker_settings(connection.settings_dict)


def disconnect_queues() -> None:
    """Close what would keep the test database from being dropped."""
    from webapp.celery import app

    app.pool.force_close_all()
    app.close()
