"""Asking from the command line, with nothing running but the database."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.core.samplers.test_symbolic_steps import SPEC
from tests.endpoint import flip_endpoint, sampler_for
from tests.factories import make_problem
from trajectories.models import Problem, Run
from trajectories.stand_ins.fake_endpoint import Answer, FakeEndpoint

pytestmark = pytest.mark.django_db(transaction=True)

ANSWER = [[[0, 0, 0], [0, 0, 0], [0, 2, 1]]]


def solve(*arguments: str) -> str:
    out = StringIO()
    call_command("solve", *arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.parametrize("strategy", ["parallel", "beam"])
def test_a_task_is_solved_without_a_worker(strategy):
    problem = make_problem(name="two-steps", spec=SPEC, reference=ANSWER)
    settings = ["--setting", "keep=8", "expand=8"] if strategy == "beam" else []
    said = solve("--problem", str(problem.pk), "--samples", "128", "--strategy", strategy, "--seed", "5", *settings)
    run = Run.objects.get()
    assert run.state == "finished"
    assert run.done_count <= 128
    assert f"at /ask/{run.pk}/" in said
    assert "Answer (Training-perfect, then rank sums" in said
    # Which of the programs that fit the pairs a beam meets first depends on its draws.
    assert ("0 0 0\n0 0 0\n0 2 1" if strategy == "parallel" else "of the weight):\n") in said
    assert "From " in said
    assert "The commonest answer has" in said


def test_a_task_from_a_file_that_has_no_known_answer(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(SPEC))
    said = solve("--task", str(file), "--samples", "6", "--way", "two-guesses")
    assert "Answer, guess 1 (Two guesses an output" in said
    assert Problem.objects.get().name == "mine"


def test_a_question_is_asked_of_a_model_and_its_answer_shown_without_control_characters():
    def answerer(_, asked_before):
        city = "Paris\x1b[31m" if asked_before % 3 else "Lyon"
        return Answer(f"Thinking. <answer>{city}</answer>")

    with FakeEndpoint(answerer=answerer) as endpoint:
        sampler = sampler_for(endpoint)
        said = solve("--question", "The capital of France?", "--sampler", sampler.name, "--samples", "6")
    assert "Answer (Majority" in said
    assert "Paris" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--problem", "nonesuch"], "Found no problem with the name or number 'nonesuch'"),
        (["--question", "Why?"], "a question needs a language model"),
        (["--task", "/nonesuch/file.json"], "--task: file.json cannot be read: No such file or directory."),
        (["--problem", "flip", "--sampler", "nobody"], "--sampler: found 'nobody', expected one of symbolic"),
        (["--problem", "flip", "--setting", "keep=x"], "--setting: found 'keep=x', expected NAME=N"),
        (["--problem", "flip", "--way", "majority", "--samples", "0"], "Found 0 samples, expected 1 to 10,000."),
    ],
)
def test_a_wrong_argument_is_named_and_nothing_runs(arguments, message):
    make_problem(name="flip")
    with pytest.raises(CommandError, match=message):
        solve(*arguments)
    assert not Run.objects.exists()


def test_a_model_that_solves_tasks_is_asked_for_programs():
    make_problem(name="flip")
    with flip_endpoint() as endpoint:
        said = solve("--problem", "flip", "--sampler", sampler_for(endpoint).name, "--samples", "2")
    assert "9 8 7" in said
