"""The program that runs inside bubblewrap, as process 1 of its own process namespace. Standard library only.

It serves jobs one after the other. Each job runs in a forked child with fresh limits; after the job every process in
the namespace is killed and reaped, so nothing outlives it. The worker is not dumpable: children of the same user can
neither trace it nor open its memory or its file descriptors; and being process 1 it cannot be killed from inside.

Frames on all pipes: four bytes of length, big-endian, then the payload. From the child to the worker a payload is one
letter (L loaded, F failed to load, R result) and JSON; the worker forwards the JSON unread, because the child may
write anything. The application reads it as hostile input.
"""

import contextlib
import functools
import gc
import importlib
import io
import json
import os
import random
import resource
import select
import signal
import sys
import time
import types
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, NoReturn

PRELOAD = (
    "bisect collections copy dataclasses enum fractions functools heapq itertools math operator queue re statistics "
    "string traceback typing"
)
MAX_TASKS = 4
"""Processes and threads in the sandbox, the worker included: total memory is at most this times the limit."""
OPEN_FILES = 64
FILE_BYTES = 8 * 1024 * 1024
MESSAGE_CHARACTERS = 500
PRINTED_CHARACTERS = 2_000
FRAME_SLACK = 64 * 1024
CHILD_PIPE = 3
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4

Request = dict[str, Any]


class FloodError(BaseException):
    """The program printed more than it may. Not an Exception: programs catch those."""


class ChildLostError(Exception):
    """No frame came from the child: it ran out of time, ended, or wrote something else."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.result = {"status": status, "message": message}


# --- frames ---------------------------------------------------------------------------------------------------------


def write_all(descriptor: int, data: bytes) -> None:
    """Write everything to a blocking descriptor."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def write_frame(descriptor: int, payload: bytes) -> None:
    """Write one frame."""
    write_all(descriptor, len(payload).to_bytes(4, "big") + payload)


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


# --- the child: one program -----------------------------------------------------------------------------------------


class CappedText(io.TextIOBase):
    """Standard output of a program: kept up to a limit, beyond which writing raises FloodError."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.start_call()

    def start_call(self) -> None:
        """Forget what was printed so far."""
        self.parts: list[str] = []
        self.size = 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Keep the text."""
        text = str(text)
        self.size += len(text)
        if self.size > self.limit:
            raise FloodError
        self.parts.append(text)
        return len(text)

    @property
    def flooded(self) -> bool:
        """Whether the program printed too much, even if it caught the exception."""
        return self.size > self.limit

    def text(self) -> str:
        """What was printed, cut for showing."""
        return "".join(self.parts)[:PRINTED_CHARACTERS]


def value_encoder(largest: int) -> Callable[[Any], str]:
    """A function from a value to its JSON text, made before the program can replace anything it needs.

    It knows numpy's arrays of up to `largest` elements and numpy's scalars. Subclasses of list, int and so on are
    encoded as what they really hold, whatever their methods say. Raises TypeError and ValueError for the rest.
    """
    numpy = sys.modules.get("numpy")
    array, scalar = (numpy.ndarray, numpy.generic) if numpy is not None else ((), ())
    is_a = isinstance

    def plain(value: Any) -> Any:
        if is_a(value, array):
            if value.size > largest:
                raise ReturnedFloodError
            return value.tolist()
        if is_a(value, scalar):
            item = value.item()
            if not is_a(item, scalar):
                return item
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")

    return json.JSONEncoder(allow_nan=False, default=plain).encode


