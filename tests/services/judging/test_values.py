"""Monte-Carlo values of steps: completions asked over HTTP, verified, shown on steps, learnt from and exported."""

import json
import uuid
from decimal import Decimal

import pytest
from django.urls import reverse

from tests import factories
from tests.endpoint import sampler_for
from tests.judging import job_over
from tests.pages import squeezed
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.selections import Selection
from trajectories.models import Export, JudgeJobAnswer, Scorer, Verdict
from trajectories.selectors.scorers import choose_traces, valued_steps
from trajectories.services.curation.reviews import submit_review
from trajectories.services.endpoints.calls import CallBudget
from trajectories.services.judging.jobs import JudgeJobError, JudgePlan, estimate_judge_job
from trajectories.services.judging.work import judge_next
from trajectories.services.prompts.instructions import ensure_shipped_instructions
from trajectories.services.releases.exports import export_path, request_export, write_export
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.scorers.planning import ScorerError, start_scorer
from trajectories.stand_ins.fake_endpoint import Answer, FakeEndpoint

pytestmark = pytest.mark.django_db(transaction=True)
PRICES = {"input_price": Decimal(1), "output_price": Decimal(10)}
BODIES = ("I add 2 and 2.", "That is 4, or so I think.", "No, it is a trap.", "The answer is 5.")
STEP = {"kind": "text", "title": "", "depth": 0, "data": {}}


class Completer:
    """Goes on rightly from the first step, half of the time from the second, and wrongly from a trap."""

    def converse(self, messages, tools, asked_before):
        begun = next(each["content"] for each in reversed(messages) if each["role"] == "assistant")
        right = "trap" not in begun and ("or so" not in begun or asked_before % 2 == 0)
        return Answer(f"So, in try {asked_before}, the answer is {4 if right else 5}.")


@pytest.fixture
def trace():
    ensure_shipped_instructions()
    problem = factories.make_problem(kind="numeric", statement="What is 2 + 2?", spec={}, reference="4")
    return factories.make_trace(
        problem=problem, run=None, program="", answer="5", correctness="fail",
        reasoning="\n\n".join(BODIES), steps=[STEP | {"body": body} for body in BODIES],
    )  # fmt: skip


def value(trace, sampler, budget=None, completions=4):
    job = job_over([trace], sampler, budget, form="values", completions=completions)
    while judge_next(job_id=job.pk):
        pass
    job.refresh_from_db()
    return job


def test_each_step_has_the_share_of_completions_from_it_that_end_right(trace, client, lead):
    with FakeEndpoint(answerer=Completer()) as endpoint:
        job = value(trace, sampler_for(endpoint, **PRICES))
    assert (job.state, job.call_count, job.done_count, job.reask_count) == ("finished", 3 * 4, 1, 0)
    assert job.rubric is None
    assert job.cost > 0
    verdict = Verdict.objects.get(trace=trace, judge_job=job)
    assert (verdict.verifier, verdict.outcome, verdict.score) == (f"step_values:{job.sampler.name}", "unscored", 0.0)
    assert verdict.evidence["steps"] == [1.0, 0.5, 0.0, 0.0]
    assert (verdict.evidence["right"], verdict.evidence["wrong"]) == ([4, 2, 0, 0], [0, 2, 4, 1])
    first = min(endpoint.calls, key=lambda call: len(call.messages[1]["content"]))
    sent = [message["content"] for message in first.messages]
    assert sent[1] == BODIES[0]
    assert "Go on from exactly where it stops" in sent[2]
    assert "4" not in sent[0].replace("2 + 2", ""), "no prompt holds the reference"
    assert sorted(JudgeJobAnswer.objects.values_list("outcome", flat=True)) == ["fail"] * 6 + ["pass"] * 6
    trace.refresh_from_db()
    assert (trace.correctness, trace.model_judged) == ("fail", "")
    client.force_login(lead)
    page = squeezed(client.get(reverse("trace_detail", args=[trace.pk], query={"reviews": "all"})))
    for words in (
        "4 of 4 completions from here end right",
        "2 of 4 completions from here end right",
        "0 of 4 completions from here end right",
        "The last step: whether the trace is right",
    ):
        assert words in page
    assert "Values of steps, completed by" in page
    assert "goes on 4 times from each step" in squeezed(client.get(reverse("judge_job_detail", args=[job.pk])))


