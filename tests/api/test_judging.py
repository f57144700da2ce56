"""What programs have judged and scored: rubrics, judgings by models, scorers."""

import pytest

from tests import factories
from tests.api.programs import Program
from tests.endpoint import sampler_for
from tests.judging import judging_endpoint, rubric, works
from tests.scorers import make_works
from trajectories.core.scorers import fitting
from trajectories.models import JudgeJob, Rubric, Scorer, Scoring
from trajectories.services.judging.work import judge_next
from trajectories.services.scorers.scoring import score_next
from trajectories.services.scorers.training import train_scorer_next

pytestmark = pytest.mark.django_db


def test_a_rubric_is_written_and_revised(lead):
    program = Program(lead)
    wish = {"name": "brevity", "title": "Brevity", "text": "Short work is good.", "least": 1, "most": 5, "pass_from": 4}
    made = program.post("/rubrics", wish, key="k")
    assert made.status_code == 201, made.content
    assert program.post("/rubrics", wish, key="k").json() == made.json()
    newest = program.post(f"/rubrics/{made.json()['id']}/versions", {"pass_from": 3}).json()
    assert (newest["version"], newest["pass_from"], newest["text"]) == (2, 3, "Short work is good.")
    assert program.get(f"/rubrics/{newest['id']}").json() == newest
    for wrong, field in (({"most": 1}, "most"), ({"name": "Not a name"}, "name"), ({"colour": 1}, "colour")):
        refused = program.post("/rubrics", {**wish, "name": "other", **wrong})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field), refused.content
    assert Rubric.objects.filter(name="other").count() == 0


@pytest.mark.django_db(transaction=True)  # replies are kept by a thread with a connection of its own
def test_traces_are_judged_by_a_model_within_a_budget(lead, curator):
    traces = works("It is right.", "It is not.", correctness="pass")
    program = Program(lead)
    with judging_endpoint() as endpoint:
        sampler = sampler_for(endpoint)
        wish = {
            "sampler": sampler.pk, "rubric": rubric().pk, "selection": {"problem": traces[0].problem_id},
            "budget_tokens": 100_000,
        }  # fmt: skip
        estimate = program.post("/judgings/estimate", wish).json()
        assert (estimate["traces"], estimate["calls"]) == (2, 2)
        assert not JudgeJob.objects.exists()
        made = program.post("/judgings", wish, key="k")
        assert made.status_code == 201, made.content
        assert program.post("/judgings", wish, key="k").json() == made.json()
        assert made.json()["budget_tokens"] == 100_000
        while judge_next(job_id=made.json()["id"]):
            pass
    told = program.get(f"/judgings/{made.json()['id']}").json()
    assert (told["state"], told["outcomes"], told["reference"]["both"]) == ("finished", {"pass": 1, "fail": 1}, 1)
    rows = program.get(f"/judgings/{told['id']}/traces", shown="unlike_reference").json()["items"]
    assert [(row["trace"], row["outcome"], row["correctness"]) for row in rows] == [(traces[1].pk, "fail", "pass")]
    # A curator sees nothing of it before their own review.
    assert Program(curator).get(f"/judgings/{told['id']}/traces").json()["items"] == []
    assert Program(curator).get(f"/judgings/{told['id']}").json()["outcomes"] == {}


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"sampler": 999_999}, 422, "sampler"),
        ({"form": "guess"}, 422, "form"),
        ({"selection": {"colour": 1}}, 422, "colour"),
        ({"selection": {"problem": 999_999}}, 409, None),
        ({"budget_cost": 1.0}, 422, "budget_cost"),
    ],
)
def test_a_judging_that_cannot_be_is_refused(lead, changed, status, field):
    sampler = factories.make_sampler(kind="chat", parameters={"base_url": "http://127.0.0.1:9/v1", "model": "none"})
    works("One.")
    wish = {"sampler": sampler.pk, "rubric": rubric().pk, **changed}
    refused = Program(lead).post("/judgings", wish)
    assert refused.status_code == status, refused.content
    assert [each["field"] for each in refused.json()["errors"]] == ([field] if field else [])
    assert not JudgeJob.objects.exists()


def test_a_scorer_is_trained_follows_and_scores(lead, settings, tmp_path, monkeypatch):
    settings.ARTEFACT_DIR = tmp_path / "artefacts"
    monkeypatch.setattr(fitting, "METHODS", {fitting.NUMBERS: fitting.METHODS[fitting.NUMBERS]})
    made, program = make_works(), Program(lead)
    wish = {"name": "told", "selection": {"problem_set": made.pk}, "follows": False}
    asked = program.post("/scorers", wish, key="k")
    assert asked.status_code == 201, asked.content
    assert program.post("/scorers", wish, key="k").json() == asked.json()
    at = f"/scorers/{asked.json()['id']}"
    early = program.post(f"{at}/follow", {"follows": True})
    assert (early.status_code, "only a finished one" in early.json()["detail"]) == (409, True)
    train_scorer_next(job_id=asked.json()["id"])
    told = program.get(at).json()
    assert (told["state"], told["quality"]["count"], told["counts"]["right"]) == ("finished", 72, 36)
    nothing = program.post(f"{at}/scorings", {"selection": {"problem_set": made.pk, "correctness": "error"}})
    assert nothing.status_code == 409, nothing.content
    job = program.post(f"{at}/scorings", {"selection": {"problem_set": made.pk}}, key="s").json()
    assert (job["total"], Scoring.objects.get().pk) == (72, job["id"])
    score_next(job_id=job["id"])
    assert program.get(at).json()["scored"] == 72
    assert program.post(f"{at}/follow", {"follows": True}).json()["follows"] is True
    bad = program.post("/scorers", {"name": "No Name"})
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "name")
    assert Scorer.objects.count() == 1


def test_model_judges_are_measured_like_scorers(lead):
    trace = factories.make_trace(correctness="pass")
    factories.make_verdict(trace=trace, verifier="model_judge:correctness", outcome="pass", score=0.9)
    program = Program(lead)
    assert program.get("/judges").json()["items"] == ["model_judge:correctness"]
    told = program.get("/judges/model_judge:correctness").json()
    assert told["quality"]["verdicts"]["count"] == 1
    assert program.get("/judges/nobody").status_code == 404
