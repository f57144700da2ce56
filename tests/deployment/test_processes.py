"""The processes of docker-compose.yml, started here with its commands and environment, on the PostgreSQL of the tests.

No container engine and no RabbitMQ runs here: the address of the database is that of a new one, and the queue is in it.
"""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from django.db import connection

from tests.deployment.compose import NEEDED, filled
from tests.dumps import own_database
from tests.worker import ROOT, database_url, wait_for
from trajectories.models import Run, Worker

HOST = NEEDED["SITE_NAME"]
BEFORE = ("prepare",)
RUNNING = ("web", "files", "sampling", "verification", "beat")
"""The training worker is left out: it has nothing to do here, and the machine little room."""
SERVING = {
    ("quick worker", "sweeps interactive"), ("file worker", "files"), ("worker 1", "starts sampling"),
    ("worker 1", "verification"),
}  # fmt: skip
"""The workers by name and queues."""


class Deployment:
    """The services by name, in processes instead of containers."""

    def __init__(self, folder: Path) -> None:
        values = {**NEEDED, "SAMPLING_PROCESSES": "1", "VERIFICATION_PROCESSES": "1", "WEB_PROCESSES": "1"}
        self._services = filled(values)["services"]
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
        self._here = {
            "DATABASE_URL": database_url(connection.settings_dict),
            "CELERY_BROKER_URL": "",
            "MINICOLUMN_VAR": str(folder / "var"),
            "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(folder),
            "SANDBOX_PYTHON": os.environ.get("SANDBOX_PYTHON", str(ROOT / "var/sandbox-python")),
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def environment(self, name: str) -> dict[str, str]:
        """What a service is told, with the addresses of this machine."""
        return {**self._services[name]["environment"], **self._here}

    def adapted(self, words: list[str]) -> list[str]:
        """A command with the port and the folder of this machine."""
        moved = [word.replace("/var/lib/minicolumn", self._here["MINICOLUMN_VAR"]) for word in words]
        moved = [word.replace("0.0.0.0:8000", f"127.0.0.1:{self.port}") for word in moved]
        return [word.replace("localhost:8000", f"localhost:{self.port}") for word in moved]

    def finish(self, name: str) -> str:
        """Run a service that ends; what it said."""
        done = subprocess.run(
            self.adapted(self._services[name]["command"]),
            cwd=ROOT, env=self.environment(name), capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as output:
            self.running[name] = subprocess.Popen(
                self.adapted(self._services[name]["command"]),
                cwd=ROOT, env=self.environment(name), stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    def has_workers(self) -> bool:
        """Whether as many workers as are expected have written themselves down."""
        for name in self.running:
            self.assert_runs(name)
        return Worker.objects.count() >= len(SERVING)

    def assert_runs(self, name: str) -> None:
        assert self.running[name].poll() is None, f"{name} has ended:\n{self.log(name)}"

    def is_healthy(self, name: str) -> bool:
        """What the service's own check of its health says."""
        self.assert_runs(name)
        kind, *words = self._services[name]["healthcheck"]["test"]
        command = ["sh", "-c", *words] if kind == "CMD-SHELL" else words
        environment = self.environment(name)
        told = subprocess.run(self.adapted(command), cwd=ROOT, env=environment, capture_output=True, check=False)
        return told.returncode == 0

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        for process in self.running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


class Person:
    """A browser behind the proxy: it speaks HTTPS to the proxy, which says so to the web server."""

    def __init__(self, port: int) -> None:
        self._http = httpx2.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=60,
            headers={"Host": HOST, "X-Forwarded-Proto": "https", "Referer": f"https://{HOST}/"},
        )  # fmt: skip
        self._cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, **options) -> httpx2.Response:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        answer = self._http.request(method, path, headers={"Cookie": cookies}, **options)
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            assert "; Secure" in line, "cookies are sent over HTTPS only"
            self._cookies[name] = rest.partition(";")[0]
        return answer

    def send(self, path: str, fill_in) -> httpx2.Response:
        """Open a page, and send its form with what `fill_in` says."""
        page = self.ask("GET", path).text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page[:2000]
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        return self.ask("POST", path, data={**hidden, **fill_in(), "csrfmiddlewaretoken": token[1]})


@contextmanager
def started(folder: Path):
    deployment = Deployment(folder)
    try:
        yield deployment
    finally:
        deployment.stop()


@pytest.fixture
def deployment(transactional_db, tmp_path):
    with own_database("test_deployment"), started(tmp_path) as deployment:
        yield deployment


@pytest.mark.long
def test_the_deployment_starts_and_a_run_that_somebody_launches_is_sampled_and_verified(deployment):
    told = deployment.finish("prepare")
    password = re.search(r"Log in as admin with the password (\S+)", told)
    assert password, told
    for name in RUNNING:
        deployment.start(name)
    # To look at the health of workers starts a program each time: not before they can be healthy.
    wait_for(deployment.has_workers, "the workers")
    for name in RUNNING:
        wait_for(lambda: deployment.is_healthy(name), f"{name} to be healthy")  # noqa: B023
    assert {(worker.name, worker.queues) for worker in Worker.objects.all()} == SERVING
    person = Person(deployment.port)
    plain = httpx2.get(f"http://127.0.0.1:{deployment.port}/runs/", headers={"Host": HOST})
    assert (plain.status_code, plain.headers["location"]) == (301, f"https://{HOST}/runs/")
    home = person.send("/login/", lambda: {"username": "admin", "password": password[1]})
    assert home.status_code == 302, home.text[:2000]
    assert home.headers["strict-transport-security"] == "max-age=2592000"
    planned = person.send("/runs/new/", _plan)
    assert planned.status_code == 302, re.findall(r'class="[^"]*error[^"]*">([^<]+)', planned.text)
    run = Run.objects.latest("pk")
    assert planned.headers["location"] == f"/runs/{run.pk}/"

    def has_ended() -> bool:
        run.refresh_from_db()
        return run.state in Run.ENDED_STATES

    wait_for(has_ended, "the run")
    wait_for(lambda: (run.refresh_from_db(), run.verified_count == run.done_count)[1], "its verdicts")
    assert (run.state, run.done_count) == ("finished", run.planned_count)
    page = person.ask("GET", f"/runs/{run.pk}/")
    assert page.status_code == 200
    assert "password" not in deployment.log("web").lower()
    for name in RUNNING:
        assert deployment.is_healthy(name), f"{name}:\n{deployment.log(name)}"


def _plan() -> dict[str, object]:
    from trajectories.models import Instruction, ProblemSet, Sampler

    return {
        "title": "",
        "sampler": Sampler.objects.get(kind="symbolic").pk,
        "problem_set": ProblemSet.objects.get(name="arc-agi-1-training").pk,
        "instructions": [Instruction.objects.filter(view="grid").latest("pk").pk],
        "limit": 2,
        "samples_each": 2,
        "temperatures": "0",
    }
