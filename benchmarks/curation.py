"""How long curators wait for the next item of a queue, and for their decision to be stored, over HTTP on loopback.

    PYTHONPATH=. .venv/bin/python benchmarks/curation.py [--items 1000000] [--curators 20] [--seconds 60] [--think 2]

A queue of `--items` traces (copies of one with ten steps), a tenth of them reviewed twice, in an order that is random
for each curator. As many curators as said work at once, each on a connection of their own: they fetch the next item
whole, as the page does while the one before is read, wait `--think` seconds, give or take half of it, and submit. They
begin one after another within that time, since twenty people do not press a key in the same moment. People take half a
minute; the shorter the time, the more requests come at once. A second round without any pause says how many reviews a
second this machine stores.

Beside the waits, which depend on what else the machine does, it says how much processor time the web server and the
database spent for one item: fetched, and decided.

The web server runs as this machine's `make run` would run it. At the end every submission must be stored exactly once,
and nobody may have been handed an item twice, or the benchmark ends with an error.
"""

import argparse
import http.client
import json
import os
import platform
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.web import gunicorn_words

ROOT = Path(__file__).resolve().parents[1]

CURATORS = """
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.test import Client

def cookies_of(curators):
    '''Makes so many curators; the cookies with which they are logged in.'''
    for number in range(curators):
        person = User.objects.create_user(f"curator{number}")
        person.groups.add(Group.objects.get(name="curator"))
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        yield client.cookies[settings.SESSION_COOKIE_NAME].value
"""

SEED = """
import json, sys, time, uuid
from webapp.database import ensure_database
ensure_database()
import django
django.setup()
[CURATORS]
from django.core.management import call_command
from django.db import connection
from trajectories.core.identity import content_hash
from trajectories.management.preparation import ensure_queue
from trajectories.core.selections import Selection
from trajectories.models import Problem, ProblemSet, Text, Trace
from trajectories.services.curation.filling import fill_queue
from trajectories.services.curation.queues import QueueDraft, make_queue

items, curators = int(sys.argv[1]), int(sys.argv[2])
call_command("migrate", verbosity=0, interactive=False)
call_command("collectstatic", verbosity=0, interactive=False)
ensure_queue()
problems = ProblemSet.objects.create(name="benchmark", title="Benchmark")
problem = Problem.objects.create(problem_set=problems, name="sum", kind="numeric", statement="What is 20 + 22?",
    spec={}, reference="42", content_hash=content_hash("sum"), split="train")
def text(body):
    return Text.objects.create(content_hash=content_hash(body), body=body)
body = "Twenty and twenty-two make forty-two. " * 8
steps = [{"kind": "text", "title": f"Step {n}", "body": body, "depth": 0, "data": {}} for n in range(10)]
first = Trace.objects.create(problem=problem, prompt=text("[]"), reasoning=text("x" * 3000), steps=steps, parts=[],
    answer="42", answer_hash=content_hash("42"), finish_reason="stop", content_hash=content_hash("first"),
    correctness="pass")
columns = [field.column for field in Trace._meta.concrete_fields if not field.primary_key]
names = ", ".join(f'"{name}"' for name in columns)
with connection.cursor() as cursor:
    copied = f"SELECT {names} FROM trajectories_trace, generate_series(2, %s) WHERE id = %s"
    cursor.execute(f"INSERT INTO trajectories_trace ({names}) {copied}", [items, first.pk])
    cursor.execute("ANALYZE trajectories_trace")
lead = User.objects.create_superuser("lead")
began = time.monotonic()
draft = QueueDraft(title="Benchmark", selection=Selection(correctness="pass"), doubled_percent=10)
queue = make_queue(actor=lead, draft=draft)
made = time.monotonic() - began
fill_queue(queue_id=queue.pk)
filled = time.monotonic() - began
queue.refresh_from_db()
assert queue.item_count == items, queue.item_count
times = {"made": made, "filled": filled}
print(json.dumps({"queue": queue.pk, "reviews": queue.review_count, "cookies": [*cookies_of(curators)], **times}))
""".replace("[CURATORS]", CURATORS)

