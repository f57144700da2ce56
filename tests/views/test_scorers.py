"""The pages of scorers: asking, watching, scoring, and what may not be seen."""

import pytest
from django.urls import reverse

from tests import factories
from tests.scorers import make_works, train
from trajectories.core.scorers import fitting
from trajectories.core.selections import Selection
from trajectories.models import Scorer, Scoring, Trace
from trajectories.services.scorers.planning import start_scoring
from trajectories.services.scorers.scoring import score_next
from trajectories.services.scorers.training import train_scorer_next


@pytest.fixture(autouse=True)
def _quick(settings, tmp_path, monkeypatch):
    settings.ARTEFACT_DIR = tmp_path / "artefacts"
    monkeypatch.setattr(fitting, "METHODS", {fitting.NUMBERS: fitting.METHODS[fitting.NUMBERS]})


def text(client, name, *arguments, **query):
    return client.get(reverse(name, args=arguments), query).content.decode()


def test_a_lead_asks_for_a_scorer_watches_it_and_lets_it_score(as_lead):
    assert "No scorer was trained yet" in text(as_lead, "scorer_list")
    works = make_works()
    address = f"{reverse('scorer_new')}?problem_set={works.pk}"
    assert "<strong>72</strong> traces" in as_lead.get(address).content.decode()
    given = {"name": "told", "kind": "outcome", "labels": "verdicts", "most_each": "64", "seed": ""}
    refused = as_lead.post(address, given | {"name": "No Name"})
    assert refused.status_code == 422
    assert "expected small letters" in refused.content.decode()
    answer = as_lead.post(address, given)
    scorer = Scorer.objects.get()
    assert answer.url == reverse("scorer_detail", args=[scorer.pk])
    assert "It begins when a worker is free" in as_lead.get(answer.url).content.decode()
    assert "not trained yet" in text(as_lead, "scorer_figure", scorer.pk)
    train_scorer_next(job_id=scorer.pk)
    page = as_lead.get(answer.url).content.decode()
    scorer.refresh_from_db()
    for words in (scorer.artefact.sha256, "36 right and 36 wrong", "Length of the text", "New ones are not scored"):
        assert words in page, words
    assert "told" in text(as_lead, "scorer_list")
    figure = text(as_lead, "scorer_figure", scorer.pk)
    assert 'data-plot="spec-scorer' in figure
    table = as_lead.get(reverse("scorer_figure", args=[scorer.pk]), {"format": "csv"})
    assert b"".join(table.streaming_content).decode().startswith("Mean score,Right,Difference,Examples")
    file = as_lead.get(reverse("scorer_artefact", args=[scorer.pk]))
    assert b'"format":1' in b"".join(file.streaming_content)
    nothing = as_lead.post(f"{reverse('scorer_score', args=[scorer.pk])}?problem_set={works.pk + 1}")
    assert nothing.status_code == 422
    answer = as_lead.post(f"{reverse('scorer_score', args=[scorer.pk])}?problem_set={works.pk}")
    job = Scoring.objects.get()
    assert answer.url == reverse("job_detail", args=["scoring", job.pk])
    score_next(job_id=job.pk)
    trace = Trace.objects.filter(problem__problem_set=works).first()
    assert "By learned scorer, told" in text(as_lead, "trace_detail", trace.pk, reviews="all")
    as_lead.post(reverse("scorer_follow", args=[scorer.pk]), {"follows": "1"})
    page = text(as_lead, "scorer_detail", scorer.pk)
    assert "72 traces scored" in page
    assert "New ones are scored once they are verified" in page


def test_model_judges_are_measured_by_the_same_page(as_lead):
    works = make_works(2)
    for trace in Trace.objects.filter(problem__problem_set=works):
        score = 0.9 if trace.correctness == "pass" else 0.2
        factories.make_verdict(trace=trace, verifier="model_judge:care", outcome="pass", score=score)
    page = text(as_lead, "scorer_judge", "model_judge:care")
    assert "1.000" in page
    assert "12" in text(as_lead, "scorer_judge_figure", "model_judge:care")
    assert "model_judge:care" in text(as_lead, "scorer_list")
    assert as_lead.get(reverse("scorer_judge", args=["model_judge:none"])).status_code == 404


def test_curators_see_nothing_of_scorers_and_no_score_before_their_own_word(client, curator):
    works = make_works()
    scorer = train(works)
    job = start_scoring(by=None, scorer=scorer, scope=Selection(problem_set=works.pk))
    score_next(job_id=job.pk)
    client.force_login(curator)
    for name in ("scorer_list", "scorer_new"):
        assert client.get(reverse(name)).status_code == 403
    for name in ("scorer_detail", "scorer_figure", "scorer_artefact", "scorer_score"):
        assert client.get(reverse(name, args=[scorer.pk])).status_code == 403
    assert client.get(reverse("job_detail", args=["scoring", job.pk])).status_code == 403
    trace = Trace.objects.filter(problem__problem_set=works).first()
    pages = ("trace_detail", "trace_verdicts", "trace_timeline")
    assert not any("scorer" in text(client, name, trace.pk) for name in pages)
    factories.make_review(trace=trace, reviewer=curator)
    assert "By learned scorer, told" in text(client, "trace_verdicts", trace.pk)


def test_what_is_not_there_is_not_found(as_lead):
    for name in ("scorer_detail", "scorer_figure", "scorer_artefact", "scorer_score"):
        assert as_lead.get(reverse(name, args=[10**9])).status_code == 404
