"""Does an engine isolate on this machine? Each probe is a program that tries to get out, and fails to."""

import json
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trajectories.core.programs.engines import CallResult, CallStatus, ProgramEngine, ProgramJob, ProgramLimits
from trajectories.core.records import JSON

LIMITS = ProgramLimits(seconds_per_call=0.5, seconds_total=1.0, memory_bytes=128 * 1024 * 1024, output_bytes=4096)
PATIENT = ProgramLimits(seconds_per_call=10.0, seconds_total=20.0, memory_bytes=LIMITS.memory_bytes, output_bytes=4096)

REFUSED = frozenset({CallStatus.RAISED, CallStatus.UNSUPPORTED})


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe: what it shows, the program's body (its argument is `given`), and what its result must be."""

    title: str
    body: str
    passes: Callable[[CallResult], bool]
    given: JSON = None
    limits: ProgramLimits = PATIENT


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """How a probe went; `detail` says what the program saw or how it ended."""

    title: str
    passed: bool
    detail: str


def self_check(engine: ProgramEngine) -> list[ProbeResult]:
    """Run every probe; the engine isolates where all pass. Takes about two seconds."""
    with _host_marks() as (paths, addresses):
        return [_try_probe(engine, probe) for probe in _probes(paths, addresses)]


def first_fault(results: list[ProbeResult]) -> str:
    """The first probe that failed, in one line; empty where all passed."""
    return next((f"{result.title}: {result.detail}" for result in results if not result.passed), "")


def _try_probe(engine: ProgramEngine, probe: Probe) -> ProbeResult:
    lines = probe.body.replace("\n", "\n    ")
    source = f"def transform(given):\n    {lines}\n"
    result = engine.run(ProgramJob(source, ([probe.given],), limits=probe.limits)).calls[0]
    seen = json.dumps(result.value) if result.status is CallStatus.RETURNED else f"{result.status} {result.message}"
    return ProbeResult(probe.title, probe.passes(result), seen.strip()[:200])


@contextmanager
def _host_marks() -> Iterator[tuple[list[str], list[JSON]]]:
    """Things that exist on the host while the probes run: files, and listening sockets."""
    with tempfile.NamedTemporaryFile(prefix="minicolumn-probe-") as mark, socket.socket() as tcp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(f"\0minicolumn-probe-{os.getpid()}-{tcp.getsockname()[1]}")
            unix.listen()
            paths = ["/etc/passwd", "/etc/hostname", "/home", "/sys", str(Path(__file__).parents[3]), mark.name]
            yield paths, [tcp.getsockname()[1], unix.getsockname().decode()]


def _returns(*values: JSON) -> Callable[[CallResult], bool]:
    """Passes where one of the values comes back, or the engine has nothing the program could try it with."""
    return lambda result: result.status in REFUSED or (result.status is CallStatus.RETURNED and result.value in values)


def _ends(*statuses: CallStatus) -> Callable[[CallResult], bool]:
    return lambda result: result.status in statuses


def _probes(paths: list[str], addresses: list[JSON]) -> list[Probe]:
    return [
        Probe("runs a program", "return [row[::-1] for row in given]", _right_value, given=[[1, 2]]),
        *_secrecy_probes(paths, addresses),
        *_process_probes(),
        *_limit_probes(),
    ]


def _right_value(result: CallResult) -> bool:
    return result.status is CallStatus.RETURNED and bool(result.value == [[2, 1]])


def _secrecy_probes(paths: list[str], addresses: list[JSON]) -> list[Probe]:
    tcp = "import socket\nsocket.create_connection(('127.0.0.1', given), 2)\nreturn 'connected'"
    unix = "import socket\nsocket.socket(socket.AF_UNIX).connect(given)\nreturn 'connected'"
    exists = "import os\nreturn [path for path in given if os.path.exists(path)]"
    write = (
        "written = []\n"
        "for folder in given:\n"
        "    try:\n"
        "        with open(folder + '/probe', 'w') as file: file.write('x')\n"
        "        written.append(folder)\n"
        "    except OSError: pass\n"
        "return written"
    )
    folders: JSON = ["", "/dev", "/dev/shm", "/usr", "/lib", "/home", str(Path(paths[-1]).parent / "missing")]
    return [
        Probe("no network to the host", tcp, _ends(*REFUSED), given=addresses[0]),
        Probe("no Unix sockets of the host", unix, _ends(*REFUSED), given=addresses[1]),
        Probe("no files of the host", exists, _returns([]), given=paths),
        Probe("no environment variables", "import os\nreturn dict(os.environ)", _returns({})),
        Probe("nothing outside /tmp can be written", write, _returns([]), given=folders),
    ]


def _process_probes() -> list[Probe]:
    processes = "import os\nreturn len([name for name in os.listdir('/proc') if name.isdigit()])"
    fork = (
        "import os\nforks = 0\n"
        "for _ in range(30):\n"
        "    try:\n"
        "        if os.fork() == 0: os._exit(0)\n"
        "        forks += 1\n"
        "    except OSError: break\n"
        "return forks < 10"
    )
    linger = "import os, time\nif os.fork() == 0: time.sleep(60)\nreturn 'left a child'"
    memory = "open('/proc/1/mem', 'rb')\nreturn 'open'"
    user = "import os\nreturn os.getuid() == 0"
    namespace = "import ctypes\nreturn ctypes.CDLL(None).unshare(0x10000000)"
    return [
        Probe("no other processes in sight", processes, _returns(2)),
        Probe("the number of processes is limited", fork, _returns(True)),
        Probe("leaving a child behind", linger, _returns("left a child")),
        Probe("children end with their program", processes, _returns(2)),
        Probe("the worker's memory is closed", memory, _ends(*REFUSED)),
        Probe("programs are not root", user, _returns(False)),
        Probe("no new user namespaces", namespace, _returns(-1)),
    ]


def _limit_probes() -> list[Probe]:
    return [
        Probe("the time limit bites", "while True: pass", _ends(CallStatus.TIMEOUT), limits=LIMITS),
        Probe("the memory limit bites", "return len([0] * 10 ** 9)", _ends(CallStatus.MEMORY)),
        Probe("the output limit bites", "while True: print('x' * 100)", _ends(CallStatus.OUTPUT)),
        Probe("still runs a program", "return [row[::-1] for row in given]", _right_value, given=[[1, 2]]),
    ]