CHECK = """
import json, sys
from webapp.database import ensure_database
ensure_database()
import django
django.setup()
from django.db.models import Count, F
from trajectories.models import Assignment, QueueItem, QueueWork, Review
from django.db.models import Sum
done = Assignment.objects.filter(state="done")
print(json.dumps({
    "reviews": Review.objects.count(),
    "done": done.count(),
    "kept": QueueWork.objects.aggregate(n=Sum("done_count"))["n"],
    "twice": done.values("item", "reviewer").annotate(n=Count("pk")).filter(n__gt=1).count(),
    "over": QueueItem.objects.filter(done_count__gt=F("quota")).count(),
}))
"""

CHECKPOINTER = """
import django
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    print(cursor.fetchone()[0])
"""
"""A child of the database's first process. Between seeding and serving the database is stopped and started."""

STOP = """
from trajectories.adapters import embedded_postgres
from webapp.environment import var_dir
embedded_postgres.stop(var_dir())
"""

FORM = re.compile(r'action="(?P<action>/queues/\d+/items/\d+/decide/)"')
HIDDEN = {name: re.compile(rf'name="{name}" value="([^"]+)"') for name in ("key", "lease", "csrfmiddlewaretoken")}
TRACE = re.compile(r'data-trace="(\d+)"')


@dataclass
class Curator:
    """One curator's connection, and the milliseconds waited for each answer of a kind."""

    port: int
    queue: int
    cookie: str
    think: float
    waited: dict[str, list[float]] = field(default_factory=lambda: {"next": [], "submit": []})
    seen: list[str] = field(default_factory=list)
    stored: int = 0
    fault: str = ""
    csrf: str = ""
    token: str = ""

    def work(self, seconds: float, ready: threading.Barrier) -> None:
        """Review one item after another for so long, once everybody has their first one."""
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            pauses, page = random.Random(self.cookie), self.fetch([])
            ready.wait(timeout=120)
            until = time.monotonic() + seconds
            self.waited = {"next": [], "submit": []}  # the first answers came to all at once, by a server just begun
            time.sleep(self.think * pauses.random())
            while page and time.monotonic() < until:
                action, values, trace = self.read(page)
                ahead = self.fetch([trace])
                time.sleep(self.think * (0.5 + pauses.random()))
                self.submit(action, values)
                page = ahead
        except Exception as fault:
            self.fault = repr(fault)
            ready.abort()
        finally:
            self.connection.close()

    def fetch(self, but: list[str]) -> str:
        query = urllib.parse.urlencode([("but", trace) for trace in but])
        headers = {"HX-Request": "true", "X-Ahead": "1"}
        status, body = self.ask("next", "GET", f"/queues/{self.queue}/next/?{query}", None, headers)
        if status == 204:
            return ""
        if status != 200:
            raise RuntimeError(f"next: {status} {body[:200]}")
        return body

    def read(self, page: str) -> tuple[str, dict[str, str], str]:
        values = {name: found.group(1) for name, pattern in HIDDEN.items() if (found := pattern.search(page))}
        action, trace = FORM.search(page), TRACE.search(page)
        if action is None or trace is None:
            raise RuntimeError(f"no form: {page[:200]}")
        self.seen.append(trace.group(1))
        self.csrf = values.pop("csrfmiddlewaretoken")
        return action.group("action"), values, trace.group(1)

    def submit(self, action: str, values: dict[str, str]) -> None:
        form = {**values, "decision": "accept", "seconds": "2.0", "then": "behind"}
        headers = {"HX-Request": "true", "X-CSRFToken": self.csrf, "Content-Type": "application/x-www-form-urlencoded"}
        status, body = self.ask("submit", "POST", action, urllib.parse.urlencode(form), headers)
        if status != 200:
            raise RuntimeError(f"submit: {status} {body[:200]}")
        self.stored += 1

    def ask(self, kind: str, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, str]:
        cookies = f"sessionid={self.cookie}" + (f"; csrftoken={self.token}" if self.token else "")
        began = time.perf_counter()
        # The server closes what is idle; whoever keeps it open may write into nothing.
        self.connection.close()
        self.connection.request(method, path, body, {**headers, "Cookie": cookies})
        answer = self.connection.getresponse()
        text = answer.read().decode()
        self.waited[kind].append(1000 * (time.perf_counter() - began))
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie" and value.startswith("csrftoken="):
                self.token = value.partition("=")[2].partition(";")[0]
        return answer.status, text


def run(code: str, environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()[-1] if done.stdout else ""


def parent_of(pid: int) -> int:
    """The process that started one."""
    return int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])


