"""Does an enclosure keep in what runs there, on this machine? Tried before it is used, and shown by check_sandbox."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trajectories.adapters.sandbox.enclosed import EnclosedChild, Enclosure
from trajectories.adapters.sandbox.process import SandboxUnavailableError
from trajectories.adapters.sandbox.self_check import ProbeResult
from trajectories.core.records import JSON

FOLDERS = ("", "/dev", "/dev/shm", "/usr", "/lib", "/home", "/sandbox", "/packages")
"""Where nothing may be written; what is written to /tmp is of size 0 and gone before the next request."""


def open_enclosed(engine: str, enclosure: Enclosure) -> EnclosedChild | None:
    """A started child that keeps in what it runs; None where `engine` is "monty", or "auto" and this machine has none.

    Raises SandboxUnavailableError where `engine` is "bubblewrap" and it does not isolate here.
    """
    if engine == "monty":
        return None
    child = EnclosedChild(enclosure)
    try:
        if fault := next((f"{result.title}: {result.detail}" for result in probe(child) if not result.passed), ""):
            raise SandboxUnavailableError(f"bubblewrap does not isolate here: {fault}")
    except (SandboxUnavailableError, TimeoutError, EOFError, OSError) as fault:
        child.close()
        if engine == "bubblewrap":
            raise SandboxUnavailableError(str(fault) or "bubblewrap did not answer") from fault
        return None
    return child


def probe(child: EnclosedChild) -> list[ProbeResult]:
    """What a request can reach from inside, one result for each thing tried. Raises as EnclosedChild.ask."""
    with _marks() as given:
        told = child.probe(given)
    return [ProbeResult(f"no {title}", not value, _shown(value)) for title, value in told.items()]


def _shown(value: Any) -> str:
    return "none" if not value else str(value)[:200]


@contextmanager
def _marks() -> Iterator[dict[str, JSON]]:
    """Things that exist on the host meanwhile: files, a variable of the environment, listening sockets."""
    with tempfile.NamedTemporaryFile(prefix="minicolumn-probe-") as mark, socket.socket() as tcp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(f"\0minicolumn-enclosed-{os.getpid()}-{tcp.getsockname()[1]}")
            unix.listen()
            paths: list[JSON] = ["/etc/passwd", "/etc/hostname", "/home", "/sys", mark.name]
            paths += [str(Path(__file__).parents[3] / name) for name in ("manage.py", "webapp", ".venv", "var")]
            yield {
                "paths": paths,
                "folders": list(FOLDERS),
                "tcp": tcp.getsockname()[1],
                "unix": unix.getsockname().decode(),
            }
