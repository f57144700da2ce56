"""What people wait for while the schema of a filled installation changes: a reader and a writer beside `migrate`.

    python -m benchmarks.migrations VAR --back 0106 [--seconds 20]

VAR is the data folder of an installation with many traces, which is changed: give it a copy. Its tables are brought
back to a migration and forth again, each by `manage.py migrate` in a process of its own, while one thread reads as a
list of traces does and another writes a column of a trace, one after the other. Told are the longest waits of each, the
waits of as long a time without a migration, and what the same migrations take that wait for locks as long as it takes,
beside a transaction that has read the traces and stays open for 10 seconds more: what others then wait behind it.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

READ = """
SELECT trace.id, trace.correctness, problem.name, run.title FROM trajectories_trace AS trace
JOIN trajectories_problem AS problem ON problem.id = trace.problem_id
JOIN trajectories_run AS run ON run.id = trace.run_id ORDER BY trace.id DESC LIMIT 50
"""
WRITE = "UPDATE trajectories_trace SET disputed = disputed WHERE id = %s"
OPEN_SECONDS = 10.0
"""So long somebody's transaction, which has read traces, stays open once a migration waits for it."""
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
PAUSE = 0.01


@dataclass
class Waits:
    """Seconds that each statement took."""

    read: list[float] = field(default_factory=list)
    written: list[float] = field(default_factory=list)
    failed: int = 0

    def told(self, what: str) -> str:
        """One line."""
        parts = [f"{name} {_told(each)}" for name, each in (("read", self.read), ("write", self.written))]
        return f"{what:<34} {'; '.join(parts)}; errors {self.failed}"


def _told(seconds: list[float]) -> str:
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    at_95 = ordered[int(0.95 * (len(ordered) - 1))]
    return f"{len(ordered)}, p95 {1000 * at_95:.0f} ms, longest {1000 * ordered[-1]:.0f} ms"


@contextmanager
def beside(address: dict[str, Any], ids: tuple[int, int]) -> Iterator[Waits]:
    """A reader and a writer at work in here."""
    import psycopg

    waits, over = Waits(), threading.Event()

    def work(statement: str, seen: list[float], keys: Iterator[int] | None) -> None:
        with psycopg.connect(**address, autocommit=True) as own:
            while not over.is_set():
                began = time.perf_counter()
                try:
                    own.execute(statement, [next(keys)] if keys else None)
                except psycopg.Error as error:
                    waits.failed += 1
                    print(f"  {type(error).__name__}: {error}", flush=True)
                seen.append(time.perf_counter() - began)
                time.sleep(PAUSE)

    def keys() -> Iterator[int]:
        first, last = ids
        number = first
        while True:
            yield number
            number = first + (number - first + 7919) % (last - first + 1)

    threads = [
        threading.Thread(target=work, args=(READ, waits.read, None)),
        threading.Thread(target=work, args=(WRITE, waits.written, keys())),
    ]
    for thread in threads:
        thread.start()
    try:
        yield waits
    finally:
        over.set()
        for thread in threads:
            thread.join()


def migrate(*words: str, patient: bool = False) -> float:
    """Migrate in a process of its own, as an operator does; seconds. With `patient`, as if no lock were worth a
    hurry."""
    code = "import trajectories.adapters.patient_locks as locks; locks.LOCK_MILLISECONDS = 0; " if patient else ""
    line = (
        f"import django; django.setup(); {code}from django.core.management import call_command; "
        f"call_command('migrate', 'trajectories', *{list(words)!r}, verbosity=1)"
    )
    began = time.perf_counter()
    ran = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"migrate {' '.join(words)} failed:\n{ran.stdout}{ran.stderr}")
    for told in ran.stdout.splitlines():
        if "trying again" in told:
            print(f"  {told.strip()}", flush=True)
    return time.perf_counter() - began


@contextmanager
def long_transaction(address: dict[str, Any]) -> Iterator[None]:
    """Somebody has read the traces, and ends their transaction OPEN_SECONDS after a migration has begun to wait."""
    import psycopg

    over = threading.Event()

    def hold() -> None:
        with psycopg.connect(**address) as held, psycopg.connect(**address, autocommit=True) as watching:
            held.execute(READ)
            while not over.is_set() and watching.execute(WAITING).fetchone() == (0,):
                time.sleep(0.05)
            over.wait(OPEN_SECONDS)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("var", type=Path, help="a copy of the data folder of an installation with many traces")
    parser.add_argument("--back", default="0106", help="the migration to go back to (0106), empty for none")
    parser.add_argument("--seconds", type=float, default=20.0, help="of reading and writing with no migration (20)")
    parser.add_argument("--locking", nargs=2, default=("0116", "0115"), metavar=("FROM", "TO"),
                        help="what is undone beside a long reader (0116 0115)")  # fmt: skip
    options = parser.parse_args()
    os.environ |= {"MINICOLUMN_VAR": str(options.var.resolve()), "DJANGO_SETTINGS_MODULE": "webapp.settings"}
    import django

    from webapp.database import ensure_database

    ensure_database()
    django.setup()
    from django.db import connection

    migrate()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), min(id), max(id) FROM trajectories_trace")
        count, *ids = cursor.fetchone()
    given = connection.get_connection_params()
    address: dict[str, Any] = {
        name: given[name] for name in ("host", "port", "user", "password", "dbname") if name in given
    }
    print(f"{count:,} traces; load {os.getloadavg()[0]:.1f}", flush=True)
    with beside(address, tuple(ids)) as waits:
        time.sleep(options.seconds)
    print(waits.told("no migration"), flush=True)
    for what, words in ((f"back to {options.back}", (options.back,)), ("forth", ())) if options.back else ():
        with beside(address, tuple(ids)) as waits:
            seconds = migrate(*words)
        print(waits.told(f"{what}, {seconds:.0f} s"), flush=True)
    for what, patient in (("giving way", False), ("waiting for its lock", True)):
        migrate(options.locking[0])
        with beside(address, tuple(ids)) as waits, long_transaction(address):
            seconds = migrate(options.locking[1], patient=patient)
        print(waits.told(f"a long reader, {what}, {seconds:.0f} s"), flush=True)
    migrate()


if __name__ == "__main__":
    main()
