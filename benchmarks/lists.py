"""Time of list pages at a million traces: first, next, filtered, sorted, searched; of traces, problems, runs, reviews.

    PYTHONPATH=. python benchmarks/lists.py [--traces 1000000] [--rounds 40] [--var FOLDER] [--cpu]

Makes a database of its own on an embedded server, in --var or a temporary folder that is removed at the end; one that
--var holds already is used as it is. Serves it with gunicorn as the product does and asks for each page again and
again, one after the other, over one connection: a time is that of the whole answer. The first look at a list is told
apart: what its count came to is kept for a minute. With --cpu it answers in this process instead and says how much time
of the CPU and how many queries a page takes.
"""

import argparse
import cProfile
import http.client
import os
import platform
import pstats
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import million
from benchmarks.pages import served, shares

FIRST = {
    "traces": "/traces/?",
    "one run, wrong ones": "/traces/?run={run}&correctness=fail",
    "accepted": "/traces/?decision=accepted",
    "a near miss (one in 500)": "/traces/?near_miss=offset",
    "one problem": "/traces/?problem={problem}",
    "revisions of round 2": "/traces/?kind=revision&round=2",
    "least train error first": "/traces/?order=error",
    "most tokens first": "/traces/?order=longest",
    "most costly first, one run": "/traces/?order=costliest&run={run}",
    "a split and a set": "/traces/?split=train&problem_set={problem_set}",
    "verdict of one verifier": "/traces/?verifier=numeric_answer&outcome=unscored",
    "tokens and seconds between": "/traces/?length_from=2000&seconds_to=1.5",
    "three minutes of a past day": "/traces/?created_from={day}&created_to={day}",
    "temperature, cost, split": "/traces/?temperature=1&cost_to=0.01&split=train",
    "a word of nearly all": "/traces/?text=rotate",
    "a word of one in a hundred": "/traces/?text=odd7",
    "a word of ten traces": "/traces/?text=rare4711",
    "two words and one absent": "/traces/?text=mirror+odd77+-grid",
    "a phrase": "/traces/?text=%22rotate+rotate%22",
    "a word in one run, wrong ones": "/traces/?text=odd70&run={run}&correctness=fail",
    "a word that is nowhere": "/traces/?text=nowhere",
    "problems": "/problems/?",
    "problems, hardest first": "/problems/?sort=hardest",
    "problems by name": "/problems/?q=task-3",
    "runs": "/runs/?",
    "reviews": "/reviews/?",
}


def ask(connection: http.client.HTTPConnection, cookie: str, where: str) -> tuple[float, int, str]:
    """(milliseconds of the whole answer, status, text)."""
    start = time.perf_counter()
    connection.request("GET", where, headers={"Cookie": cookie, "Accept-Encoding": "identity"})
    answer = connection.getresponse()
    body = answer.read()
    return 1000 * (time.perf_counter() - start), answer.status, body.decode()


def next_of(where: str, text: str) -> str:
    """The address of the next page, "" where there is none."""
    import html
    import re

    found = re.search(r'rel="next"\s+href="([^"]+)"', text)
    return where.partition("?")[0] + html.unescape(found[1]) if found else ""


def measure(address: str, cookie: str, ids: dict[str, Any], rounds: int) -> None:
    """Print p50 and p95 of each list, and of the page twenty pages further down."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"))
    print("| list | first look | p50 | p95 | further down p50 | p95 |\n|---|---|---|---|---|---|")
    for pattern in dict.fromkeys(each.partition("?")[0] for each in FIRST.values()):
        ask(connection, cookie, f"{pattern}?problem={ids['problem']}")  # templates are read once; no count is kept
    for name, pattern in FIRST.items():
        where = pattern.format(**ids)
        look, status, text = ask(connection, cookie, where)
        if status != 200 or "may_not" in text:
            print(f"| {name} | – | – | – | – | – |", flush=True)
            continue
        further = where
        for _ in range(20):
            following = next_of(further, text)
            if not following:
                break
            further, (_, _, text) = following, ask(connection, cookie, following)
        times = [ask(connection, cookie, where)[0] for _ in range(rounds)]
        down = [ask(connection, cookie, further)[0] for _ in range(rounds)] if further != where else []
        print(f"| {name} | {look:,.0f} | {shares(times)} | {shares(down) if down else '– | –'} |", flush=True)


def profile(client: Any, ids: dict[str, Any], rounds: int) -> None:
    """Print the queries and the time of the CPU of each list, and what the first one's time goes to."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    print("| list | queries | of which ms | CPU ms |\n|---|---|---|---|")
    for name, pattern in FIRST.items():
        where = pattern.format(**ids)
        client.get(where)
        with CaptureQueriesContext(connection) as caught:
            client.get(where)
        spent = sum(1000 * float(each["time"]) for each in caught.captured_queries)
        start = time.process_time()
        for _ in range(rounds):
            client.get(where)
        cpu = 1000 * (time.process_time() - start) / rounds
        print(f"| {name} | {len(caught)} | {spent:.0f} | {cpu:.0f} |", flush=True)
    profiler = cProfile.Profile()
    profiler.runcall(lambda: [client.get("/traces/") for _ in range(rounds)])
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)


def fill(traces: int) -> dict[str, Any]:
    """Make the database, with so many traces where it has none, and say what was made; ids to visit."""
    from django.core.management import call_command

    from trajectories.models import Trace

    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    if not Trace.objects.exists():
        started = time.perf_counter()
        million.fill(traces)
        print(f"made in {time.perf_counter() - started:.0f} s")
    newest = Trace.objects.order_by("-pk").values_list("pk", flat=True)[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {newest:,} traces\n")
    return known_ids()


def visitor() -> tuple[Any, Any, str]:
    """(a person who may do everything, a client that is logged in as them, its cookie)."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    settings.ALLOWED_HOSTS.append("testserver")
    client = Client()
    person = User.objects.filter(username="benchmark").first() or User.objects.create_superuser("benchmark")
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return person, client, f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def known_ids() -> dict[str, Any]:
    """Ids to visit of a database that is there already."""
    from trajectories.models import Problem, ProblemSet, Run, Trace

    oldest = Trace.objects.order_by("pk")[:1].get()
    return {
        "run": Run.objects.order_by("pk")[:1].get().pk,
        "problem": Problem.objects.order_by("pk")[:1].get().pk,
        "problem_set": ProblemSet.objects.order_by("pk")[:1].get().pk,
        "day": f"{oldest.created_at:%Y-%m-%d}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--var", type=Path)
    parser.add_argument("--cpu", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="minicolumn-lists-") as folder:
        var = arguments.var or Path(folder)
        _run(var, arguments, profile if arguments.cpu else None)


def _run(var: Path, arguments: argparse.Namespace, inside: Callable[[Any, dict[str, Any], int], None] | None) -> None:
    os.environ |= {"MINICOLUMN_VAR": str(var), "DJANGO_SETTINGS_MODULE": "webapp.settings", "LOG_LEVEL": "ERROR"}
    os.environ.pop("DATABASE_URL", None)
    import django

    from trajectories.adapters import embedded_postgres
    from webapp.database import ensure_database

    ensure_database()
    django.setup()
    from django.db import connection

    ids, (_, client, cookie) = fill(arguments.traces), visitor()
    try:
        if inside is not None:
            inside(client, ids, arguments.rounds)
        else:
            with served(dict(os.environ)) as address:
                measure(address, cookie, ids, arguments.rounds)
    finally:
        connection.close()
        if arguments.var is None:
            embedded_postgres.stop(var)


if __name__ == "__main__":
    main()
