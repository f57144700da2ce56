import json
import uuid

import pytest
from django.urls import reverse

from tests import factories
from trajectories.models import Review

HTMX = {"HX-Request": "true"}


@pytest.fixture
def trace(db):
    return factories.make_trace()


@pytest.fixture
def as_curator(client, curator):
    client.force_login(curator)
    return client


def form(**values):
    return {"decision": "accept", "key": str(uuid.uuid4()), "then": "next", **values}


def submit(client, trace, query="", headers=None, **values):
    return client.post(reverse("review_submit", args=[trace.pk]) + query, form(**values), headers=headers or {})


def test_a_whole_review_is_stored(as_curator, curator, trace):
    submit(as_curator, trace, score=4, comment="Fine.", step_labels=json.dumps({"1": "bad"}), seconds="8.5")
    review = Review.objects.get()
    assert (review.trace, review.reviewer, review.decision, review.score) == (trace, curator, "accept", 4)
    assert (review.comment, review.step_labels, review.seconds) == ("Fine.", {"1": "bad"}, 8.5)


def test_it_goes_on_to_the_next_of_the_scope_or_stays(as_curator, trace):
    second = factories.make_trace(run=trace.run)
    assert submit(as_curator, second, f"?run={trace.run_id}")["Location"] == f"/traces/{trace.pk}/?run={trace.run_id}"
    stayed = submit(as_curator, second, f"?run={trace.run_id}", then="stay")
    assert stayed["Location"] == f"/traces/{second.pk}/?run={trace.run_id}"


def test_after_the_last_one_nothing_is_left(as_curator, trace):
    response = as_curator.post(reverse("review_submit", args=[trace.pk]) + f"?run={trace.run_id}", form(), follow=True)
    assert "Nothing left to judge here" in response.content.decode()


def test_htmx_gets_the_next_trace_with_the_answer(as_curator, trace):
    second = factories.make_trace(run=trace.run)
    response = submit(as_curator, second, f"?run={trace.run_id}", headers=HTMX)
    assert response["HX-Push-Url"] == f"/traces/{trace.pk}/?run={trace.run_id}"
    page = response.content.decode()
    assert f'data-trace="{trace.pk}"' in page
    assert "1 of 2 judged" in page
    assert "<html" not in page
    last = submit(as_curator, trace, f"?run={trace.run_id}", headers=HTMX)
    assert last["HX-Push-Url"] == f"/traces/next/?run={trace.run_id}"
    assert "Nothing left" in last.content.decode()


def test_who_has_the_next_trace_already_gets_its_panel_only(as_curator, trace):
    second = factories.make_trace(run=trace.run)
    third = factories.make_trace(run=trace.run)
    ahead = f"/traces/{second.pk}/?run={trace.run_id}"
    response = submit(as_curator, third, f"?run={trace.run_id}", headers={**HTMX, "X-Ahead": ahead})
    assert (response["X-Ahead"], response["HX-Push-Url"]) == ("used", ahead)
    panel = response.content.decode()
    assert f"/traces/{second.pk}/review/" in panel
    assert "1 of 3 judged" in panel
    assert 'id="reading"' not in panel
    late = submit(as_curator, second, f"?run={trace.run_id}", headers={**HTMX, "X-Ahead": ahead})
    assert "X-Ahead" not in late
    assert f'data-trace="{trace.pk}"' in late.content.decode()


def test_a_submission_sent_twice_is_one_review(as_curator, trace):
    key = str(uuid.uuid4())
    for _ in range(2):
        assert submit(as_curator, trace, key=key).status_code == 302
    assert Review.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"decision": ""}, "press a to accept, x to reject"),
        ({"decision": "withdraw"}, "withdraw"),
        ({"decision": "reject"}, "a rejection needs one"),
        ({"decision": "reject", "reason": "bored"}, "bored"),
        ({"decision": "reject", "reason": "other"}, "needs a comment"),
        ({"score": "6"}, "6"),
        ({"step_labels": "[1]"}, "expected a JSON object"),
        ({"step_labels": "{"}, "expected a JSON object"),
        ({"step_labels": "[" * 50_000}, "expected a JSON object"),
        ({"step_labels": '{"7": "good"}'}, "has 2 steps"),
        ({"key": "x"}, "expected the key that the page came with"),
        ({"comment": "x" * 10_001}, "10000"),
        ({"comment": "a\0b"}, "Found a NUL character"),
        ({"seconds": "-1"}, "Found -1, expected a number from 0 to 86,400"),
        ({"seconds": "nan"}, "number"),
    ],
)
def test_a_wrong_form_says_what_is_wrong_and_stores_nothing(as_curator, trace, values, message):
    for headers in ({}, HTMX):
        response = submit(as_curator, trace, headers=headers, **values)
        assert response.status_code == 422
        assert message in response.content.decode()
    assert response["HX-Retarget"] == "#judge"
    assert Review.objects.count() == 0


