"""A warm child process for work that may hang or eat all memory: JSON over a pair of sockets, killed by its owner.

The child runs a module that calls `serve`; its owner holds a `WarmChild`.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import Any

from trajectories.core.records import JSON

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
READY = b"ready"
LOOK_SECONDS = 0.05
"""How often the memory of a child at work is looked at."""


class ChildMemoryError(OSError):
    """The child holds more memory than it may."""


class WarmChild:
    """A child that starts with the first request, stays for the next ones and is replaced once it fails.

    `resident_bytes` is the memory it may hold, where /proc tells; 0 leaves it to what the child sets itself.
    """

    def __init__(self, module: str, *, resident_bytes: int = 0) -> None:
        self._module, self._resident_bytes = module, resident_bytes
        self._lock = Lock()
        self._child: ChildProcess | None = None

    @property
    def started(self) -> bool:
        """Whether a child runs."""
        return self._child is not None

    @property
    def pid(self) -> int:
        """Its process id, 0 where none runs."""
        return 0 if self._child is None else self._child.pid

    def ask(self, request: dict[str, JSON], seconds: float) -> dict[str, Any]:
        """One request at a time. Raises TimeoutError, EOFError or OSError, after which the child is gone."""
        with self._lock:
            # A worker that was forked from this process must not talk to its parent's child.
            if self._child is None or self._child.owner != os.getpid():
                self._child = ChildProcess(self._module, resident_bytes=self._resident_bytes)
            try:
                return self._child.ask(request, seconds)
            except BaseException:
                # Whatever ended the wait, an answer may still come: nobody may take it for the answer to the next.
                self._drop()
                raise

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._child is not None and self._child.owner == os.getpid():
            self._child.kill()
        self._child = None


class ChildProcess:
    """A running module, started with the number of its descriptor as only argument."""

    def __init__(self, module: str, *, resident_bytes: int) -> None:
        self.owner = os.getpid()
        self._ready = False
        self._resident_bytes = resident_bytes
        self._line, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                # The same request has to give the same answer in every process, and sets are ordered by hashes.
                env={"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def ask(self, request: dict[str, JSON], seconds: float) -> dict[str, Any]:
        """Send one request to the child and wait for its answer.

        Raises TimeoutError, EOFError or OSError, ChildMemoryError among them.
        """
        if not self._ready:
            self._wait(START_SECONDS)
            self._ready = self._line.recv_bytes() == READY
        self._line.send_bytes(json.dumps({**request, "seconds": seconds}).encode())
        self._wait(seconds)
        answer: dict[str, Any] = json.loads(self._line.recv_bytes())
        return answer

    def kill(self) -> None:
        """End it at once."""
        self._line.close()
        self._process.kill()
        self._process.wait()

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self._line.poll(min(left, LOOK_SECONDS) if self._resident_bytes else left):
                return
            if self._resident_bytes and resident_bytes(self._process.pid) > self._resident_bytes:
                raise ChildMemoryError
        raise TimeoutError


def resident_bytes(pid: int) -> int:
    """The memory that a process holds; 0 where /proc does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def serve(descriptor: int, answer: Callable[[dict[str, Any]], dict[str, Any]], address_bytes: int) -> None:
    """In the child: answer requests until the other side is gone, in an address space of at most `address_bytes`."""
    resource.setrlimit(resource.RLIMIT_AS, (address_bytes, address_bytes))
    connection = Connection(descriptor)
    connection.send_bytes(READY)
    while True:
        try:
            request = json.loads(connection.recv_bytes())
        except EOFError:
            return
        # The asker kills a request that takes too long; where the asker died first, this ends it.
        signal.setitimer(signal.ITIMER_REAL, 2 * request.pop("seconds"))
        connection.send_bytes(json.dumps(answer(request), ensure_ascii=True).encode())
        signal.setitimer(signal.ITIMER_REAL, 0)
