from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.endpoint import flip_endpoint, sampler_for
from tests.factories import make_instruction, make_problem, make_problem_set, make_run, plan
from tests.samplers import SAMPLERS
from tests.worlds import make_world_set, world_plan
from trajectories.adapters.chat_api.samples.conversion import request_messages
from trajectories.management.commands.sample import Command, progress_line
from trajectories.models import Run
from trajectories.selectors.runs import most_attempts
from trajectories.services.prompts.instructions import ensure_shipped_instructions
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.runs.requests import sample_request
from trajectories.services.spending.limits import set_limit
from trajectories.services.verification.queue import verify_traces


@pytest.fixture
def problems(db):
    problem_set = make_problem_set(name="small", title="Small set")
    return [make_problem(problem_set=problem_set, name=f"p{number}") for number in range(4)]


def sample(*arguments) -> str:
    out = StringIO()
    call_command("sample", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_a_run_is_planned_and_its_bell_rung(problems, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as bells:
        said = sample(
            *("--set", "small", "--limit", "3", "--samples", "3", "--seed", "9"),
            *("--views", "grid", "pixel", "--temperatures", "0", "1"),
        )
    run = Run.objects.get()
    assert f"Run {run.pk}: 36 samples planned, seed 9" in said
    assert (run.title, run.seed, run.state) == ("3 problems of Small set, 12 samples each", 9, "queued")
    assert set(run.attempts.values_list("instruction__view", flat=True)) == {"grid", "pixel"}
    assert len(bells) == 1, "the first bell rings the others"


def test_problems_are_taken_by_name(problems):
    sample("--problems", "p2", "p0", "--title", "Two")
    assert Run.objects.get().plan["problem_ids"] == [problems[0].pk, problems[2].pk]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "large"], "found no set named 'large'; there are: small."),
        (["--problems", "p1", "q"], "--problems: found none named q."),
        (["--views", "sideways"], "--views: found 'sideways', expected some of grid, object, pixel."),
        (["--samples", "0"], "Samples each is 0; expected 1 to 10,000."),
        (["--limit", "0"], "--limit: found 0, expected at least 1."),
        (["--temperatures", "9"], "Temperature is 9; expected 0 to 2."),
        (["--seed", "-1"], "The seed is -1; expected 0 to"),
        (["--steps", "words"], "--steps: found 'words', expected one of paragraphs:1, numbered:1, sentences:1."),
    ],
)
def test_a_wrong_argument_is_named_and_plans_nothing(problems, arguments, message):
    with pytest.raises(CommandError) as refusal:
        sample(*arguments)
    assert message in str(refusal.value)
    assert not Run.objects.exists()


def test_without_problems_it_says_so(db):
    with pytest.raises(CommandError, match="The run has no problem"):
        sample()


def test_the_progress_line_keeps_its_width():
    lines = [
        progress_line(Run(planned_count=1_200, done_count=done, failed_count=3, verified_count=done, correct_count=0))
        for done in (0, 9, 1_197)
    ]
    assert len({len(line) for line in lines}) == 1
    assert lines[0].startswith("[....")
    assert lines[2].startswith("[" + "#" * 40)
    assert "1,200 of 1,200" in lines[2]


@pytest.mark.django_db(transaction=True)
def test_waiting_ends_with_the_run_and_says_how():
    run = plan(samples_each=2)
    verify_traces(trace_ids=sample_next_batch(run_id=run.pk, samplers=SAMPLERS).trace_ids)
    out = StringIO()
    run.refresh_from_db()
    Command(stdout=out)._wait(run)
    assert "2 of 2, 0 without a sample, 2 verified, 1 right" in out.getvalue()
    failed = make_run(state="failed", state_reason="No such model.", planned_count=1)
    with pytest.raises(CommandError, match=r"is failed\. No such model\."):
        Command(stdout=out)._wait(failed)


def test_a_language_model_is_planned_with_its_estimate_and_budget(problems):
    sampler = sampler_for(flip_endpoint(), input_price=1, output_price=2)
    make_instruction(name="write-program", style="program", suits="chat")
    said = sample(
        *("--sampler", sampler.name, "--instructions", "write-program", "--samples", "2"),
        *("--budget-cost", "1.5", "--budget-tokens", "90000", "--fresh", "--steps", sampler.name),
    )
    run = Run.objects.get()
    assert "Estimate: 8 calls" in said
    assert (run.sampler, run.planned_count, run.budget_tokens, str(run.budget_cost)) == (sampler, 8, 90000, "1.500000")
    assert (run.segmenter, run.segmentation) == (sampler, "")
    assert run.plan["recalls"] is False
    assert run.plan["prompt_tokens"] > 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sampler", "none"], "--sampler: found 'none', expected one of symbolic, fake-0."),
        (["--sampler", "fake-0"], "--instructions: found none, expected some of write-program."),
        (["--sampler", "fake-0", "--instructions", "grid"], "--instructions: found 'grid', expected some of"),
        (
            ["--sampler", "fake-0", "--instructions", "write-program", "--budget-cost", "1"],
            "The money budget cannot be kept: Fake has no prices.",
        ),
    ],
)
def test_a_wrong_argument_for_a_language_model_is_named(problems, arguments, message):
    sampler_for(flip_endpoint())
    make_instruction(name="write-program", style="program", suits="chat")
    with pytest.raises(CommandError) as refusal:
        sample(*arguments)
    assert message in str(refusal.value)
    assert not Run.objects.exists()


