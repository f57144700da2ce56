"""Saved views: kept under a title, shared or not, changed by their owner alone."""

import pytest

from trajectories.core.faults import Fault
from trajectories.core.selections import Selection
from trajectories.models import AuditEvent, SavedView
from trajectories.selectors.saved_views import last_deleted, query_of, views_for
from trajectories.services.curation import saved_views
from trajectories.services.curation.saved_views import change_view, delete_view, restore_view, save_view

pytestmark = pytest.mark.django_db
SCOPE = Selection(correctness="fail", text="a & b", traces=(1, 2), cost_from=0.5)


def test_a_view_leads_where_it_was_made(lead):
    view = save_view(actor=lead, title="Wrong ones", scope=SCOPE, order="longest", columns=("answer", "cost"))
    assert query_of(view) == f"{SCOPE.query()}&order=longest&columns=answer%2Ccost"
    assert view.rule == SCOPE
    assert AuditEvent.objects.get(object_type="saved_view").verb == "saved_view.made"


def test_a_title_is_used_once_by_each(lead, curator):
    first = save_view(actor=lead, title="Mine", scope=Selection())
    again = save_view(actor=lead, title="Mine", scope=SCOPE)
    assert (first.pk, again.rule) == (again.pk, SCOPE)
    other = save_view(actor=lead, title="Other", scope=SCOPE)
    save_view(actor=curator, title="Mine", scope=SCOPE)
    with pytest.raises(Fault, match="already"):
        change_view(actor=lead, view=other, title="Mine", is_shared=False)


def test_others_see_what_is_shared_and_change_nothing(lead, curator):
    shared = save_view(actor=lead, title="Shared", scope=SCOPE, is_shared=True)
    save_view(actor=lead, title="Private", scope=SCOPE)
    own = save_view(actor=curator, title="Zeta", scope=SCOPE)
    assert list(views_for(curator)) == [own, shared]
    change_view(actor=curator, view=shared, title="Taken", is_shared=False)
    delete_view(actor=curator, view=shared)
    assert SavedView.objects.get(pk=shared.pk).title == "Shared"


def test_one_more_than_fits_is_refused(lead, monkeypatch):
    monkeypatch.setattr(saved_views, "MOST_VIEWS", 1)
    save_view(actor=lead, title="A", scope=SCOPE)
    save_view(actor=lead, title="A", scope=Selection())
    with pytest.raises(Fault, match="Delete one first"):
        save_view(actor=lead, title="B", scope=SCOPE)


def test_a_view_of_a_version_with_other_filters_leads_nowhere(lead):
    view = SavedView.objects.create(owner=lead, title="Old", selection={"version": 0})
    assert query_of(view) is None
    assert query_of(save_view(actor=lead, title="All", scope=Selection())) == ""


def test_what_was_deleted_comes_back_as_it_was(lead, curator):
    view = save_view(actor=lead, title="Mine", scope=SCOPE, order="longest", columns=("cost",), is_shared=True)
    query = query_of(view)
    delete_view(actor=curator, view=view)
    assert last_deleted(lead) is last_deleted(curator) is None
    delete_view(actor=lead, view=view)
    event = last_deleted(lead)
    with pytest.raises(Fault, match="not yours"):
        restore_view(actor=curator, event=event)
    back = restore_view(actor=lead, event=event)
    assert (back.title, back.is_shared, query_of(back)) == ("Mine", True, query)
    assert last_deleted(lead) is None
    with pytest.raises(Fault, match="already"):
        restore_view(actor=lead, event=event)
