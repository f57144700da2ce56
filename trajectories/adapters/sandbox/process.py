"""One warm worker process inside bubblewrap, as the application sees it."""

import contextlib
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trajectories.adapters.sandbox.environment import SandboxPython
from trajectories.adapters.sandbox.inside.worker import CLEAR, CLEAR_ENDED
from trajectories.adapters.sandbox.pipes import ProgramPipes, wait_for
from trajectories.adapters.sandbox.seccomp import filter_program
from trajectories.adapters.sandbox.values import ValueRefusedError, read_value

START_SECONDS, GRACE_SECONDS = 60.0, 10.0
TEMPORARY_BYTES = 16 * 1024 * 1024
ANSWER_BYTES = 1024
NOBODY = 65534
FIRST_UID, UIDS = 61_184, 4_000
"""Users that no file belongs to (systemd's dynamic range): a worker started by root takes one of them."""

_INSIDE = Path(__file__).with_name("inside")
_MODULE = "trajectories.adapters.sandbox.inside.worker"
SOURCES, _SITE = "/sandbox", "/site"


class WorkerLostError(Exception):
    """The worker died, hung or broke the protocol; the message says which. It must not be used again."""


class WorkerEndedError(WorkerLostError):
    """The worker is dead; it may have been so before it was asked."""


class SandboxUnavailableError(RuntimeError):
    """bubblewrap cannot be used on this machine; the message says why."""


def find_bubblewrap() -> str:
    """Path of bwrap. Raises SandboxUnavailableError."""
    path = shutil.which("bwrap")
    if path is None:
        raise SandboxUnavailableError("bwrap is not installed (Debian: apt install bubblewrap)")
    return path


def bubblewrap_version() -> str:
    """Its version, such as 0.8.0. Raises SandboxUnavailableError, also for one that is too old."""
    answer = subprocess.run([find_bubblewrap(), "--version"], capture_output=True, text=True, check=False, timeout=30)
    version = answer.stdout.split()[-1] if answer.stdout.split() else "unknown"
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < (0, 8):
        raise SandboxUnavailableError(f"bwrap: found version {version}, expected 0.8 or newer")
    return version


def worker_command(
    python: SandboxPython, packages: str, info_descriptor: int, seccomp_descriptor: int | None
) -> list[str]:
    """The command line of a worker that imports `packages` (names, separated by spaces) before its first job.

    The user is mapped away in a user namespace, or given up by the worker where it is root.
    """
    uid = choose_user()
    site = "" if python.site is None else _SITE
    # The packages above it are missing there, which Python takes for namespace packages.
    mounts = [(_INSIDE, f"{SOURCES}/{_MODULE.rpartition('.')[0].replace('.', '/')}")]
    mounts += [] if python.site is None else [(python.site, _SITE)]
    arguments = enclosure_arguments(python, mounts, uid, TEMPORARY_BYTES)
    arguments += ["--info-fd", str(info_descriptor)]
    if seccomp_descriptor is not None:
        arguments += ["--seccomp", str(seccomp_descriptor)]
    return [*arguments, "--", *interpreter_arguments(python), "-m", _MODULE, site, packages, str(uid)]


def choose_user() -> int:
    """The user to become inside: one that no file belongs to where this process is root, else nobody's number."""
    return FIRST_UID + (os.getpid() * 31 + time.monotonic_ns()) % UIDS if os.geteuid() == 0 else NOBODY


def interpreter_arguments(python: SandboxPython) -> list[str]:
    """How the interpreter is started inside: with nothing from a user's folder, no site packages, no bytecode files."""
    return [str(python.executable), "-s", "-P", "-S", "-B"]


