"""Saved views: keeping the list as it is, opening, renaming, sharing and deleting it."""

import pytest
from django.urls import reverse

from trajectories.core.selections import Selection
from trajectories.models import SavedView

ADDRESS = "/traces/views/"


@pytest.fixture
def view(client, lead):
    client.force_login(lead)
    client.post(f"{ADDRESS}?correctness=fail&order=longest&columns=cost,answer", {"title": "Wrong", "is_shared": "on"})
    return SavedView.objects.get()


def test_the_list_is_kept_as_it_is_and_opened_again(client, view):
    assert (view.rule, view.order, view.columns) == (Selection(correctness="fail"), "longest", ["answer", "cost"])
    assert "Most tokens first" in client.get(ADDRESS).content.decode()
    page = client.get("/traces/").content.decode()
    assert "/traces/?correctness=fail&amp;order=longest&amp;columns=answer%2Ccost" in page
    assert client.get("/traces/?correctness=fail&order=longest&columns=answer,cost").status_code == 200


def test_its_owner_renames_shares_deletes_it_and_has_it_back(client, view, curator):
    client.post(f"{ADDRESS}{view.pk}/", {"title": "Bad ones"})
    view.refresh_from_db()
    assert (view.title, view.is_shared) == ("Bad ones", False)
    client.post(f"{ADDRESS}{view.pk}/", {"do": "delete"})
    assert not SavedView.objects.exists()
    event = client.get(ADDRESS).context["deleted"]
    client.force_login(curator)
    assert client.get(ADDRESS).context["deleted"] is None
    assert client.post(reverse("saved_view_restore", args=[event.pk])).status_code == 404
    client.force_login(view.owner)
    client.post(reverse("saved_view_restore", args=[event.pk]))
    assert SavedView.objects.get().title == "Bad ones"


def test_a_view_that_cannot_be_read_is_named_and_leads_nowhere(client, view):
    SavedView.objects.update(selection={"version": 0})
    text = client.get(ADDRESS).content.decode()
    assert "it cannot be opened" in text
    assert "Wrong" in text
    assert "Wrong" not in client.get("/traces/").content.decode()


def test_others_open_what_is_shared_and_change_nothing(client, view, curator):
    client.force_login(curator)
    assert "Wrong" in client.get(ADDRESS).content.decode()
    assert client.post(f"{ADDRESS}{view.pk}/", {"do": "delete"}).status_code == 404
    SavedView.objects.update(is_shared=False)
    assert "Wrong" not in client.get(ADDRESS).content.decode()
    assert "Wrong" not in client.get("/traces/").content.decode()


@pytest.mark.parametrize("title", ["", " ", "x" * 201, "a\u202eb"])
def test_a_name_that_is_none_is_refused_and_nothing_kept(client, lead, title):
    client.force_login(lead)
    assert client.post(f"{ADDRESS}?run=1", {"title": title}).status_code == 422
    assert not SavedView.objects.exists()


def test_a_taken_name_is_refused(client, view, lead):
    other = SavedView.objects.create(owner=lead, title="Other", selection={"version": 1})
    answer = client.post(f"{ADDRESS}{other.pk}/", {"title": "Wrong"})
    assert answer.status_code == 422
    assert "expected another name" in answer.content.decode()


def test_without_views_the_page_says_how_to_make_one(client, lead):
    client.force_login(lead)
    assert "No views yet" in client.get(ADDRESS).content.decode()
