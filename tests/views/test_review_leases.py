"""Keeping and releasing what is on the screen; `tests/browser/test_review_flow.py` has the pages that do it."""

import uuid

import pytest
from django.urls import reverse

from tests import factories
from trajectories.models import ReviewLease
from trajectories.services.curation.review_leases import lease_trace

ADDRESS = reverse("review_leases")


@pytest.fixture
def held(curator):
    return [lease_trace(reviewer=curator, trace_id=factories.make_trace().pk) for _ in range(2)]


def tokens(leases):
    return {"token": [str(lease.token) for lease in leases]}


def test_leases_are_renewed_together_and_those_that_are_lost_are_named(client, curator, held):
    client.force_login(curator)
    ReviewLease.objects.filter(pk=held[0].pk).delete()
    assert client.post(ADDRESS, tokens(held)).json() == {"lost": [str(held[0].token)]}
    before = held[1].expires_at
    held[1].refresh_from_db()
    assert held[1].expires_at > before


def test_leaving_lets_go_of_what_is_named(client, curator, held):
    client.force_login(curator)
    assert client.post(ADDRESS, {**tokens(held[:1]), "leave": "1"}).status_code == 204
    assert list(ReviewLease.objects.all()) == held[1:]


def test_nobody_touches_what_is_somebody_elses(client, lead, held):
    client.force_login(lead)
    assert len(client.post(ADDRESS, tokens(held)).json()["lost"]) == 2
    client.post(ADDRESS, {**tokens(held), "leave": "1"})
    assert ReviewLease.objects.count() == 2


def test_what_is_no_token_is_refused(client, curator):
    client.force_login(curator)
    response = client.post(ADDRESS, {"token": ["x", str(uuid.uuid4())]})
    assert (response.status_code, response.content.decode()) == (400, "token: found something else, expected UUIDs.")


def test_it_needs_a_login_and_a_post(client, curator):
    assert client.post(ADDRESS)["Location"].startswith("/login/")
    client.force_login(curator)
    assert client.get(ADDRESS).status_code == 405
