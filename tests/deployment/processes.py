"""The services of docker-compose.yml in processes instead of containers."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from tests.deployment.compose import NEEDED, filled
from tests.rabbitmq import Broker, free_port
from tests.worker import ROOT, database_url
from trajectories.models import Worker


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


@contextmanager
def started(folder: Path, broker: Broker) -> Iterator[Deployment]:
    """A deployment none of whose services runs yet; all have ended afterwards."""
    deployment = Deployment(folder, broker)
    try:
        yield deployment
    finally:
        deployment.stop()
