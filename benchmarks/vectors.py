"""The nearest of remembered vectors: an exact search in the process beside `pgvector`, by an exact scan of the database
and by an HNSW index, on the embedded PostgreSQL.

Vectors are drawn as embeddings lie: near a surface of few dimensions (`--inner`), in clusters, with noise in all
others. Of each way: what one question for the nearest `--found` takes, by the clock and in CPU of whoever searches, and
the share of the exact answer that it finds (recall); what an index takes to build, to add to and to hold.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import psutil
import psycopg

from trajectories.core.generation.nearness import Row, near_by_vectors, unit

DATABASE = "benchmark_vectors"
AT_ONCE = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--dimensions", type=int, default=768)
    parser.add_argument("--inner", type=int, default=24, help="dimensions of the surface that vectors lie near")
    parser.add_argument("--asked", type=int, default=20, help="questions of each way")
    parser.add_argument("--added", type=int, default=200, help="vectors that are added to a finished index")
    parser.add_argument("--found", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with _database() as connection:
        machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}, Python {platform.python_version()}"
        report: dict[str, Any] = {"machine": machine}
        for size in options.sizes:
            report[f"{size:,} vectors"] = Comparison(connection, options, size).measure()
            print(json.dumps(report, indent=2), flush=True)


def _database() -> Any:
    """A connection to a database of this benchmark's own on the embedded server."""
    from trajectories.adapters import embedded_postgres
    from webapp.environment import var_dir

    embedded_postgres.ensure_running(var_dir(), DATABASE)
    connection = psycopg.connect(
        host=str(embedded_postgres.socket_folder(var_dir())),
        user=embedded_postgres.USER,
        dbname=DATABASE,
        autocommit=True,
    )
    for line in (
        "CREATE EXTENSION IF NOT EXISTS vector",
        "SET max_parallel_workers_per_gather = 0",
        "SET max_parallel_maintenance_workers = 0",
        "SET maintenance_work_mem = '512MB'",
        "SET hnsw.iterative_scan = strict_order",
    ):
        connection.execute(line)
    return connection


