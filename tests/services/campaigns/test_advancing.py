"""A campaign from its beginning to its end."""

import uuid
from datetime import timedelta

import pytest
from django.test import TestCase
from django.utils import timezone

from tests import factories
from tests.campaigns import SKILLED, begin, finish, stuck_in_training, two_sets, work
from trajectories.adapters.training.base import TrainingResult
from trajectories.core.campaigns import gates
from trajectories.core.campaigns.plans import Basis
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import AuditEvent, Campaign, Problem, Release, Run, Training
from trajectories.selectors.campaigns import list_generations, measured_of
from trajectories.services.campaigns import advancing
from trajectories.services.campaigns.advancing import ring_for_ended
from trajectories.services.campaigns.steering import (
    cancel_campaign,
    pause_campaign,
    resume_campaign,
    set_campaign_budget,
)
from trajectories.services.curation.reviews import submit_review
from trajectories.services.jobs import ringers
from trajectories.services.jobs.leases import lost_of
from trajectories.services.runs.lifecycle import cancel_run
from trajectories.services.runs.plans import Budget
from trajectories.services.training.planning import attach_sampler

pytestmark = pytest.mark.django_db


def shares(campaign):
    return {(row.number, row.arm): round(measured_of(row).passed.mean, 3) for row in list_generations(campaign)}


def test_a_campaign_goes_from_the_first_sampler_to_a_better_champion_with_a_control_beside_it(lead, coach):
    campaign = finish(begin(lead, test="bootstrap", level=0.2))
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    rows = list_generations(campaign)
    assert [(row.number, row.arm, row.stage) for row in rows] == [
        (0, "champion", "done"),
        (1, "champion", "done"),
        (1, "control", "done"),
        (2, "champion", "done"),
        (2, "control", "done"),
    ]
    first, challenger, control, *_ = rows
    assert challenger.sampler.parameters == {"skill": 70}
    assert control.sampler.parameters == {"skill": 30}, "it learnt from wrong ones as well"
    assert challenger.sampler.parent == campaign.first_sampler
    found = shares(campaign)
    assert found[0, "champion"] == found[1, "control"] < found[1, "champion"]
    assert gates.GateDecision.from_json(challenger.decision).promotes
    assert campaign.champion.parameters == {"skill": 70}
    assert challenger.release.item_count == control.release.item_count
    assert {item.trace.correctness for item in challenger.release.items.all()} == {"pass"}
    assert "fail" in {item.trace.correctness for item in control.release.items.all()}
    assert rows[3].run.sampler == challenger.sampler, "the champion samples the next generation"
    assert first.run is None
    assert AuditEvent.objects.filter(object_type="campaign", verb="campaign.finished").count() == 1


def test_a_lost_bell_is_repaired_by_the_sweep_and_an_ended_job_rings(lead, monkeypatch):
    campaign = begin(lead)
    Campaign.objects.filter(pk=campaign.pk).update(rung_at=timezone.now() - timedelta(hours=1))
    assert lost_of(Campaign) == [campaign.pk]
    assert lost_of(Campaign) == [], "it is marked as rung"
    rung = []
    monkeypatch.setattr(advancing, "ring", lambda *told: rung.append(told))
    advancing.campaign_next(job_id=campaign.pk)
    row = campaign.generations.get()
    ring_for_ended("run", row.evaluation_id)
    ring_for_ended("run", row.evaluation_id + 1_000)
    ring_for_ended("freezing", row.evaluation_id)
    assert rung == [("campaign", campaign.pk)]


def test_the_end_of_a_run_and_of_a_freezing_tells_who_waits(lead, monkeypatch):
    told = []
    monkeypatch.setitem(ringers._ringers, "ended", lambda kind, key: told.append((kind, key)))
    campaign = begin(lead, generations=1)
    with TestCase.captureOnCommitCallbacks(execute=True):
        finish(campaign)
    rows = list_generations(campaign)
    runs = {("run", key) for row in rows for key in (row.run_id, row.evaluation_id) if key}
    assert set(told) == runs | {("freezing", row.freezing_id) for row in rows if row.freezing_id}


def test_pausing_pauses_what_is_under_way_and_resuming_goes_on_with_it(lead):
    campaign = begin(lead)
    advancing.campaign_next(job_id=campaign.pk)
    run = campaign.generations.get().evaluation
    pause_campaign(actor=lead, job_id=campaign.pk)
    run.refresh_from_db()
    assert run.state == "paused"
    work(campaign)
    assert (campaign.state, campaign.generations.get().stage) == ("paused", "evaluating")
    resume_campaign(actor=lead, job_id=campaign.pk)
    run.refresh_from_db()
    assert run.state == "queued"
    assert finish(campaign).state == "finished"
    assert Run.objects.count() == 7


def test_cancelling_ends_what_is_under_way_and_keeps_what_was_made(lead):
    campaign = begin(lead)
    while campaign.generations.filter(release__isnull=False).count() == 0:
        work(campaign)
    advancing.campaign_next(job_id=campaign.pk)
    cancel_campaign(actor=lead, job_id=campaign.pk)
    campaign.refresh_from_db()
    states = set(Run.objects.values_list("state", flat=True)) | set(Training.objects.values_list("state", flat=True))
    assert campaign.state == "cancelled"
    assert states <= {"finished", "cancelled"}
    assert Release.objects.count() >= 1
    work(campaign)
    assert campaign.state == "cancelled"