def test_values_are_hidden_from_whoever_may_not_see_opinions_yet(trace, client, curator):
    with FakeEndpoint(answerer=Completer()) as endpoint:
        value(trace, sampler_for(endpoint))
    client.force_login(curator)
    page = squeezed(client.get(reverse("trace_detail", args=[trace.pk])))
    assert "completions from here" not in page
    assert "Values of steps" not in page


def test_an_unfinished_message_is_gone_on_with_where_the_sampler_does_so(trace):
    with FakeEndpoint(answerer=Completer()) as endpoint:
        value(trace, sampler_for(endpoint, continues="final_message"), completions=1)
    last = [call.messages[-1] for call in endpoint.calls]
    assert {message["role"] for message in last} == {"assistant"}
    assert sorted(message["content"] for message in last) == ["\n\n".join(BODIES[:count]) for count in (1, 2, 3)]
    assert endpoint.calls[0].body["continue_final_message"] is True
    assert endpoint.calls[0].body["add_generation_prompt"] is False


def test_a_budget_pauses_it_and_what_was_paid_for_is_not_asked_again(trace):
    with FakeEndpoint(answerer=Completer()) as endpoint:
        sampler = sampler_for(endpoint, concurrency=1, **PRICES)
        job = value(trace, sampler, CallBudget(tokens=900))
        assert (job.state, 0 < job.call_count < 12) == ("paused", True)
        paid = job.call_count
        job.budget_tokens, job.state = None, "queued"
        job.save()
        while judge_next(job_id=job.pk):
            pass
    job.refresh_from_db()
    assert (job.state, job.call_count, len(endpoint.calls)) == ("finished", 12, 12)
    assert paid < 12


def test_what_could_not_be_scored_counts_on_neither_side(trace):
    with FakeEndpoint(answerer=lambda prompt, asked: Answer("")) as endpoint:
        job = value(trace, sampler_for(endpoint), completions=2)
    evidence = Verdict.objects.get(judge_job=job).evidence
    assert evidence["steps"][:3] == [None, None, None]
    assert evidence["others"][:3] == [2, 2, 2]


def test_a_plan_is_estimated_and_one_without_completions_refused(trace):
    scope = Selection(problem=trace.problem_id)
    with FakeEndpoint(answerer=Completer()) as endpoint:
        sampler = sampler_for(endpoint, **PRICES)
        found = estimate_judge_job(plan=JudgePlan(scope, sampler, None, "values", completions=8))
        assert (found.traces, found.calls) == (1, 3 * 8)
        assert found.cost > 0
        for wrong, said in ((0, "Found 0 completions"), (65, "expected 1 to 64 from each step")):
            with pytest.raises(JudgeJobError, match=said):
                estimate_judge_job(plan=JudgePlan(scope, sampler, None, "values", completions=wrong))
        with pytest.raises(JudgeJobError, match="Found no rubric"):
            JudgePlan(scope, sampler, None, "grade").check()
    assert endpoint.calls == []


def test_values_are_exported_and_a_process_scorer_learns_from_them(trace, lead, settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    with FakeEndpoint(answerer=Completer()) as endpoint:
        value(trace, sampler_for(endpoint))
    assert valued_steps(trace) == {0: True, 1: True, 2: False, 3: False}
    scorer = start_scorer(by=None, name="steps", scope=Selection(), kind="process", labels="values")
    assert (scorer.labels, choose_traces(scorer).count) == (Scorer.Labels.VALUES, 1)
    with pytest.raises(ScorerError, match="say nothing of whole traces"):
        start_scorer(by=None, name="whole", scope=Selection(), labels="values")
    submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    release = freeze_accepted(actor=lead, title="Valued", key=uuid.uuid4())
    job = request_export(actor=lead, release=release, export_format="step-values")
    write_export(job_id=job.pk)
    [row] = [json.loads(line) for line in export_path(Export.objects.get(pk=job.pk)).read_text().splitlines()]
    assert row["completions"] == list(BODIES)
    assert row["labels"] == [True, True, False, False]
    assert row["values"] == [1.0, 0.5, 0.0, 0.0]
