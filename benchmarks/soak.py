"""Whether memory stays flat over hours: everything that `manage.py up` runs, at work all the time.

    PYTHONPATH=. .venv/bin/python benchmarks/soak.py [--minutes 60] [--curators 4] [--rate 8] [--warm-up 10]

A new installation samples from a fake endpoint (`--rate` samples a second) and verifies what comes; its right traces
flow into a live queue that `--curators` people review without much of a pause; one more person looks at pages: lists,
traces, problems, runs, figures. Every half a minute the memory of each part is read: what its processes have for
themselves (USS), and with their share of what is common (PSS), without PostgreSQL.

It prints each part's memory after the warm-up, its mean over the last quarter, and the slope between them in MB an
hour; how many samples, verdicts, reviews and pages that was; and every page that did not come, of which there must be
none.
"""

import argparse
import json
import os
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
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.curation import CURATORS, Curator
from benchmarks.startup import Browser, wait

ROOT = Path(__file__).resolve().parent.parent
LOOK_SECONDS = 30.0
SEED = """
import json, sys
from webapp.database import ensure_database
ensure_database()
import django
django.setup()
[CURATORS]
from trajectories.adapters.chat_api import ChatSettings
from trajectories.core.selections import Selection
from trajectories.models import Instruction, Problem
from trajectories.services.curation.filling import fill_queue
from trajectories.services.curation.queues import QueueDraft, make_queue
from trajectories.services.endpoints.samplers import add_chat_sampler
from trajectories.services.jobs.ringers import ring
from trajectories.services.runs.lifecycle import plan_run
from trajectories.services.runs.plans import Plan

url, samples, in_flight, curators = sys.argv[1], *map(int, sys.argv[2:])
chat = ChatSettings(base_url=url, model="fake", concurrency=in_flight, max_output_tokens=500)
sampler = add_chat_sampler(actor=None, name="soak", title="Soak", settings=chat)
view = Instruction.objects.filter(style="program").first()
problems = list(Problem.objects.filter(kind="arc").order_by("pk")[:200])
plan = Plan(problems, [view], [1.0], -(-samples // len(problems)))
run = plan_run(actor=None, title="Soak", sampler=sampler, plan=plan, seed=1)
ring("run", run.pk)
lead = User.objects.create_superuser("soak")
queue = make_queue(actor=lead, draft=QueueDraft(title="Soak", selection=Selection(run=run.pk), is_live=True))
fill_queue(queue_id=queue.pk)
print(json.dumps({"run": run.pk, "queue": queue.pk, "cookies": [*cookies_of(curators)]}))
""".replace("[CURATORS]", CURATORS)
COUNT = """
import json, sys
from webapp.database import ensure_database
ensure_database()
import django
django.setup()
from trajectories.models import Review, Run, Trace, Verdict
run = Run.objects.get(pk=int(sys.argv[1]))
print(json.dumps({"samples": run.done_count, "failed": run.failed_count, "traces": Trace.objects.count(),
    "verdicts": Verdict.objects.count(), "reviews": Review.objects.count()}))
"""


@dataclass
class Visitor:
    """Somebody who looks at one page after the other, among those that earlier pages led to."""

    browser: Browser
    seen: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    begin = ("/", "/traces/", "/problems/", "/runs/", "/insights/", "/queues/", "/jobs/")

    def look(self, until: float) -> None:
        """Look around until then."""
        lots, known = random.Random(0), list(self.begin)
        while time.monotonic() < until:
            path = lots.choice(known)
            page = self.browser.get(path)
            self.seen[re.sub(r"\d+", "N", path.partition("?")[0])] += 1
            if not page:
                self.faults.append(path)
            links = re.findall(r'href="(/(?:traces|problems|runs|insights)/[^"#]*)"', page)
            known = [*self.begin, *(lots.sample(links, min(len(links), 30)))] if links else list(self.begin)
            time.sleep(0.2)


def review(curator: Curator, until: float) -> None:
    """Review what there is until then; where nothing is, look again."""
    while time.monotonic() < until and not curator.fault:
        ready = threading.Barrier(1)
        curator.work(until - time.monotonic(), ready)
        time.sleep(2)


def parts(up: psutil.Process, port: int) -> dict[str, list[psutil.Process]]:
    """The processes of an installation by what they do: `up` itself, and what each of its children is the head of."""
    found = {"up": [up]}
    for child in up.children():
        below = [child, *child.children(recursive=True)]
        if any("postgres" in each.name() for each in below):
            continue
        serves = any(each.laddr.port == port for each in child.net_connections("tcp") if each.status == "LISTEN")
        name = "web" if serves else "workers" if len(below) > 1 else "scheduler and keeper"
        found.setdefault(name, []).extend(below)
    return found


