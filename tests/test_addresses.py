"""Addresses that were written down before things got their present names."""

import pytest

from tests import factories
from webapp.addresses import current_address


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/judgements/", "/judging/"),
        ("/judgements/7/", "/judging/7/"),
        ("/judgements/new/?run=3&decision=unjudged", "/judging/new/?run=3&decision=unreviewed"),
        ("/traces/?decision=unjudged", "/traces/?decision=unreviewed"),
        ("/traces/?run=3&decision=unjudged&order=error", "/traces/?run=3&decision=unreviewed&order=error"),
        ("/admin/trajectories/judgement/7/change/", "/admin/trajectories/judgejob/7/change/"),
        ("/admin/trajectories/judgementitem/", "/admin/trajectories/judgejobitem/"),
        ("/admin/trajectories/judgementanswer/?q=a", "/admin/trajectories/judgejobanswer/?q=a"),
    ],
)
def test_an_old_address_is_known_by_its_new_name(old, new):
    assert current_address(old) == new
    assert current_address(new) == new


@pytest.mark.parametrize(
    "address",
    ["/traces/judgements/", "/traces/?model_judged=unjudged", "/traces/?last_decision=unjudged", "/judgementsx/"],
)
def test_other_addresses_stay(address):
    assert current_address(address) == address


def test_an_old_bookmark_leads_on_for_good(client, lead):
    client.force_login(lead)
    trace = factories.make_trace()
    response = client.get("/traces/?decision=unjudged", follow=True)
    assert response.redirect_chain == [("/traces/?decision=unreviewed", 308)]
    assert [row.pk for row in response.context["page"].rows] == [trace.pk]
    assert client.get("/judgements/", follow=True).redirect_chain == [("/judging/", 308)]


def test_a_form_that_was_open_is_sent_on_as_it_was(client, lead):
    """308 keeps the method and the body: 301 would make a GET of it and lose what was written."""
    client.force_login(lead)
    response = client.post("/judgements/7/pause/", {"key": "a"})
    assert (response.status_code, response["Location"]) == (308, "/judging/7/pause/")
