"""The self-test tells an engine that isolates from one that does not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from trajectories.adapters.sandbox import SandboxUnavailableError, open_engine, self_check
from trajectories.adapters.sandbox.bubblewrap import BubblewrapEngine
from trajectories.adapters.sandbox.monty import MontyEngine
from trajectories.adapters.sandbox.self_check import first_fault
from trajectories.core.programs.engines import CallResult, CallStatus, ProgramEngine, ProgramJob, ProgramRun

LEAKY = """
import io, json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
job = json.load(sys.stdin)
# Writing seems to work, but leaves nothing on the machine that runs the tests.
space = {"open": lambda path, mode="r": io.StringIO() if mode == "w" else io.open(path, mode)}
exec(job["source"], space)
print(json.dumps(space["transform"](*job["arguments"])))
"""


class LeakyEngine:
    """A plain Python process: time and memory are limited, and nothing else."""

    name = "leaky 1"

    def run(self, job: ProgramJob) -> ProgramRun:
        request = json.dumps({"source": job.source, "arguments": list(job.calls[0])})
        seconds = job.limits.seconds_per_call
        command = [sys.executable, "-c", LEAKY]
        try:
            answer = subprocess.run(
                command, input=request, capture_output=True, text=True, timeout=min(seconds, 1), check=False
            )
            result = CallResult(CallStatus.RETURNED, value=json.loads(answer.stdout.splitlines()[-1]))
        except subprocess.TimeoutExpired:
            result = CallResult(CallStatus.TIMEOUT)
        except (ValueError, IndexError):
            result = CallResult(CallStatus.RAISED)
        return ProgramRun((result,), self.name)

    def close(self) -> None:
        pass


def test_both_engines_pass_every_probe(engine: ProgramEngine) -> None:
    results = self_check(engine)
    assert [result for result in results if not result.passed] == []
    assert first_fault(results) == ""


def test_an_engine_that_does_not_isolate_is_found_out() -> None:
    results = self_check(LeakyEngine())
    failed = {result.title for result in results if not result.passed}
    assert {
        "no network to the host",
        "no Unix sockets of the host",
        "no files of the host",
        "no environment variables",
        "nothing outside /tmp can be written",
        "no other processes in sight",
        "the number of processes is limited",
        "the output limit bites",
    } <= failed
    assert first_fault(results).startswith("no network to the host: ")


def test_auto_takes_bubblewrap_where_it_isolates(bubblewrap: BubblewrapEngine) -> None:
    opened = open_engine("auto")
    assert isinstance(opened, BubblewrapEngine)
    opened.close()


def test_auto_takes_monty_where_bubblewrap_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert isinstance(open_engine("auto"), MontyEngine)
    with pytest.raises(SandboxUnavailableError, match="bwrap is not installed"):
        open_engine("bubblewrap")


def test_a_bubblewrap_that_cannot_make_namespaces_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "bubblewrap 0.8.0" && exit\n'
        'echo "bwrap: No permissions to create new namespace" >&2\nexit 1\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(SandboxUnavailableError, match="does not start: bwrap: No permissions to create new namespace"):
        open_engine("bubblewrap")
    assert isinstance(open_engine("auto"), MontyEngine)


def test_an_old_bubblewrap_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text('#!/bin/sh\necho "bubblewrap 0.4.1"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(SandboxUnavailableError, match=r"found version 0\.4\.1, expected 0\.8 or newer"):
        open_engine("bubblewrap")
