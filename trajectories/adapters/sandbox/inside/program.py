"""One untrusted program in its own process, forked from the worker. Standard library only.

It talks with the application through two pipes of its own. Both ways a message is a frame: four bytes of length,
big-endian, then the payload. The application sends the job (source, function and limits), then the arguments of one
call at a time, each after the result of the one before, all as JSON. The child answers with one letter and JSON:
A has accepted the job, L loaded it, F failed to load it, R result of a call, E result of a call and no more to come.
"""

import _signal  # type: ignore[import-not-found] # typeshed knows the module that wraps it only
import gc
import io
import json
import os
import resource
import sys
import time
import types
from collections.abc import Callable
from typing import Any, NoReturn

MAX_TASKS = 4
"""Processes and threads in the sandbox, the worker included: total memory is at most this times the limit."""
OPEN_FILES = 64
READ_BYTES = 1 << 16
FILE_BYTES = 8 * 1024 * 1024
MESSAGE_CHARACTERS = 500
PRINTED_CHARACTERS = 2_000
RESULTS, CALLS = 3, 4
"""Descriptors of the pipes to and from the application."""

Request = dict[str, Any]


class FloodError(BaseException):
    """The program printed more than it may. Not an Exception: programs catch those."""


def write_all(descriptor: int, data: bytes) -> None:
    """Write everything to a blocking descriptor."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def write_frame(payload: bytes) -> None:
    """Write one frame to the application."""
    write_all(RESULTS, len(payload).to_bytes(4, "big") + payload)


class CappedText(io.TextIOBase):
    """Standard output of a program: kept up to `limit` characters, beyond which writing raises FloodError."""

    def __init__(self) -> None:
        self.limit = 0
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


def value_encoder(output: CappedText) -> Callable[[Any], str]:
    """A function from a value to its JSON text, made before the program can replace anything it needs.

    It knows numpy's arrays, of as many elements as the output may have characters, and numpy's scalars. Subclasses of
    list, int and so on are encoded as what they really hold, whatever their methods say. Raises TypeError and
    ValueError for the rest.
    """
    numpy = sys.modules.get("numpy")
    array, scalar = (numpy.ndarray, numpy.generic) if numpy is not None else ((), ())
    is_a = isinstance

    def plain(value: Any) -> Any:
        if is_a(value, array):
            if value.size > output.limit:
                raise ReturnedFloodError
            return value.tolist()
        if is_a(value, scalar):
            item = value.item()
            if not is_a(item, scalar):
                return item
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")

    return json.JSONEncoder(allow_nan=False, default=plain).encode


class Program:
    """One program in its child process: loads it, makes its calls, reports each.

    Everything it needs is made here, before the program can replace any builtin or attribute of a module, and in a
    sandbox before the process of the program is forked: what a child makes anew takes pages of memory of its own.
    """

    def __init__(self, next_frame: Callable[[], Any], write: Callable[[bytes], None]) -> None:
        """`next_frame` gives what the application sends next, `write` sends it a frame."""
        self.read, self.write = next_frame, write
        self.output, self.input = CappedText(), io.StringIO()
        self.module = types.ModuleType("program")
        self.dumps, self.clock = json.JSONEncoder(allow_nan=False).encode, time.monotonic
        self.encode, self.value_text = str.encode, value_encoder(self.output)

    def run(self, request: Request) -> None:
        """Load the program and make its calls, until the application ends this process."""
        self.request, self.output.limit = request, request["output_bytes"]
        sys.stdout = sys.stderr = self.output
        sys.stdin = self.input
        sys.modules["program"] = self.module
        result = self.attempt(self.load)
        if result["status"] != "returned":
            self.report(b"F", result)
            return
        self.report(b"L", {})
        letter = b"R"
        while letter == b"R":
            self.output.start_call()
            try:
                self.arguments = self.read()
            except MemoryError as fault:
                # The program has used up all there is, so that its next input finds no place. It may be half read.
                letter, result = b"E", describe(fault, self.request["output_bytes"])
            else:
                result = self.attempt(self.call)
            self.report(letter, result)

    def load(self) -> None:
        """Execute the program's source."""
        code = compile(self.request["source"], "<program>", "exec", dont_inherit=True)
        exec(code, self.module.__dict__)

    def call(self) -> str:
        """Call the function with the arguments that were read; its value as JSON text."""
        name, names = self.request["function"], self.module.__dict__
        if name not in names:
            raise NameError(f"name '{name}' is not defined: the program has no such function")
        value = names[name](*self.arguments)
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
        """Send one frame to the application."""
        self.write(letter + self.encode(self.dumps(result)))


def frame_reader() -> Callable[[], Any]:
    """A function that waits for the next frame of the application and reads it as JSON.

    It uses nothing that a program could have replaced since: builtins and attributes of modules are bound here.
    """
    # Its method `decode` uses builtins; what it calls in turn, which is C, does not.
    scan = vars(json.JSONDecoder())["scan_once"]
    read, leave, number, size_of = os.read, os._exit, int.from_bytes, len

    def frame() -> Any:
        # Nothing follows a frame before it is answered, so that what is read is never more than this one.
        data = read(CALLS, READ_BYTES)
        while size_of(data) < 4 or size_of(data) < 4 + number(data[:4], "big"):
            part = read(CALLS, READ_BYTES)
            if not part:
                leave(0)
            data += part
        return scan(data[4:].decode(), 0)[0]

    return frame


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


FIXED_LIMITS = (
    (resource.RLIMIT_NPROC, MAX_TASKS),
    (resource.RLIMIT_NOFILE, OPEN_FILES),
    (resource.RLIMIT_FSIZE, FILE_BYTES),
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_MSGQUEUE, 0),
    (resource.RLIMIT_MEMLOCK, 0),
    (resource.RLIMIT_SIGPENDING, 64),
)


def limit_child(request: Request, base_bytes: int) -> None:
    """Set the limits no process of this program can raise again."""
    limit, cpu = resource.setrlimit, int(request["seconds_total"]) + 2
    memory = base_bytes + request["memory_bytes"]
    limit(resource.RLIMIT_AS, (memory, memory))
    limit(resource.RLIMIT_CPU, (cpu, cpu))
    for kind, value in FIXED_LIMITS:
        limit(kind, (value, value))


def child_main(calls: int, results: int, *, base_bytes: int, program: Program | None = None) -> NoReturn:
    """Everything the forked child does. Until the application sends its program, it waits.

    `program` was made before the fork, where there was one.
    """
    leave = os._exit
    try:
        os.dup2(results, RESULTS, inheritable=False)
        os.dup2(calls, CALLS, inheritable=False)
        os.closerange(CALLS + 1, 4 * OPEN_FILES)
        # signal.signal looks up names for numbers, in pages of memory that are nobody else's business.
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
        program = program or Program(frame_reader(), write_frame)
        request = program.read()
        limit_child(request, base_bytes)
        program.write(b"A")
        gc.enable()
        program.run(request)
    finally:
        leave(0)