def test_what_was_typed_comes_back_with_the_error(as_curator, trace):
    page = submit(as_curator, trace, decision="reject", comment="Nearly a thought").content.decode()
    assert "Nearly a thought" in page


def test_an_accepted_trace_forgets_the_reason_chosen_before(as_curator, trace):
    submit(as_curator, trace, reason="lucky")
    assert Review.objects.get().reason == ""


def test_ones_own_word_is_in_the_form_again(as_curator, trace):
    submit(as_curator, trace, score=3, comment="Hm.")
    page = as_curator.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    assert "You said <strong>accept</strong>" in page
    assert "Hm." in page


def test_what_others_said_is_hidden_until_ones_own_word_is_in(as_curator, lead, engineer, client, trace):
    factories.make_review(trace=trace, reviewer=lead, decision="reject", reason="lucky", comment="Too easy.")
    factories.Trace.objects.filter(pk=trace.pk).update(decision="rejected")
    address = reverse("trace_detail", args=[trace.pk])
    blind = as_curator.get(address).content.decode()
    assert "Too easy." not in blind
    assert "Rejected" not in blind
    assert "once your own decision is in" in blind
    assert "Too easy." not in as_curator.get(address + "?reviews=all").content.decode()
    submit(as_curator, trace)
    assert "Too easy." in as_curator.get(address).content.decode()
    client.force_login(engineer)
    assert "Too easy." in client.get(address).content.decode()


def undo(client, **values):
    return client.post(reverse("review_undo"), {"key": str(uuid.uuid4()), **values}, follow=True)


def test_undo_leads_back_to_the_trace(as_curator, trace):
    submit(as_curator, trace)
    response = undo(as_curator)
    assert response.redirect_chain[-1][0].startswith(f"/traces/{trace.pk}/")
    assert "is undone" in response.content.decode()
    trace.refresh_from_db()
    assert trace.decision == ""


def test_undo_with_nothing_to_undo_says_so(as_curator, trace):
    assert "no decision of yours" in undo(as_curator).content.decode()
    assert Review.objects.count() == 0


def test_undo_does_not_touch_what_others_said(as_curator, lead, trace):
    factories.make_review(trace=trace, reviewer=lead)
    undo(as_curator)
    assert Review.objects.count() == 1


@pytest.mark.parametrize("role", ["engineer", "nobody"])
def test_who_may_not_judge_cannot(client, request, trace, role):
    client.force_login(request.getfixturevalue(role))
    assert submit(client, trace).status_code == 403
    assert undo(client).status_code == 403
    assert Review.objects.count() == 0


def test_judging_needs_a_login_and_a_post(client, curator, trace):
    assert submit(client, trace)["Location"].startswith("/login/")
    client.force_login(curator)
    assert client.get(reverse("review_submit", args=[trace.pk])).status_code == 405
    assert client.get(reverse("review_undo")).status_code == 405


def test_a_form_from_elsewhere_is_refused(curator, trace):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(curator)
    assert submit(client, trace).status_code == 403
    assert Review.objects.count() == 0


def test_a_trace_just_decided_comes_whole_though_it_was_fetched_ahead(as_curator, lead, trace):
    factories.make_review(trace=trace, reviewer=lead, decision="reject", reason="lucky", comment="Too easy.")
    address = reverse("trace_detail", args=[trace.pk])
    data = {"decision": "accept", "key": str(uuid.uuid4()), "then": "stay"}
    headers = {"HX-Request": "true", "X-Ahead": address}
    response = as_curator.post(reverse("review_submit", args=[trace.pk]), data, headers=headers)
    assert "X-Ahead" not in response.headers
    assert "Too easy." in response.content.decode()
    assert "No other trace waits here" in response.content.decode()
