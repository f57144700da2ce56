import json
import re
import uuid

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.urls import reverse

from tests import factories
from tests.pages import squeezed
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Review, ReviewLease
from trajectories.services.curation.reviews import submit_review

HTMX = {"HX-Request": "true"}


@pytest.fixture
def trace(db):
    return factories.make_trace()


def form(**values):
    return {"decision": "accept", "key": str(uuid.uuid4()), "then": "next", **values}


def lease_of(trace):
    return str(ReviewLease.objects.get(trace=trace).token)


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
    assert "Nothing left to review here" in squeezed(response)


def test_htmx_gets_the_next_trace_with_the_answer(as_curator, trace):
    second = factories.make_trace(run=trace.run)
    response = submit(as_curator, second, f"?run={trace.run_id}", headers=HTMX)
    assert response["HX-Push-Url"] == f"/traces/{trace.pk}/?run={trace.run_id}"
    page = squeezed(response)
    assert f'data-trace="{trace.pk}"' in page
    assert "1 of 2 reviewed" in page
    assert "<html" not in page
    last = submit(as_curator, trace, f"?run={trace.run_id}", headers=HTMX)
    assert last["HX-Push-Url"] == f"/traces/next/?run={trace.run_id}"
    assert "Nothing left" in squeezed(last)


def test_a_page_that_shows_the_next_trace_already_gets_progress_undo_and_news(as_curator, lead, trace):
    factories.make_trace(run=trace.run)
    factories.make_review(trace=trace, reviewer=lead, decision="reject", reason="lucky")
    as_curator.get(reverse("trace_detail", args=[trace.pk]))
    lease = lease_of(trace)
    response = submit(as_curator, trace, f"?run={trace.run_id}", headers=HTMX, then="behind", lease=lease)
    page = squeezed(response)
    assert response.status_code == 200
    assert "1 of 2 reviewed by you" in page
    assert f"Undo accept of {trace.pk}" in page
    assert f"Trace {trace.pk} is decided differently: you accepted it, lena rejected it." in page
    assert 'id="reading"' not in page


def test_what_is_wrong_with_a_decision_sent_behind_the_page_comes_back_as_a_sentence(as_curator, trace):
    response = submit(as_curator, trace, headers=HTMX, then="behind", decision="reject")
    assert response.status_code == 422
    assert response.headers["Content-Type"].startswith("text/plain")
    assert squeezed(response) == "Reason: a rejection needs one; choose it from the list."


def test_next_ahead_leases_it_and_says_its_address_or_nothing(as_curator, curator, trace):
    second = factories.make_trace(run=trace.run)
    ahead = {**HTMX, "X-Ahead": "1"}
    address = reverse("trace_next") + f"?run={trace.run_id}&after={second.pk}"
    as_curator.get(reverse("trace_detail", args=[second.pk]))
    response = as_curator.get(address, headers=ahead)
    assert response["HX-Push-Url"] == f"/traces/{trace.pk}/?run={trace.run_id}"
    assert f'data-trace="{trace.pk}"' in squeezed(response)
    # Both are held: the one on the screen and the one ahead.
    assert ReviewLease.objects.filter(holder=curator).count() == 2
    # The one on the screen is not its own successor.
    assert as_curator.get(f"{address}&but={trace.pk}", headers=ahead).status_code == 204
    # Going there for good lets go of the one that is left.
    as_curator.get(address)
    assert ReviewLease.objects.get(holder=curator).trace == trace


def test_two_curators_on_one_list_are_led_to_different_traces(as_curator, lead, client, trace):
    traces = [factories.make_trace(run=trace.run), trace]
    address = reverse("trace_next") + f"?run={trace.run_id}"
    assert as_curator.get(address)["Location"].startswith(f"/traces/{traces[0].pk}/")
    client.force_login(lead)
    assert client.get(address)["Location"].startswith(f"/traces/{traces[1].pk}/")
    page = squeezed(client.get(reverse("trace_detail", args=[traces[0].pk])))
    assert "carl is looking at this trace now." in page


