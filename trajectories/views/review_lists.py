"""The list of reviews."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.selectors.blinding import sight_of
from trajectories.selectors.review_lists import (
    REVIEWS,
    STATES,
    ReviewFilter,
    count_reviews,
    list_reviews,
    reviewers_of,
)
from trajectories.views.addresses import read_text
from trajectories.views.fragments import wants_fragment
from trajectories.views.listing import Look, columns_of, show_list
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs


@require_safe
@needs("trajectories.view_review")
@vary_on_headers("HX-Request")
def review_list(request: HttpRequest) -> HttpResponse:
    """All reviews that may be seen, filtered and sorted by the address; a fragment is the table."""
    scope = ReviewFilter(read_text(request, "state"), read_key(request, "reviewer"))
    sort, sight = read_text(request, "sort"), sight_of(request.user)
    page = list_reviews(scope, sight, sort=sort, before=read_key(request, "before"), after=read_key(request, "after"))
    look = Look(columns_of(request, REVIEWS), titles=("Further", "Back") if sort else ("Older", "Newer"))
    context = {
        "list": show_list(request, "reviews", REVIEWS, page, look=look, count=count_reviews(scope, sight)),
        "scope": scope,
        "sort": sort,
        "states": STATES.items(),
        "reviewers": reviewers_of(sight),
        "sorts": [(word, order.title) for word, order in REVIEWS.sorts.items()],
        "own": sight.is_blind,
    }
    template = "_table" if wants_fragment(request) else "list"
    return render(request, f"trajectories/review_lists/{template}.html", context)
