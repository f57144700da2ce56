"""Forks that answer messages, and what is left of them and their owner."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.worker import wait_for
from trajectories.adapters.forked import Forked, ForkError

ROOT = Path(__file__).resolve().parents[2]


def open_file(number):
    try:
        return os.readlink(f"/proc/self/fd/{number}")
    except FileNotFoundError:
        return ""


def answer(message):
    if message == "fail":
        raise ValueError("no such number")
    if message == "files":
        return [(number, open_file(number)) for number in range(3, 1_000) if open_file(number)]
    return message * 2


def test_messages_are_answered_in_their_order_however_long():
    with Forked(answer, name="twice") as fork:
        for message in (21, "ab", [1] * 300_000):
            fork.send(message)
            assert fork.receive() == message * 2
        assert Path(f"/proc/{fork.pid}/comm").read_text().strip() == "twice"
        assert os.getpriority(os.PRIO_PROCESS, fork.pid) > os.getpriority(os.PRIO_PROCESS, 0)
    assert not psutil.pid_exists(fork.pid)


def test_what_it_cannot_answer_is_told_and_it_goes_on():
    with Forked(answer, name="twice") as fork:
        fork.send("fail")
        with pytest.raises(ForkError, match="no such number"):
            fork.receive()
        fork.send(1)
        assert fork.receive() == 2


def test_it_holds_no_file_of_its_owner(tmp_path):
    with (tmp_path / "open").open("w"), Forked(answer, name="twice") as fork, Forked(answer, name="twice") as other:
        for each in (fork, other):
            each.send("files")
            [[_, held]] = each.receive()
            assert held.startswith("socket:"), "by which it is asked"


def test_one_that_is_killed_is_told():
    with Forked(answer, name="twice") as fork:
        os.kill(fork.pid, signal.SIGKILL)
        with pytest.raises(ForkError, match=f"process {fork.pid} was ended"):
            fork.receive()


def test_what_stops_its_owner_gently_leaves_it_at_work():
    with Forked(answer, name="twice") as fork:
        fork.send(1)
        assert fork.receive() == 2
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(fork.pid, number)
        fork.send(2)
        assert fork.receive() == 4


def test_it_ends_with_its_owner():
    script = (
        "import os, signal\n"
        "from trajectories.adapters.forked import Forked\n"
        "forks = [Forked(lambda message: message, name='copies') for _ in range(3)]\n"
        "print(*[fork.pid for fork in forks], flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    pids = [int(word) for word in ran.stdout.split()]
    assert len(pids) == 3
    wait_for(lambda: not any(map(psutil.pid_exists, pids)), "the forks to end", seconds=30)
