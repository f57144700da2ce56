"""Saved views: keeping a list as it is set up, and changing what somebody has kept."""

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.core.faults import Fault
from trajectories.core.selections import Selection
from trajectories.models import AuditEvent, SavedView
from trajectories.selectors.saved_views import DELETED

MOST_VIEWS = 200
"""So many views one person may keep."""


@transaction.atomic
def save_view(
    *, actor: User, title: str, scope: Selection, order: str = "", columns: Sequence[str] = (), is_shared: bool = False
) -> SavedView:
    """Keep a list under a title; one's own view of that title is replaced. Raises Fault for one too many."""
    given = {
        "selection": scope.to_json(),
        "order": order,
        "columns": list(columns),
        "is_shared": is_shared,
    }
    view = SavedView.objects.select_for_update().filter(owner=actor, title=title).first()
    if view is None and SavedView.objects.filter(owner=actor).count() >= MOST_VIEWS:
        raise Fault(f"Found {MOST_VIEWS} views of yours, expected fewer. Delete one first.", field="title")
    view, made = SavedView.objects.update_or_create(owner=actor, title=title, defaults=given)
    _audit(actor, "saved_view.made" if made else "saved_view.replaced", view)
    return view


@transaction.atomic
def change_view(*, actor: User, view: SavedView, title: str, is_shared: bool) -> None:
    """Rename one's own view, share it or keep it to oneself. Raises Fault for a title that another one has."""
    if SavedView.objects.filter(owner=actor, title=title).exclude(pk=view.pk).exists():
        raise Fault(f"Found a view of yours called {title!r} already, expected another name.", field="title")
    if SavedView.objects.filter(pk=view.pk, owner=actor).update(title=title, is_shared=is_shared):
        view.title, view.is_shared = title, is_shared
        _audit(actor, "saved_view.changed", view)


@transaction.atomic
def delete_view(*, actor: User, view: SavedView) -> None:
    """Delete one's own view. Its audit event holds all that there was of it, see restore_view."""
    count, _ = SavedView.objects.filter(pk=view.pk, owner=actor).delete()
    if count:
        _audit(actor, DELETED, view)


@transaction.atomic
def restore_view(*, actor: User, event: AuditEvent) -> SavedView:
    """Make a view anew that one has deleted, from the audit event of that. Raises Fault where that is not to be."""
    kept = event.data
    if event.verb != DELETED or event.actor_id != actor.pk:
        raise Fault("Found something that is not yours to have back; expected a view that you deleted.")
    if SavedView.objects.filter(owner=actor, title=kept["title"]).exists():
        raise Fault(f"Found a view of yours called {kept['title']!r} already; nothing was brought back.")
    view = SavedView.objects.create(
        owner=actor,
        title=kept["title"],
        is_shared=kept["shared"],
        selection=kept["selection"],
        order=kept["order"],
        columns=kept["columns"],
    )
    _audit(actor, "saved_view.restored", view)
    return view


def _audit(actor: User, verb: str, view: SavedView) -> None:
    data = {
        "title": view.title,
        "shared": view.is_shared,
        "selection": view.selection,
        "order": view.order,
        "columns": view.columns,
    }
    AuditEvent.objects.create(actor=actor, verb=verb, object_type="saved_view", object_id=view.pk, data=data)
