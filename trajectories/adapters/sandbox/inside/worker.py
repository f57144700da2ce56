"""The process that runs inside bubblewrap, as process 1 of its own process namespace. Standard library only.

It forks programs and never sees one: the application makes two pipes for every child, whose far ends come through the
socket and are handed on unread. Program, inputs, results and prints pass by this process, so that there is nothing of
them in its memory for a later child to inherit. What comes through the socket itself is one letter.

The next child is forked as soon as the one before is gone, and waits for its program. Between two of them every other
process in the namespace is killed and reaped, so nothing outlives its program. The worker is not dumpable: children of
the same user can neither trace it nor open its memory or its file descriptors; and being process 1 it cannot be killed
from inside.
"""

import contextlib
import fcntl
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
from collections.abc import Iterator, Sequence
from functools import partial

from trajectories.adapters.sandbox.inside.program import CALLS, Program, child_main, frame_reader, write_frame

PRELOAD = (
    "bisect collections copy dataclasses enum fractions functools heapq itertools math operator queue random re "
    "statistics string traceback typing"
)
CLEAR, CLEAR_ENDED = b"C", b"E"
"""What the application asks for: the next child, or the next child and how this one came to end by itself."""
CLEAN = b'{"code": null, "clean": true}'
"""What it hears most."""
END_MILLISECONDS = 50
SIGKILL = int(signal.SIGKILL)
PIPES = struct.Struct("ii")
ANCILLARY_BYTES = socket.CMSG_SPACE(PIPES.size)
SOCKET = 10
"""Descriptor of the socket, out of the way of those that children use."""
RESOURCES = 16
"""Kinds of limits that Linux has."""
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4


Standing = tuple[object, ...]
"""What a program could change about the worker, or in its namespace, and the next one could see or suffer from."""


def look_around(tables: Sequence[int]) -> Standing:
    """How things stand now; `tables` are open files that list the namespace's shared memory and its like."""
    folder = os.stat("/tmp")
    return (
        os.listdir("/tmp"),
        (folder.st_mode, folder.st_uid, folder.st_gid),
        _attributes("/tmp"),
        [os.pread(table, 1 << 16, 0) for table in tables],
        [resource.getrlimit(kind) for kind in range(RESOURCES)],
        (os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), os.sched_getaffinity(0)),
    )


def _attributes(path: str) -> list[str]:
    try:
        return os.listxattr(path)
    except OSError:  # older kernels have none on a tmpfs
        return []


def clear_namespace() -> None:
    """Kill and reap every process but this one. kill(-1) is atomic with respect to fork: none slips through."""
    try:
        os.kill(-1, SIGKILL)
        while True:
            os.waitpid(-1, 0)
    except (ProcessLookupError, ChildProcessError):
        return


def exit_code(child: int) -> int | None:
    """How the child ended by itself, minus the signal where one did it; None where it still runs.

    The last process to hold the pipe of results may close it a moment before it ends.
    """
    handle = os.pidfd_open(child)
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    ended = poll.poll(END_MILLISECONDS)
    os.close(handle)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if ended else None