@pytest.fixture
def model(db):
    make_instruction(name="write-program", title="Write a program", style="program", suits="chat")
    return sampler_for(flip_endpoint(), input_price=1, output_price=2)


REVISE = ("--strategy", "revise", "--setting", "rounds=1", "parents=1", "children=3", "--samples", "2")


def test_a_dry_run_prints_the_estimate_and_the_first_prompts_and_plans_nothing(problems, model):
    said = sample(
        *("--sampler", model.name, "--instructions", "write-program", *REVISE, "--vary", "colours"),
        *("--seed", "5", "--dry-run"),
    )
    assert "Estimate: 8 calls (up to 20)" in said
    assert "(at most" in said
    assert "8 samples of 4 problems, up to 20. Nothing is planned." in said
    assert "The first prompts of p0 with seed 5, 2 that differ of 2 samples in the first round:" in said
    assert "=== Write a program (T 1, about" in said
    assert "recoloured" in said
    assert "[user]\n" in said
    assert "Example 1 input" in said
    assert not Run.objects.exists()


def test_a_dry_run_says_which_daily_limit_it_will_come_to(problems, model):
    words = "--sampler", model.name, "--instructions", "write-program", "--samples", "1", "--seed", "5", "--dry-run"
    assert "daily limit" not in sample(*words)
    set_limit(actor=None, scope="all", amount=Decimal("0.00001"))
    assert "The daily limit of all jobs, $0.00001, has $0.00001 left today: the run will pause there" in sample(*words)


def test_a_dry_run_says_that_temperatures_are_not_sent(problems):
    make_instruction(name="write-program", title="Write a program", style="program", suits="chat")
    silent = sampler_for(flip_endpoint(), sends_temperature=False)
    said = sample("--sampler", silent.name, "--instructions", "write-program", "--samples", "1", "--dry-run")
    assert "Temperatures are not sent: the sampler's switch for them is off." in said


def test_a_dry_run_of_the_search_says_that_it_is_sent_nothing(problems):
    said = sample("--dry-run", "--samples", "1", "--views", "grid")
    assert "4 samples of 4 problems. Nothing is planned." in said
    assert "is sent no prompts." in said
    assert not Run.objects.exists()


def test_a_dry_run_lets_no_problem_write_to_the_terminal(model):
    make_problem(name="q", kind="numeric", spec={}, statement="What is \x1b[31m1 + 1?", reference=2)
    make_instruction(name="number", style="chain-of-thought", view="", template="{problem}", suits="chat")
    said = sample("--sampler", model.name, "--instructions", "number", "--problems", "q", "--dry-run")
    assert "What is" in said
    assert "\x1b" not in said


def test_the_seed_of_a_dry_run_gives_the_prompts_that_the_run_sends(problems, model):
    arguments = ("--sampler", model.name, "--instructions", "write-program", *REVISE, "--vary", "symmetries", "colours")
    said = sample(*arguments, "--seed", "5", "--dry-run")
    planned = sample(*arguments, "--seed", "5")
    assert "8 samples planned, up to 20, seed 5" in planned
    attempts = (
        Run.objects.get().attempts.filter(problem=problems[0]).select_related("run__sampler", "problem", "instruction")
    )
    for attempt in attempts:
        message = request_messages(sample_request(attempt))[0]["content"]
        assert message in said


def test_the_progress_of_a_run_that_adapts_says_what_it_may_come_to(problems, model):
    sample("--sampler", model.name, "--instructions", "write-program", *REVISE)
    run = Run.objects.get()
    assert most_attempts(run) == 20
    Run.objects.filter(pk=run.pk).update(done_count=4, verified_count=4)
    run.refresh_from_db()
    line = progress_line(run, most_attempts(run))
    assert line.startswith("[########....")
    assert " 4 of up to 20,  0 without a sample" in line
    run.state = "finished"
    assert "of 8," in progress_line(run, most_attempts(run))


def test_a_model_acts_in_worlds_by_their_usual_instruction(db):
    ensure_shipped_instructions()
    world = make_world_set(world_plan("maze", {"size": 4}, [], steps=6), 3)
    with flip_endpoint() as endpoint:
        name = sampler_for(endpoint).name
        said = sample("--set", world.name, "--sampler", name, "--samples", "1", "--strategy", "agent")
    assert "3 samples planned" in said
    assert list(Run.objects.get().attempts.values_list("instruction__name", flat=True).distinct()) == ["acting"]
