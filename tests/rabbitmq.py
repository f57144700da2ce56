"""Nodes of RabbitMQ of a test's own, on loopback, at free ports and in a folder; six seconds and 125 MB each."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from django.conf import settings
from kombu import Connection

from tests.deployment.compose import NEEDED, filled
from tests.worker import wait_for

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""The script itself: the one in PATH would change to another account."""
NEEDS_RABBITMQ = pytest.mark.skipif(
    not SERVER.exists() or shutil.which("epmd") is None,
    reason="RabbitMQ is not installed (.ci/tools rabbitmq, or apt-get install rabbitmq-server)",
)
SMALL = "+S 1:1 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}"
"""One scheduler that does not spin, and no ear but on loopback."""


def free_port() -> int:
    """A port of loopback at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Broker:
    """The broker of docker-compose.yml by its own settings, but for its ports, its folders and its name.

    What it keeps is in its folder: started again there it has the messages that it had when it was killed.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        services = filled(NEEDED)["services"]
        told: dict[str, str] = services["broker"]["environment"]
        self.port, self._epmd_port = free_port(), free_port()
        there = urlsplit(services["web"]["environment"]["CELERY_BROKER_URL"])
        self.url = there._replace(netloc=f"{there.username}:{there.password}@127.0.0.1:{self.port}").geturl()
        self.log = folder / "broker.log"
        self._environment = {
            **told,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{told['RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS']} {SMALL}",
            "PATH": os.environ["PATH"],
            "HOME": str(folder),  # the cookie is there
            "RABBITMQ_NODENAME": f"tests-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            # Files of the machine's own node that are not this one's.
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "none.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        }
        (folder / "plugins").write_text("[].\n")
        self._names: subprocess.Popen[bytes] | None = None
        self._node: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, with the process that knows nodes by name, and wait until it lets somebody in."""
        self.begin()
        wait_for(self.is_up, "the broker")

    def begin(self) -> None:
        """Start it without waiting for it."""
        with self.log.open("ab") as output:
            if self._names is None:
                words = ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"]
                self._names = subprocess.Popen(words, stdout=output, stderr=output, start_new_session=True)
            self._node = subprocess.Popen(
                [str(SERVER)], env=self._environment, stdout=output, stderr=output, start_new_session=True
            )

    def is_up(self) -> bool:
        """Whether somebody with its password is let in."""
        assert self._node is not None
        if self._node.poll() is not None:
            pytest.fail(f"the broker ended with {self._node.returncode}:\n{self.output()}")
        try:
            with Connection(self.url, connect_timeout=2) as there:
                there.connect()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._node is not None and self._node.poll() is None:
            family = psutil.Process(self._node.pid).children(recursive=True)
            os.killpg(self._node.pid, signal.SIGKILL)
            self._node.wait()
            # What it had started has groups of its own, and ends with its pipes.
            wait_for(lambda: not any(_lives(each) for each in family), "everything of the broker to end")

    def freeze(self) -> None:
        """Let it do nothing, as a machine that is out of memory or a network that swallows everything would."""
        assert self._node is not None
        os.killpg(self._node.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._node is not None
        os.killpg(self._node.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it as an operator does, and everything that was started for it."""
        if self._node is not None and self._node.poll() is None:
            self.thaw()
            self._node.send_signal(signal.SIGTERM)
            try:
                self._node.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()
        if self._names is not None:
            self._names.terminate()
            self._names.wait()
            self._names = None

    def purge(self) -> int:
        """Throw away every message that waits in a queue of the product; how many there were."""
        return sum(self._asked(lambda channel, name: channel.queue_purge(name)).values())

    def consumers(self) -> dict[str, int]:
        """How many workers listen at each queue of the product that somebody has made."""
        return self._asked(lambda channel, name: channel.queue_declare(queue=name, passive=True).consumer_count)

    def _asked(self, ask: Callable[[Any, str], int]) -> dict[str, int]:
        """What is answered of each queue of the product; nothing of one that nobody has made yet."""
        answers = {}
        with Connection(self.url) as there:
            for name in (*settings.WORKER_QUEUES, *settings.FILE_QUEUES, *settings.TRAINING_QUEUES):
                with there.channel() as channel:
                    try:
                        answers[name] = ask(channel, name)
                    except there.channel_errors:
                        continue
        return answers

    def output(self) -> str:
        """What it said last."""
        return self.log.read_text(errors="replace")[-4000:]


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def running_broker(folder: Path) -> Iterator[Broker]:
    """A broker that lets somebody in, for as long as the block lasts."""
    broker = Broker(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
