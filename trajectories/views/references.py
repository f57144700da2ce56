"""The page of references that no sample ever matched."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.selectors.problems import list_problem_sets
from trajectories.selectors.references import (
    LEAST_SAMPLES,
    ReferenceFilter,
    has_compared,
    list_unmatched,
    matches_by_set,
)
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs


@require_safe
@needs("trajectories.view_problem")
@vary_on_headers("HX-Request")
def reference_list(request: HttpRequest) -> HttpResponse:
    """The problems whose reference no sample matched, and what the samples say instead."""
    least = read_key(request, "least")
    scope = ReferenceFilter(request.GET.get("set", "").replace("\0", ""), least if least in LEAST_SAMPLES else 1)
    page = list_unmatched(scope, after=read_key(request, "after"), before=read_key(request, "before"))
    context = {
        "scope": scope,
        "page": page,
        "compared": bool(page.rows) or has_compared(),
        "by_set": matches_by_set(scope),
        "sets": list_problem_sets(),
        "least_samples": LEAST_SAMPLES,
    }
    name = "_table" if wants_fragment(request) else "list"
    return render(request, f"trajectories/references/{name}.html", context)
