from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.endpoint import sampler_for
from tests.factories import make_problem
from tests.generation import chain_of_thought, run_through
from trajectories.management.commands.generate import generation_line
from trajectories.models import GenerationJob, ProblemCandidate
from trajectories.stand_ins.fake_endpoint import FakeEndpoint, problem_writer

pytestmark = pytest.mark.django_db(transaction=True)


def generate(*arguments):
    output = StringIO()
    call_command("generate", *arguments, stdout=output)
    return output.getvalue(), GenerationJob.objects.order_by("-pk").first()


def test_a_model_writes_and_samples_agree():
    with FakeEndpoint(answerer=problem_writer()) as endpoint:
        sampler = sampler_for(endpoint, max_output_tokens=2_000)
        chain_of_thought()
        said, job = generate(
            *("constrained", "--set", "Word problems", "--wanted", "4", "--seed", "3"),
            *("--sampler", sampler.name, "--solver", sampler.name),
        )
        assert f"Generation job {job.pk}: 4 problems wanted, seed 3, at /generation/{job.pk}/" in said
        run_through(job)
    assert job.state == "finished"
    assert ProblemCandidate.objects.filter(job=job, state="waiting").count() >= 4
    assert generation_line(job).startswith("[" + "#" * 40 + "]")


def test_arc_tasks_are_varied_without_a_model():
    problem = make_problem()
    _, job = generate("arc_augmented", "--set", "Varied", "--from", problem.problem_set.name, "--vary", "colours")
    assert job.plan["recipe"]["parameters"] == {
        "symmetries": False,
        "colours": True,
        "order": False,
        "resplit": False,
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["constrained"], "--sampler: found None, expected one of none yet: add a model."),
        (["constrained", "--brief", "x"], "--brief: found 'x', expected one of word-problems, "),
        (["arc_augmented"], "--from: found None, expected one of none yet."),
        (["procedural", "--knobs", "{"], "--knobs: line 1 column 2"),
        (["procedural"], "procedural_family: Found no family"),
        (["arc_augmented", "--wanted", "0", "--from", "here"], "wanted: Found problems wanted 0"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments, message):
    if "here" in arguments:
        problem = make_problem()
        problem.problem_set.name = "here"
        problem.problem_set.save()
    with pytest.raises(CommandError) as fault:
        generate(*arguments, "--set", "New")
    assert message in str(fault.value)
    assert not GenerationJob.objects.exists()
