"""The services of docker-compose.yml in processes instead of containers, and somebody who uses them."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from django.db import connection

from tests.deployment.compose import NEEDED, filled
from tests.rabbitmq import Broker, free_port
from tests.worker import ROOT, database_url
from trajectories.models import Worker

HOST = NEEDED["SITE_NAME"]


class Deployment:
    """The services by name, in processes instead of containers."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        values = {**NEEDED, "SAMPLING_PROCESSES": "1", "VERIFICATION_PROCESSES": "1", "WEB_PROCESSES": "1"}
        self._services = filled(values)["services"]
        self.broker = broker
        self.folder = folder
        self.port = free_port()
        self._here = {
            "DATABASE_URL": database_url(connection.settings_dict),
            "CELERY_BROKER_URL": broker.url,
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

    def has_workers(self, count: int) -> bool:
        """Whether so many workers have written themselves down."""
        for name in self.running:
            self.assert_runs(name)
        return Worker.objects.count() >= count

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

    def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        answer = self._http.request(method, path, headers={"Cookie": cookies}, **options)
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            assert "; Secure" in line, "cookies are sent over HTTPS only"
            self._cookies[name] = rest.partition(";")[0]
        return answer

    def send(self, page: str, to: str = "", **fields: Any) -> httpx2.Response:
        """Open a page, and send a form of it with what is hidden in it and these fields: to the page, or elsewhere."""
        text = self.ask("GET", page).text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
        assert token, text[:2000]
        form = _form_to(text, to)
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
        return self.ask("POST", to or page, data={**hidden, **fields, "csrfmiddlewaretoken": token[1]})


def _form_to(text: str, address: str) -> str:
    """The form of a page that goes to an address; the whole page where it says none."""
    found = re.search(rf'<form[^>]* action="{re.escape(address)}".*?</form>', text, re.DOTALL)
    return found[0] if found and address else text


@contextmanager
def started(folder: Path, broker: Broker) -> Iterator[Deployment]:
    """A deployment none of whose services runs yet; all have ended afterwards."""
    deployment = Deployment(folder, broker)
    try:
        yield deployment
    finally:
        deployment.stop()