def enclosure_arguments(
    python: SandboxPython, mounts: Sequence[tuple[Path, str]], uid: int, temporary_bytes: int
) -> list[str]:
    """bwrap and its options: namespaces of its own, no capabilities, an empty environment, a root with the interpreter
    and `mounts` (path here, path inside), all read-only
    but a /tmp of `temporary_bytes`.
    """
    root = os.geteuid() == 0
    arguments = [find_bubblewrap(), "--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1"]
    if root:
        arguments += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        arguments.remove("--unshare-all")
        arguments += [f"--unshare-{kind}" for kind in ("ipc", "pid", "net", "uts", "cgroup")]
    else:
        arguments += ["--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
        arguments += ["--uid", str(uid), "--gid", str(uid)]
    arguments += ["--hostname", "sandbox", "--clearenv", *_environment(python)]
    return arguments + _file_system(python, mounts, temporary_bytes)


def _environment(python: SandboxPython) -> list[str]:
    """What the interpreter needs until the worker empties it; numpy's libraries keep to one thread."""
    values = {
        "PYTHONPATH": SOURCES,
        "PYTHONHASHSEED": "0",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        # Or every child looks up for itself what it calls in libraries, in pages of memory that are copied for it.
        "LD_BIND_NOW": "1",
        "LANG": "C.UTF-8",
    }
    if python.library_folder is not None:
        values["LD_LIBRARY_PATH"] = str(python.library_folder)
    return [part for name, value in values.items() for part in ("--setenv", name, value)]


def _file_system(python: SandboxPython, mounts: Sequence[tuple[Path, str]], temporary_bytes: int) -> list[str]:
    """A root with the interpreter, its libraries and the mounts; nothing but /tmp can be written to."""
    arguments = []
    mounted = (python.executable, *python.folders)
    # Made by --ro-bind itself, they would be open to their owner only, which the worker is not for long.
    here = {parent for path in mounted for parent in path.parents if parent != Path("/")}
    inside = {parent for _, target in mounts for parent in Path(target).parents if parent != Path("/")}
    for folder in sorted(here | inside):
        arguments += ["--perms", "0755", "--dir", str(folder)]
    for path in mounted:
        arguments += ["--ro-bind", str(path), str(path)]
    hidden = [str(folder / "site-packages") for folder in python.folders if (folder / "site-packages").is_dir()]
    for folder_name in hidden:
        arguments += ["--tmpfs", folder_name]
    for source, target in mounts:
        arguments += ["--ro-bind", str(source), target]
    arguments += ["--proc", "/proc", "--dev", "/dev"]
    arguments += ["--perms", "1777", "--size", str(temporary_bytes), "--tmpfs", "/tmp", "--chdir", "/tmp"]
    for folder_name in ("/dev", *hidden, "/"):
        arguments += ["--remount-ro", folder_name]
    return arguments


@dataclass(frozen=True, slots=True)
class Cleared:
    """How a worker stands after it has ended everything in its namespace.

    `code`: exit code of the program's process where it had ended by itself (minus the signal where one ended it).
    `clean`: nothing is left that the next program could see.
    """

    code: int | None
    clean: bool


class WorkerProcess:
    """A running worker with the next child ready. Raises SandboxUnavailableError where it does not start."""

    def __init__(self, python: SandboxPython, packages: str = "") -> None:
        self.packages = packages
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._control, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        self.program = ProgramPipes()
        """The pipes of the child that waits for a program, or runs it."""
        program = filter_program()
        info, info_writing = os.pipe()
        passed = [info_writing, *([] if program is None else [descriptor_of(program)])]
        try:
            self._process = subprocess.Popen(
                worker_command(python, packages, *passed, *([None] if program is None else [])),
                stdin=inside.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                cwd="/",
                env={},
                pass_fds=passed,
                start_new_session=True,
            )
        finally:
            inside.close()
            for descriptor in passed:
                os.close(descriptor)
        self.pid = read_child_pid(info)
        """Process id, outside the sandbox, of the worker that is process 1 inside; 0 where it never started."""
        self._inside = open_pidfd(self.pid)
        self._first_child()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def next_child(self, *, ended: bool = False, seconds: float = GRACE_SECONDS) -> Cleared:
        """End everything in the namespace and have a new child wait for a program, at `program`.

        `ended` asks how the process of the program before came to end. Raises WorkerLostError.
        """
        self.program.close()
        self.program = ProgramPipes()
        deadline = time.monotonic() + seconds
        try:
            socket.send_fds(self._control, [CLEAR_ENDED if ended else CLEAR], self.program.far_ends)
        except OSError as fault:
            raise WorkerEndedError("the sandbox worker has ended") from fault
        finally:
            self.program.close_far_ends()
        if not wait_for(self._control.fileno(), select.POLLIN, deadline):
            raise WorkerLostError("the sandbox worker did not answer in time")
        return _read_cleared(self._control)

    def kill(self) -> None:
        """End the worker and everything in its namespace."""
        kill_all(self._inside, self._process)
        self.forget()

    def forget(self) -> None:
        """Close this process's ends of the pipes. All a forked child may do to its parent's worker."""
        if self._inside is not None:
            os.close(self._inside)
            self._inside = None
        self.program.close()
        self._control.close()
        self._errors.close()

    def _first_child(self) -> None:
        """Wait until the worker is ready."""
        try:
            self.next_child(seconds=START_SECONDS)
        except WorkerLostError as fault:
            self._errors.seek(0)
            said = self._errors.read(2_000).decode("utf-8", "replace").strip().splitlines()
            self.kill()
            raise SandboxUnavailableError(f"the sandbox does not start: {said[-1] if said else fault}") from fault


def _read_cleared(control: socket.socket) -> Cleared:
    """What the worker answers. No program can write there, but one may have found a way into the worker."""
    try:
        data = control.recv(ANSWER_BYTES)
    except OSError as fault:
        raise WorkerEndedError("the sandbox worker has ended") from fault
    if not data:
        raise WorkerEndedError("the sandbox worker has ended")
    try:
        answer = read_value(data.decode("ascii"))
    except (ValueRefusedError, UnicodeDecodeError) as fault:
        raise WorkerLostError(f"the sandbox worker could not be understood: {fault}") from fault
    code = answer.get("code") if isinstance(answer, dict) else ""
    if not isinstance(answer, dict) or not (code is None or type(code) is int):
        raise WorkerLostError("the sandbox worker could not be understood")
    return Cleared(code=code, clean=answer.get("clean") is True)


def read_child_pid(info: int) -> int:
    """What bwrap reports of the process inside; 0 where it never started one."""
    with os.fdopen(info) as file:
        found = re.search(r'"child-pid": (\d+)', file.read())
    return 0 if found is None else int(found[1])


def open_pidfd(pid: int) -> int | None:
    """A handle of the process that no later process with the same id can be mistaken for; None where it has ended."""
    if pid == 0:
        return None
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def kill_all(inside: int | None, bubblewrap: subprocess.Popen[bytes]) -> None:
    """End process 1 of a namespace, by its handle, and with it everything in there.

    Killing bwrap alone is not enough: it has no right to pass the signal on to the user that process has become.
    """
    if inside is not None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(inside, signal.SIGKILL)
    bubblewrap.kill()
    bubblewrap.wait()


def descriptor_of(data: bytes) -> int:
    """A descriptor from which a process that is given it can read the data."""
    descriptor = os.memfd_create("seccomp", 0)
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
