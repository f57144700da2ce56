"""Programs written to break out of bubblewrap, or to outlive their limits."""

import signal
import socket
from pathlib import Path

import pytest

from tests.adapters.test_sandbox_engines import GRID, assert_healthy, call, run
from trajectories.adapters.sandbox.bubblewrap import BubblewrapEngine
from trajectories.core.programs.engines import CallStatus

PROJECT = Path(__file__).parents[2]


def assert_nothing_left(engine: BubblewrapEngine) -> None:
    """Only the worker and the asking program run in the sandbox, and /tmp is empty."""
    body = (
        "import os\n"
        "others = [name for name in os.listdir('/proc') if name.isdigit() and int(name) not in (1, os.getpid())]\n"
        "return [others, os.listdir('/tmp')]"
    )
    assert call(engine, body).value == [[], []]
    assert_healthy(engine)


@pytest.mark.parametrize(
    "body",
    [
        "import os\nwhile True:\n    os.fork()",
        "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
        "import threading\nwhile True:\n    threading.Thread(target=bomb).start()",
        "import subprocess, sys\nwhile True:\n    subprocess.Popen([sys.executable, '-c', 'while True: pass'])",
    ],
)
def test_bombs_of_processes_and_threads_are_limited_and_cleared(bubblewrap: BubblewrapEngine, body: str) -> None:
    result = call(bubblewrap, body, prelude="import time\ndef bomb():\n    time.sleep(99)")
    assert result.status in (CallStatus.RAISED, CallStatus.TIMEOUT)
    assert_nothing_left(bubblewrap)


def test_background_children_never_outlive_their_program(bubblewrap: BubblewrapEngine) -> None:
    body = (
        "import os, signal, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    for number in range(1, 65):\n"
        "        try: signal.signal(number, signal.SIG_IGN)\n"
        "        except (OSError, ValueError): pass\n"
        "    os.closerange(0, 64)\n"
        "    while True: time.sleep(1)\n"
        "return grid"
    )
    assert call(bubblewrap, body).value == GRID
    assert_nothing_left(bubblewrap)


@pytest.mark.parametrize(
    "body", ["import os\nos._exit(0)", "import os\nos.abort()", "import os\nos.kill(os.getpid(), 9)"]
)
def test_a_program_that_ends_its_process_is_an_error_for_that_call_only(
    bubblewrap: BubblewrapEngine, body: str
) -> None:
    indented = body.replace("\n", "\n        ")
    source = f"def transform(n):\n    if n == 1:\n        {indented}\n    return n"
    found = run(bubblewrap, source, 0, 1, 2)
    assert [result.status for result in found.calls] == [
        CallStatus.RETURNED,
        CallStatus.CRASHED,
        CallStatus.RETURNED,
    ]
    assert "process ended" in found.calls[1].message
    assert_nothing_left(bubblewrap)


@pytest.mark.parametrize("code", ["sys.exit(0)", "sys.exit('text')", "raise KeyboardInterrupt", "raise GeneratorExit"])
def test_exits_by_exception_are_the_programs_own_failing(bubblewrap: BubblewrapEngine, code: str) -> None:
    assert call(bubblewrap, f"import sys\n{code}").status is CallStatus.RAISED
    assert_healthy(bubblewrap)


@pytest.mark.parametrize("target", ["-1", "1", "0", "os.getppid()"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP, signal.SIGINT])
def test_signals_reach_nobody_else(bubblewrap: BubblewrapEngine, target: str, number: signal.Signals) -> None:
    call(bubblewrap, f"import os\nos.kill({target}, {int(number)})\nreturn grid")
    assert_nothing_left(bubblewrap)


def test_signal_handlers_do_not_extend_the_time(bubblewrap: BubblewrapEngine) -> None:
    body = (
        "import signal\n"
        "for number in range(1, 65):\n"
        "    try: signal.signal(number, lambda *_: None)\n"
        "    except (OSError, ValueError): pass\n"
        "while True: pass"
    )
    assert call(bubblewrap, body).status is CallStatus.TIMEOUT
    assert_nothing_left(bubblewrap)