def draw(options: argparse.Namespace, size: int) -> Any:
    """So many vectors of length 1."""
    chance = np.random.default_rng(options.seed)
    centres = chance.normal(size=(max(10, size // 200), options.inner))
    surface = chance.normal(size=(options.inner, options.dimensions))
    inner = centres[chance.integers(len(centres), size=size)] + 0.5 * chance.normal(size=(size, options.inner))
    drawn = np.tanh(inner @ surface / options.inner) + 0.1 * chance.normal(size=(size, options.dimensions))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


class Comparison:
    """All ways at one number of vectors. Figures are means of a question, in milliseconds."""

    def __init__(self, connection: psycopg.Connection, options: argparse.Namespace, size: int) -> None:
        self.connection, self.options, self.size = connection, options, size
        drawn = draw(options, size + options.asked + options.added)
        self.rows, self.asked = drawn[:size], drawn[size : size + options.asked]
        self.added = drawn[size + options.asked :]
        self.backend = psutil.Process(connection.info.backend_pid)
        self.exact: list[set[int]] = []

    def measure(self) -> dict[str, Any]:
        told: dict[str, Any] = {"in the process": self.timed(self.in_process, psutil.Process())}
        self.exact = told["in the process"].pop("found")
        print(json.dumps(told), flush=True)
        told["read as they are paid for"] = self.read()
        told["stored, without an index"] = self.store()
        told["exact scan of the database"] = self.searched()
        print(json.dumps(told), flush=True)
        told["index"] = self.index()
        for ef in (40, 100, 200):
            self.connection.execute(f"SET hnsw.ef_search = {ef}".encode())
            told[f"index, ef_search {ef}"] = self.searched()
        told["index, one of ten may be found, ef_search 200"] = self.searched(one_of=10)
        told["added to the index"] = self.add()
        return told

    def read(self) -> dict[str, Any]:
        """What it takes to make vectors of the JSON that answers are kept as, the reading of rows besides."""
        texts = [json.dumps([round(float(number), 8) for number in row]) for row in self.rows[:1000]]
        begun = time.process_time()
        for text in texts:
            unit(json.loads(text))
        return {"CPU ms a vector": round(1000 * (time.process_time() - begun) / len(texts), 3)}

    def in_process(self, vector: Row) -> Sequence[int]:
        near = near_by_vectors(vector, list(self.rows))
        return np.argsort(-near)[: self.options.found].tolist()  # type: ignore[no-any-return]

    def timed(self, search: Callable[[Row], Sequence[int]], process: psutil.Process) -> dict[str, Any]:
        """What a question takes; what was found of each, in `found`."""
        search(self.asked[0])
        begun, before = time.monotonic(), process.cpu_times()
        found = [set(search(vector)) for vector in self.asked]
        after, count = process.cpu_times(), len(self.asked)
        cpu = after.user + after.system - before.user - before.system
        waited = time.monotonic() - begun
        return {"CPU ms": round(1000 * cpu / count, 2), "ms": round(1000 * waited / count, 2), "found": found}

    def searched(self, one_of: int = 1) -> dict[str, Any]:
        """What the database finds, where only one of so many rows may be found."""
        exact = self.exact
        if one_of > 1:
            may = np.arange(self.size) % one_of == 0
            exact = [
                {int(key) for key in np.argsort(-np.where(may, self.rows @ vector, -2.0))[: self.options.found]}
                for vector in self.asked
            ]

        def search(vector: Row) -> Sequence[int]:
            query = (
                f"SELECT id FROM vectors WHERE kind %% {one_of} = 0"
                f" ORDER BY row <=> %s::halfvec({self.options.dimensions}) LIMIT {self.options.found}"
            )
            return [key for (key,) in self.connection.execute(query.encode(), [_text(vector)])]

        told = self.timed(search, self.backend)
        found = told.pop("found")
        shares = [len(mine & right) / len(right) for mine, right in zip(found, exact, strict=True)]
        return told | {"recall": round(float(np.mean(shares)), 4), "worst recall": round(min(shares), 2)}

    def store(self) -> dict[str, Any]:
        self.connection.execute("DROP TABLE IF EXISTS vectors")
        self.connection.execute(
            f"CREATE TABLE vectors (id bigint PRIMARY KEY, kind bigint,"
            f" row halfvec({self.options.dimensions}) STORAGE MAIN)".encode()
        )
        told = self.insert(self.rows, 0)
        self.connection.execute("VACUUM ANALYZE vectors")
        return told | {"MB": self.megabytes("pg_table_size")}

    def insert(self, rows: Any, first: int) -> dict[str, Any]:
        begun, before = time.monotonic(), self.backend.cpu_times()
        with self.connection.cursor() as cursor, cursor.copy(b"COPY vectors FROM STDIN (FORMAT binary)") as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for some in _some(range(len(rows))):
                copy.write(self.written(rows[some.start : some.stop], first + some.start))
            copy.write(b"\xff\xff")
        return self.since(begun, before, len(rows))

    def written(self, rows: Any, first: int) -> bytes:
        """Rows as COPY takes them in its binary form, numbered from the first on."""
        numbers = self.options.dimensions
        told = [("count", ">i2"), ("of_id", ">i4"), ("id", ">i8"), ("of_kind", ">i4"), ("kind", ">i8")]
        told += [("of_row", ">i4"), ("dimensions", ">i2"), ("unused", ">i2")]
        table = np.zeros(len(rows), dtype=[*told, ("row", ">f2", (numbers,))])
        table["count"], table["of_id"], table["of_kind"], table["of_row"] = 3, 8, 8, 4 + 2 * numbers
        table["id"] = table["kind"] = first + np.arange(len(rows))
        table["dimensions"], table["row"] = numbers, rows
        return table.tobytes()

    def index(self) -> dict[str, Any]:
        begun, before = time.monotonic(), self.backend.cpu_times()
        self.connection.execute("CREATE INDEX found ON vectors USING hnsw (row halfvec_cosine_ops)")
        return self.since(begun, before, self.size) | {"MB": self.megabytes("pg_indexes_size")}

    def add(self) -> dict[str, Any]:
        return self.insert(self.added, self.size)

    def since(self, begun: float, before: Any, count: int) -> dict[str, Any]:
        after = self.backend.cpu_times()
        cpu = after.user + after.system - before.user - before.system
        return {
            "CPU s": round(cpu, 2),
            "s": round(time.monotonic() - begun, 2),
            "CPU ms a vector": round(1000 * cpu / count, 3),
        }

    def megabytes(self, function: str) -> float:
        row = self.connection.execute(f"SELECT {function}('vectors')".encode()).fetchone()
        return round((row[0] if row else 0) / 1e6, 1)


def _some(places: range) -> Iterator[range]:
    return (places[at : at + AT_ONCE] for at in range(0, len(places), AT_ONCE))


def _text(vector: Row) -> str:
    return "[" + ",".join(f"{number:.6g}" for number in vector) + "]"


if __name__ == "__main__":
    main()