def serve(application: socket.socket, program: Program) -> None:
    """Fork one child after the other, until the application closes the socket. Each begins with `program`.

    After a fork every page of memory that is written is copied first, here as in the child: the loop is short, and
    makes little that is new.
    """
    with open("/proc/self/statm", encoding="ascii") as statm:
        base_bytes = int(statm.read().split()[0]) * resource.getpagesize()
    tables = [os.open(f"/proc/sysvipc/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in ("shm", "sem", "msg")]
    untouched, child = look_around(tables), 0
    while True:
        asked, sent, _, _ = application.recvmsg(1, ANCILLARY_BYTES, socket.MSG_CMSG_CLOEXEC)
        if not asked:
            # The application has gone. With process 1 everything else here ends.
            os._exit(0)
        calls, results = PIPES.unpack(sent[0][2])
        code = exit_code(child) if asked == CLEAR_ENDED and child else None
        clear_namespace()
        clean = look_around(tables) == untouched
        application.send(CLEAN if clean and code is None else json.dumps({"code": code, "clean": clean}).encode())
        child = os.fork()
        if child == 0:
            child_main(calls, results, base_bytes=base_bytes, program=program)
        os.close(calls)
        os.close(results)


REHEARSED = """
from collections import Counter, defaultdict, deque
import math
class Cells:
    def __init__(self, cells):
        self.cells = cells
def transform(grid):
    height, width = len(grid), len(grid[0])
    counts = Counter(cell for row in grid for cell in row)
    found, seen, near = defaultdict(list), set(), deque([(0, 0)])
    while near:
        row, column = near.popleft()
        if (row, column) in seen or not (0 <= row < height and 0 <= column < width):
            continue
        seen.add((row, column))
        found[grid[row][column]].append((row, column))
        near.extend([(row + 1, column), (row, column + 1)])
    parts = sorted((Cells(cells) for cells in found.values()), key=lambda part: -len(part.cells))
    best = max(counts, key=lambda cell: (counts[cell], -cell))
    try:
        [][1]
    except IndexError:
        pass
    made = [[best if cell == 0 else cell for cell in row] for row in zip(*grid)]
    made = [list(row[::-1]) for row in made]
    print(f"{best} {len(parts)} {math.sqrt(len(seen)):.2f}")
    return made[: max(1, sum(map(len, made)) // max(1, width))]
"""
"""A program with what programs use most."""

REHEARSALS = 24
"""So often Python has to go through its code before it has adapted itself to it."""


class _RehearsedError(BaseException):
    """The rehearsed program has had its calls."""


def _next_input(inputs: Iterator[str]) -> object:
    for arguments in inputs:
        return json.loads(arguments)
    raise _RehearsedError


def rehearse() -> None:
    """Run a program of our own a few times, in this process.

    What Python makes at first use, and writes into its code as it learns what that works on, it would otherwise do in
    every child anew, each time in pages of memory that are copied for it.
    """
    request = {"source": REHEARSED, "function": "transform", "output_bytes": 1 << 16, "seconds_total": 1.0}
    streams = sys.stdout, sys.stderr, sys.stdin
    for _ in range(REHEARSALS):
        inputs = iter(["[[[0, 1, 2], [3, 0, 300]]]", "[[[5]]]", "[null]"])
        program = Program(partial(_next_input, inputs), lambda payload: None)  # noqa: ARG005
        with contextlib.suppress(_RehearsedError):
            program.run(request)
        del sys.modules["program"]
    sys.stdout, sys.stderr, sys.stdin = streams


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


@contextlib.contextmanager
def without_fork_hooks() -> Iterator[None]:
    """Nothing that is imported meanwhile is called after a fork: a third of a fork's cost, for nothing here.

    threading would look for locks of other threads, of which a worker has none; random would draw a new seed, where
    each child has to begin with the one that it inherits.
    """
    register = os.register_at_fork
    os.register_at_fork = lambda **_: None
    try:
        yield
    finally:
        os.register_at_fork = register


def preload(site: str, packages: str) -> None:
    """Import what programs use most, so that their own imports cost nothing, and set the seeds they begin with."""
    if site:
        sys.path.append(site)
    with without_fork_hooks():
        for name in (PRELOAD + " " + packages).split():
            with contextlib.suppress(ModuleNotFoundError):
                importlib.import_module(name)
    for name in ("random", "numpy.random"):
        if name in sys.modules:
            sys.modules[name].seed(0)


def take_descriptors() -> socket.socket:
    """The socket from the application; all that children will use of the numbers below it is taken."""
    number = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, SOCKET)
    null = os.open(os.devnull, os.O_RDWR)
    # Standard error stays as it is until the worker is ready: what it says until then is shown.
    for taken in (0, 1, *range(3, CALLS + 1)):
        if taken != null:
            os.dup2(null, taken)
    return socket.socket(fileno=number)


def main(site: str, packages: str, uid: str) -> None:
    """Prepare, and serve."""
    if os.getpid() != 1:
        raise SystemExit("the worker must be process 1 of its namespace")
    application = take_descriptors()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    become_user(int(uid))
    shield()
    preload(site, packages)
    os.environ.clear()
    os.dup2(0, 2)
    rehearse()
    program = Program(frame_reader(), write_frame)
    gc.collect()
    gc.disable()
    gc.freeze()
    serve(application, program)


if __name__ == "__main__":
    main(*sys.argv[1:])
