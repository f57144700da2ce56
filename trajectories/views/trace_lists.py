"""The trace explorer: the list of traces, and what can be done with many of them at once."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from trajectories.core.exporters import EXPORTERS, Ways, encode_line, write_rows
from trajectories.core.faults import Fault
from trajectories.core.problems.kinds import is_grids
from trajectories.core.selections import MOST_TRACES, Selection
from trajectories.core.verifiers import VERIFIERS, consensus
from trajectories.forms.trace_tags import REMOVE_TAGS_OF_OTHERS, TagForm
from trajectories.forms.traces import TraceListForm, read_walk
from trajectories.models import AuditEvent, Trace
from trajectories.selectors.blinding import SEE_REVIEWS, Sight, sight_of
from trajectories.selectors.exports import MOST_DOWNLOADED, download_items
from trajectories.selectors.saved_views import MENU_SIZE, query_of, views_for
from trajectories.selectors.selection_words import selection_words
from trajectories.selectors.trace_filters import gives_away, traces_in
from trajectories.selectors.trace_searches import list_tools, passages_of, searched_part
from trajectories.selectors.trace_tags import REMOVED, last_tagging, list_tags, tags_of
from trajectories.selectors.traces import TRACES, TraceWalk, count_traces, list_traces, newest_trace
from trajectories.services.curation.trace_tags import add_tag, remove_tag, undo_tagging
from trajectories.views.fragments import wants_fragment
from trajectories.views.listing import Look, columns_of, query_with, show_list
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.scopes import of_selection
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

view_traces = needs("trajectories.view_trace")
DOWNLOAD = "trajectories.download_export"
ACTIONS = ("add_queue", "add_judgejob", "add_reverification", "add_segmentationjob", "add_release")
PLACES = ("see_quality", "view_review", "add_adjudication", "add_comparison")
"""Permissions, any of which makes the menu of what is done with a list, and of what lies beside it."""
MOST_CAME = 200
"""Rows that an open list is given of traces that have come."""


@require_safe
@view_traces
def trace_list(request: HttpRequest) -> HttpResponse:
    """The traces of a selection, a page at a time; a fragment is the table."""
    form, sight = TraceListForm(_with_columns(request)), sight_of(request.user)
    if sight.is_blind:
        form.call_decisions_own()
    if request.GET.get("part") == "filters":
        return render(request, "trajectories/traces/_more_filters.html", {"form": form, **_known_words(request)})
    valid, whole = form.is_valid(), not wants_fragment(request)
    walk = form.walk() if valid else read_walk(request.GET)
    if valid and request.GET.get("part") == "newer":
        return _newer(request, walk, sight)
    context = _table(request, walk, sight) | {"form": form, "whole_page": whole}
    if whole:
        more = form.shows_more or "more" in request.GET
        hidden = [(name, form[name].value()) for name in HIDDEN if form[name].value()]
        context |= {"shows_more": more, "hidden": hidden, "searched_part": searched_part()}
        context |= _known_words(request) if more else {}
    template = "trajectories/traces/list.html" if whole else "trajectories/traces/_table.html"
    response = render(request, template, context, status=200 if valid else 422)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _newer(request: HttpRequest, walk: TraceWalk, sight: Sight) -> HttpResponse:
    """Rows for the traces that have come `since` the one that an open list begins with; 204 while there are none.

    They go above the rows that are there, which stay as they are with what is chosen of them. A list that `came` has
    given MOST_CAME of them is full: it says so and asks no more.
    """
    since, came = read_key(request, "since"), read_key(request, "came") or 0
    given = request.GET.copy()
    for name in ("part", "since", "came"):
        given.pop(name, None)
    # Links of the rows lead to the list itself.
    request.GET = given  # type: ignore[assignment]
    columns: Sequence[str] = columns_of(request, TRACES)
    page = list_traces(walk, sight, after=since or 0, columns=columns)
    if not page.rows:
        return HttpResponse(status=204)
    _say_more(page.rows, walk, sight, columns)
    query = walk.query()
    look = Look(_without_pairs(request, columns, page.rows), "order")
    context = {
        "list": show_list(request, "traces", TRACES, page, look=look),
        "frame": "trajectories/listing/_newer.html",
        "scope": walk,
        "own": sight.is_blind,
        "where": f"?{query}" if query else "",
        "by_run": query_with(request, {"run": None}) + "&run=",
        **_poll(request, page.rows[0].pk, came + len(page.rows)),
    }
    return render(request, "trajectories/traces/_table.html", context)


def _poll(request: HttpRequest, since: int, came: int = 0) -> dict[str, Any]:
    """What an open list asks for, again and again, to show what has come."""
    here = query_with(request, {"part": "newer", "since": since, "came": came})
    return {"newer": here, "is_full": came >= MOST_CAME}


def _without_pairs(request: HttpRequest, columns: Sequence[str], rows: Sequence[Trace]) -> Sequence[str]:
    """The columns; nobody chose that of training pairs, and none of the rows has any: without it."""
    if "columns" not in request.GET and not any(is_grids(trace.problem.kind) for trace in rows):
        return tuple(word for word in columns if word != "pairs")
    return columns


def _with_columns(request: HttpRequest) -> Any:
    """What the address says, its columns in one word."""
    given = request.GET.copy()
    if len(given.getlist("columns")) > 1:
        given["columns"] = ",".join(given.getlist("columns")[:50])
    return given


def _table(request: HttpRequest, walk: TraceWalk, sight: Sight) -> dict[str, Any]:
    columns: Sequence[str] = columns_of(request, TRACES)
    down, up = read_key(request, "before"), read_key(request, "after")
    total = count_traces(walk, sight)
    page = list_traces(walk, sight, before=down, after=up, columns=columns, total=total)
    _say_more(page.rows, walk, sight, columns)
    columns = _without_pairs(request, columns, page.rows)
    query = walk.query()
    is_usual = not walk.order
    look = Look(columns, "order", ("Older", "Newer") if is_usual else ("Further", "Back"))
    return {
        "list": show_list(request, "traces", TRACES, page, look=look, count=total),
        "page": page,
        "scope": walk,
        "chips": selection_words(walk),
        "own": sight.is_blind,
        "where": f"?{query}" if query else "",
        "by_run": query_with(request, {"before": None, "after": None, "run": None}) + "&run=",
        **_menus(request),
        **(_poll(request, page.rows[0].pk) if page.rows and _is_open(walk, down, up) else {}),
        "waits": not page.rows and _is_open(walk, down, up),
    }


def _is_open(walk: TraceWalk, down: int | None, up: int | None) -> bool:
    """Whether traces that come belong at the top of what is shown."""
    return walk.sort is TRACES.sort("") and down is None and up is None and not (walk.newest or walk.traces)


def _say_more(traces: Sequence[Trace], walk: TraceWalk, sight: Sight, columns: Sequence[str]) -> None:
    """Give each trace the passage with what was searched for, None without one, and its tags where they are shown."""
    rows: list[Any] = list(traces)
    passages = passages_of(walk.text, traces) if walk.text else {}
    for row in rows:
        row.passage = passages.get(row.pk)
    if "tags" in columns:
        tags = tags_of(traces, sight)
        for row in rows:
            row.shown_tags = tags.get(row.pk, ())


def _menus(request: HttpRequest) -> dict[str, Any]:
    """What the menus offer this person, views to open, and what the list is now: to keep it, to choose columns."""
    person = visitor(request)
    views = list(views_for(person)[: MENU_SIZE + 1])
    given = request.GET.lists()
    return {
        "views": [(view, query) for view in views[:MENU_SIZE] if (query := query_of(view)) is not None],
        "offers_actions": any(person.has_perm(f"trajectories.{name}") for name in ACTIONS),
        "offers_places": any(person.has_perm(f"trajectories.{name}") for name in PLACES),
        "has_more_views": len(views) > MENU_SIZE,
        "here": query_with(request, dict.fromkeys(TRACES.turns)),
        "kept": [(name, value) for name, values in given if name not in NOT_KEPT for value in values if value],
    }


NOT_KEPT = ("columns", *TRACES.turns)


HIDDEN = ("run", "problem", "traces", "newest", "columns")
"""What the form of filters keeps without showing it."""


def _known_words(request: HttpRequest) -> dict[str, Any]:
    """Words that filters can be given."""
    return {
        "verifiers": [*VERIFIERS, consensus.NAME],
        "tags": list_tags(sight_of(request.user)),
        "tools": list_tools(),
        "searched_part": searched_part(),
    }


@require_safe
@view_traces
def trace_actions(request: HttpRequest) -> HttpResponse:
    """What can be done with the traces of a selection, all in one place.

    The list leads here with the traces that were picked (`pick`) or `among` all of its selection, which is then closed:
    traces that are stored later are not in it.
    """
    if request.GET.get("for") == "picked" and not request.GET.getlist("pick"):
        messages.info(request, "No trace was chosen; tick some first.")
        return redirect(f"{reverse('trace_list')}?{QueryDict(request.GET.get('among', '')).urlencode()}")
    if "for" in request.GET:
        return redirect(f"{reverse('trace_actions')}?{_chosen(request)}")
    return _asked(request)


@of_selection
def _asked(request: HttpRequest, scope: Selection) -> HttpResponse:
    return _actions(request, scope, TagForm())


def _chosen(request: HttpRequest) -> str:
    """The query of the page for what the list's form asks for; a wrong filter is told there."""
    if request.GET.get("for") == "picked":
        return urlencode({"traces": ",".join(request.GET.getlist("pick")[: MOST_TRACES + 1])})
    among = QueryDict(request.GET.get("among", ""), mutable=True)
    if not among.get("newest"):
        among["newest"] = str(newest_trace())
    return among.urlencode()


