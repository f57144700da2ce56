"""How long a curator waits: from the key press that decides to the next trace, painted, in Chromium.

    PYTHONPATH=. .venv/bin/python benchmarks/judging.py --beside ../before [--presses 30] [--reading 1.5]

`--beside` names the checkout of another commit, which gets the same traces, a database and a web server of its own, and
is asked in turn with this one, press by press, so that other load on the machine meets both alike. Both run as this
machine's `make run` would run them (gunicorn, two workers); the traces are those of the symbolic search. Every press
must store its decision, or the benchmark ends with an error.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.web import gunicorn_words

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = Path("/usr/bin/chromium")
TASKS = ("67a3c6ac", "68b16354", "74dd1130", "ed36ccf7")
WARM_UP = 2
LONGEST_WAIT = 60_000  # milliseconds

# Runs in the checkout that is measured: everything an installation has, and traces of a search with their verdicts.
SEED = """
import json, sys
from webapp.database import ensure_database
ensure_database()
import django
django.setup()
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.test import Client
from trajectories.core.samplers.symbolic import SymbolicSampler
from trajectories.management.preparation import prepare
from trajectories.models import Problem
from trajectories.services.prompts.instructions import ensure_symbolic_views
from trajectories.services.runs.plans import Plan
from trajectories.services.runs.lifecycle import plan_run
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.verification.queue import verify_traces

prepare(lambda line: print(line, file=sys.stderr))
tasks = list(Problem.objects.filter(name__in=sys.argv[2:], problem_set__name="arc-agi-1-training"))
run = plan_run(actor=None, title="Judging", sampler=ensure_symbolic(), seed=1,
               plan=Plan(tasks, ensure_symbolic_views(), [1.0], int(sys.argv[1])))
sampler, more, traces = SymbolicSampler(), True, []
while more:
    report = sample_next_batch(run_id=run.pk, samplers={"symbolic": lambda: sampler})
    verify_traces(trace_ids=report.trace_ids)
    traces += [trace for trace in report.trace_ids if trace]
    more = report.more
curator = User.objects.create_user("curator")
curator.groups.add(Group.objects.get(name="curator"))
client = Client()
client.force_login(curator, backend="django.contrib.auth.backends.ModelBackend")
name = settings.SESSION_COOKIE_NAME
print(json.dumps({"run": run.pk, "traces": len(traces), "cookie": [name, client.cookies[name].value]}))
"""

STOP = """
from trajectories.adapters import embedded_postgres
from webapp.environment import var_dir
embedded_postgres.stop(var_dir())
"""

# From the event's own time stamp, so that what it waits for counts, to the frame that shows another trace.
STOPWATCH = """
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  const shown = () => document.getElementById("trace")?.dataset.trace;
  const before = shown();
  window.waited = new Promise((resolve) => {
    const look = () => requestAnimationFrame(() => {
      if (shown() === before) return look();
      const painted = new MessageChannel();
      painted.port1.onmessage = () => resolve(performance.now() - event.timeStamp);
      painted.port2.postMessage(null);
    });
    look();
  });
}, true);
"""


@dataclass(frozen=True)
class Seeded:
    """What the seeding made: a run, how many traces it has, and a curator's session as name and value of its cookie."""

    run: int
    traces: int
    cookie: tuple[str, str]


