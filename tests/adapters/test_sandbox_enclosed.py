"""Our own code over untrusted text, inside bubblewrap: what it reaches, and what one request leaves for the next."""

import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from trajectories.adapters import expressions
from trajectories.adapters.procedural import is_installed, scorer
from trajectories.adapters.sandbox.enclosed import EnclosedChild, Enclosure
from trajectories.adapters.sandbox.enclosing import open_enclosed, probe
from trajectories.adapters.sandbox.process import SandboxUnavailableError

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")

EXAMPLE = Enclosure(
    module="tests.adapters.enclosed_example",
    files=(Path(__file__).with_name("enclosed_example.py").resolve(),),
    memory_bytes=256 * 1024**2,
    shared=("shared",),
)


@pytest.fixture(scope="module")
def child() -> Iterator[EnclosedChild]:
    made = EnclosedChild(EXAMPLE)
    yield made
    made.close()


def ask(child: EnclosedChild, do: str, text: str = "", seconds: float = 10.0):
    return child.ask({"shared": "s", "do": do, "text": text}, seconds)


@pytest.mark.parametrize("enclosure", [EXAMPLE, expressions.ENCLOSURE, scorer.ENCLOSURE], ids=lambda e: e.module)
def test_nothing_of_this_machine_is_in_reach(enclosure, monkeypatch):
    if enclosure is scorer.ENCLOSURE and not is_installed():
        pytest.skip("reasoning-gym is not installed (make procedural)")
    monkeypatch.setenv("MINICOLUMN_CANARY", "a secret")
    made = EnclosedChild(enclosure)
    try:
        results = {result.title: result for result in probe(made)}
    finally:
        made.close()
    assert {title for title, result in results.items() if not result.passed} == set(), results
    assert {"no files of the host", "no environment variables", "no network", "no root"} <= set(results)


def test_a_probe_that_gets_out_is_told(monkeypatch):
    """The same probe, in this very process, finds what it looks for."""
    from trajectories.adapters.sandbox import enclosing
    from trajectories.adapters.sandbox.inside import enclosed

    class Open:
        def probe(self, given):
            told = enclosed.probe({**given, "folders": []})
            return {name: told[name] for name in ("files of the host", "environment variables", "network")}

    monkeypatch.setattr(enclosed.importlib, "import_module", __import__)
    monkeypatch.setattr(enclosed.os, "fork", lambda: 1)
    monkeypatch.setattr(__import__("ctypes"), "CDLL", lambda _: type("C", (), {"unshare": lambda *_: -1})())
    assert [result.passed for result in enclosing.probe(Open())] == [False, False, False]


def test_a_request_leaves_nothing_for_the_next(child):
    assert ask(child, "remember", "first")["seen"] == ["warm", "first"]
    assert ask(child, "look")["seen"] == ["warm"]
    assert ask(child, "leave")["files"] == ["left"]
    assert ask(child, "look")["files"] == []


def test_what_is_not_shared_never_comes_into_the_process_that_forks(child):
    canary = "".join(("canary", "-of-", "an", "-earlier", "-request"))
    for _ in range(40):
        ask(child, "look", canary)
    assert ask(child, "search", canary[::-1]) == {"found": 0}
    assert ask(child, "search", "gninraw")["found"] > 0  # a word that is in there


@pytest.mark.parametrize(
    ("do", "fault"), [("sleep", TimeoutError), ("die", EOFError), ("shout", EOFError), ("forge", EOFError)]
)
def test_a_request_that_misbehaves_takes_only_itself_along(child, do, fault):
    ask(child, "look")
    before = child._process.pid if do != "forge" else None
    with pytest.raises(fault):
        ask(child, do, seconds=1.0)
    assert ask(child, "look")["seen"] == ["warm"]
    assert before in (None, child._process.pid)


def test_memory_is_limited(child):
    with pytest.raises(EOFError):
        ask(child, "grow", "x" * 100)
    assert ask(child, "look")["seen"] == ["warm"]


def test_one_that_died_while_idle_is_replaced(child):
    ask(child, "look")
    os.kill(child._process.pid, signal.SIGKILL)
    child._process._process.wait(10)
    assert ask(child, "look")["seen"] == ["warm"]


def test_it_outlives_the_thread_that_asked_first():
    made = EnclosedChild(EXAMPLE)
    thread = threading.Thread(target=lambda: ask(made, "look"))
    thread.start()
    thread.join()
    first = made._process.pid
    try:
        ask(made, "look")
        assert made._process.pid == first
    finally:
        made.close()


def test_a_forked_process_starts_its_own(child):
    ask(child, "look")
    context = multiprocessing.get_context("fork")
    told = context.Queue()

    def use() -> None:
        ask(child, "look")
        told.put(child._process.pid)
        child.close()

    process = context.Process(target=use)
    process.start()
    theirs = told.get(timeout=60)
    process.join(60)
    assert theirs != child._process.pid
    assert ask(child, "look")["seen"] == ["warm"]


def test_it_ends_with_the_application():
    made = EnclosedChild(EXAMPLE)
    ask(made, "look")
    pid = made._process.pid
    made._process._process.stdin.close()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}").exists()
    made.close()


def test_which_engine_is_asked_for_decides(monkeypatch):
    assert open_enclosed("monty", EXAMPLE) is None
    monkeypatch.setenv("PATH", "")
    assert open_enclosed("auto", EXAMPLE) is None
    with pytest.raises(SandboxUnavailableError, match="bwrap is not installed"):
        open_enclosed("bubblewrap", EXAMPLE)
