"""Dumps of a database by PostgreSQL's own programs: those of the embedded server, or others on this machine.

`pg_dump` reads servers of its own version and older ones. What one of version 17 or newer writes sets a parameter that
servers before 17 do not know, so that for those a program of their own version is asked for.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from trajectories.adapters import embedded_postgres
from trajectories.adapters.pgvector import SCHEMA

DEBIAN = Path("/usr/lib/postgresql")
LOCK_WAIT = "60s"
"""So long a dump waits for a table that a migration holds."""
COMPATIBLE_SINCE = 17
_OF_VECTORS = re.compile(r"^\d+; .*\bEXTENSION (- )?vector\b", re.MULTILINE)
"""Lines of an archive's contents that a server without pgvector could not restore; nothing in the archive uses it."""
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


class DumpError(RuntimeError):
    """A database was not dumped, or not restored; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Tools:
    """`pg_dump` and `pg_restore` of one major version."""

    folder: Path
    major: int


def tools_for(server: int, *, archive: int = 0) -> Tools:
    """The programs for a server of a major version, of its own version where there are such.

    `archive` is the major version of the program that wrote what is to be restored: an older one cannot read it. Raises
    DumpError, saying what to install.
    """
    found = list(_installed())
    fitting = [
        tools
        for tools in found
        if tools.major >= archive and (tools.major == server or tools.major > server >= COMPATIBLE_SINCE)
    ]
    if not fitting:
        have = ", ".join(sorted({str(tools.major) for tools in found})) or "none"
        raise DumpError(
            f"Found pg_dump of version {have}, expected version {max(server, archive)} for this server of version "
            f"{server}; install the package postgresql-client-{max(server, archive)}."
        )
    return min(fitting, key=lambda tools: tools.major)


def libpq_environment(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Connection parameters as the environment variables that PostgreSQL's programs read: a password in arguments could
    be read by everybody on the machine."""
    variables = {
        option.keyword.decode(): option.envvar.decode()
        for option in psycopg.pq.Conninfo.get_defaults()
        if option.envvar is not None
    }
    given = {variables[key]: str(value) for key, value in parameters.items() if key in variables and value}
    return {"PATH": os.defpath, "LC_ALL": "C", "HOME": os.environ.get("HOME", "/"), **given}


def dump(tools: Tools, environment: Mapping[str, str], *, file: Path, snapshot: str, left_out: Sequence[str]) -> None:
    """Write a database as a snapshot shows it, without the rows of the tables `left_out` and without the copies of
    vectors. Raises DumpError."""
    _run(
        tools.folder / "pg_dump",
        [
            *("--format=custom", "--compress=1", "--no-owner", "--no-privileges", f"--lock-wait-timeout={LOCK_WAIT}"),
            *(f"--exclude-table-data={name}" for name in left_out),
            f"--exclude-schema={SCHEMA}",
            *(f"--snapshot={snapshot}", f"--file={file}"),
        ],
        environment,
    )


def restore(tools: Tools, environment: Mapping[str, str], *, file: Path) -> None:
    """Fill an empty database with a dump, in one transaction. Raises DumpError; the database is as empty as before."""
    with _contents(tools, environment, file) as contents:
        _run(
            tools.folder / "pg_restore",
            [
                *("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"),
                *(f"--use-list={contents}", f"--dbname={make_conninfo(dbname=environment['PGDATABASE'])}", str(file)),
            ],
            environment,
        )


@contextmanager
def _contents(tools: Tools, environment: Mapping[str, str], file: Path) -> Iterator[str]:
    """A file that lists what of an archive is restored: all but the extension of vectors."""
    listed = _run(tools.folder / "pg_restore", ["--list", str(file)], environment)
    with NamedTemporaryFile("w", encoding="utf-8") as kept:
        kept.write(_OF_VECTORS.sub(";", listed))
        kept.flush()
        yield kept.name


def _installed() -> Iterator[Tools]:
    """What there is, in the order of preference among those of one version."""
    folders = [embedded_postgres.programs()] if embedded_postgres.is_installed() else []
    if found := shutil.which("pg_dump"):
        folders.append(Path(found).parent)
    folders += sorted(DEBIAN.glob("*/bin"))
    for folder in folders:
        if (folder / "pg_dump").exists() and (folder / "pg_restore").exists():
            told = subprocess.run(
                [folder / "pg_dump", "--version"], capture_output=True, text=True, timeout=30, check=False
            )
            if version := _VERSION.search(told.stdout):
                yield Tools(folder, int(version[1]))


def _run(program: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """What a program says. Raises DumpError where it fails."""
    try:
        done = subprocess.run(
            [str(program), *arguments],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as fault:
        raise DumpError(f"{program.name} could not be run: {fault.strerror or fault}.") from fault
    if done.returncode:
        raise DumpError(f"{program.name} ended with {done.returncode}: {_reason(done.stderr)}")
    return done.stdout


def _reason(said: str) -> str:
    """The first error that a program names, without its own name and without rows of the database."""
    lines = [line.strip() for line in said.splitlines() if "error:" in line]
    return lines[0].partition("error:")[2].strip()[:300] if lines else "it did not say why."
