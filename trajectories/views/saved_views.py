"""Saved views of the trace list: keeping one, and renaming, sharing and deleting one's own."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from trajectories.core.faults import Fault
from trajectories.forms.saved_views import SavedViewForm
from trajectories.forms.traces import read_walk, read_walk_exactly
from trajectories.models import AuditEvent, SavedView
from trajectories.selectors.saved_views import last_deleted, query_of, views_for
from trajectories.selectors.selection_words import selection_words
from trajectories.selectors.traces import ORDERS, TRACES
from trajectories.services.curation.saved_views import change_view, delete_view, restore_view, save_view
from trajectories.views.listing import columns_of
from trajectories.views.permissions import needs
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

view_traces = needs("trajectories.view_trace")


@require_http_methods(["GET", "HEAD", "POST"])
@view_traces
@once
def saved_view_list(request: HttpRequest) -> HttpResponse:
    """The views that the visitor may open; a POST keeps the list that the address describes as one of theirs."""
    if request.method != "POST":
        return _page(request)
    form = SavedViewForm(request.POST)
    if form.is_valid():
        try:
            walk = read_walk_exactly(request.GET)
            view = save_view(
                actor=visitor(request),
                title=form.cleaned_data["title"],
                scope=walk.scope,
                order=walk.order,
                columns=columns_of(request, TRACES) if "columns" in request.GET else (),
                is_shared=form.cleaned_data["is_shared"],
            )
        except Fault as fault:
            form.add_fault(fault)
        else:
            messages.success(request, f"The view “{view.title}” is saved.")
            return redirect(f"{reverse('trace_list')}?{query_of(view)}")
    return _page(request, form, read_walk(request.GET).query())


def _page(request: HttpRequest, form: SavedViewForm | None = None, query: str | None = None) -> HttpResponse:
    """The list of views; beside a refused form, what to send it with again where it is to keep the list of a query."""
    person = visitor(request)
    views = [
        {
            "view": view,
            "query": query_of(view),
            "words": _words(view) if query_of(view) is not None else [],
            "is_own": view.owner_id == person.pk,
        }
        for view in views_for(person)
    ]
    context = {"views": views, "form": form, "query": query, "deleted": last_deleted(person)}
    return render(request, "trajectories/saved_views/list.html", context, status=422 if form is not None else 200)


def _words(view: SavedView) -> list[tuple[str, str]]:
    """What a view shows: (filter, what it says), and its order where that is not the usual one."""
    order = [("order", ORDERS[view.order])] if view.order in ORDERS else []
    return selection_words(view.rule) + order


@require_POST
@view_traces
def saved_view_change(request: HttpRequest, view_id: int) -> HttpResponse:
    """Rename one's own view, share it or not, or delete it (`do=delete`)."""
    view = get_object_or_404(SavedView, pk=view_id, owner=visitor(request))
    if request.POST.get("do") == "delete":
        delete_view(actor=visitor(request), view=view)
        messages.success(request, f"The view “{view.title}” is deleted.")
        return redirect("saved_view_list")
    form = SavedViewForm(request.POST)
    if form.is_valid():
        try:
            change_view(actor=visitor(request), view=view, **form.cleaned_data)
        except Fault as fault:
            form.add_fault(fault)
        else:
            messages.success(request, f"The view “{view.title}” is changed.")
            return redirect("saved_view_list")
    return _page(request, form)


@require_POST
@view_traces
def saved_view_restore(request: HttpRequest, event_id: int) -> HttpResponse:
    """Bring a view back that the visitor has deleted."""
    event = get_object_or_404(AuditEvent, pk=event_id, object_type="saved_view", actor=visitor(request))
    try:
        view = restore_view(actor=visitor(request), event=event)
    except Fault as fault:
        messages.info(request, str(fault))
    else:
        messages.success(request, f"The view “{view.title}” is back.")
    return redirect("saved_view_list")