def test_when_others_look_at_all_that_is_left_the_page_says_so(as_curator, client, lead, trace):
    as_curator.get(reverse("trace_next"))
    client.force_login(lead)
    page = squeezed(client.get(reverse("trace_next")))
    assert "The rest is being looked at" in page
    assert "Look again" in page
    assert "Nothing left" not in page


def test_who_only_reads_takes_nothing(client, engineer, trace):
    client.force_login(engineer)
    assert client.get(reverse("trace_next"))["Location"] == f"/traces/{trace.pk}/"
    client.get(reverse("trace_detail", args=[trace.pk]))
    assert not ReviewLease.objects.exists()


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_late_decision_says_what_happened_keeps_the_text_and_goes_in_beside_the_other(
    as_curator, lead, trace, headers
):
    as_curator.get(reverse("trace_detail", args=[trace.pk]))
    lease = lease_of(trace)
    factories.make_review(trace=trace, reviewer=lead)
    late = {"decision": "reject", "reason": "lucky", "comment": "A thought.", "lease": lease}
    response = submit(as_curator, trace, headers=headers, **late)
    page = squeezed(response)
    assert response.status_code == 422
    assert "Somebody else has decided on this trace since you opened it." in page
    assert "A thought." in page
    assert "lena" not in page
    assert Review.objects.count() == 1
    despite = re.search(r'name="despite" value="([0-9]+)"', page)[1]
    submit(as_curator, trace, headers=headers, **late, despite=despite)
    assert Review.objects.count() == 2


def test_a_form_that_was_wrong_still_hears_of_what_was_decided_meanwhile(as_curator, lead, trace):
    as_curator.get(reverse("trace_detail", args=[trace.pk]))
    lease = lease_of(trace)
    factories.make_review(trace=trace, reviewer=lead)
    assert "needs one" in squeezed(submit(as_curator, trace, headers=HTMX, decision="reject", lease=lease))
    late = submit(as_curator, trace, headers=HTMX, lease=lease)
    assert "Somebody else has decided" in squeezed(late)


def test_a_decision_that_contradicts_another_is_said_everywhere_it_may_be(as_curator, client, curator, lead, trace):
    second = factories.make_trace(run=trace.run)
    submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    listed = reverse("trace_list") + "?decision=disputed"
    assert "No trace matches" in squeezed(as_curator.get(listed))
    as_curator.get(reverse("trace_detail", args=[trace.pk]))
    lease = lease_of(trace)
    page = submit(as_curator, trace, lease=lease, decision="reject", reason="lucky").wsgi_request
    said = (
        "is decided differently: lena accepted it, you rejected it. One rejection outweighs, so it counts as rejected."
    )
    messages = [" ".join(str(message).split()) for message in get_messages(page)]
    assert [said in message for message in messages] == [True]
    assert f"trace {trace.pk}<" in squeezed(as_curator.get(listed))
    assert said in squeezed(as_curator.get(reverse("trace_detail", args=[trace.pk])))
    assert "</svg>disputed</span>" in squeezed(as_curator.get(reverse("trace_list")))
    # Others who have not reviewed it learn nothing of it.
    other = User.objects.create_user("zoe")
    other.groups.set(curator.groups.all())
    client.force_login(other)
    assert f"trace {trace.pk}<" not in squeezed(client.get(listed))
    for address in (reverse("trace_list"), reverse("trace_detail", args=[trace.pk])):
        assert "</svg>disputed</span>" not in squeezed(client.get(address))
    assert second.decision == ""


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
        assert message in squeezed(response)
    assert response["HX-Retarget"] == "#review"
    assert Review.objects.count() == 0


def test_what_was_typed_comes_back_with_the_error(as_curator, trace):
    page = squeezed(submit(as_curator, trace, decision="reject", comment="Nearly a thought"))
    assert "Nearly a thought" in page


