"""Forks of this process that answer messages: pure work on another core, with everything loaded already.

A fork holds no file and no connection of the process that it comes from, and ends with it: once nobody is there to ask.
"""

import gc
import os
import signal
import traceback
from collections.abc import Callable, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any, Self

from trajectories.adapters.plain_json import read_plain, write_plain
from trajectories.adapters.supervision import fork
from trajectories.core.records import JSON

STANDARD = 3
"""The first descriptor after input, output and errors."""
NICE = 2
"""How far a fork stands back where others want the processor too: two of them get about what one process would."""


class ForkError(Exception):
    """A fork that was ended from outside, or whose work raised what it does not answer with; the text says which."""


class Forked:
    """A fork that gives `answer(message)` for each message, in their order. Messages and answers are plain JSON, and
    `answer` leaves the database, logs and locks alone.

    Whoever asks reads an answer before it sends what may be longer than a pipe holds: both sides would wait else.
    """

    def __init__(self, answer: Callable[[Any], Any], *, name: str) -> None:
        self.line, theirs = Pipe()
        self._owner = os.getpid()
        with theirs:
            self.pid = fork(lambda: _serve(theirs, answer), name=name)

    def send(self, message: JSON) -> None:
        """Ask. Raises ForkError."""
        try:
            self.line.send_bytes(write_plain(message))
        except OSError as fault:
            raise ForkError(f"process {self.pid} was ended: {fault}") from fault

    def receive(self) -> Any:
        """Wait for the next answer. Raises ForkError."""
        try:
            is_answer, value = read_plain(self.line.recv_bytes().decode())
        except (OSError, EOFError) as fault:
            raise ForkError(f"process {self.pid} was ended: {fault!r}") from fault
        if not is_answer:
            raise ForkError(value)
        return value

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, whatever it is at."""
        self.line.close()
        if self._owner == os.getpid():  # not in a fork of its own
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def answered(forks: Sequence[Forked]) -> list[Forked]:
    """Wait until some of the forks have answered; which of them have, those that were ended among them."""
    ready = wait([fork.line for fork in forks])
    return [fork for fork in forks if fork.line in ready]


def _serve(line: Connection, answer: Callable[[Any], Any]) -> None:
    """In the fork: answer until nobody asks any more."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # its owner is told, and ends it
    gc.freeze()  # what is looked through for garbage is copied
    os.nice(NICE)
    kept = line.fileno()
    os.closerange(STANDARD, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
    while True:
        try:
            sent = line.recv_bytes()
        except (OSError, EOFError):
            return
        try:
            told = write_plain([True, answer(read_plain(sent.decode()))])
        except Exception:
            told = write_plain([False, traceback.format_exc()])
        try:
            line.send_bytes(told)
        except OSError:
            return
