"""What programs steer beside jobs: queues, their decisions, runs and tokens; and the loop and its money, read."""

from decimal import Decimal

import pytest

from tests import factories
from tests.api.programs import Program
from tests.campaigns import measured_campaign, two_sets
from tests.endpoint import flip_endpoint, sampler_for
from tests.queues import make_traces, queue_of
from tests.trainings import make_release, make_training
from trajectories.models import ApiToken, Review, Run, SpendLimit
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.spending.limits import set_limit

pytestmark = pytest.mark.django_db


def test_a_queue_is_paused_closed_and_reopened_by_who_may(lead, curator):
    queue, program = queue_of(lead, make_traces(1)), Program(lead)
    for verb, state in (("pause", "paused"), ("resume", "open"), ("close", "closed"), ("reopen", "open")):
        assert program.post(f"/queues/{queue.pk}/{verb}").json()["state"] == state
    assert program.post(f"/queues/{queue.pk}/resume").status_code == 409
    assert Program(curator).post(f"/queues/{queue.pk}/close").status_code == 403


def test_the_last_decision_is_withdrawn_once_for_a_key(lead):
    program, trace = Program(lead), factories.make_trace(correctness="pass")
    program.post(f"/traces/{trace.pk}/reviews", {"decision": "accept"})
    undone = program.post("/reviews/undo", {"trace": trace.pk}, key="k")
    assert (undone.status_code, undone.json()["decision"]) == (201, "withdraw")
    assert program.post("/reviews/undo", {"trace": trace.pk}, key="k").json() == undone.json()
    assert program.post("/reviews/undo").status_code == 409
    assert program.post("/reviews/undo", {"trace": 999_999}).status_code == 404
    assert Review.objects.count() == 2


def test_a_run_is_estimated_launched_and_its_failed_attempts_are_told(lead, problem):
    program = Program(lead)
    wish = {"sampler": ensure_symbolic().pk, "problem_set": problem.problem_set.name, "samples_each": 2}
    told = program.post("/runs/estimate", wish)
    assert told.status_code == 200, told.content
    assert (told.json()["cost"], told.json()["samples"] > 0, Run.objects.exists()) == (0.0, True, False)
    run = Run.objects.get(pk=program.post("/runs", wish).json()["id"])
    failed = run.attempts.first()
    run.attempts.filter(pk=failed.pk).update(state="failed", error_kind="timeout", error_message="Too slow.")
    (row,) = program.get(f"/runs/{run.pk}/attempts").json()["items"]
    assert (row["error_kind"], row["error_message"], row["problem"]) == ("timeout", "Too slow.", problem.pk)
    assert program.get(f"/runs/{run.pk}/attempts", kind="parameters").json()["items"] == []
    score = program.get(f"/runs/{run.pk}/arc_score").json()
    assert (score["tasks"], score["score"]) == (1, 0.0)
    assert program.post(f"/runs/{run.pk}/extend", {"samples_each": 4}).status_code == 409


def test_an_estimate_says_which_daily_limit_it_will_come_to(lead, problem):
    asking = factories.make_instruction(name="write-program", title="Write a program", style="program", suits="chat")
    model = sampler_for(flip_endpoint(), input_price=1, output_price=2)
    set_limit(actor=lead, scope="person", person=lead, amount=Decimal("0.00001"))
    wish = {"sampler": model.pk, "problem_set": problem.problem_set.name, "instructions": [asking.pk]}
    (note,) = Program(lead).post("/runs/estimate", wish).json()["notes"]
    said = "The daily limit of the jobs of lena, $0.00001, has $0.00001 left today: the run will pause there"
    assert note.startswith(said)
    sets = two_sets()
    wish = {"training_set": sets[0].pk, "held_out_set": sets[1].pk, "sampler": model.pk, "instructions": [asking.pk]}
    told = Program(lead).post("/campaigns/estimate", {**wish, "trainer": "package"})
    assert told.status_code == 200, told.content
    assert "$0.00001 left today: the campaign will pause there" in told.json()["notes"][-1]


def test_own_tokens_are_listed_without_secrets_and_revoked(lead, curator):
    program, other = Program(lead), Program(curator)
    rows = program.get("/tokens").json()["items"]
    assert [row["title"] for row in rows] == ["A program"]
    assert program.secret not in str(rows)
    theirs = ApiToken.objects.get(owner=curator)
    assert program.post(f"/tokens/{theirs.pk}/revoke").status_code == 404
    assert program.post(f"/tokens/{rows[0]['id']}/revoke").json()["revoked_at"]
    assert program.get("/tokens").status_code == 401
    assert other.get("/tokens").status_code == 200


def test_what_is_spent_and_the_limits_are_told(lead):
    SpendLimit.objects.create(scope="all", amount=Decimal("2.5"))
    told = Program(lead).get("/spending", days=7, group="person").json()
    assert (told["total"]["cost"], told["groups"]) == (0.0, [])
    assert [(row["scope"], row["amount"], row["spent"]) for row in told["limits"]] == [("all", 2.5, 0.0)]
    assert Program(lead).get("/spending", group="project").status_code == 422


def test_trainings_are_listed_and_read(lead, curator):
    training = make_training()
    (row,) = Program(lead).get("/trainings").json()["items"]
    told = Program(lead).get(f"/trainings/{training.pk}").json()
    assert (row["id"], told["parameters"], told["release"]) == (
        training.pk,
        training.parameters,
        training.release_id,
    )
    assert Program(curator).get("/trainings").status_code == 403


def test_a_campaign_is_read_with_its_generations_and_overruled_by_who_may(lead, curator):
    run, release = factories.make_run(), make_release()
    factories.make_attempt(run=run)
    campaign = measured_campaign(lead, run, release)
    program = Program(lead)
    assert [row["title"] for row in program.get("/campaigns").json()["items"]] == ["The campaign"]
    told = program.get(f"/campaigns/{campaign.pk}").json()
    assert [(row["number"], row["arm"]) for row in told["rows"]][:2] == [(0, "champion"), (1, "champion")]
    assert (told["champion"], told["cost"], told["budget_cost"]) == (campaign.champion_id, 0.0, None)
    assert program.get(f"/jobs/campaign/{campaign.pk}").json()["state"] == "finished"
    assert "overruled" not in told["rows"][1]["decision"]
    decided = program.post(f"/campaigns/{campaign.pk}/overrule", {"number": 1, "reason": "It is worse."})
    assert decided.status_code == 200, decided.content
    assert decided.json()["rows"][1]["decision"]["overruled"]["reason"] == "It is worse."
    assert program.post(f"/campaigns/{campaign.pk}/overrule", {"number": 1, "reason": "No."}).status_code == 422
    assert Program(curator).get(f"/campaigns/{campaign.pk}").status_code == 403
