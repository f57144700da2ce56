"""The process that runs inside bubblewrap, as process 1 of its own process namespace. Standard library only.

It serves jobs one after the other. Each job runs in a forked child with fresh limits; after the job every process in
the namespace is killed and reaped, so nothing outlives it. The worker is not dumpable: children of the same user can
neither trace it nor open its memory or its file descriptors; and being process 1 it cannot be killed from inside.

It forwards what the child reports unread, because the child may write anything. The application reads it as hostile
input.
"""

import contextlib
import gc
import importlib
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

from trajectories.adapters.sandbox.inside.program import Request, child_main, write_frame

PRELOAD = (
    "bisect collections copy dataclasses enum fractions functools heapq itertools math operator queue re statistics "
    "string traceback typing"
)
FRAME_SLACK = 64 * 1024
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4


class ChildLostError(Exception):
    """No frame came from the child: it ran out of time, ended, or wrote something else."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.result = {"status": status, "message": message}


def read_exactly(descriptor: int, size: int) -> bytes:
    """Read `size` bytes from a trusted, blocking descriptor; at its end the worker ends too."""
    parts = []
    while size:
        part = os.read(descriptor, min(size, 1 << 20))
        if not part:
            os._exit(0)
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class Job(NamedTuple):
    """What the worker's side of a job needs: the pipe from the application, and its own address space in bytes."""

    requests: int
    base_bytes: int


class Child:
    """The running child of a job, as the worker sees it."""

    def __init__(self, request: Request, first: int, job: Job) -> None:
        self.limit = f"no result within {request['seconds_per_call']:g} s, or {request['seconds_total']:g} s in all"
        self.largest = 2 * request["output_bytes"] + FRAME_SLACK
        self.pipe, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            child_main(request, first, writing, job.base_bytes)
        os.close(writing)
        os.set_blocking(self.pipe, False)
        self.poll = select.poll()
        self.poll.register(self.pipe, select.POLLIN)
        self.poll.register(job.requests, 0)
        self.application = job.requests
        self.buffer = b""

    def read_frame(self, deadline: float) -> bytes:
        """The next frame. Raises ChildLostError."""
        length = int.from_bytes(self.take(4, deadline), "big")
        if not 1 <= length <= self.largest:
            raise ChildLostError("crashed", "the program wrote into the channel of its results")
        return self.take(length, deadline)

    def take(self, size: int, deadline: float) -> bytes:
        """`size` bytes, by the deadline."""
        while len(self.buffer) < size:
            left = deadline - time.monotonic()
            ready = self.poll.poll(left * 1000 + 1) if left > 0 else []
            if not ready:
                raise ChildLostError("timeout", self.limit)
            if any(descriptor == self.application for descriptor, _ in ready):
                # The application has gone. With process 1 everything else here ends.
                os._exit(0)
            part = os.read(self.pipe, 1 << 16)
            if not part:
                raise self.ended()
            self.buffer += part
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def ended(self) -> ChildLostError:
        """Why no more frames will come. The last process to hold the pipe may close it a moment before it ends."""
        for _ in range(50):
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                break
            time.sleep(0.001)
        else:
            return ChildLostError("crashed", "the program closed the channel of its results")
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        if code == -signal.SIGXCPU:
            return ChildLostError("timeout", "all CPU time was used up")
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return ChildLostError("crashed", f"the program's process ended {how}")

    def close(self) -> None:
        """Forget the pipe; the process is killed with all others."""
        os.close(self.pipe)


def clear_namespace() -> None:
    """Kill and reap every process but this one. kill(-1) is atomic with respect to fork: none slips through."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def results_of(request: Request, job: Job) -> Iterator[bytes]:
    """One JSON payload per call, in order. A call that takes its child down is followed by a new child."""
    count, done = len(request["calls"]), 0
    end = time.monotonic() + request["seconds_total"]
    while done < count:
        if time.monotonic() >= end:
            message = f"all {request['seconds_total']:g} s for the program were used up"
            yield from [json.dumps({"status": "timeout", "message": message}).encode()] * (count - done)
            return
        child = Child(request, done, job)
        loaded = False
        try:
            while done < count:
                payload = child.read_frame(min(end, time.monotonic() + request["seconds_per_call"]))
                if not loaded and payload[:1] == b"F":
                    yield from [payload[1:]] * (count - done)
                    return
                if loaded:
                    done += 1
                    yield payload[1:]
                loaded = True
        except ChildLostError as lost:
            repeats = 1 if loaded else count - done
            done += repeats
            yield from [json.dumps(lost.result).encode()] * repeats
        finally:
            child.close()
            clear_namespace()


def left_behind() -> bool:
    """Whether a program left something that the next one could see."""
    if os.listdir("/tmp"):
        return True
    for kind in ("shm", "sem", "msg"):
        with open(f"/proc/sysvipc/{kind}", encoding="ascii") as table:
            if len(table.readlines()) > 1:
                return True
    return False


def serve(requests: int, responses: int) -> None:
    """Answer requests until the application closes the pipe."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        base_bytes = int(statm.read().split()[0]) * resource.getpagesize()
    while True:
        length = int.from_bytes(read_exactly(requests, 4), "big")
        request = json.loads(read_exactly(requests, length))
        write_frame(responses, b'{"accepted": true}')
        for payload in results_of(request, Job(requests, base_bytes)):
            write_frame(responses, payload)
        write_frame(responses, json.dumps({"clean": not left_behind()}).encode())


def become_user(uid: int) -> None:
    """Give up root for good, where the worker was started with it."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def shield() -> None:
    """Take this process out of its children's reach, and tie its life to the application's."""
    ctypes = importlib.import_module("ctypes")
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    # Changing the user has cleared the death signal that bubblewrap had set.
    for option, value in ((PR_SET_PDEATHSIG, signal.SIGKILL), (PR_SET_DUMPABLE, 0)):
        if prctl(option, int(value), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl failed")


def preload(site: str, packages: str) -> None:
    """Import what programs use most, so that their own imports cost nothing."""
    if site:
        sys.path.append(site)
    for name in (PRELOAD + " " + packages).split():
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(name)


def main(site: str, packages: str, uid: str) -> None:
    """Prepare, say hello, serve."""
    if os.getpid() != 1:
        raise SystemExit("the worker must be process 1 of its namespace")
    requests, responses = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    become_user(int(uid))
    shield()
    preload(site, packages)
    os.environ.clear()
    os.dup2(null, 2)
    gc.disable()
    gc.freeze()
    write_frame(responses, json.dumps({"ready": True}).encode())
    serve(requests, responses)


if __name__ == "__main__":
    main(*sys.argv[1:])