def _actions(request: HttpRequest, scope: Selection, form: TagForm) -> HttpResponse:
    sight, tagged = sight_of(request.user), last_tagging(visitor(request))
    context = {
        "scope": scope,
        "words": selection_words(scope),
        "total": count_traces(scope, sight),
        "form": form,
        "tags": list_tags(sight),
        "may_download": request.user.has_perm(DOWNLOAD) and request.user.has_perm(SEE_REVIEWS),
        "may_start": not gives_away(scope, sight),
        "tagged": tagged,
        "was_removed": tagged is not None and tagged.verb == REMOVED,
        "most_downloaded": MOST_DOWNLOADED,
    }
    status = 422 if form.is_bound else 200
    return render(request, "trajectories/trace_lists/actions.html", context, status=status)


@require_POST
@needs("trajectories.view_trace", "trajectories.add_tracetag")
@once
@of_selection
def trace_tag(request: HttpRequest, scope: Selection) -> HttpResponse:
    """Put a tag on the traces of a selection, or take it off."""
    form, sight = TagForm(request.POST), sight_of(request.user)
    if form.is_valid():
        given: dict[str, Any] = {"actor": visitor(request), "scope": scope, "sight": sight}
        name, removes = form.cleaned_data["tag"], request.POST.get("do") == "remove"
        try:
            if removes:
                of_others = request.user.has_perm(REMOVE_TAGS_OF_OTHERS)
                count = remove_tag(**given, name=name, of_others=of_others)
            else:
                count = add_tag(**given, name=name)
        except Fault as fault:
            form.add_fault(fault)
        else:
            traces = f"{count:,} trace{'' if count == 1 else 's'}"
            said = f"Taken off {traces}." if removes else f"{traces} tagged “{name}”." if count else "All had this tag."
            messages.success(request, said)
            return redirect(f"{reverse('trace_actions')}?{scope.query()}")
    return _actions(request, scope, form)


