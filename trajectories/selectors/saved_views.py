"""Saved views: which somebody may open, and where they lead."""

from datetime import timedelta
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import Case, Q, QuerySet, Value, When
from django.utils import timezone

from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, SavedView

MENU_SIZE = 50
"""So many views the menu of a list shows; the page of views shows all."""
DELETED = "saved_view.deleted"
"""What the audit event of a view says that is gone."""
UNDO_TIME = timedelta(hours=1)
"""So long one can have a view back that one has deleted."""


def views_for(person: User) -> QuerySet[SavedView]:
    """The views that somebody may open: their own, and those that others share. Their own first, by title."""
    seen = SavedView.objects.filter(Q(owner=person) | Q(is_shared=True)).select_related("owner")
    others = Case(When(owner=person, then=Value(0)), default=Value(1))
    return seen.annotate(of_others=others).order_by("of_others", "title", "pk")


def query_of(view: SavedView) -> str | None:
    """What a view leads to, as the query string of the list; None where it was stored by a version with other filters,
    so that it cannot be opened."""
    try:
        query = view.rule.query()
    except Fault:
        return None
    more = {"order": view.order, "columns": ",".join(view.columns)}
    rest = urlencode({name: value for name, value in more.items() if value})
    return "&".join(filter(None, (query, rest)))


def last_deleted(person: User) -> AuditEvent | None:
    """The deletion of a view, where that is what somebody did with views last, and lately. One query."""
    events = AuditEvent.objects.filter(actor=person, object_type="saved_view")
    last = events.filter(created_at__gt=timezone.now() - UNDO_TIME).order_by("-pk").first()
    return last if last is not None and last.verb == DELETED else None
