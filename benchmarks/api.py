"""What the API takes: a page of a list over many traces, the next item and its decision, and a push of rows.

    PYTHONPATH=. .venv/bin/python benchmarks/api.py [--traces 1000000] [--rounds 40] [--items 200] [--rows 5000]

Makes a database of its own on an embedded server, in --var or a temporary folder that is removed at the end; one that
--var holds already is used as it is. Serves it with gunicorn as the product does and asks one request after the other
over one connection that stays open: a time is that of the whole answer. Beside the queue's operations it times the
pages that a person has for the same, `/queues/N/next/` and the form of an item. Rows are pushed 1,000 at once, of about
1.8 kB each; processor time is that of the web server's processes and of the database's, apart.
"""

import argparse
import http.client
import json
import os
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from benchmarks import million
from benchmarks.imports import database_seconds, row_of
from benchmarks.lists import fill, visitor
from benchmarks.pages import served, shares

BYTES = 1_800
AT_ONCE = 1_000
LISTS = {
    "traces": "/traces?limit=50",
    "traces, 200 at once": "/traces?limit=200",
    "one run, wrong ones": "/traces?run={run}&correctness=fail",
    "accepted": "/traces?decision=accepted",
    "most tokens first": "/traces?order=longest",
    "a word of one in a hundred": "/traces?text=odd7",
    "problems": "/problems?limit=50",
    "runs": "/runs",
    "reviews": "/reviews",
}


class Asker:
    """One connection, with a token or a session."""

    def __init__(self, address: str, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection(address.removeprefix("http://"))
        self._headers = {"Accept-Encoding": "identity", **headers}

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[float, bytes, str]:
        """(milliseconds, what was answered, where it leads). Raises RuntimeError for a fault."""
        start = time.perf_counter()
        self._connection.request(method, path, body or None, {**self._headers, **headers})
        answer = self._connection.getresponse()
        text = answer.read()
        spent = 1000 * (time.perf_counter() - start)
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return spent, text, answer.headers.get("Location", "")

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[float, Any]:
        """(milliseconds, the answer) of an operation."""
        sent = "" if body is None else json.dumps(body)
        spent, text, _ = self.ask(method, f"/api/v1{path}", sent, **{"Content-Type": "application/json", **headers})
        return spent, json.loads(text)


def walk(asker: Asker, ids: dict[str, Any], rounds: int) -> None:
    """Print p50 and p95 of each list, and of its page twenty pages further down."""
    print("| list | p50 ms | p95 | 20 pages down p50 | p95 |\n|---|---|---|---|---|")
    for name, pattern in LISTS.items():
        path = pattern.format(**ids)
        sign = "&" if "?" in path else "?"
        further, found = path, asker.api("GET", path)[1]
        for _ in range(20):
            if found["next"] is None:
                break
            further = f"{path}{sign}cursor={found['next']}"
            found = asker.api("GET", further)[1]
        first = [asker.api("GET", path)[0] for _ in range(rounds)]
        down = [asker.api("GET", further)[0] for _ in range(rounds)] if further != path else []
        print(f"| {name} | {shares(first)} | {shares(down) if down else '– | –'} |", flush=True)


def curate(asker: Asker, queue: int, items: int) -> None:
    """Print what it takes to be handed items and to decide on them."""
    handed, decided = [], []
    for _ in range(items):
        spent, told = asker.api("POST", f"/queues/{queue}/next")
        item = told["item"]
        handed.append(spent)
        body = {"decision": "accept", "lease": item["lease"]}
        key = {"Idempotency-Key": str(uuid.uuid4())}
        decided.append(asker.api("POST", f"/queues/{queue}/items/{item['id']}/decision", body, **key)[0])
    print(f"| API: next item | {shares(handed)} |\n| API: decision | {shares(decided)} |", flush=True)


def visit(asker: Asker, queue: int, items: int) -> None:
    """Print what the page of the next item takes, which sends on to the item."""
    times = []
    for _ in range(items):
        spent, _, where = asker.ask("GET", f"/queues/{queue}/next/")
        times.append(spent + (asker.ask("GET", where)[0] if where else 0))
    print(f"| page: next item | {shares(times)} |", flush=True)


def push(asker: Asker, rows: int, folder: Path, server: set[int]) -> None:
    """Print how many rows a second come in."""
    batches = [
        {
            "rows": [
                {**row_of(n, million.PROBLEMS, BYTES), "problem_id": f"task-{n % million.PROBLEMS}"} for n in numbers
            ]
        }
        for numbers in (range(first, min(first + AT_ONCE, rows)) for first in range(0, rows, AT_ONCE))
    ]
    web, database, start = processor_seconds(server), database_seconds(folder), time.perf_counter()
    inserted = sum(asker.api("POST", "/traces", batch)[1]["inserted"] for batch in batches)
    wall = time.perf_counter() - start
    web, database = processor_seconds(server) - web, database_seconds(folder) - database
    assert inserted == rows, inserted
    print(
        f"push: {rows:,} rows in {wall:.1f} s, {rows / wall:,.0f} a second by the clock; CPU: {rows / web:,.0f} a "
        f"second of the web server ({web:.1f} s), {database:.1f} s of the database"
    )


def processor_seconds(pids: set[int]) -> float:
    """Seconds of the CPU that processes have taken so far."""
    import psutil

    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--var", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="minicolumn-api-") as folder:
        _run(arguments.var or Path(folder), arguments)


def _run(var: Path, arguments: argparse.Namespace) -> None:
    os.environ |= {"MINICOLUMN_VAR": str(var), "DJANGO_SETTINGS_MODULE": "webapp.settings", "LOG_LEVEL": "ERROR"}
    os.environ["API_REQUESTS_A_MINUTE"] = "10000000"
    os.environ.pop("DATABASE_URL", None)
    import django
    import psutil

    from trajectories.adapters import embedded_postgres
    from webapp.database import ensure_database

    ensure_database()
    django.setup()
    from django.db import connection

    from trajectories.core.selections import Selection
    from trajectories.management.preparation import ensure_queue
    from trajectories.models import Trace
    from trajectories.services.clients.tokens import make_token
    from trajectories.services.curation.queues import QueueDraft, make_queue

    ids, (person, _, cookie) = fill(arguments.traces), visitor()
    ensure_queue()
    secret = make_token(owner=person, title="Benchmark", scopes=["read", "review", "write"], days=1)[1]
    chosen = tuple(Trace.objects.order_by("pk").values_list("pk", flat=True)[: 2 * arguments.items])
    queue = make_queue(actor=person, draft=QueueDraft(title="Benchmark", selection=Selection(traces=chosen)))
    try:
        with served(dict(os.environ)) as address:
            token = {"Authorization": f"Bearer {secret}"}
            asker = Asker(address, token)
            own = psutil.Process()
            web = {each.pid for each in own.children(recursive=True) if "gunicorn" in " ".join(each.cmdline())}
            walk(asker, ids, arguments.rounds)
            print("\n| queue | p50 ms | p95 |\n|---|---|---|")
            curate(asker, queue.pk, arguments.items)
            visit(Asker(address, {"Cookie": cookie}), queue.pk, arguments.items)
            print()
            push(Asker(address, token), arguments.rows, var, web)  # the server has closed the other one meanwhile
            print(f"load at the end {os.getloadavg()[0]:.1f}")
    finally:
        connection.close()
        if arguments.var is None:
            embedded_postgres.stop(var)


if __name__ == "__main__":
    main()
