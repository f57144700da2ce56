"""`manage.py judge` as an operator meets it."""

import io

import pytest
from django.core.management import CommandError, call_command

from tests.endpoint import sampler_for
from tests.judging import judging_endpoint, works
from trajectories.management import following
from trajectories.models import JudgeJob, Trace
from trajectories.services.judging.work import judge_next

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("judge", *arguments, stdout=out)
    return out.getvalue()


def test_a_dry_run_says_what_it_would_take_and_plans_nothing():
    works("right", "wrong")
    with judging_endpoint() as endpoint:
        name = sampler_for(endpoint).name
        assert run("--sampler", name, "--dry-run").startswith("Estimate: 2 calls, ")
        assert run("--sampler", name, "--compare", "3", "--dry-run").startswith("Estimate: 4 calls, ")
    assert not JudgeJob.objects.exists()


def test_waiting_ends_with_counts_and_agreement(monkeypatch):
    right, wrong = works("this is right", "this is wrong")
    Trace.objects.filter(pk=right.pk).update(correctness="pass")
    Trace.objects.filter(pk=wrong.pk).update(correctness="fail")
    with judging_endpoint() as endpoint:
        name = sampler_for(endpoint).name
        # In place of a worker: the job goes on while the command sleeps.
        monkeypatch.setattr(following.time, "sleep", lambda _: judge_next(job_id=JudgeJob.objects.get().pk))
        said = run("--sampler", name, "--traces", f"problem={right.problem_id}", "--wait")
    assert "2 traces, at /judging/" in said
    assert "2 of 2 judged, 0 errors, 2 calls" in said
    assert "Agrees with the reference answer on 100% of 2 traces, kappa 1.00." in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sampler", "nobody"], "--sampler: found 'nobody', expected one of"),
        (["--rubric", "none"], "--rubric: found 'none', expected one of correctness, clarity."),
        (["--traces", "colour=red"], "--traces: found 'colour', expected filters of the trace list"),
        (["--traces", "correctness=red"], "--traces: found 'correctness', expected filters of the trace list"),
        (["--traces", "run=99"], "No trace is in this selection; nothing to judge."),
        (["--compare", "0"], "Found 0 opponents, expected 1 to 16."),
        (["--budget-cost", "1"], "has no prices"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(arguments, message):
    works("right")
    with judging_endpoint() as endpoint:
        fields = ["--sampler", sampler_for(endpoint).name] if "--sampler" not in arguments else []
        with pytest.raises(CommandError) as fault:
            run(*fields, *arguments)
    assert message in str(fault.value)
    assert not JudgeJob.objects.exists()