def test_host_files_are_not_there(bubblewrap: BubblewrapEngine, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    paths = ["/etc/passwd", "/etc/shadow", "/etc", "/home", "/var", "/sys", "/run", str(PROJECT), str(secret)]
    body = "import os\nreturn [path for path in grid if os.path.exists(path)]"
    source = "def transform(grid):\n    " + body.replace("\n", "\n    ")
    assert run(bubblewrap, source, paths).calls[0].value == []


def test_the_applications_environment_is_not_there(bubblewrap: BubblewrapEngine) -> None:
    body = (
        "import os\n"
        "seen = dict(os.environ)\n"
        "for pid in ('1', 'self'):\n"
        "    try: seen[pid] = open(f'/proc/{pid}/environ').read()\n"
        "    except OSError: pass\n"
        "return seen"
    )
    assert call(bubblewrap, body).value == {}


def test_nothing_but_tmp_can_be_written(bubblewrap: BubblewrapEngine) -> None:
    body = (
        "import os, sys\n"
        "written = []\n"
        "own = os.path.dirname(os.__file__)\n"
        "for folder in ['/', '/dev', '/dev/shm', '/proc', '/usr', '/lib', '/site', '/tmp', '/sandbox', own]:\n"
        "    path = folder + '/x'\n"
        "    try:\n"
        "        with open(path, 'a') as file: file.write('x')\n"
        "        written.append(folder)\n"
        "    except OSError: pass\n"
        "return written"
    )
    assert call(bubblewrap, body).value == ["/tmp"]
    assert_nothing_left(bubblewrap)


def test_files_are_small_and_few(bubblewrap: BubblewrapEngine) -> None:
    body = (
        "total = 0\n"
        "try:\n"
        "    for number in range(100):\n"
        "        with open(f'/tmp/{number}', 'wb') as file:\n"
        "            for _ in range(64): total += file.write(b'x' * 1_000_000)\n"
        "except OSError: pass\n"
        "return total"
    )
    value = call(bubblewrap, body).value
    assert value is None or value < 20_000_000
    assert_nothing_left(bubblewrap)


def test_symlinks_and_deep_folders_in_tmp_do_not_survive(bubblewrap: BubblewrapEngine) -> None:
    body = (
        "import os\n"
        "os.symlink('/', '/tmp/root')\n"
        "os.symlink('/tmp/loop', '/tmp/loop')\n"
        "for _ in range(3000):\n"
        "    os.mkdir('d')\n"
        "    os.chdir('d')\n"
        "os.chmod('.', 0)\n"
        "return grid"
    )
    assert call(bubblewrap, body).status is CallStatus.RETURNED
    assert_nothing_left(bubblewrap)


@pytest.mark.parametrize(
    ("family", "address"),
    [("AF_INET", "('127.0.0.1', {port})"), ("AF_INET6", "('::1', {port})"), ("AF_UNIX", "'{path}'")],
)
def test_no_sockets_reach_the_host(bubblewrap: BubblewrapEngine, tmp_path: Path, family: str, address: str) -> None:
    path = str(tmp_path / "s")
    with socket.socket(getattr(socket, family)) as listener:
        try:
            listener.bind(path if family == "AF_UNIX" else ("::1" if family == "AF_INET6" else "127.0.0.1", 0))
        except OSError:
            pytest.skip(f"{family} does not work on this host")
        listener.listen()
        port = 0 if family == "AF_UNIX" else listener.getsockname()[1]
        where = address.format(port=port, path=path)
        body = f"import socket\ns = socket.socket(socket.{family})\ns.connect({where})\nreturn 'connected'"
        assert call(bubblewrap, body).status is CallStatus.RAISED


def test_names_are_not_resolved(bubblewrap: BubblewrapEngine) -> None:
    assert call(bubblewrap, "import socket\nreturn socket.getaddrinfo('localhost', 80)").status is CallStatus.RAISED


def test_native_calls_stay_inside(bubblewrap: BubblewrapEngine) -> None:
    prelude = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)"
    assert call(bubblewrap, "return libc.getuid() != 0", prelude).value is True
    for body in (
        "return libc.ptrace(16, 1, 0, 0)",  # PTRACE_ATTACH to the worker
        "return libc.unshare(0x10000000)",  # CLONE_NEWUSER
        "return libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)",
        "return libc.setuid(0)",
        "return libc.chroot(b'/tmp')",
    ):
        assert call(bubblewrap, body, prelude).value == -1, body
    assert call(bubblewrap, "ctypes.string_at(0)", prelude).status is CallStatus.CRASHED
    assert_nothing_left(bubblewrap)


