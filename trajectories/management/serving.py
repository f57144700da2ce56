"""The processes of an installation in one terminal, as functions: what each does from its fork to its end."""

import ctypes
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any

from celery import current_app
from django.core.management import call_command
from django.core.servers.basehttp import get_internal_wsgi_application
from django.urls import get_resolver
from gunicorn.app.base import BaseApplication

WEB_OPTIONS: Mapping[str, Any] = {
    "worker_class": "gthread",
    "workers": 2,
    "threads": 8,
    "timeout": 60,
    "graceful_timeout": 1,
    "control_socket_disable": True,
    "loglevel": "warning",
    # What has been imported by now is shared.
    "preload_app": True,
}
M_ARENA_MAX, ARENAS = -8, 2
"""An option of glibc's malloc, and how many heaps threads share: each heap keeps what its largest page took."""
WORKERS_GRACE = 1.5
"""Seconds that a task in hand has at the end: whoever pressed Ctrl-C waits, and every task may be killed."""
USED_BY_ALL = ("celery.apps.beat", "gunicorn.arbiter", "gunicorn.workers.gthread")
"""Modules that processes would load each for itself."""


class WebServer(BaseApplication):  # type: ignore[misc]
    """Gunicorn with our options, in this process and its children."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn."""
        for name, value in {**WEB_OPTIONS, "bind": self._address}.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Called by gunicorn."""
        return get_internal_wsgi_application()


def load_all() -> None:
    """Import what any of the processes needs, before they are forked. Opens no connection."""
    get_resolver().url_patterns  # noqa: B018 (the first look imports every view)
    current_app.loader.import_default_modules()
    for module in (*import_module("trajectories.management.commands.work").PRELOADED, *USED_BY_ALL):
        import_module(module)


def serve(address: str) -> None:
    """Be the web server. Raises SystemExit."""
    with suppress(OSError, AttributeError):  # a system without glibc
        ctypes.CDLL("libc.so.6").mallopt(M_ARENA_MAX, ARENAS)
    WebServer(address).run()


def keep_database() -> None:
    """Start the embedded database again whenever it dies."""
    call_command("watch_database")


def look_after_workers() -> None:
    """Be the supervisor of this machine's workers."""
    call_command("work", grace=WORKERS_GRACE)


def keep_time() -> None:
    """Be the scheduler, which rings for sweeps."""
    current_app.start(["--quiet", "beat", "--pidfile=", "--loglevel", "WARNING"])


def apart(run: Callable[..., object], *values: Any) -> Callable[[], None]:
    """The same in a session of its own, so that Ctrl-C in the terminal reaches its supervisor alone."""

    def begin() -> None:
        os.setsid()
        run(*values)

    return begin
