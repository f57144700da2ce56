"""The page of a run whose strategy plans round by round."""

import pytest
from django.urls import reverse

from tests.endpoint import flip_endpoint, sampler_for
from tests.factories import make_attempt, make_instruction, make_problem, make_trace, plan
from tests.jobs import steering
from tests.pages import squeezed
from trajectories.models import Run, RunProblem
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.runs import get_progress


@pytest.fixture
def run(db):
    """Two problems with a first round of 4 each; the first one is closed, the second has a revision."""
    view = make_instruction(style="program", suits="chat", title="Write a program")
    run = plan(
        sampler=sampler_for(flip_endpoint()),
        problems=[make_problem(), make_problem()],
        instructions=[view],
        samples_each=4,
        strategy="revise",
        settings={"rounds": 2, "parents": 2, "children": 3},
    )
    first, second = (place.problem for place in RunProblem.objects.filter(run=run).order_by("problem"))
    RunProblem.objects.filter(run=run, problem=first).update(closed=True)
    for attempt in run.attempts.filter(problem=second)[:2]:
        make_trace(run=run, problem=second, attempt=attempt, correctness="fail", train_error=0.25)
    revision = make_attempt(run=run, problem=second, instruction=view, round=1, kind="revision", index=4)
    make_trace(run=run, problem=second, attempt=revision, correctness="pass", train_error=0.0)
    Run.objects.filter(pk=run.pk).update(state="running", planned_count=9, done_count=3, verified_count=3)
    run.refresh_from_db()
    return run


def test_it_says_how_many_there_may_be(run):
    progress = get_progress(run, EVERYTHING)
    assert progress.most == 4 + (4 + 2 * 2 * 3), "a closed problem gets no more"
    assert progress.left == progress.most - 3
    Run.objects.filter(pk=run.pk).update(state="cancelled")
    run.refresh_from_db()
    assert get_progress(run, EVERYTHING).most == 9


def test_the_page_shows_the_rounds_and_the_strategy(client, curator, run):
    client.force_login(curator)
    response = client.get(reverse("run_detail", args=[run.pk]))
    rows = [
        (row.round, row.kind, row.attempts, row.drawn, row.right, row.best_error)
        for row in response.context["progress"].rounds
    ]
    assert rows == [(0, "first", 8, 2, 0, 0.25), (1, "revision", 1, 1, 1, 0.0)]
    text = squeezed(response)
    assert "of up to 20, 9 planned so far" in text
    assert "25%" in text
    assert "Children: 3" in text
    assert f"?run={run.pk}&amp;round=1&amp;kind=revision" in text


def test_what_pauses_it_stands_beside_what_to_do(client, lead, curator, run):
    reason = "The money budget has $0 left."
    Run.objects.filter(pk=run.pk).update(state="paused", state_reason=reason, budget_tokens=5)
    client.force_login(lead)
    live = squeezed(client.get(reverse("run_detail", args=[run.pk]))).split('id="live"')[1].split("</section>")[0]
    assert reason in live
    assert steering("run", run, "resume") in live
    assert "#id_budget_minutes" in live
    assert reverse("sampler_detail", args=[run.sampler_id]) in live
    client.force_login(curator)
    page = squeezed(client.get(reverse("run_detail", args=[run.pk])))
    assert reason in page
    assert steering("run", run, "resume") not in page


def test_the_page_asks_the_same_number_of_queries_however_many_rounds_there_are(
    client, curator, run, django_assert_num_queries
):
    client.force_login(curator)
    client.get(reverse("run_detail", args=[run.pk]))  # looks once for samples that say the same
    for number in range(3):
        make_attempt(run=run, problem=make_problem(), round=2 + number, kind="revision")
        with django_assert_num_queries(22):
            client.get(reverse("run_detail", args=[run.pk]))
        with django_assert_num_queries(15):
            client.get(reverse("run_detail", args=[run.pk]), {"part": "live"}, headers={"HX-Request": "true"})


def test_right_samples_that_were_shown_the_answer_are_said_to_be_among_them(client, curator, run):
    client.force_login(curator)
    address = reverse("run_detail", args=[run.pk])
    assert "hinted ones too" not in squeezed(client.get(address))
    make_attempt(run=run, problem=run.attempts.first().problem, round=1, kind="hinted", index=9)
    assert "hinted ones too" in squeezed(client.get(address))
