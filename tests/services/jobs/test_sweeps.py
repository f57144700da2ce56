from datetime import timedelta

import pytest
from django.db.models.functions import Now

from tests.factories import make_problem, plan
from tests.samplers import SAMPLERS
from trajectories.models import PendingVerification, Run
from trajectories.services.jobs.sweeps import claim_lost_bells, claim_lost_verifications, settleable_run_ids
from trajectories.services.runs.attempts import claim_batch
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.runs.lifecycle import pause_run

LONG_AGO = Now() - timedelta(hours=1)


@pytest.fixture
def run(db):
    return plan(problems=[make_problem(), make_problem()])


def go_silent(run):
    Run.objects.filter(pk=run.pk).update(rung_at=LONG_AGO)


def test_a_bell_that_was_rung_lately_is_not_lost(run):
    assert claim_lost_bells() == []


def test_a_bell_long_unanswered_is_rung_again_once(run):
    go_silent(run)
    assert claim_lost_bells() == [run.pk]
    assert claim_lost_bells() == []


def test_a_run_somebody_works_on_needs_no_bell(run):
    claim_batch(run_id=run.pk)
    go_silent(run)
    assert claim_lost_bells() == []


def test_a_paused_run_needs_no_bell(run, lead):
    pause_run(actor=lead, run=run)
    go_silent(run)
    assert claim_lost_bells() == []


def test_verifications_nobody_began_are_rung_again_once(run):
    traces = sample_next_batch(run_id=run.pk, samplers=SAMPLERS).trace_ids
    assert claim_lost_verifications() == []
    PendingVerification.objects.update(rung_at=LONG_AGO)
    PendingVerification.objects.filter(pk=traces[0]).update(lease_expires_at=Now() + timedelta(minutes=1))
    assert claim_lost_verifications() == [traces[1]], "somebody is at the first one"
    assert claim_lost_verifications() == []


def test_runs_whose_end_nobody_noticed_are_found(run):
    assert settleable_run_ids() == []
    Run.objects.filter(pk=run.pk).update(state="running", failed_count=4)
    assert settleable_run_ids() == [run.pk]
    Run.objects.filter(pk=run.pk).update(failed_count=3, done_count=1)
    assert settleable_run_ids() == []
