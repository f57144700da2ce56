"""How fast traces come in from a file: rows a second, where the time goes, and memory.

    PYTHONPATH=. python benchmarks/imports.py [--rows 20000] [--bytes 1800] [--problems 200] [--profile] [--large MB]

Makes a database of its own on an embedded server in a temporary folder, writes a file of rows as they are sampled
(question, answer with thoughts, model), and imports it as a worker does: read, matched, set aside, written in one
transaction, verification queued. Then the same file again, of which every row is known. With --large a file of so many
megabytes is read and set aside alone, for the memory that takes. Large files are read by forks, of which the setting
IMPORT_PROCESSES says how many (1: none). Seconds of the CPU are of this process and its forks; those of the database
are counted apart, since it shares the cores, and so are those in which the words of the traces are read afterwards.
Memory is what this process and its forks have at their peak, pages that they share counted once.
"""

import argparse
import cProfile
import io
import json
import logging
import os
import platform
import pstats
import resource
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ANSWERED = "<think>{thoughts}</think>\n\nThe result is \\boxed{{{answer}}}."


def row_of(number: int, problems: int, size: int) -> dict[str, Any]:
    """One row of about `size` bytes."""
    problem = number % problems
    row = {"problem_id": f"sum-{problem}", "response": "", "model": "bench-model", "temperature": 0.7}
    room = max(0, size - len(json.dumps(row)) - 70)
    words = f"Number {number}: I add the two numbers digit by digit and check the sum once more. "
    thoughts = (words * (room // len(words) + 1))[:room]
    return {**row, "response": ANSWERED.format(thoughts=thoughts, answer=problem * 2)}


def write_file(path: Path, rows: int, problems: int, size: int) -> int:
    """Write the rows; how many bytes they take."""
    with path.open("w") as file:
        for number in range(rows):
            file.write(json.dumps(row_of(number, problems, size)) + "\n")
    return path.stat().st_size


def make_problems(count: int) -> None:
    """Problems named sum-0 and so on, as an import makes them."""
    from trajectories.core.records import ProblemKind, ProblemRecord
    from trajectories.services.problems.imports import import_records

    records = [
        ProblemRecord(ProblemKind.NUMERIC, f"sum-{n}", f"What is {n} + {n}?", {}, str(2 * n), "train")
        for n in range(count)
    ]
    import_records(
        actor=None, set_name="bench", set_title="Bench", source="bench", records=records, on_fault="all_or_nothing"
    )


def database_seconds(folder: Path) -> float:
    """Seconds of the CPU that the processes of the embedded server below a folder have taken so far."""
    import psutil

    found = list(folder.rglob("postmaster.pid"))
    pid = int(found[0].read_text().splitlines()[0]) if found else None
    if pid is None:
        return 0.0
    server = psutil.Process(pid)
    total = 0.0
    for process in (server, *server.children(recursive=True)):
        times = process.cpu_times()
        total += times.user + times.system
    return total


def own_seconds() -> float:
    """Seconds of the CPU that this process and the forks that have ended have taken so far."""
    forks = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + forks.ru_utime + forks.ru_stime


def bring_in(path: Path, profile: bool) -> tuple[Any, float, float]:
    """The report of an import, seconds by the clock and of the CPU of this process and its forks."""
    from trajectories.services.imports.direct import import_traces

    profiler = cProfile.Profile()
    wall, cpu = time.perf_counter(), own_seconds()
    with path.open("rb") as stream:
        if profile:
            profiler.enable()
        report = import_traces(actor=None, files=[(path.name, stream)], on_fault="all_or_nothing")
        profiler.disable()
    spent = time.perf_counter() - wall, own_seconds() - cpu
    if profile:
        text = io.StringIO()
        pstats.Stats(profiler, stream=text).sort_stats("tottime").print_stats(25)
        print(text.getvalue())
    return report, *spent


class Peak:
    """The most memory that this process and its forks have had since this was made, in MB, looked at now and then."""

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        own = Path("/proc/self")
        while not self._ended.wait(1.0):
            forks = (own / "task" / str(os.getpid()) / "children").read_text().split()
            total = sum(map(proportional_set, [own, *(Path("/proc") / fork for fork in forks)]))
            self.megabytes = max(self.megabytes, total / 1e3)


def proportional_set(process: Path) -> int:
    """The memory of a process in kB, a page that it shares with others counted in shares; 0 of one that has ended."""
    try:
        lines = (process / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def measure(options: argparse.Namespace, folder: Path) -> None:
    """Import the file twice and say how it went."""
    make_problems(options.problems)
    path = folder / "rows.jsonl"
    size = write_file(path, options.rows, options.problems, options.bytes)
    print(f"{options.rows:,} rows, {size / options.rows:,.0f} bytes each, {size / 1e6:,.0f} MB")
    for name in ("new", "known already"):
        before = database_seconds(folder)
        with Peak() as peak:
            report, wall, cpu = bring_in(path, options.profile and name == "new")
        database = database_seconds(folder) - before
        count = report.inserted or report.duplicates
        assert count == options.rows, report
        print(
            f"{name}: {count / wall:,.0f} rows a second by the clock ({wall:.1f} s); CPU: {count / cpu:,.0f} a second "
            f"of this process and its forks ({cpu:.1f} s), {database:.1f} s of the database; "
            f"peak {peak.megabytes:,.0f} MB"
        )
    read_words(folder)
    if options.large:
        rows = options.large * 1_000_000 // options.bytes
        size = write_file(path, rows, options.problems, options.bytes)
        read_alone(path, rows)


def read_alone(path: Path, rows: int) -> None:
    """Read, match and set aside a large file, as the first part of an import does."""
    from trajectories.adapters.spools import nameless_spool
    from trajectories.services.problems.imports import FaultTally, spool_folder
    from trajectories.services.traces.staging import TraceStage, read_rows
    from trajectories.services.traces.staging_forks import open_stage

    wall, cpu, faults, size = time.perf_counter(), own_seconds(), FaultTally(), path.stat().st_size
    with Peak() as peak, path.open("rb") as stream, nameless_spool(spool_folder()) as spool:
        with ExitStack() as stack:
            read, stage = read_rows([(path.name, stream)]), open_stage(stack, TraceStage(), size)
            while stage.take_next(read, spool, faults):
                pass
        assert (spool.count, faults.count) == (rows, 0)
    wall, cpu = time.perf_counter() - wall, own_seconds() - cpu
    print(
        f"large: {size / 1e6:,.0f} MB read and set aside: {rows / wall:,.0f} rows a second by the clock, "
        f"{cpu * 1e6 / rows:,.0f} us of CPU a row ({cpu:.0f} s); peak {peak.megabytes:,.0f} MB"
    )


def read_words(folder: Path) -> None:
    """Read the words of the traces that came, as a worker does afterwards."""
    from django.db.models import Sum

    from trajectories.models import SearchBacklog
    from trajectories.services.traces.searches import read_all

    count = SearchBacklog.objects.aggregate(count=Sum("count"))["count"] or 0
    before, wall = database_seconds(folder), time.perf_counter()
    read_all()
    wall, database = time.perf_counter() - wall, database_seconds(folder) - before
    print(f"words of {count:,} traces, read afterwards: {wall:.1f} s by the clock, {database:.1f} s of the database")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--bytes", type=int, default=1_800)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--large", type=int, default=0, metavar="MB")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["MINICOLUMN_VAR"] = temporary
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
        os.environ.setdefault("LOG_LEVEL", "ERROR")
        os.environ.pop("DATABASE_URL", None)
        import django

        from trajectories.adapters import embedded_postgres
        from webapp.database import ensure_database

        ensure_database()
        django.setup()
        from django.core.management import call_command
        from django.db import connection

        # No broker is set up here: the bell that rings for verification is not part of what is measured.
        logging.getLogger("django.db.backends.base").setLevel(logging.CRITICAL)
        try:
            call_command("migrate", verbosity=0)
            print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
            measure(options, Path(temporary))
        finally:
            connection.close()
            embedded_postgres.stop(Path(temporary))


if __name__ == "__main__":
    main()
