"""The process that runs inside bubblewrap and answers requests with a module of ours and the packages it needs.

As process 1 of its own process namespace it imports the module once and forks for every request: what the text in a
request does to its process, the next request never meets. It reads of a request only what is not from a model (the
`shared` part) and makes what several requests share from that; the rest is read by the fork alone. Standard library
only.

Frames are four bytes of length, big-endian, then JSON. A request is two: {"shared", "seconds", "memory_bytes",
"reply_bytes"} and the rest. An answer is two: {"ended": how, "clean": whether nothing was left behind} and the module's
reply, which is null where there is none; a reply is written by a process that a text may have taken over.

The module has `warm_up()`, which does once what would cost every fork, `prepare(shared)`, which raises nothing, and
`answer(prepared, rest)`.
"""

import contextlib
import functools
import gc
import importlib
import json
import os
import resource
import select
import shutil
import signal
import sys
import time
import types
from collections.abc import Callable
from typing import Any, NoReturn

from trajectories.adapters.sandbox.inside.worker import become_user, clear_namespace, shield, without_fork_hooks

RETURNED, TIMEOUT, CRASHED = "returned", "timeout", "crashed"
PROBE = "probe"
"""A shared part that asks for what a request can reach from inside."""
CHANNEL = 3
"""Descriptor of the pipe through which the fork replies."""
OPEN_FILES = 64


class LostError(Exception):
    """No reply came from the fork; the text says how that went."""


def read_exactly(descriptor: int, size: int) -> bytes:
    """Read `size` bytes from a blocking descriptor; where it ends before, this process does too."""
    parts = []
    while size:
        part = os.read(descriptor, min(size, 1 << 20))
        if not part:
            os._exit(0)
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def read_frame(descriptor: int) -> Any:
    """The next frame of a trusted writer."""
    return json.loads(read_exactly(descriptor, int.from_bytes(read_exactly(descriptor, 4), "big")))


def write_frame(descriptor: int, payload: bytes) -> None:
    """Write one frame to a blocking descriptor."""
    view = memoryview(len(payload).to_bytes(4, "big") + payload)
    while view:
        view = view[os.write(descriptor, view) :]


def limit_fork(header: dict[str, Any], base_bytes: int) -> None:
    """Set limits that the fork cannot raise again: no processes, empty files, memory and time as agreed."""
    cpu = int(header["seconds"]) + 2
    for name, value in (
        ("RLIMIT_AS", base_bytes + header["memory_bytes"]),
        ("RLIMIT_CPU", cpu),
        ("RLIMIT_NPROC", 1),
        ("RLIMIT_NOFILE", OPEN_FILES),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_MSGQUEUE", 0),
        ("RLIMIT_MEMLOCK", 0),
        ("RLIMIT_SIGPENDING", 64),
    ):
        resource.setrlimit(getattr(resource, name), (value, value))


def fork_main(
    reply_to: Callable[[Any], Any], header: dict[str, Any], descriptors: tuple[int, int], base_bytes: int
) -> NoReturn:
    """Everything a fork does: read the rest of the request, close all it does not need, reply."""
    requests, pipe = descriptors
    try:
        rest = read_frame(requests)
        os.dup2(pipe, CHANNEL, inheritable=False)
        os.closerange(CHANNEL + 1, 4 * OPEN_FILES)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        limit_fork(header, base_bytes)
        gc.enable()
        write_frame(CHANNEL, json.dumps(reply_to(rest)).encode())
    finally:
        os._exit(0)


