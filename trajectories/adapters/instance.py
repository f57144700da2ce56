"""One running instance to a data folder: its lock, its port, and what a killed one left behind."""

import errno
import fcntl
import http.client
import json
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

MARK = "MINICOLUMN_INSTANCE"
"""The environment variable that every process of an instance carries: the data folder it works on."""
STARTER = "MINICOLUMN_STARTER"
"""The environment variable with the process id of whom the mark was made for: who looks for marked processes, or is
refused the lock a moment later, is none of those that a killed instance left."""
HEALTH = "/health/"
PATIENCE_SECONDS = 2


class InstanceError(RuntimeError):
    """The instance cannot start; the message says why and what to do."""


def bear_mark(var: Path) -> None:
    """Have this process, and all that are forked from it, bear the mark of an instance on this data folder.

    Others see only the variables that a program was started with, so the first call starts this program again. Python
    keeps the code it compiles from then on, whatever PYTHONDONTWRITEBYTECODE says: without, each start compiles all
    modules anew, which takes longer than everything else.
    """
    if os.environ.get(STARTER) != str(os.getpid()):
        variables = {**os.environ, MARK: str(var), STARTER: str(os.getpid())}
        variables.pop("PYTHONDONTWRITEBYTECODE", None)
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], variables)  # noqa: S606 (this very program)


def lock(path: Path, address: str) -> IO[str]:
    """Take the lock that lets one instance work on a data folder, until the file is closed or this process ends.

    A record lock: the kernel drops it with the process that took it, and forks do not inherit it. Raises InstanceError
    naming the instance that holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        holder = file.read()
        file.close()
        raise InstanceError(f"Minicolumn is running already{_described(holder)}; stop that one first.") from error
    file.truncate(0)
    file.write(json.dumps({"pid": os.getpid(), "address": address}))
    file.flush()
    return file


def check_port(host: str, port: int) -> None:
    """Raise InstanceError where nobody could listen on this address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise InstanceError(
                    f"Port {port} on {host} is taken; choose another one: PORT={_another(port)} make run"
                ) from error
            raise InstanceError(f"Cannot listen on {host}, port {port}: {error.strerror}.") from error


def parse_port(text: str) -> int:
    """A port from what somebody typed. Raises InstanceError."""
    if text.isdecimal() and 1 <= int(text) <= 65535:
        return int(text)
    raise InstanceError(f"PORT is {text!r}; expected a number from 1 to 65535.")


def is_answering(host: str, port: int) -> bool:
    """Whether a web server answers there, whatever it says."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    connection = http.client.HTTPConnection(reachable, port, timeout=5)
    try:
        connection.request("GET", HEALTH)
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def stop_marked(var: Path) -> int:
    """Stop every process that carries the mark of this data folder, those excepted that were to start an instance;
    how many there were."""
    marked = [process for process in psutil.process_iter() if _is_marked(process, var)]
    for process in marked:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(marked, timeout=PATIENCE_SECONDS)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=PATIENCE_SECONDS)
    return len(marked)


def _is_marked(process: psutil.Process, var: Path) -> bool:
    try:
        variables = process.environ()
        is_starter = variables.get(STARTER) == str(process.pid)
        return variables.get(MARK) == str(var) and not is_starter and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return False


def _another(port: int) -> int:
    return port + 1 if port < 65535 else port - 1


def _described(holder: str) -> str:
    try:
        known = json.loads(holder)
        return f" on this data (process {known['pid']}, {known['address']})"
    except (ValueError, KeyError, TypeError):
        return " on this data"
