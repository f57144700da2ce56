"""How a child tells and asks its owner: one JSON object a line. Whatever a library prints goes to the log instead."""

import json
import math
import os
import socket
import sys
import threading
import time
from collections.abc import Mapping
from typing import IO, Any

KIND = "kind"
STARTED, STEP, EVALUATED, SAVED, FINISHED, NOTE, FAULT, ASK, ALIVE = (
    "started",
    "step",
    "evaluated",
    "saved",
    "finished",
    "note",
    "fault",
    "ask",
    "alive",
)
"""Kinds of lines. After FINISHED and FAULT nothing comes; ASK is answered with one line."""

OTHER_INTERFACES = ("tunl", "sit", "ip6tnl", "gre", "erspan", "ip_vti", "ip6_vti", "ip6gre")
"""What a new network namespace has besides `lo` where the kernel has tunnels; none of them is up."""


class ChildFaultError(Exception):
    """Something that people can mend; the message is one sentence for them. `kind` names it for the owner."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Line:
    """The two pipes to the owner, taken from standard input and output, which libraries write to as they please."""

    def __init__(self) -> None:
        self._out: IO[str] = os.fdopen(os.dup(1), "w", encoding="utf-8")
        self._in: IO[str] = os.fdopen(os.dup(0), encoding="utf-8")
        self._lock = threading.Lock()
        os.dup2(2, 1)
        with open(os.devnull, encoding="ascii") as nothing:
            os.dup2(nothing.fileno(), 0)

    def tell(self, kind: str, **values: Any) -> None:
        """One line; numbers that are none are null, since JSON has no NaN."""
        with self._lock:
            self._out.write(json.dumps({KIND: kind, **_finite(values)}, ensure_ascii=True) + "\n")
            self._out.flush()

    def ask(self, **values: Any) -> Any:
        """One question and the answer to it."""
        self.tell(ASK, **values)
        return self.read()

    def read(self) -> Any:
        """The next line from the owner. Raises EOFError where the owner is gone."""
        if not (line := self._in.readline()):
            raise EOFError
        return json.loads(line)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value


def keep_offline() -> list[str]:
    """Refuse every connection of this process but those within the machine's kernel; the network interfaces it sees.

    Where bubblewrap is at work there is only the loopback; elsewhere this is what is left: Python's own sockets.
    """
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        os.environ[name] = "1"

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and arguments[0].family != socket.AF_UNIX:
            raise OSError(f"This process has no network; it wanted {arguments[1]!r}.")
        if event in ("socket.getaddrinfo", "socket.gethostbyname"):
            raise OSError(f"This process has no network; it wanted {arguments[0]!r}.")

    sys.addaudithook(refuse)
    return [name for _, name in socket.if_nameindex() if name != "lo" and not name.startswith(OTHER_INTERFACES)]


def follow_owner(line: Line, owner: int, seconds: float = 2.0) -> None:
    """End this process once its owner is gone, and tell meanwhile that it is alive."""

    def watch() -> None:
        while os.getppid() == owner:
            time.sleep(seconds)
            try:
                line.tell(ALIVE)
            except OSError:
                break
        os._exit(1)

    threading.Thread(target=watch, name="owner", daemon=True).start()


def offer_to_the_reaper() -> None:
    """Where memory runs out, the kernel shall end this process before any other."""
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("1000")
    except OSError:
        return
