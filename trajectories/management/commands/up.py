"""`manage.py up`: the whole application in one terminal."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import django
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from trajectories.adapters import embedded_postgres, instance
from trajectories.adapters.supervision import Supervisor, fork

SECONDS_TO_SERVE = 60
SECONDS_TO_STOP = 2
"""Tasks may be killed at any moment, and an idle worker's own way out takes longer than anyone waits after Ctrl-C."""
LOOK_SECONDS = 0.2
READY = b"ready"


class Command(BaseCommand):
    """The one process that imports everything: all others are forked from it, and work within a moment.

    The application is set up here, since that takes as long as the database needs to start.
    """

    help = "Start everything: database, web server, workers, scheduler. Ctrl-C stops it all."
    requires_system_checks: list[str] = []

    def handle(self, *_: Any, **__: Any) -> None:
        signal.signal(signal.SIGTERM, _leave)
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))  # its terminal was closed
        host, var = os.environ.get("HOST") or "127.0.0.1", settings.VAR_DIR
        try:
            port = instance.parse_port(os.environ.get("PORT") or "8000")
            held = instance.lock(var / "up.lock", address(host, port))
            if instance.stop_marked(var):
                self._say("Stopped what an earlier start had left running.")
            instance.check_port(host, port)
            os.environ |= environment()
            try:
                with installing_tools() as tools:
                    with starting_database(var) as database:
                        django.setup()
                        database.result()
                    code = self.run(host, port, tools)
            finally:
                instance.stop_marked(var)
        except (instance.InstanceError, RuntimeError) as error:
            sys.exit(str(error))  # no traceback and no prefix: this is a sentence for the person at the terminal
        except KeyboardInterrupt:
            sys.exit(130)
        held.close()
        if code:
            sys.exit(code)

    def run(self, host: str, port: int, tools: subprocess.Popen[bytes] | None) -> int:
        """Prepare, then run every process until the web server ends or a signal asks for the end of all; the exit code.

        A child prepares while this process imports what all of them need. It has no connection that a fork would share.
        """
        from trajectories.management import serving

        line, theirs = os.pipe()
        preparing = fork(lambda: self._prepare(host, port, theirs), name="preparation")
        os.close(theirs)
        serving.load_all()
        if os.read(line, len(READY)) != READY:
            _, status = os.waitpid(preparing, 0)
            sys.exit(os.waitstatus_to_exitcode(status))
        os.close(line)
        install_behind()
        named = f"[{host}]" if ":" in host else host
        places = {"web": serving.apart(serving.serve, f"{named}:{port}"), "beat": serving.apart(serving.keep_time)}
        if settings.EMBEDDED_DATABASE:
            places["database"] = serving.apart(serving.keep_database)
        supervisor = Supervisor(places, grace_seconds=SECONDS_TO_STOP, vital=["web"])
        waiting = ["workers"]

        def look() -> None:
            with contextlib.suppress(ChildProcessError):  # it has been buried
                os.waitpid(preparing, os.WNOHANG)
            if waiting and (tools is None or tools.poll() is not None):
                supervisor.add(waiting.pop(), serving.apart(serving.look_after_workers))

        return supervisor.run(watch=look, watch_seconds=LOOK_SECONDS)

    def _prepare(self, host: str, port: int, line: int) -> None:
        """In a child: bring everything up to date, tell its parent, and once the web server answers, say where it is:
        the last thing a person reads."""
        from trajectories.management.preparation import KEPT_BY_ADMIN, prepare, start_demo
        from trajectories.services.installation.accounts import ADMIN, admin_password

        try:
            prepare(self._say)
        except CommandError as fault:
            self.stderr.write(str(fault))
            sys.exit(1)
        start_demo()
        os.write(line, READY)
        password = admin_password(password_file=settings.VAR_DIR / KEPT_BY_ADMIN)
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


def environment() -> dict[str, str]:
    """What programs that are started from here are told besides."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
    }


@contextlib.contextmanager
def starting_database(var: Path) -> Iterator[Future[None]]:
    """Start the embedded database, where it is the one in use, in a thread that has ended afterwards."""
    with ThreadPoolExecutor(1) as thread:
        if settings.EMBEDDED_DATABASE:
            yield thread.submit(embedded_postgres.ensure_running, var, str(settings.DATABASES["default"]["NAME"]))
        else:
            yield thread.submit(lambda: None)


@contextlib.contextmanager
def installing_tools() -> Iterator[subprocess.Popen[bytes] | None]:
    """Install the programs that workers use while everything else starts; gives the process that does it, if any.

    `make run` names the command. Where something cannot be installed, it says so itself, and Minicolumn starts without.
    """
    command = shlex.split(os.environ.get("MINICOLUMN_TOOLS", ""))
    if not command:
        yield None
        return
    program = [str(settings.BASE_DIR / command[0]), *command[1:]]
    process = subprocess.Popen(program, stdin=subprocess.DEVNULL, cwd=settings.BASE_DIR)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def install_behind() -> None:
    """Have what the first trace does not need installed meanwhile, where `make run` names the program that does it.

    It carries the mark of this data folder, so that it ends with the rest.
    """
    program = os.environ.get("MINICOLUMN_EXTRAS")
    if program:
        command = ["nice", str(settings.BASE_DIR / program), "--optional"]
        subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=settings.BASE_DIR)


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
