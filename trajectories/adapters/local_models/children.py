"""A child with a model, as its owner sees it: lines from it, answers to it, limits, and an end whatever happens."""

import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from trajectories.adapters.disk import free_bytes
from trajectories.adapters.local_models.enclosing import child_command, child_variables
from trajectories.adapters.local_models.environment import ModelEnvironment
from trajectories.core.records import JSON

TICK_SECONDS = 0.5
LOOK_SECONDS = 2.0
"""So often it is looked how much a child has on the disk; memory is looked at with every tick."""

LINE_BYTES = 64 * 1024 * 1024
CHUNK = 65_536
LOG_BYTES = 2_000
KIND, ALIVE, FAULT, FINISHED = "kind", "alive", "fault", "finished"
GIBIBYTE = 1024**3


class ModelChildError(Exception):
    """A child that ended otherwise than by its work; the message is one sentence for people, `kind` names the fault."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What a child may take: bytes of memory, of files in the folder it writes to, and the seconds it may say nothing
    about its work, or take altogether. 0 is no limit. `free_bytes` have to stay free on the disk."""

    memory_bytes: int = 0
    disk_bytes: int = 0
    free_bytes: int = 0
    silent_seconds: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Program:
    """What a child runs: a module of `inside` with its arguments, the folders and files it reads and the folder it
    writes to, and the number of threads."""

    module: str
    arguments: tuple[str, ...]
    reads: tuple[Path, ...]
    writes: Path
    threads: int = 1
    limits: ChildLimits = field(default_factory=ChildLimits)

    @property
    def log(self) -> Path:
        """What the child and its libraries print."""
        return self.writes / f"{self.module}.log"


class ModelChild:
    """A running child. Close it: it ends with its owner in any case, but not before."""

    def __init__(self, environment: ModelEnvironment, program: Program) -> None:
        self._program, self._limits = program, program.limits
        command, self.enclosed = child_command(
            environment, program.module, program.arguments, program.reads, [program.writes]
        )
        with program.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=child_variables(enclosed=self.enclosed, threads=program.threads),
                start_new_session=True,
            )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._buffer = b""
        self._started = self._heard = time.monotonic()
        self._looked = 0.0

    @property
    def pid(self) -> int:
        """Its process id, or that of the bubblewrap around it."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def lines(self) -> Iterator[dict[str, Any] | None]:
        """What it tells, and None about twice a second; ends with FINISHED. Raises ModelChildError."""
        while True:
            for line in self._read(TICK_SECONDS):
                if line[KIND] == FAULT:
                    raise ModelChildError(line["fault"], line["message"])
                if line[KIND] != ALIVE:
                    self._heard = time.monotonic()
                    yield line
                if line[KIND] == FINISHED:
                    return
            self._check()
            yield None

    def answer(self, value: JSON) -> None:
        """The answer to what it asked, or a request. Raises ModelChildError where it is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(value).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as fault:
            raise self._ended() from fault
        self._heard = time.monotonic()

    def close(self) -> None:
        """End it at once, with what it started."""
        for pid in (*(child.pid for child in self._family()[1:]), self._process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue

    def _read(self, seconds: float) -> list[dict[str, Any]]:
        """Whole lines that come within `seconds`. Raises ModelChildError where nothing comes any more."""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(seconds):
                return []
        while (chunk := self._process.stdout.read(CHUNK)) is not None:
            if not chunk:
                if b"\n" not in self._buffer:
                    raise self._ended()
                break
            self._buffer += chunk
            if len(self._buffer) > LINE_BYTES:
                raise ModelChildError("line", f"The child wrote a line of more than {LINE_BYTES:,} bytes.")
        *whole, self._buffer = self._buffer.split(b"\n")
        return [json.loads(line) for line in whole if line]

    def _check(self) -> None:
        """Raises ModelChildError where a limit is passed."""
        now, limits = time.monotonic(), self._limits
        if limits.seconds and now - self._started > limits.seconds:
            raise ModelChildError("time", f"Not done after {_span(limits.seconds)}, which is all it may take.")
        if limits.silent_seconds and now - self._heard > limits.silent_seconds:
            raise ModelChildError("silent", f"No step came to an end within {_span(limits.silent_seconds)}.")
        if limits.memory_bytes and (held := self._resident()) > limits.memory_bytes:
            raise ModelChildError(
                "memory",
                f"It holds {held / GIBIBYTE:.3g} GiB of memory, expected at most {limits.memory_bytes / GIBIBYTE:.3g}; "
                "take a smaller batch, shorter rows or an adapter (LoRA).",
            )
        if now - self._looked > LOOK_SECONDS:
            self._looked = now
            self._check_disk()

    def _check_disk(self) -> None:
        limits = self._limits
        if limits.disk_bytes and (held := folder_bytes(self._program.writes)) > limits.disk_bytes:
            raise ModelChildError(
                "disk_limit",
                f"Its files take {held / GIBIBYTE:.3g} GiB, expected at most {limits.disk_bytes / GIBIBYTE:.3g}.",
            )
        if limits.free_bytes and free_bytes(self._program.writes) < limits.free_bytes:
            raise ModelChildError("disk", "The disk is full; it goes on from its last checkpoint once there is room.")

    def _family(self) -> list[psutil.Process]:
        try:
            own = psutil.Process(self._process.pid)
            return [own, *own.children(recursive=True)]
        except psutil.Error:
            return []

    def _resident(self) -> int:
        total = 0
        for process in self._family():
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue
        return total

    def _ended(self) -> ModelChildError:
        """Why nothing comes any more."""
        code = self._process.wait()
        if code in (-signal.SIGKILL, 128 + signal.SIGKILL):
            return ModelChildError("killed", "It was killed, as is done where a machine's memory runs out.")
        return ModelChildError("ended", f"It ended with exit code {code}; its log ends: {self.log_end() or 'empty'}")

    def log_end(self) -> str:
        """The last line that it printed."""
        try:
            with self._program.log.open("rb") as file:
                file.seek(max(0, self._program.log.stat().st_size - LOG_BYTES))
                lines = file.read().decode(errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1][:300] if lines else ""


def folder_bytes(folder: Path) -> int:
    """Bytes of all files in a folder; what vanishes meanwhile does not count."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += 0 if path.is_symlink() or path.is_dir() else path.stat().st_size
        except OSError:
            continue
    return total


def _span(seconds: float) -> str:
    return (
        f"{seconds / 3600:.1f} hours"
        if seconds >= 3600
        else f"{seconds / 60:.0f} minutes"
        if seconds >= 120
        else f"{seconds:g} seconds"
    )


def read_lines(child: ModelChild, tick: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
    """Its lines alone, each `tick` called about twice a second, which may end it by what it raises."""
    for line in child.lines():
        if line is None:
            for call in tick:
                call()
        else:
            yield line