class Program:
    """One program in its child process: loads it, makes its calls, reports each."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.output = CappedText(request["output_bytes"])
        # Bound now: the program may replace any builtin or module attribute.
        self.dumps, self.clock, self.write = json.JSONEncoder(allow_nan=False).encode, time.monotonic, write_frame
        self.encode = str.encode

    def run(self, first: int) -> None:
        """Load the program and make its calls from number `first` on."""
        sys.stdout = sys.stderr = self.output
        sys.stdin = io.StringIO()
        module = types.ModuleType("program")
        self.value_text = value_encoder(self.request["output_bytes"])
        sys.modules["program"] = module
        result = self.attempt(lambda: self.load(module))
        if result["status"] != "returned":
            self.report(b"F", result)
            return
        self.report(b"L", {})
        for arguments in self.request["calls"][first:]:
            self.output.start_call()
            self.report(b"R", self.attempt(functools.partial(self.call, module, arguments)))

    def load(self, module: types.ModuleType) -> None:
        """Execute the program's source."""
        code = compile(self.request["source"], "<program>", "exec", dont_inherit=True)
        exec(code, module.__dict__)

    def call(self, module: types.ModuleType, arguments: list[Any]) -> str:
        """Call the function; its value as JSON text."""
        name = self.request["function"]
        if name not in module.__dict__:
            raise NameError(f"name '{name}' is not defined: the program has no such function")
        value = module.__dict__[name](*arguments)
        try:
            text = self.value_text(value)
        except (TypeError, ValueError, RecursionError) as fault:
            raise NotJsonError(str(fault)) from fault
        if len(text) > self.request["output_bytes"]:
            raise ReturnedFloodError
        return text

    def attempt(self, step: Callable[[], Any]) -> dict[str, Any]:
        """Run one step; how it ended, as the result to report."""
        started = self.clock()
        try:
            result = {"status": "returned", "value": step()}
        except BaseException as fault:
            result = describe(fault, self.request["output_bytes"])
        if self.output.flooded:
            result = describe(FloodError(), self.request["output_bytes"])
        result["seconds"] = self.clock() - started
        result["printed"] = self.output.text()
        return result

    def report(self, letter: bytes, result: dict[str, Any]) -> None:
        """Send one frame to the worker."""
        self.write(CHILD_PIPE, letter + self.encode(self.dumps(result)))


class NotJsonError(Exception):
    """The returned value has no JSON form."""


class ReturnedFloodError(BaseException):
    """The returned value is too large."""


def describe(fault: BaseException, output_bytes: int) -> dict[str, Any]:
    """The result that stands for an exception."""
    if type(fault) is FloodError:
        return {"status": "output", "message": f"printed more than {output_bytes} bytes"}
    if type(fault) is ReturnedFloodError:
        return {"status": "output", "message": f"returned more than {output_bytes} bytes"}
    if type(fault) is NotJsonError:
        return {"status": "not_json", "message": str(fault)[:MESSAGE_CHARACTERS]}
    try:
        text = f"{type(fault).__name__}: {fault}"[:MESSAGE_CHARACTERS] + line_of(fault)
    except BaseException:
        text = "an exception that cannot be shown"
    if isinstance(fault, MemoryError):
        return {"status": "memory", "message": text}
    if isinstance(fault, ModuleNotFoundError):
        return {"status": "unsupported", "message": text}
    return {"status": "raised", "message": text}


def line_of(fault: BaseException) -> str:
    """' (line 7)': the last line of the program itself that the exception passed through."""
    line, frame = 0, fault.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == "<program>":
            line = frame.tb_lineno
        frame = frame.tb_next
    return f" (line {line})" if line else ""


def limit_child(request: Request, base_bytes: int) -> None:
    """Set the limits no process of this program can raise again."""
    cpu = int(request["seconds_total"]) + 2
    for name, value in (
        ("RLIMIT_AS", base_bytes + request["memory_bytes"]),
        ("RLIMIT_CPU", cpu),
        ("RLIMIT_NPROC", MAX_TASKS),
        ("RLIMIT_NOFILE", OPEN_FILES),
        ("RLIMIT_FSIZE", FILE_BYTES),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_MSGQUEUE", 0),
        ("RLIMIT_MEMLOCK", 0),
        ("RLIMIT_SIGPENDING", 64),
    ):
        resource.setrlimit(getattr(resource, name), (value, value))


def child_main(request: Request, first: int, pipe: int, base_bytes: int) -> NoReturn:
    """Everything the forked child does."""
    leave = os._exit
    try:
        os.dup2(pipe, CHILD_PIPE, inheritable=False)
        os.closerange(CHILD_PIPE + 1, 4 * OPEN_FILES)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        limit_child(request, base_bytes)
        random.seed(0)
        if "numpy.random" in sys.modules:
            sys.modules["numpy.random"].seed(0)
        gc.enable()
        Program(request).run(first)
    finally:
        leave(0)


# --- the worker -----------------------------------------------------------------------------------------------------


class Job(NamedTuple):
    """What the worker's side of a job needs: the pipe from the application, and its own address space in bytes."""

    requests: int
    base_bytes: int


class Child:
    """The running child of a job, as the worker sees it."""

    def __init__(self, request: Request, first: int, job: Job) -> None:
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
                raise ChildLostError("timeout", "")
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
