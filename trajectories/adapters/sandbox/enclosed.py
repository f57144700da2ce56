"""Our own code over text that nobody trusts, inside bubblewrap: a process that forks for every request.

Like adapters.child.WarmChild it is asked and answers with JSON, but what runs in there sees the interpreter, the
packages and the files that are named for it, and nothing else of this machine.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trajectories.adapters.sandbox.environment import describe_python
from trajectories.adapters.sandbox.inside.enclosed import CRASHED, PROBE, RETURNED, TIMEOUT
from trajectories.adapters.sandbox.process import (
    SOURCES,
    SandboxUnavailableError,
    WorkerEndedError,
    WorkerLostError,
    bubblewrap_version,
    choose_user,
    descriptor_of,
    enclosure_arguments,
    interpreter_arguments,
    kill_all,
    open_pidfd,
    read_child_pid,
)
from trajectories.adapters.sandbox.seccomp import filter_program
from trajectories.adapters.sandbox.values import ValueRefusedError, read_value
from trajectories.core.records import JSON

START_SECONDS, GRACE_SECONDS = 60.0, 5.0
HEADER_BYTES = 1024
TEMPORARY_BYTES = 4 * 1024 * 1024
REPLY_BYTES = 64 * 1024
"""A reply is a score or a comparison; its texts are short."""

ROOT = Path(__file__).resolve().parents[3]
_PACKAGES = "/packages"
_MODULE = "trajectories.adapters.sandbox.inside.enclosed"
_SHARED_FILES = (Path(__file__).with_name("inside"),)


@dataclass(frozen=True, slots=True)
class Enclosure:
    """What runs inside.

    `module` is one of ours, by its dotted name, and `files` are all of our files that it needs, itself included.
    `shared` are the keys of a request whose values never come from a model. `memory_bytes` is what a request may use
    beyond what the module and its packages use.
    """

    module: str
    files: tuple[Path, ...]
    memory_bytes: int
    shared: tuple[str, ...] = ()


class EnclosedChild:
    """A process inside bubblewrap that starts with the first request and is replaced once it fails.

    Safe to use from several threads and after a fork. Raises SandboxUnavailableError where it does not start.
    """

    def __init__(self, enclosure: Enclosure) -> None:
        self._enclosure = enclosure
        self._process: EnclosedProcess | None = None
        self._start_afresh()
        os.register_at_fork(after_in_child=self._after_fork)

    def _start_afresh(self) -> None:
        self._lock = threading.Lock()
        # The process dies with the *thread* that started it (PR_SET_PDEATHSIG): this one lives as long as this object.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="enclosure-starter")

    def _after_fork(self) -> None:
        if self._process is not None:
            self._process.forget()
            self._process = None
        self._start_afresh()

    @property
    def started(self) -> bool:
        """Whether a process runs."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """Its process id outside of the sandbox, 0 where none runs."""
        return 0 if self._process is None else self._process.pid

    def ask(self, request: dict[str, JSON], seconds: float) -> dict[str, Any]:
        """Send one request and wait for its answer. Raises TimeoutError, EOFError or OSError where none comes."""
        shared: JSON = {name: request[name] for name in self._enclosure.shared}
        rest: JSON = {name: value for name, value in request.items() if name not in self._enclosure.shared}
        return self._exchange(shared, rest, seconds)

    def probe(self, given: dict[str, JSON]) -> dict[str, Any]:
        """What a request can reach from inside: see inside.enclosed.probe."""
        return self._exchange(PROBE, given, START_SECONDS)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._drop()

    def _exchange(self, shared: JSON, rest: JSON, seconds: float) -> dict[str, Any]:
        header: JSON = {
            "shared": shared,
            "seconds": seconds,
            "memory_bytes": self._enclosure.memory_bytes,
            "reply_bytes": REPLY_BYTES,
        }
        with self._lock:
            try:
                was_running = self._process is not None
                try:
                    said = self._running().exchange(header, rest, 2 * seconds + GRACE_SECONDS)
                except WorkerEndedError:
                    if not was_running or self._process is None or not self._process.untouched:
                        raise
                    # It died before the request reached it, while it was idle: once more, with a new one.
                    self._drop()
                    said = self._running().exchange(header, rest, 2 * seconds + GRACE_SECONDS)
            except WorkerLostError as fault:
                self._drop()
                raise EOFError(str(fault)) from fault
            except BaseException:
                # Whatever ended the wait, a reply may still come: nobody may take it for the reply to the next.
                self._drop()
                raise
            if not said.clean:
                self._drop()
        if said.ended == TIMEOUT:
            raise TimeoutError
        if said.ended != RETURNED or not isinstance(said.reply, dict):
            raise EOFError("the process that was to reply has ended")
        return said.reply

    def _running(self) -> "EnclosedProcess":
        if self._process is None:
            self._process = self._starter.submit(EnclosedProcess, self._enclosure).result()
        return self._process

    def _drop(self) -> None:
        if self._process is not None:
            self._process.kill()
        self._process = None


@dataclass(frozen=True, slots=True)
class Said:
    """What came back for a request: how its process ended, whether it left nothing behind, and its reply."""

    ended: str
    clean: bool
    reply: JSON


class EnclosedProcess:
    """The running process, as the application sees it."""

    def __init__(self, enclosure: Enclosure) -> None:
        bubblewrap_version()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self.untouched = True
        """Whether nothing has come back for the last request."""
        program = filter_program()
        info, info_writing = os.pipe()
        passed = [info_writing, *([] if program is None else [descriptor_of(program)])]
        try:
            self._process = subprocess.Popen(
                command(enclosure, *passed, *([None] if program is None else [])),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                bufsize=0,
                cwd="/",
                env={},
                pass_fds=passed,
                start_new_session=True,
            )
        finally:
            for descriptor in passed:
                os.close(descriptor)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._responses = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._requests, False)
        os.set_blocking(self._responses, False)
        self.pid = read_child_pid(info)
        """Process id outside of the process that is process 1 inside; 0 where it never started."""
        self._inside = open_pidfd(self.pid)
        self._read_hello()

    def exchange(self, header: JSON, rest: JSON, seconds: float) -> Said:
        """Send a request and wait for what comes back. Raises WorkerLostError."""
        deadline = time.monotonic() + seconds
        self.untouched = True
        for part in (header, rest):
            payload = json.dumps(part).encode()
            self._write(len(payload).to_bytes(4, "big") + payload, deadline)
        told = self._read_frame(HEADER_BYTES, deadline)
        self.untouched = False
        ended = told.get("ended") if isinstance(told, dict) else None
        if not isinstance(told, dict) or ended not in (RETURNED, TIMEOUT, CRASHED):
            raise WorkerLostError("the enclosed process broke its protocol")
        return Said(str(ended), told.get("clean") is True, self._read_frame(REPLY_BYTES, deadline))

    def kill(self) -> None:
        """End it and everything in its namespace."""
        kill_all(self._inside, self._process)
        self.forget()

    def forget(self) -> None:
        """Close this process's ends of the pipes: all that a forked child may do to its parent's process."""
        if self._inside is not None:
            os.close(self._inside)
            self._inside = None
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _read_hello(self) -> None:
        try:
            self._read_frame(HEADER_BYTES, time.monotonic() + START_SECONDS)
        except WorkerLostError as fault:
            self._errors.seek(0)
            told = self._errors.read(20_000).decode("utf-8", "replace").strip().splitlines()
            self.kill()
            raise SandboxUnavailableError(f"the sandbox does not start: {told[-1] if told else fault}") from fault

    def _write(self, data: bytes, deadline: float) -> None:
        view = memoryview(data)
        while view:
            _wait(self._requests, select.POLLOUT, deadline)
            try:
                view = view[os.write(self._requests, view) :]
            except BlockingIOError:
                continue
            except OSError as fault:
                raise WorkerEndedError("the enclosed process has ended") from fault

    def _read_frame(self, largest: int, deadline: float) -> JSON:
        length = int.from_bytes(self._read(4, deadline), "big")
        if length > largest:
            raise WorkerLostError(f"the enclosed process announced {length} bytes, expected at most {largest}")
        try:
            return read_value(self._read(length, deadline).decode("utf-8"))
        except (ValueRefusedError, UnicodeDecodeError) as fault:
            raise WorkerLostError(f"the reply could not be read: {fault}") from fault

    def _read(self, size: int, deadline: float) -> bytes:
        parts = []
        while size:
            _wait(self._responses, select.POLLIN, deadline)
            part = os.read(self._responses, min(size, 1 << 16))
            if not part:
                raise WorkerEndedError("the enclosed process has ended")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _wait(descriptor: int, event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(descriptor, event)
    left = deadline - time.monotonic()
    if left <= 0 or not poll.poll(left * 1000):
        raise WorkerLostError("the enclosed process did not answer in time")


def command(enclosure: Enclosure, info_descriptor: int, seccomp_descriptor: int | None) -> list[str]:
    """The command line of an enclosed process. Packages may write to /tmp while they are imported; forks may not."""
    python, uid = describe_python(None), choose_user()
    sites = {path: f"{_PACKAGES}/{number}" for number, path in enumerate(package_folders())}
    mounts = [(path, f"{SOURCES}/{path.relative_to(ROOT)}") for path in (*_SHARED_FILES, *enclosure.files)]
    arguments = enclosure_arguments(python, [*mounts, *sites.items()], uid, TEMPORARY_BYTES)
    arguments += ["--info-fd", str(info_descriptor)]
    if seccomp_descriptor is not None:
        arguments += ["--seccomp", str(seccomp_descriptor)]
    inside = [_MODULE, enclosure.module, ":".join(sites.values()), str(uid)]
    return [*arguments, "--", *interpreter_arguments(python), "-m", *inside]


def package_folders() -> list[Path]:
    """Where this process finds installed packages."""
    named = (Path(entry) for entry in sys.path if entry)
    return [path for path in named if path.name in ("site-packages", "dist-packages") and path.is_dir()]
