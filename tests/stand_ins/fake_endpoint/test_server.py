import pytest

from tests.endpoint import FLIP, PROGRAM, access_to, request_for, settings_for
from trajectories.adapters.chat_api import ChatSampler
from trajectories.core.problems.arc import task_of
from trajectories.core.prompts import render_messages
from trajectories.core.records import InstructionRecord
from trajectories.stand_ins.fake_endpoint import Behaviour, FakeEndpoint, learner, symbolic
from trajectories.stand_ins.fake_endpoint.answers import read_task


@pytest.mark.parametrize("view", ["grid", "object", "pixel"])
def test_the_task_is_read_back_from_a_prompt_of_any_view(view):
    instruction = InstructionRecord("program", 1, view, "program")
    (message,) = render_messages(instruction, FLIP)
    found = read_task(message["content"])
    assert found is not None
    assert task_of(found).train[0] == task_of(FLIP).train[0]


def test_a_prompt_without_grids_holds_no_task():
    assert read_task("What is 2 + 2?\n\n4") is None


def test_the_symbolic_search_answers_with_different_programs():
    with FakeEndpoint(answerer=symbolic(work=100_000)) as endpoint:
        requests = [request_for(ordinal, instruction=PROGRAM) for ordinal in range(6)]
        outcomes = dict(ChatSampler(settings_for(endpoint, concurrency=1), access_to()).sample(requests))
    programs = [outcome.program for outcome in outcomes.values() if outcome.program]
    assert len(set(programs)) == len(programs) >= 4
    assert all("def transform" in program for program in programs)


def test_shares_of_failures_are_kept_and_checked():
    with pytest.raises(ValueError, match="Found the failure 'nonsense'"):
        Behaviour(failures={"nonsense": 0.1})
    with pytest.raises(ValueError, match=r"add up to 1\.2"):
        Behaviour(failures={"429": 0.6, "500": 0.6})


def test_a_learner_is_right_once_it_is_told_what_its_program_did():
    answer = learner()
    task = "Example 1 input:\n1 2\n3 4\n\nExample 1 output:\n2 1\n4 3\n\nTest input:\n5 6\n7 8\n"
    assert "return grid" in answer(task, 0).text
    told = f"{task}\n\n```python\n...```\n\nYour program is right on 0 of 1 examples.\nExpected output:\n9 9\n"
    assert "return grid\n" not in answer(told, 0).text
    assert "def transform" in answer(told, 0).text