@pytest.mark.parametrize("path", ["/proc/self/mem", "/proc/1/mem", "/proc/1/environ", "/proc/kcore", "/dev/mem"])
def test_memory_of_processes_is_closed(bubblewrap: BubblewrapEngine, path: str) -> None:
    assert call(bubblewrap, f"open({path!r}, 'r+b')\nreturn 'open'").status is CallStatus.RAISED


def test_descriptors_of_the_worker_are_closed(bubblewrap: BubblewrapEngine) -> None:
    body = (
        "import os\n"
        "found = []\n"
        "for number in range(3, 1024):\n"
        "    try:\n"
        "        os.fstat(number)\n"
        "        found.append(number)\n"
        "    except OSError: pass\n"
        "try: found += os.listdir('/proc/1/fd')\n"
        "except OSError: pass\n"
        "return found"
    )
    assert call(bubblewrap, body).value == [3, 4]


def test_limits_cannot_be_raised(bubblewrap: BubblewrapEngine) -> None:
    body = (
        "import resource\n"
        "raised = []\n"
        "for name in ('AS', 'CPU', 'NPROC', 'NOFILE', 'FSIZE', 'CORE'):\n"
        "    kind = getattr(resource, 'RLIMIT_' + name)\n"
        "    try:\n"
        "        resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "        raised.append(name)\n"
        "    except (ValueError, OSError): pass\n"
        "return raised"
    )
    assert call(bubblewrap, body).value == []


@pytest.mark.parametrize(
    "change",
    [
        "resource.prlimit(1, resource.RLIMIT_AS, (10 ** 8, 10 ** 8))",
        "resource.prlimit(1, resource.RLIMIT_NPROC, (0, 0))",
        "resource.prlimit(1, resource.RLIMIT_CPU, (1, 1))",
        "os.setpriority(os.PRIO_PROCESS, 1, 19)",
        "os.sched_setscheduler(1, os.SCHED_BATCH, os.sched_param(0))",
        "open('/tmp/left', 'w').close()",
    ],
)
def test_what_a_program_does_to_the_worker_is_not_passed_on(bubblewrap: BubblewrapEngine, change: str) -> None:
    """The worker is of the same user, so that a program may lower its limits: it is replaced before the next one."""
    look = "import os, resource\nstate = [resource.getrlimit(resource.RLIMIT_AS), os.getpriority(os.PRIO_PROCESS, 0)]\n"
    look += "return [*state, os.sched_getscheduler(0), os.listdir('/tmp')]"
    before = call(bubblewrap, look)
    assert call(bubblewrap, f"import os, resource\n{change}\nreturn 1").status in CallStatus
    after = call(bubblewrap, look)
    assert (after.status, after.value[1:]) == (CallStatus.RETURNED, before.value[1:])
    assert after.value[0][0] > 192 * 1024 * 1024
    assert_nothing_left(bubblewrap)


def test_patched_builtins_do_not_reach_the_next_program_or_the_report(bubblewrap: BubblewrapEngine) -> None:
    spoil = (
        "import builtins, json, os, sys, time\n"
        "for module in (builtins, json, time):\n"
        "    for name in list(vars(module)):\n"
        "        if name not in ('__import__', '__build_class__', 'setattr', 'vars', 'list'):\n"
        "            setattr(module, name, lambda *a, **k: 42)\n"
        "def transform(grid): return [[7]]"
    )
    assert run(bubblewrap, spoil).calls[0].status in CallStatus
    assert_nothing_left(bubblewrap)