def take(pipe: int, size: int, deadline: float, application: int) -> bytes:
    """`size` bytes from the fork, by the deadline. Raises LostError."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    poll.register(application, 0)
    parts = []
    while size:
        left = deadline - time.monotonic()
        ready = poll.poll(left * 1000 + 1) if left > 0 else []
        if not ready:
            raise LostError(TIMEOUT)
        if any(descriptor == application for descriptor, _ in ready):
            os._exit(0)
        part = os.read(pipe, min(size, 1 << 16))
        if not part:
            raise LostError(CRASHED)
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def reply_of(pipe: int, header: dict[str, Any], application: int) -> bytes:
    """The payload that the fork wrote, unread. Raises LostError."""
    deadline = time.monotonic() + header["seconds"]
    length = int.from_bytes(take(pipe, 4, deadline, application), "big")
    if not 1 <= length <= header["reply_bytes"]:
        raise LostError(CRASHED)
    return take(pipe, length, deadline, application)


def empty_folder() -> bool:
    """Empty /tmp, which packages may want while they are imported. Returns whether that went well."""
    for name in os.listdir("/tmp"):
        path = os.path.join("/tmp", name)
        shutil.rmtree(path, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.unlink(path)
    return not os.listdir("/tmp")


def left_behind() -> bool:
    """Whether a fork left something that the next one could see."""
    if os.listdir("/tmp") and not empty_folder():
        return True
    for kind in ("shm", "sem", "msg"):
        with open(f"/proc/sysvipc/{kind}", encoding="ascii") as table:
            if len(table.readlines()) > 1:
                return True
    return False


def serve(module: types.ModuleType, requests: int, responses: int) -> None:
    """Answer requests until the application closes the pipe."""
    while True:
        header = read_frame(requests)
        if header["shared"] == PROBE:
            reply_to: Callable[[Any], Any] = probe
        else:
            prepared = module.prepare(header["shared"])
            reply_to = functools.partial(module.answer, prepared)
        with open("/proc/self/statm", encoding="ascii") as statm:
            base_bytes = int(statm.read().split()[0]) * resource.getpagesize()
        pipe, writing = os.pipe()
        if os.fork() == 0:
            os.close(responses)
            fork_main(reply_to, header, (requests, writing), base_bytes)
        os.close(writing)
        ended, payload = RETURNED, b"null"
        try:
            payload = reply_of(pipe, header, requests)
        except LostError as lost:
            ended = str(lost)
        os.close(pipe)
        clear_namespace()
        write_frame(responses, json.dumps({"ended": ended, "clean": not left_behind()}).encode())
        write_frame(responses, payload)


def probe(given: dict[str, Any]) -> dict[str, Any]:
    """What a request can reach from here, tried: paths and sockets of the host that are named, and what it may do."""
    ctypes = importlib.import_module("ctypes")
    socket = importlib.import_module("socket")

    def touch(folder: str) -> None:
        with open(f"{folder}/probe", "w"):
            pass

    def works(*steps: Callable[[], Any]) -> bool:
        try:
            for step in steps:
                step()
        except OSError:
            return False
        return True

    return {
        "files of the host": [path for path in given["paths"] if os.path.exists(path)],
        "environment variables": sorted(os.environ),
        "places to write to": [folder for folder in given["folders"] if works(functools.partial(touch, folder))],
        "network": works(lambda: socket.create_connection(("127.0.0.1", given["tcp"]), 2)),
        "sockets of the host": works(lambda: socket.socket(socket.AF_UNIX).connect(given["unix"])),
        "new processes": works(lambda: os.fork() or os._exit(0)),
        "new user namespaces": ctypes.CDLL(None).unshare(0x10000000) == 0,
        "other processes' memory": works(lambda: open("/proc/1/mem", "rb").close()),
        "root": os.getuid() == 0,
    }


def main(module_name: str, sites: str, uid: str) -> None:
    """Prepare, say hello, serve. `sites` are folders of packages, joined by colons."""
    if os.getpid() != 1:
        raise SystemExit("this must be process 1 of its namespace")
    requests, responses = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    become_user(int(uid))
    shield()
    sys.path += [site for site in sites.split(":") if site]
    with without_fork_hooks():
        module = importlib.import_module(module_name)
        module.warm_up()
    empty_folder()
    os.environ.clear()
    os.dup2(null, 2)
    with contextlib.suppress(OSError):
        os.close(null)
    gc.disable()
    gc.freeze()
    write_frame(responses, json.dumps({"ready": True}).encode())
    serve(module, requests, responses)


if __name__ == "__main__":
    main(*sys.argv[1:])