def test_an_accepted_trace_forgets_the_reason_chosen_before(as_curator, trace):
    submit(as_curator, trace, reason="lucky")
    assert Review.objects.get().reason == ""


def test_ones_own_word_is_in_the_form_again(as_curator, trace):
    submit(as_curator, trace, score=3, comment="Hm.")
    page = squeezed(as_curator.get(reverse("trace_detail", args=[trace.pk])))
    assert "You said <strong>accept</strong>" in page
    assert "Hm." in page


def test_what_others_said_is_hidden_until_ones_own_word_is_in(as_curator, lead, engineer, client, trace):
    factories.make_review(trace=trace, reviewer=lead, decision="reject", reason="lucky", comment="Too easy.")
    factories.Trace.objects.filter(pk=trace.pk).update(decision="rejected")
    address = reverse("trace_detail", args=[trace.pk])
    blind = squeezed(as_curator.get(address))
    assert "Too easy." not in blind
    assert "Rejected" not in blind
    assert "once your own decision is in" in blind
    assert "Too easy." not in squeezed(as_curator.get(address + "?reviews=all"))
    submit(as_curator, trace, lease=lease_of(trace))
    assert "Too easy." in squeezed(as_curator.get(address))
    client.force_login(engineer)
    assert "Too easy." in squeezed(client.get(address))


def undo(client, **values):
    return client.post(reverse("review_undo"), {"key": str(uuid.uuid4()), **values}, follow=True)


def test_undo_leads_back_to_the_trace(as_curator, trace):
    submit(as_curator, trace)
    response = undo(as_curator)
    assert response.redirect_chain[-1][0].startswith(f"/traces/{trace.pk}/")
    assert "is undone" in squeezed(response)
    trace.refresh_from_db()
    assert trace.decision == ""


def test_undo_with_nothing_to_undo_says_so(as_curator, trace):
    assert "no decision of yours" in squeezed(undo(as_curator))
    assert Review.objects.count() == 0


def test_undo_does_not_touch_what_others_said(as_curator, lead, trace):
    factories.make_review(trace=trace, reviewer=lead)
    undo(as_curator)
    assert Review.objects.count() == 1


@pytest.mark.parametrize("role", ["engineer", "nobody"])
def test_who_may_not_review_cannot(client, request, trace, role):
    client.force_login(request.getfixturevalue(role))
    assert submit(client, trace).status_code == 403
    assert undo(client).status_code == 403
    assert Review.objects.count() == 0


def test_reviewing_needs_a_login_and_a_post(client, curator, trace):
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


def test_a_trace_just_decided_shows_what_others_said(as_curator, lead, trace):
    factories.make_review(trace=trace, reviewer=lead, decision="reject", reason="lucky", comment="Too easy.")
    as_curator.get(reverse("trace_detail", args=[trace.pk]))
    lease = lease_of(trace)
    response = submit(as_curator, trace, headers=HTMX, then="stay", lease=lease)
    assert "Too easy." in squeezed(response)
    assert "No other trace waits here" in squeezed(response)


def test_the_first_error_settles_the_other_steps_where_that_is_asked_for(as_curator, trace):
    labels = json.dumps({"0": "bad", "1": "good"})
    submit(as_curator, trace, step_labels=labels)
    submit(as_curator, trace, step_labels=labels, first_error="on")
    assert list(Review.objects.order_by("pk").values_list("step_labels", flat=True)) == [
        {"0": "bad", "1": "good"},
        {"0": "bad", "1": "unseen"},
    ]


def test_a_label_that_is_none_is_refused_before_anything_is_settled(as_curator, trace):
    for labels in ({"x": "bad"}, {"0": "awful"}, {"7": "bad"}):
        response = submit(as_curator, trace, step_labels=json.dumps(labels), first_error="on")
        assert response.status_code == 422
    assert not Review.objects.exists()
