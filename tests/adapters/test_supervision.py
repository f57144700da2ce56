"""A supervisor in a process of its own, since it forks."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.worker import ROOT, wait_for

PROGRAM = """
import sys, time
from pathlib import Path
from trajectories.adapters.supervision import Supervisor

folder = Path(sys.argv[1])

def idle(name):
    def run():
        (folder / f"{name}.started").open("a").write("x")
        if (folder / f"{name}.stubborn").exists():
            import signal
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if (folder / f"{name}.ends").exists():
            sys.exit(3)
        while True:
            time.sleep(0.05)
    return run

def look():
    for pid, name in supervisor.children.items():
        if (folder / f"{name}.kill").exists():
            (folder / f"{name}.kill").unlink()
            supervisor.kill(pid)

supervisor = Supervisor({"one": idle("one"), "two": idle("two")}, grace_seconds=0.5)
supervisor.run(watch=look, watch_seconds=0.1, on_end=lambda pid: (folder / "ended").open("a").write(f"{pid} "))
(folder / "left").touch()
"""


class Supervised:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder)], cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True
        )

    def children(self) -> list[int]:
        return sorted(child.pid for child in psutil.Process(self.process.pid).children())

    def starts(self, name: str) -> int:
        file = self.folder / f"{name}.started"
        return len(file.read_text()) if file.exists() else 0

    def ready(self) -> list[int]:
        wait_for(lambda: self.starts("one") and self.starts("two"), "both children")
        return self.children()


@pytest.fixture
def supervised(tmp_path):
    found = Supervised(tmp_path)
    yield found
    if found.process.poll() is None:
        os.killpg(found.process.pid, signal.SIGKILL)
    found.process.communicate()


def test_a_killed_child_is_replaced_and_the_other_one_left_alone(supervised):
    before = supervised.ready()
    os.kill(before[0], signal.SIGKILL)
    wait_for(lambda: len(supervised.children()) == 2 and before[0] not in supervised.children(), "another child")
    assert before[1] in supervised.children()
    assert (supervised.folder / "ended").read_text() == f"{before[0]} "


def test_one_that_the_watch_finds_hanging_is_replaced(supervised):
    supervised.ready()
    (supervised.folder / "two.kill").touch()
    wait_for(lambda: supervised.starts("two") == 2, "another child")
    assert supervised.starts("one") == 1


def test_one_that_ends_by_itself_is_started_again_but_not_all_the_time(supervised):
    before = supervised.ready()
    (supervised.folder / "one.ends").touch()
    os.kill(before[0], signal.SIGKILL)
    wait_for(lambda: supervised.starts("one") >= 3, "two more starts")
    (supervised.folder / "one.ends").unlink()
    wait_for(lambda: len(supervised.children()) == 2, "a child that stays")
    assert supervised.starts("one") < 20


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_at_the_end_all_children_end_within_the_time_of_grace(supervised, number):
    (supervised.folder / "one.stubborn").touch()
    children = supervised.ready()
    os.kill(children[0], signal.SIGKILL)
    wait_for(lambda: supervised.starts("one") == 2, "a child that does not listen")
    children = supervised.children()
    supervised.process.send_signal(number)
    assert supervised.process.wait(timeout=20) == 0
    assert (supervised.folder / "left").exists()
    assert not any(psutil.pid_exists(pid) for pid in children)


VITAL = """
import sys, time
from trajectories.adapters.supervision import Supervisor

added = ["later"]

def look():
    if added:
        supervisor.add(added.pop(), lambda: time.sleep(99))
    elif len(supervisor.children) == 3:
        supervisor.kill(next(pid for pid, place in supervisor.children.items() if place == "vital"))

places = {"vital": lambda: time.sleep(99), "other": lambda: time.sleep(99)}
supervisor = Supervisor(places, grace_seconds=0.5, vital=["vital"])
code = supervisor.run(watch=look, watch_seconds=0.05)
print(code, supervisor.children)
"""


def test_all_end_with_the_child_of_a_vital_place():
    done = subprocess.run(
        [sys.executable, "-c", VITAL], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == f"{128 + signal.SIGKILL} {{}}\n"
    assert "starting another one" not in done.stderr
