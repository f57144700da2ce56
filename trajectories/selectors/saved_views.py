"""Saved views: which somebody may open, and where they lead."""

from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import Case, Q, QuerySet, Value, When

from trajectories.core.faults import Fault
from trajectories.models import SavedView

MENU_SIZE = 50
"""So many views the menu of a list shows; the page of views shows all."""


def views_for(person: User) -> QuerySet[SavedView]:
    """The views that somebody may open: their own, and those that others share. Their own first, by title."""
    seen = SavedView.objects.filter(Q(owner=person) | Q(is_shared=True)).select_related("owner")
    others = Case(When(owner=person, then=Value(0)), default=Value(1))
    return seen.annotate(of_others=others).order_by("of_others", "title", "pk")


def query_of(view: SavedView) -> str:
    """What a view leads to, as the query string of the list; "" where it was stored by a version with other filters."""
    try:
        query = view.rule.query()
    except Fault:
        return ""
    more = {"order": view.order, "columns": ",".join(view.columns)}
    rest = urlencode({name: value for name, value in more.items() if value})
    return "&".join(filter(None, (query, rest)))