@dataclass
class Build:
    """One checkout, served: its page in the browser, and the milliseconds waited by mode."""

    name: str
    folder: Path
    port: int
    var: Path
    waited: dict[str, list[float]] = field(default_factory=dict)
    pressed: int = 0

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "DEBUG"}}
        own = {"MINICOLUMN_VAR": str(self.var), "PYTHONPATH": str(self.folder), "LOG_LEVEL": "ERROR"}
        return {**kept, **own, "DJANGO_SETTINGS_MODULE": "webapp.settings"}

    def seed(self, samples: int) -> Seeded:
        """Fill its database."""
        command = [sys.executable, "-c", SEED, str(samples), *TASKS]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True, check=True
        )
        return Seeded(**json.loads(done.stdout.splitlines()[-1]))

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Its database and web server, as `manage.py up` has them."""
        words = gunicorn_words(f"localhost:{self.port}")
        started = [
            subprocess.Popen([sys.executable, *command], cwd=self.folder, env=self.environment)
            for command in (["manage.py", "watch_database"], words)
        ]
        try:
            _wait_for(f"{self.address}/health/")
            yield
        finally:
            for process in reversed(started):
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=30)

    def stop_database(self) -> None:
        """End the embedded server that the seeding started."""
        subprocess.run([sys.executable, "-c", STOP], cwd=self.folder, env=self.environment, check=True)


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(address)


def press(build: Build, page: Page, reading: float) -> float:
    """Read, accept, go on; milliseconds until the next trace was painted."""
    page.wait_for_selector("body:not([aria-busy=true]) #review-form", timeout=LONGEST_WAIT)
    page.wait_for_timeout(1000 * reading)
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    build.pressed += 1
    return float(page.evaluate("window.waited"))


def open_page(browser: Browser, build: Build, seeded: Seeded) -> Page:
    """A curator's page on the first trace of the run."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    name, value = seeded.cookie
    context.add_cookies([{"name": name, "value": value, "url": build.address}])
    page = context.new_page()
    page.add_init_script(STOPWATCH)
    page.goto(f"{build.address}/traces/next/?run={seeded.run}")
    return page


def measure(builds: Sequence[Build], pages: Sequence[Page], presses: int, reading: float) -> None:
    """Press in turn; the first presses of each mode warm up and do not count."""
    mode = f"{reading:g} s of reading"
    for number in range(WARM_UP + presses):
        for build, page in zip(builds, pages, strict=True):
            waited = press(build, page, reading)
            if number >= WARM_UP:
                build.waited.setdefault(mode, []).append(waited)
        print(f"\r{mode}: {number + 1} of {WARM_UP + presses}", end="", file=sys.stderr)
    print(file=sys.stderr)


def check_stored(build: Build, page: Page) -> None:
    """Raise unless each press has stored its decision."""
    stored = page.locator("#review .card-head span", has_text=f"{build.pressed} of ")
    stored.wait_for(timeout=LONGEST_WAIT)


def report(builds: Sequence[Build], versions: str) -> None:
    print(f"{versions}, CPython {platform.python_version()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    print(f"{'':34} {'median':>8} {'p90':>8} {'worst':>8}")
    for mode in builds[0].waited:
        for build in builds:
            waited = sorted(build.waited[mode])
            figures = (statistics.median(waited), waited[int(0.9 * (len(waited) - 1))], waited[-1])
            print(f"{mode + ', ' + build.name:34} " + " ".join(f"{figure:5.0f} ms" for figure in figures))
        if len(builds) > 1:
            here, other = (statistics.median(build.waited[mode]) for build in builds[:2])
            print(f"{mode + ', share':34} {here / other:8.2f}")


def _free_port() -> int:
    with socket.create_server(("localhost", 0)) as server:
        return int(server.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", type=Path, help="the checkout of another commit")
    parser.add_argument("--presses", type=int, default=30, help="of each build in each mode")
    parser.add_argument("--reading", type=float, nargs="+", default=[1.5, 0.0], help="seconds before each press")
    options = parser.parse_args()
    folders = {"here": ROOT, **({"beside": options.beside.resolve()} if options.beside else {})}
    parent = Path(tempfile.mkdtemp(prefix="minicolumn-judging-"))
    builds = [Build(name, folder, _free_port(), parent / name) for name, folder in folders.items()]
    needed = (WARM_UP + options.presses) * len(options.reading) + 2
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, parent, ignore_errors=True)
        seeded = []
        for build in builds:
            build.var.mkdir()
            stack.callback(build.stop_database)
            seeded.append(build.seed(samples=-(-needed // (3 * len(TASKS))) + 1))
            if seeded[-1].traces < needed:
                raise SystemExit(f"Found {seeded[-1].traces} traces, expected at least {needed}.")
            stack.enter_context(build.serving())
        playwright = stack.enter_context(sync_playwright())
        executable = CHROMIUM if CHROMIUM.exists() else None
        arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        browser = playwright.chromium.launch(args=arguments, executable_path=executable)
        stack.callback(browser.close)
        pages = [open_page(browser, build, found) for build, found in zip(builds, seeded, strict=True)]
        for reading in options.reading:
            measure(builds, pages, options.presses, reading)
        for build, page in zip(builds, pages, strict=True):
            check_stored(build, page)
        report(builds, f"Chromium {browser.version}")


if __name__ == "__main__":
    main()