@require_POST
@needs("trajectories.view_trace", "trajectories.add_tracetag")
def trace_tag_undo(request: HttpRequest, event_id: int) -> HttpResponse:
    """Undo what the visitor did with a tag."""
    event = get_object_or_404(AuditEvent, pk=event_id, object_type="tag", actor=visitor(request))
    try:
        count = undo_tagging(actor=visitor(request), event=event)
    except Fault as fault:
        messages.info(request, str(fault))
    else:
        messages.success(request, f"Undone for {count:,} trace{'' if count == 1 else 's'}.")
    return redirect(f"{reverse('trace_actions')}?{Selection.from_json(event.data.get('selection')).query()}")


@require_safe
@needs("trajectories.view_trace", DOWNLOAD, SEE_REVIEWS)
@of_selection
def trace_download(request: HttpRequest, scope: Selection) -> HttpResponseBase:
    """The traces of a selection as one file, in the format that holds everything."""
    found = traces_in(scope, sight_of(request.user)).order_by("pk").values_list("pk", flat=True)
    keys = list(found[: MOST_DOWNLOADED + 1])
    if not keys or len(keys) > MOST_DOWNLOADED:
        many = f"more than {MOST_DOWNLOADED:,}" if keys else "no"
        expected = f"expected 1 to {MOST_DOWNLOADED:,} for a download"
        messages.error(request, f"Found {many} traces, {expected}. A release takes any number.")
        return redirect(f"{reverse('trace_actions')}?{scope.query()}")
    return StreamingHttpResponse(
        _lines(keys),
        content_type="application/jsonl; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="traces.full.jsonl"',
            "Cache-Control": "private, no-store",
        },
    )


def _lines(keys: Sequence[int]) -> Iterator[bytes]:
    exporter = EXPORTERS["full"]
    for item in download_items(keys):
        for row in write_rows(exporter, [item], Ways(with_meta=True)):
            yield encode_line(row.values)