def test_a_stage_that_cannot_go_on_pauses_the_campaign_with_one_sentence_and_begins_again_once_resumed(lead):
    campaign = finish(begin(lead, sampler=factories.make_sampler(kind=SKILLED, parameters={"skill": 0})))
    assert campaign.state == "paused"
    assert campaign.state_reason == (
        "Generation 1: no sample that may be learnt from is right by its verifiers. "
        "Clone it with more samples or other problems."
    )
    assert campaign.generations.get(number=1, arm="champion").stage == "sampling"
    assert Training.objects.count() == 0
    resume_campaign(actor=lead, job_id=campaign.pk)
    assert finish(campaign).state_reason.startswith("Generation 1: no sample that"), "nothing has changed"
    assert Run.objects.count() == 2, "the same sampler would draw the same again"


def test_a_run_that_somebody_cancelled_pauses_the_campaign_and_is_drawn_anew_once_resumed(lead):
    campaign = begin(lead, generations=1)
    advancing.campaign_next(job_id=campaign.pk)
    run = campaign.generations.get().evaluation
    cancel_run(actor=lead, run=run)
    work(campaign)
    assert campaign.state_reason == f"Generation 0: run {run.pk} has been cancelled. Somebody cancelled it."
    resume_campaign(actor=lead, job_id=campaign.pk)
    assert finish(campaign).state == "finished"
    assert campaign.generations.get(number=0).evaluation_id != run.pk


def test_a_training_that_fails_pauses_the_campaign_and_is_begun_anew_once_resumed(lead, coach, monkeypatch):
    campaign, training = stuck_in_training(lead, coach, monkeypatch)
    assert campaign.state_reason == f"Generation 1: training {training.pk} has failed. The loss was nan at step 3."
    resume_campaign(actor=lead, job_id=campaign.pk)
    assert finish(campaign).state == "finished"
    assert Training.objects.count() == 2


def test_a_training_on_another_machine_is_waited_for_with_a_sentence_until_the_next_move(lead, coach, monkeypatch):
    monkeypatch.setattr(coach, "train", lambda task, report: TrainingResult(_file(task), "json"), raising=True)
    campaign = begin(lead, generations=1, control=False)
    for _ in range(12):
        work(campaign)
    training = Training.objects.get()
    assert (training.state, campaign.state) == ("waiting", "running")
    waits = f"Generation 1 waits: training {training.pk} waits until somebody says which sampler came of it."
    assert campaign.state_reason == waits
    sampler = factories.make_sampler(kind=SKILLED, parameters={"skill": 90})
    attach_sampler(by=lead, training_id=training.pk, sampler=sampler)
    advancing.campaign_next(job_id=campaign.pk)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.state_reason) == ("running", "")
    assert finish(campaign).state == "finished"
    assert campaign.generations.get(number=1).sampler == sampler


def _file(task):
    file = task.folder / "data.json"
    file.write_text("{}")
    return file


def test_people_are_waited_for_until_their_queue_is_worked_off(lead, curator):
    asked = {"people": True, "reviewers": [curator.pk], "guidelines": "Look at every step."}
    campaign = begin(lead, generations=1, control=False, basis=Basis.BOTH, **asked)
    for _ in range(10):
        work(campaign)
    row = campaign.generations.get(number=1)
    assert (row.stage, campaign.state) == ("reviewing", "running")
    waits = f"Generation 1 waits: queue {row.queue_id} waits until it is worked off, or until somebody closes it."
    assert campaign.state_reason == waits
    waiting = list(row.queue.items.order_by("pk"))
    assert waiting
    accepted = waiting[0].trace
    submit_review(reviewer=curator, trace=accepted, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    work(campaign)
    assert campaign.generations.get(number=1).stage == "reviewing"
    row.queue.state = "closed"
    row.queue.save()
    finish(campaign)
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    assert [item.trace_id for item in campaign.generations.get(number=1).release.items.all()] == [accepted.pk]


def test_without_references_it_learns_from_what_most_samples_say(lead, coach):
    sets = two_sets()
    Problem.objects.filter(problem_set=sets[0]).update(reference=None)
    sampler = factories.make_sampler(kind=SKILLED, parameters={"skill": 60})
    campaign = finish(begin(lead, sets=sets, sampler=sampler, generations=1, control=False, basis=Basis.CONSENSUS))
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    row = campaign.generations.get(number=1)
    assert row.reverification.verifiers == ["consensus"]
    for item in row.release.items.all():
        assert item.trace.verdicts.get(verifier="consensus").outcome == "pass"


def test_a_campaign_without_a_budget_left_pauses_before_another_run(lead):
    campaign = begin(lead, budget=Budget(tokens=1_000))
    Campaign.objects.filter(pk=campaign.pk).update(budget_tokens=10)
    finish(campaign)
    assert campaign.state_reason == "The token budget of the campaign is spent; raise it and resume."
    assert campaign.input_tokens + campaign.output_tokens >= 10
    set_campaign_budget(actor=lead, campaign_id=campaign.pk, budget=Budget(tokens=10_000))
    resume_campaign(actor=lead, job_id=campaign.pk)
    assert finish(campaign).state == "finished"
