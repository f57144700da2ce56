"""What all tables of the admin share."""

import json
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from trajectories.selectors.blinding import sight_of

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]  # the stubs have a parameter that the class itself lacks
    Pages = Paginator[Any]
else:
    Base = admin.ModelAdmin
    Pages = Paginator

COUNTED = 10_000
"""Rows are counted one by one so far; of more the database tells about how many there are."""

KEY_DIGITS = 18


class EstimatingPaginator(Pages):
    """Pages of a table of any size. Where `is_estimate` is True the number of rows is PostgreSQL's estimate: counting
    millions of rows would take seconds for every page."""

    @cached_property
    def count(self) -> int:
        """The number of rows: exact up to COUNTED, an estimate of the database's beyond it."""
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        exact = len(rows.order_by().values_list("pk", flat=True)[: COUNTED + 1])
        return exact if exact <= COUNTED else max(exact, _estimated(rows))

    @property
    def is_estimate(self) -> bool:
        """Whether there are more rows than were counted."""
        return self.count > COUNTED


def _estimated(rows: QuerySet[Any]) -> int:
    """How many rows the database thinks there are."""
    return int(json.loads(rows.order_by().explain(format="json"))[0]["Plan"]["Plan Rows"])


class ReadOnlyAdmin(Base):
    """Rows are made and changed by services only. Large tables are neither counted nor joined row by row.

    Rows are shown as they are, with what people and model judges decided. So they are for who may see that, but where
    `holds_reviews` says that a table has nothing of the kind.

    A number in the search field is an id.
    """

    holds_reviews = True
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = EstimatingPaginator
    list_per_page = 50
    ordering = ("-pk",)
    search_fields: ClassVar[Any] = ("pk",)
    search_help_text = "An id."
    change_list_links: ClassVar[Any] = ()
    """(title, name of an address, permission) of pages that a table's own page leads to."""

    class Media:
        css = {"all": ("trajectories/css/admin.css",)}

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *location: Any) -> HttpResponse | None:
        """Do an action with the rows chosen, where these are rows."""
        try:
            for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.to_python(chosen)
        except ValidationError:
            self.message_user(request, "Found a row without an id, expected rows of this table.", messages.ERROR)
            return None
        return super().response_action(request, queryset, *location)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the table may be looked at; links to it show up by the same word."""
        if self.holds_reviews and sight_of(request.user).is_blind:
            return False
        return super().has_view_permission(request, obj)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The row of that id, or what the text fields hold."""
        term = search_term.strip()
        if not term:
            return queryset, False
        is_number = term.isascii() and term.isdigit() and len(term) <= KEY_DIGITS
        texts = [name for name in self.search_fields if name != "pk"]
        if not texts:
            return (queryset.filter(pk=term) if is_number and self._has_number() else queryset.none()), False
        found, repeats = super().get_search_results(request, queryset, search_term)
        if is_number and self._has_number():
            return found | queryset.filter(pk=term), repeats
        return found, repeats

    def _has_number(self) -> bool:
        return self.opts.pk.get_internal_type() in ("BigAutoField", "AutoField", "ForeignKey", "OneToOneField")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The actions that the visitor may ask for; one that starts jobs says what that needs in `needs`."""
        actions = super().get_actions(request)
        return {
            name: action
            for name, action in actions.items()
            if action and name != "delete_selected" and request.user.has_perms(getattr(action[0], "needs", ()))
        }

    def is_offered(self, action: str, row: Any) -> bool:  # noqa: ARG002
        """Whether the page of a row has a button for an action."""
        return True

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of a row, with a button for each action that may be asked of it."""
        row = self.get_object(request, object_id)
        offered = [
            (name, description)
            for _, name, description in self.get_actions(request).values()
            if row is not None and self.is_offered(name, row)
        ]
        return super().change_view(request, object_id, form_url, {"offered": offered, **(extra_context or {})})

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The table, with the pages it leads to."""
        links = [(title, name) for title, name, needed in self.change_list_links if request.user.has_perm(needed)]
        return super().changelist_view(request, {"links": links, **(extra_context or {})})


Act = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponse | None]
"""An action of the admin: the table, the request, the rows that were chosen."""
