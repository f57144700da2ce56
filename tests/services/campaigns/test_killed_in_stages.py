"""A campaign killed at every move, whatever it learns from: nothing is lost, and nothing is begun twice."""

import uuid
from collections import Counter
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from tests.campaigns import begin, work
from tests.queues import decide
from tests.scorers import make_works, train
from trajectories.core.campaigns.plans import Basis
from trajectories.core.campaigns.stages import Stage
from trajectories.models import (
    Assignment,
    AuditEvent,
    Campaign,
    Freezing,
    Queue,
    Release,
    Reverification,
    Run,
    Scoring,
    Training,
)
from trajectories.selectors.campaigns import list_generations
from trajectories.services.campaigns import advancing, stages
from trajectories.services.curation.filling import fill_queue
from trajectories.services.scorers.scoring import score_next

pytestmark = pytest.mark.django_db

COMMON = {Stage.BEGUN, Stage.SAMPLING, Stage.SELECTING, Stage.TRAINING, Stage.EVALUATING, Stage.DONE}
SEEN = {
    Basis.TRUTH: COMMON,
    Basis.CONSENSUS: COMMON | {Stage.VOTING},
    Basis.SCORER: COMMON | {Stage.SCORING, Stage.REVIEWING},
}
"""The stages that a campaign goes through, by its basis; where a scorer says what is learnt from, people are asked."""
ARMS = ("champion", "control")


class KilledError(BaseException):
    """What kill -9 does, as far as one process can: nothing after it happens."""


@pytest.fixture
def killer(monkeypatch):
    """Kills at every move twice: once before its transaction ends, and once right after. Tells of what was killed:
    (the generation's row, or its number where its rows are made; the stage; which of both)."""
    killed, real_once = [], advancing.move_once

    def twice(real, named):
        """Kill inside the first call of a name, and have the next one killed after it."""

        def do(*arguments, **more):
            told = named(*arguments)
            is_first = (*told, "inside") not in killed
            found = real(*arguments, **more)
            killed.append((*told, "inside" if is_first else "after"))
            if is_first:
                raise KilledError
            return found

        return do

    def once(**named):
        before = len(killed)
        moved = real_once(**named)
        if len(killed) > before:
            raise KilledError
        return moved

    monkeypatch.setattr(stages, "_move", twice(stages._move, lambda row, stage: (row.pk, stage)))
    begin_rows = twice(advancing._begin_generation, lambda _, number, __: (number, Stage.BEGUN))
    monkeypatch.setattr(advancing, "_begin_generation", begin_rows)
    monkeypatch.setattr(advancing, "move_once", once)
    return killed


def test_every_stage_is_killed_in_by_some_basis():
    assert set().union(*SEEN.values()) == set(Stage)


@pytest.mark.parametrize("basis", SEEN)
def test_killed_at_every_stage_nothing_is_lost_and_nothing_is_begun_twice(lead, curator, coach, killer, basis):
    generations = 2 if basis is Basis.TRUTH else 1
    given = {"basis": basis, "generations": generations}
    if basis is Basis.SCORER:
        given |= {"scorer": train(make_works()).pk, "least_score": 0.001, "people": True, "samples_each": 2}
    before = {model: keys_of(model) for model in (Run, Release, Freezing, Training)}
    campaign = begin(lead, **given)
    for _ in range(150):
        try:
            help_on(campaign, curator)
            work(campaign)
        except KilledError:
            # The dead worker's lease is still there, and runs out.
            held = {"lease_token": uuid.uuid4(), "lease_expires_at": Now() - timedelta(seconds=1)}
            Campaign.objects.filter(pk=campaign.pk).update(**held)
        campaign.refresh_from_db()
        if not campaign.is_active:
            break
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    for when in ("inside", "after"):
        assert {stage for _, stage, killed in killer if killed == when} == SEEN[basis], when
    assert set(Counter(killer).values()) == {1}, "no move that was made is made again"
    rows = list_generations(campaign)
    assert [(row.number, row.arm) for row in rows] == [
        (0, "champion"), *((number, arm) for number in range(1, generations + 1) for arm in ARMS)
    ]  # fmt: skip
    runs = [key for row in rows for key in (row.run_id, row.evaluation_id) if key]
    assert set(runs) == keys_of(Run) - before[Run], "no other run"
    assert len(runs) == len(set(runs)) == 3 * generations + 1, "one to learn from, two evaluations and the first"
    counts = dict.fromkeys((Release, Freezing, Training), 2 * generations) | {Reverification: 0, Scoring: 0, Queue: 0}
    counts |= {Basis.CONSENSUS: {Reverification: 1}, Basis.SCORER: {Scoring: 1, Queue: 1}}.get(basis, {})
    for model, count in counts.items():
        made = [key for row in rows if (key := getattr(row, f"{model._meta.model_name}_id")) is not None]
        assert sorted(made) == sorted(keys_of(model) - before.get(model, set())), model
        assert len(made) == len(set(made)) == count, model
    assert len(coach.lessons) == 2 * generations, "nothing is trained twice"
    said = Counter(AuditEvent.objects.filter(verb__startswith="campaign.").values_list("verb", flat=True))
    assert said == {"campaign.planned": 1, "campaign.gated": generations, "campaign.finished": 1}


def help_on(campaign, curator) -> None:
    """What workers do beside the common work, and what a person does: score, fill queues, and review what waits."""
    for row in campaign.generations.all():
        if row.scoring_id is not None:
            score_next(job_id=row.scoring_id)
        if row.queue_id is not None:
            fill_queue(queue_id=row.queue_id)
            for left in Assignment.objects.filter(queue=row.queue_id).exclude(state=Assignment.State.DONE):
                decide(curator, left.item)


def keys_of(model) -> set[int]:
    return set(model.objects.values_list("pk", flat=True))