def memory(up: psutil.Process, port: int) -> dict[str, tuple[float, float, int]]:
    """USS and PSS in MB and the number of processes, of each part."""
    told = {}
    try:
        found = parts(up, port)
    except psutil.Error:  # one has ended while it was looked at
        return {}
    for name, processes in found.items():
        uss = pss = 0
        for process in processes:
            try:
                used = process.memory_full_info()
            except psutil.Error:  # it has ended meanwhile
                continue
            uss, pss = uss + used.uss, pss + used.pss
        told[name] = uss / 1e6, pss / 1e6, len(processes)
    return told


def python(code: str, environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()[-1]


def soak(options: argparse.Namespace, var: Path, tell: Callable[[str], None]) -> bool:
    """Run it; whether nothing went wrong."""
    from trajectories.stand_ins.fake_endpoint import Behaviour, FakeEndpoint, canned

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "DEBUG"}}
    own = {"MINICOLUMN_VAR": str(var), "PORT": str(port), "DJANGO_SETTINGS_MODULE": "webapp.settings"}
    environment = {**kept, **own, "PYTHONPATH": str(ROOT), "LOG_LEVEL": "ERROR"}
    with (var.parent / "output").open("ab") as output:
        started = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    try:
        browser = Browser(f"http://localhost:{port}")
        wait(lambda: browser.get("/health/"), time.monotonic())
        browser.log_in("admin", (var / "admin_password").read_text().strip())
        wait(browser.first_trace, time.monotonic())
        with FakeEndpoint(Behaviour(latency=1.0, in_flight=options.rate), canned()) as served:
            wanted = str(int(options.minutes * 60 * options.rate))
            made = json.loads(python(SEED, environment, served.url, wanted, str(options.rate), str(options.curators)))
            until = time.monotonic() + 60 * options.minutes
            visitor = Visitor(browser)
            curators = [Curator(port, made["queue"], cookie, 1.0) for cookie in made["cookies"]]
            threads = [threading.Thread(target=review, args=(each, until)) for each in curators]
            threads.append(threading.Thread(target=visitor.look, args=(until,)))
            for thread in threads:
                thread.start()
            watched, up = defaultdict[str, list[tuple[float, float, float]]](list), psutil.Process(started.pid)
            begun = time.monotonic()
            while time.monotonic() < until:
                for name, (uss, pss, count) in memory(up, port).items():
                    watched[name].append((time.monotonic() - begun, uss, pss))
                    tell(f"{time.monotonic() - begun:6.0f} s  {name} ({count}): {uss:.0f} MB own, {pss:.0f} MB")
                time.sleep(LOOK_SECONDS)
            for thread in threads:
                thread.join()
        counted = json.loads(python(COUNT, environment, str(made["run"])))
    finally:
        started.send_signal(signal.SIGINT)
        started.wait(timeout=120)
    report(watched, 60 * options.minutes, 60 * options.warm_up)
    faults = [*visitor.faults, *(each.fault for each in curators if each.fault)]
    print(f"{counted}, {visitor.seen.total()} pages of {len(visitor.seen)} kinds, faults {faults[:5]}")
    return not faults and not counted["failed"]


def report(watched: dict[str, list[tuple[float, float, float]]], seconds: float, warm_up: float) -> None:
    """A table row for each part."""
    print(
        "| part | own after the warm-up, MB | own in the last quarter | MB an hour | with its share of what is common |"
    )
    print("|---|---|---|---|---|")
    for name, looks in watched.items():
        early = [each for each in looks if warm_up <= each[0] < warm_up + seconds / 8]
        late = [each for each in looks if each[0] >= 0.75 * seconds]
        if not early or not late:
            continue
        was, now = (statistics.mean(each[1] for each in part) for part in (early, late))
        apart = statistics.mean(each[0] for each in late) - statistics.mean(each[0] for each in early)
        pss = statistics.mean(each[2] for each in late)
        print(f"| {name} | {was:.0f} | {now:.0f} | {3600 * (now - was) / apart:+.1f} | {pss:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--warm-up", type=float, default=10, metavar="MINUTES")
    parser.add_argument("--curators", type=int, default=4)
    parser.add_argument("--rate", type=int, default=8, help="samples a second")
    options = parser.parse_args()
    parent = Path(tempfile.mkdtemp(prefix="minicolumn-soak-"))
    var = parent / "var"
    var.mkdir()
    print(f"load {os.getloadavg()[0]:.1f} at the beginning", flush=True)
    good = False
    try:
        good = soak(options, var, lambda words: print(words, flush=True))
        print(f"load {os.getloadavg()[0]:.1f} at the end")
    finally:
        if good:
            shutil.rmtree(parent, ignore_errors=True)
        else:
            print(f"left for a look: {parent}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
