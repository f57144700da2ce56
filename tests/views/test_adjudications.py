"""The list of disputes and the page of the final decision."""

import uuid

import pytest
from django.urls import reverse

from tests import factories
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Adjudication
from trajectories.services.curation.adjudications import known_of
from trajectories.services.curation.reviews import submit_review


def review(person, trace, decision, comment=""):
    draft = ReviewDraft(decision, reason="lucky" if decision is Decision.REJECT else "", comment=comment)
    submit_review(reviewer=person, trace=trace, draft=draft, key=uuid.uuid4())


@pytest.fixture
def disputed(curator, engineer):
    trace = factories.make_trace()
    review(curator, trace, Decision.ACCEPT, "It is right.")
    review(engineer, trace, Decision.REJECT, "It only fits by luck.")
    return trace


def form(trace, decision, **values):
    known = known_of(trace)
    said = {"decision": decision, "review": known.review, "adjudication": known.adjudication, "key": str(uuid.uuid4())}
    return {**said, **values}


def decide(client, trace, decision, *, htmx=False, **values):
    headers = {"HX-Request": "true"} if htmx else {}
    address = reverse("adjudication_decide", args=[trace.pk])
    return client.post(address, form(trace, decision, **values), headers=headers)


def test_both_reviews_are_there_in_full_without_asking(client, lead, disputed):
    client.force_login(lead)
    listed = client.get(reverse("adjudication_list")).content.decode()
    assert f"Trace {disputed.pk}" in listed
    page = client.get(reverse("adjudication_detail", args=[disputed.pk])).content.decode()
    for words in ("It is right.", "It only fits by luck.", "Lucky fit", "carl", "Accept finally"):
        assert words in page


def test_deciding_goes_on_to_the_next_dispute_and_at_the_end_to_the_list(client, lead, disputed, curator, engineer):
    other = factories.make_trace()
    review(curator, other, Decision.ACCEPT)
    review(engineer, other, Decision.REJECT)
    client.force_login(lead)
    gone = decide(client, disputed, "reject:lucky", comment="Yes, luck.")
    assert gone.headers["Location"] == reverse("adjudication_detail", args=[other.pk])
    shown = decide(client, other, "accept", htmx=True)
    assert shown.headers["HX-Redirect"] == reverse("adjudication_list")
    disputed.refresh_from_db()
    assert (disputed.decision, disputed.disputed) == ("rejected", False)
    assert Adjudication.objects.get(trace=disputed).comment == "Yes, luck."


def test_reopening_shows_the_trace_again(client, lead, disputed):
    client.force_login(lead)
    decide(client, disputed, "accept")
    shown = decide(client, disputed, "reopen", htmx=True)
    assert shown.status_code == 200
    assert "is open again" in shown.content.decode()
    disputed.refresh_from_db()
    assert disputed.disputed


@pytest.mark.parametrize("decision", ["", "perhaps", "reject", "reject:nonsense", "accept:lucky"])
def test_what_is_no_decision_is_refused_with_what_was_typed(client, lead, disputed, decision):
    client.force_login(lead)
    refused = decide(client, disputed, decision, comment="My words stay.")
    assert refused.status_code == 422
    assert "My words stay." in refused.content.decode()
    assert not Adjudication.objects.exists()


def test_a_page_that_is_out_of_date_is_told_what_happened_and_keeps_the_text(client, lead, disputed):
    client.force_login(lead)
    late = form(disputed, "accept", comment="My words stay.")
    decide(client, disputed, "reject:lucky")
    refused = client.post(reverse("adjudication_decide", args=[disputed.pk]), late)
    assert refused.status_code == 422
    text = refused.content.decode()
    assert f"{lead.username} decided finally to reject it" in text
    assert "My words stay." in text
    disputed.refresh_from_db()
    assert disputed.decision == "rejected"


def test_it_is_for_leads(client, curator, engineer, disputed):
    for person in (curator, engineer):
        client.force_login(person)
        for name, arguments in (
            ("adjudication_list", []),
            ("adjudication_next", []),
            ("adjudication_detail", [disputed.pk]),
        ):
            assert client.get(reverse(name, args=arguments)).status_code == 403
        assert decide(client, disputed, "accept").status_code == 403
    assert not Adjudication.objects.exists()


def test_reading_decides_nothing_and_what_is_not_there_is_said(client, lead, disputed):
    client.force_login(lead)
    assert client.get(reverse("adjudication_decide", args=[disputed.pk])).status_code == 405
    assert client.get(reverse("adjudication_detail", args=[10**9])).status_code == 404


def test_the_page_of_the_trace_says_that_it_is_decided_finally_to_who_may_see_reviews(client, lead, curator, disputed):
    client.force_login(lead)
    page = reverse("trace_detail", args=[disputed.pk])
    assert "Decide finally" in client.get(page + "?reviews=all").content.decode()
    decide(client, disputed, "accept", comment="A final word.")
    assert "A final word." in client.get(page + "?reviews=all").content.decode()
    assert "A final word." not in client.get(page).content.decode()
    client.force_login(curator)
    assert "A final word." in client.get(page).content.decode()


def test_many_disputes_take_as_many_queries_as_few(client, lead, curator, engineer, django_assert_max_num_queries):
    for _ in range(20):
        trace = factories.make_trace()
        review(curator, trace, Decision.ACCEPT)
        review(engineer, trace, Decision.REJECT)
    client.force_login(lead)
    with django_assert_max_num_queries(14):
        client.get(reverse("adjudication_list"))
