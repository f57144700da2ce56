import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.worker import ROOT, wait_for
from trajectories.adapters import instance

HOLDER = """
import sys
from pathlib import Path
from trajectories.adapters import instance
held = instance.lock(Path(sys.argv[1]), "http://localhost:8123")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "up.lock")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_instance_is_told_who_runs(holder, tmp_path):
    with pytest.raises(instance.InstanceError, match=rf"process {holder.pid}, http://localhost:8123"):
        instance.lock(tmp_path / "up.lock", "http://localhost:8000")


def test_the_lock_of_a_killed_instance_is_free(holder, tmp_path):
    holder.kill()
    holder.wait()
    instance.lock(tmp_path / "up.lock", "http://localhost:8000").close()


def test_a_taken_port_is_named_with_a_way_out():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(instance.InstanceError, match=rf"Port {port} .* taken; .* PORT={port + 1} make run"):
            instance.check_port("127.0.0.1", port)
    instance.check_port("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(instance.InstanceError, match=r"Cannot listen on 192\.0\.2\.1"):
        instance.check_port("192.0.2.1", 8000)


@pytest.mark.parametrize("text", ["", "http", "-1", "0", "65536", "8000.0", "８０８０ "])
def test_a_port_is_a_number(text):
    with pytest.raises(instance.InstanceError, match="expected a number from 1 to 65535"):
        instance.parse_port(text)


def test_marked_processes_are_stopped_and_others_are_not(tmp_path):
    def sleeper(mark: Path, starts: str = "") -> subprocess.Popen[bytes]:
        # One that ignores a polite request.
        program = (
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(99)"
        )
        environment = {**os.environ, instance.MARK: str(mark), instance.STARTER: "1"}
        command = [sys.executable, "-c", starts + program]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    ours, others = sleeper(tmp_path), sleeper(tmp_path / "other")
    # Another start on the same data, which is about to find that it is locked.
    imports = "from pathlib import Path; from trajectories.adapters import instance"
    starts = f"{imports}; instance.bear_mark(Path({str(tmp_path)!r}));"
    second = sleeper(tmp_path / "other", starts)
    try:
        assert instance.stop_marked(tmp_path) == 1
        assert wait_for(lambda: ours.poll() is not None, "the end of the marked process")
        assert others.poll() is None
        assert second.poll() is None
        assert psutil.Process(second.pid).environ()[instance.MARK] == str(tmp_path)
    finally:
        for process in (ours, others, second):
            process.kill()
            process.communicate()
