"""Workers for tests without their start: a process that has imported what `manage.py work` imports, and forks.

Importing takes two seconds of a processor, most of what a test with a worker costs, and a drill starts a dozen. What is
forked goes the way of the command from its first line on; it differs from a fresh process in what is in memory already,
as the workers differ from their supervisor.

Run as a program it is the process itself. It takes orders as lines of JSON and answers each with a process id.
"""

import importlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from trajectories.adapters.supervision import fork

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "MINICOLUMN_VAR"
OF_ONE = (FOLDER, "PYTEST_CURRENT_TEST")
"""Variables that may differ from one worker to the next."""


class Forked:
    """A process that a nursery has forked, as `subprocess.Popen` has one. How it ended is not known."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def __del__(self) -> None:
        os.close(self._handle)

    def poll(self) -> int | None:
        """None while it runs."""
        return self._ended(0.0)

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait for its end."""
        return self._ended(seconds)

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self.poll()

    def _ended(self, seconds: float | None) -> int | None:
        ended = select.poll()
        ended.register(self._handle, select.POLLIN)
        return 0 if ended.poll(None if seconds is None else 1000 * seconds) else None


class Nursery:
    """The process that forks workers of one environment. It ends when this one does."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], cwd=ROOT, env={**environment, FOLDER: os.environ[FOLDER]},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def start(self, words: list[str], folder: str, log: Path) -> Forked:
        """A process of `manage.py` or `celery` and its arguments, its data in a folder, which writes into a log."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"words": words, "folder": folder, "log": str(log)}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the nursery has ended"
        return Forked(int(answer))

    def close(self) -> None:
        """End it; its workers are their own."""
        self._process.kill()
        self._process.communicate()


_open: list[Nursery] = []
"""The latest one at most: another environment takes its place."""


def nursery_of(environment: Mapping[str, str]) -> Nursery:
    """One whose processes have this environment, but for the folder."""
    wanted = {name: value for name, value in environment.items() if name not in OF_ONE}
    if not _open or _open[0].environment != wanted:
        close_nursery()
        _open.append(Nursery(wanted))
    return _open[0]


def close_nursery() -> None:
    """End the open one."""
    while _open:
        _open.pop().close()


def _prepare() -> None:
    """Import what a supervisor does before it forks."""
    import django

    django.setup()
    from celery import current_app

    from trajectories.management.commands import work

    loader: Any = current_app.loader
    loader.import_default_modules()
    del loader.default_modules  # which modules these are is kept: what is included comes with an order
    for module in work.PRELOADED:
        importlib.import_module(module)


def _take_order(order: dict[str, Any], told: int) -> None:
    """Become the process that was asked for, in a group of its own, and tell by closing a pipe that it is."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.close(told)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.environ[FOLDER] = order["folder"]
    _read_settings_again()
    sys.argv = order["words"]
    if sys.argv[0] == "celery":
        from celery.__main__ import main
    else:
        from minicolumn.command import main
    main()


def _read_settings_again() -> None:
    """The settings as the environment of now says them."""
    from django.conf import settings

    for name in dict.fromkeys(("webapp.settings", os.environ.get("DJANGO_SETTINGS_MODULE", "webapp.settings"))):
        module = importlib.reload(sys.modules[name])
        for setting in filter(str.isupper, dir(module)):
            setattr(settings, setting, getattr(module, setting))


def _serve() -> None:
    """Fork for each order until there are no more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    for line in iter(sys.stdin.readline, ""):
        leads, told = os.pipe()
        pid = fork(partial(_take_order, json.loads(line), told), name="nursling")
        os.close(told)
        os.read(leads, 1)  # nothing, once the child has closed its end: it leads the group by which it will be ended
        os.close(leads)
        print(pid, flush=True)  # noqa: T201


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    _prepare()
    _serve()
