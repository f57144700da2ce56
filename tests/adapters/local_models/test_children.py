import json
import os
import time

import pytest

from tests.local_models import FINISHED, let_play, make_environment
from trajectories.adapters.local_models.children import ChildLimits, ModelChild, ModelChildError, Program
from trajectories.adapters.local_models.environment import ModelEnvironment, NoEnvironmentError, find_environment

MEBIBYTE = 1024 * 1024


@pytest.fixture
def start(tmp_path, monkeypatch):
    """A child that plays, in a folder of its own; ended with the test."""
    environment = find_environment(make_environment(tmp_path / "python"))
    started = []

    def begin(*acts, **limits):
        let_play(monkeypatch, *acts)
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        plan = tmp_path / "plan.json"
        plan.write_text(json.dumps({"out": str(work)}))
        child = ModelChild(environment, Program("train", (str(plan),), (), work, 1, ChildLimits(**limits)))
        started.append(child)
        return child

    yield begin
    for child in started:
        child.close()


def told(child):
    return [line for line in child.lines() if line is not None]


def fault_of(child):
    with pytest.raises(ModelChildError) as caught:
        told(child)
    return caught.value.kind, str(caught.value)


def test_lines_come_until_the_last_one(start):
    child = start({"tell": {"kind": "note", "message": "é"}}, FINISHED, {"tell": {"kind": "note", "message": "late"}})
    assert [line["kind"] for line in told(child)] == ["note", "finished"]


def test_a_question_gets_its_answer(start, tmp_path):
    child = start({"ask": {"keys": ["a"]}}, FINISHED)
    for line in child.lines():
        if line is not None and line["kind"] == "ask":
            child.answer([1.0, None])
    assert json.loads((tmp_path / "work" / "got.json").read_text()) == [1.0, None]


@pytest.mark.parametrize(
    ("acts", "limits", "kind", "words"),
    [
        ([{"tell": {"kind": "fault", "fault": "no_rows", "message": "No rows."}}], {}, "no_rows", "No rows."),
        ([{"print": "first\nOops: it broke"}, {"end": 3}], {}, "ended", "exit code 3; its log ends: Oops: it broke"),
        ([{"kill": True}], {}, "killed", "memory runs out"),
        (
            [{"hold": 300 * MEBIBYTE}, {"hang": True}],
            {"memory_bytes": 200 * MEBIBYTE},
            "memory",
            "expected at most 0.195",
        ),
        ([{"write": MEBIBYTE}, {"hang": True}], {"disk_bytes": 1000}, "disk_limit", "Its files take"),
        ([{"hang": True}], {"free_bytes": 1 << 60}, "disk", "The disk is full"),
        ([{"hang": True}], {"silent_seconds": 0.3}, "silent", "No step came to an end within 0.3 seconds"),
        ([{"hang": True}], {"seconds": 0.3}, "time", "Not done after 0.3 seconds"),
    ],
    ids=["fault", "ended", "killed", "memory", "disk", "full", "silent", "time"],
)
def test_whatever_ends_a_child_is_said_in_a_sentence(start, acts, limits, kind, words):
    found, message = fault_of(start(*acts, **limits))
    assert found == kind
    assert words in message


def test_a_closed_child_is_gone(start):
    child = start({"hang": True})
    next(child.lines())
    child.close()
    assert not child.alive
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


def test_an_answer_to_a_child_that_is_gone_says_so(start):
    child = start({"end": 0})
    deadline = time.monotonic() + 20
    while child.alive and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(ModelChildError, match="exit code 0"):
        child.answer("x" * 100_000)


@pytest.mark.parametrize("folder", [None, "nothing", "half"])
def test_an_environment_that_is_not_there_says_what_to_do(tmp_path, folder):
    (tmp_path / "half" / "bin").mkdir(parents=True)
    (tmp_path / "half" / "bin" / "python").write_text("")
    with pytest.raises(NoEnvironmentError, match="run “make training”"):
        find_environment(None if folder is None else tmp_path / folder)


def test_an_environment_knows_its_interpreter(tmp_path):
    assert ModelEnvironment(tmp_path).python == tmp_path / "bin" / "python"