def processor_seconds(pids: set[int]) -> float:
    """Processor time that processes and all they started have spent so far, those that have ended included."""
    parents: dict[int, int] = {}
    spent: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        parents[int(folder.name)] = int(fields[1])
        spent[int(folder.name)] = sum(map(int, fields[11:15]))

    def belongs(pid: int) -> bool:
        return pid in pids or (pid in parents and belongs(parents[pid]))

    return sum(ticks for pid, ticks in spent.items() if belongs(pid)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(environment: dict[str, str], port: int) -> Iterator[int]:
    """The web server, as `manage.py up` has it; the id of its process."""
    words = gunicorn_words(f"127.0.0.1:{port}")
    started = [
        subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment)
        for command in (["manage.py", "watch_database"], words)
    ]
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield started[-1].pid
    finally:
        for process in reversed(started):
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def round_of(curators: Sequence[Curator], seconds: float) -> float:
    """Let all work at once; the seconds it took."""
    ready = threading.Barrier(len(curators) + 1)
    threads = [threading.Thread(target=each.work, args=(seconds, ready)) for each in curators]
    for thread in threads:
        thread.start()
    with suppress(threading.BrokenBarrierError):  # `report` says what broke it
        ready.wait(timeout=120)
    began = time.monotonic()
    for thread in threads:
        thread.join()
    return time.monotonic() - began


def report(title: str, curators: Sequence[Curator], took: float) -> None:
    if faults := [each.fault for each in curators if each.fault]:
        raise SystemExit(f"Found faults: {faults[:3]}")
    stored = sum(each.stored for each in curators)
    print(f"{title}: {stored} reviews in {took:.0f} s, {stored / took:.1f} a second")
    for kind in ("next", "submit"):
        waited = sorted(value for each in curators for value in each.waited[kind][1:])
        p95 = waited[int(0.95 * (len(waited) - 1))]
        print(f"  {kind:8} p50 {statistics.median(waited):6.1f} ms   p95 {p95:6.1f} ms   worst {waited[-1]:6.1f} ms")
    asked = sorted(value for each in curators for waited in each.waited.values() for value in waited)
    p95 = asked[int(0.95 * (len(asked) - 1))]
    print(f"  {len(asked)} requests, {len(asked) / took:.1f} a second, p95 {p95:.1f} ms, 0 errors (one ends the round)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--curators", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60, help="of each round")
    parser.add_argument("--think", type=float, default=2.0, help="seconds between an item and its decision")
    options = parser.parse_args()
    parent = Path(tempfile.mkdtemp(prefix="minicolumn-curation-"))
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "DEBUG"}}
    own = {"MINICOLUMN_VAR": str(parent), "PYTHONPATH": str(ROOT), "LOG_LEVEL": "ERROR"}
    environment = {**kept, **own, "DJANGO_SETTINGS_MODULE": "webapp.settings"}
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, parent, ignore_errors=True)
        stack.callback(run, STOP, environment)
        seeded = json.loads(run(SEED, environment, str(options.items), str(options.curators)))
        machine = f"CPython {platform.python_version()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}"
        print(f"{machine}; {options.items:,} items, {seeded['reviews']:,} reviews wanted, {options.curators} curators")
        print(f"made in {seeded['made']:.2f} s, all taken up after {seeded['filled']:.1f} s", flush=True)
        web = stack.enter_context(serving(environment, port))
        database = parent_of(int(run(CHECKPOINTER, environment)))
        everybody: list[Curator] = []
        for title, think in ((f"{options.think:g} s between", options.think), ("no pause", 0.0)):
            curators = [Curator(port, seeded["queue"], cookie, think) for cookie in seeded["cookies"]]
            before = [processor_seconds({pid}) for pid in (web, database)]
            took = round_of(curators, options.seconds)
            spent = [processor_seconds({pid}) - was for pid, was in zip((web, database), before, strict=True)]
            everybody += curators
            report(f"{title}, load {os.getloadavg()[0]:.1f}", curators, took)
            each = [1000 * seconds / max(1, sum(len(one.waited["submit"]) for one in curators)) for seconds in spent]
            print(f"  processor time for an item: web {each[0]:.0f} ms, database {each[1]:.0f} ms", flush=True)
        stored = sum(each.stored for each in everybody)
        found = json.loads(run(CHECK, environment))
        print(f"stored {stored}; in the database {found}")
        if {found["reviews"], found["done"], found["kept"]} != {stored} or found["twice"] or found["over"]:
            raise SystemExit("Found lost or doubled reviews.")


if __name__ == "__main__":
    main()
