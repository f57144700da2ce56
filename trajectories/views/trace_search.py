"""Searching inside one trace: which steps hold a text, with a passage of each and a way to jump there."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.models import Trace
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import needs
from trajectories.views.traces import cut_of, find_trace

LONGEST_QUERY = 200
HITS_SHOWN = 100
CONTEXT = 50
"""Characters of a passage on either side of what was found."""


@dataclass(frozen=True, slots=True)
class StepHit:
    """A step that holds the text: `count` times, the first time between `before` and `after`."""

    place: int
    title: str
    count: int
    before: str
    found: str
    after: str


def find_in_steps(trace: Trace, query: str) -> tuple[list[StepHit], int]:
    """(the first HITS_SHOWN steps whose title or body holds the text, how many do), whatever its case."""
    wanted = query.lower()
    hits: list[StepHit] = []
    count = 0
    for place, step in enumerate(trace.steps):
        texts = [text for text in (step["body"], step["title"]) if wanted in text.lower()]
        if not texts:
            continue
        count += 1
        if count <= HITS_SHOWN:
            hits.append(_hit(place, step["title"], texts[0], wanted))
    return hits, count


def _hit(place: int, title: str, text: str, wanted: str) -> StepHit:
    lower = text.lower()
    # A few letters are longer in lower case, and places would not fit: then the passage is in lower case.
    shown = text if len(lower) == len(text) else lower
    at = lower.index(wanted)
    end = at + len(wanted)
    return StepHit(
        place=place,
        title=title,
        count=lower.count(wanted),
        before=shown[max(0, at - CONTEXT) : at],
        found=shown[at:end],
        after=shown[end : end + CONTEXT],
    )


@require_safe
@needs("trajectories.view_trace")
@vary_on_headers("HX-Request")
def trace_search(request: HttpRequest, trace_id: int) -> HttpResponse:
    """The steps of a trace that hold what `q` says; nothing where it says nothing."""
    trace = find_trace(trace_id, cut_of(request))
    query = request.GET.get("q", "").strip()[:LONGEST_QUERY]
    hits, count = find_in_steps(trace, query) if query else ([], 0)
    context = {"trace": trace, "query": query, "hits": hits, "count": count}
    name = "_search" if wants_fragment(request) else "search"
    return render(request, f"trajectories/traces/{name}.html", context)
