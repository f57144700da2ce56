"""`manage.py up`: the whole application in one terminal."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections
from honcho import manager as honcho_manager
from honcho.environ import parse_procfile
from kombu import pools

from trajectories.adapters import embedded_postgres, instance
from trajectories.services.installation.accounts import ADMIN

SECONDS_TO_SERVE = 60
SECONDS_TO_STOP = 2
"""Tasks may be killed at any moment, and an idle worker's own way out takes longer than anyone waits after Ctrl-C."""


class Command(BaseCommand):
    help = "Start everything: database, web server, worker, scheduler. Ctrl-C stops it all."
    requires_system_checks: list[str] = []

    def handle(self, *_: Any, **__: Any) -> None:
        signal.signal(signal.SIGTERM, _leave)
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))  # its terminal was closed
        host, var = os.environ.get("HOST") or "127.0.0.1", settings.VAR_DIR
        try:
            port = instance.parse_port(os.environ.get("PORT") or "8000")
            held = instance.lock(var / "up.lock", address(host, port))
            if instance.stop_marked(var):
                self.stdout.write("Stopped what an earlier start had left running.")
            instance.check_port(host, port)
            with installing_tools(environment(host, port, var)) as tools_are_there:
                if settings.EMBEDDED_DATABASE:
                    embedded_postgres.ensure_running(var, str(settings.DATABASES["default"]["NAME"]))
                self.run(host, port, var, tools_are_there)
        except (instance.InstanceError, RuntimeError) as error:
            sys.exit(str(error))  # no traceback and no prefix: this is a sentence for the person at the terminal
        except KeyboardInterrupt:
            sys.exit(130)
        held.close()

    def run(self, host: str, port: int, var: Path, tools_are_there: Callable[[], object]) -> None:
        """Prepare, then run every process until one of them ends or a signal asks for the end of all.

        `tools_are_there` waits for what workers need besides, and is called before they start.
        """
        from trajectories.management.preparation import prepare, start_demo

        password = prepare(self._say)
        start_demo()
        tools_are_there()
        # What follows forks: no open connection may be shared with a child.
        connections.close_all()
        connections["default"].close_pool()  # type: ignore[attr-defined]
        pools.reset()
        install_behind(environment(host, port, var))
        threading.Thread(target=self._announce, args=(host, port, password), daemon=True).start()
        honcho_manager.KILL_WAIT = SECONDS_TO_STOP
        manager = honcho_manager.Manager()
        for name, command in processes(settings.BASE_DIR / "Procfile").items():
            manager.add_process(name, command, env=environment(host, port, var), cwd=str(settings.BASE_DIR))
        try:
            manager.loop()
        finally:
            instance.stop_marked(var)
        if manager.returncode not in {130, 143}:  # Ctrl-C and SIGTERM are how it is meant to end
            sys.exit(manager.returncode)

    def _announce(self, host: str, port: int, password: str | None) -> None:
        """Once the web server answers, say where it is: the last thing a person reads."""
        deadline = time.monotonic() + SECONDS_TO_SERVE
        while not instance.is_answering(host, port) and time.monotonic() < deadline:
            time.sleep(0.05)
        lines = [
            f"Minicolumn is ready:  {address(host, port)}",
            f"User:                 {ADMIN}",
            f"Password:             {password or 'the one you chose'}",
            "Stop with Ctrl-C.",
        ]
        width = max(len(line) for line in lines)
        rule = "-" * (width + 4)
        self._say("\n".join(["", rule, *(f"  {line}" for line in lines), rule, ""]))

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def address(host: str, port: int) -> str:
    """Where a browser on this machine finds it."""
    name = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::", "::1"} else host
    return f"http://{name}:{port}"


def processes(procfile: Path) -> dict[str, str]:
    """The commands of the Procfile by name, without the database's keeper where the database is not ours."""
    found: dict[str, str] = dict(parse_procfile(procfile.read_text()).processes)
    if not settings.EMBEDDED_DATABASE:
        del found["database"]
    return found


def environment(host: str, port: int, var: Path) -> dict[str, str]:
    """What the processes are told: where to listen, this Python, and the mark by which a later start knows them."""
    return {
        **os.environ,
        "HOST": f"[{host}]" if ":" in host else host,
        "PORT": str(port),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        instance.MARK: str(var),
    }


@contextlib.contextmanager
def installing_tools(variables: dict[str, str]) -> Iterator[Callable[[], object]]:
    """Install the programs that workers use while the database is prepared; gives the function that waits for the end.

    `make run` names the command. Where something cannot be installed, it says so itself, and Minicolumn starts without.
    """
    command = shlex.split(os.environ.get("MINICOLUMN_TOOLS", ""))
    if not command:
        yield lambda: None
        return
    program = [str(settings.BASE_DIR / command[0]), *command[1:]]
    process = subprocess.Popen(program, env=variables, stdin=subprocess.DEVNULL, cwd=settings.BASE_DIR)
    try:
        yield process.wait
    finally:
        process.terminate()
        process.wait()


def install_behind(variables: dict[str, str]) -> None:
    """Have what the first trace does not need installed meanwhile, where `make run` names the program that does it.

    It carries the mark of this data folder, so that it ends with the rest.
    """
    program = os.environ.get("MINICOLUMN_EXTRAS")
    if program:
        command = ["nice", str(settings.BASE_DIR / program), "--optional"]
        subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, cwd=settings.BASE_DIR)


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
