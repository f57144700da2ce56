"""Keeping and releasing what a reviewer has on the screen."""

import uuid

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.views.decorators.http import require_POST

from trajectories.services.curation.assignments import release_assignments, renew_assignments
from trajectories.services.curation.review_leases import release_leases, renew_leases
from trajectories.views.visitors import visitor

MOST_TOKENS = 100
"""More than any page holds."""


@require_POST
def review_leases(request: HttpRequest) -> HttpResponse:
    """Keep the visitor's leases with these tokens and name those that are lost, or with `leave` let go of them.

    Needs no permission: nobody can touch a lease that is not their own.
    """
    given = request.POST.getlist("token")
    try:
        tokens = [uuid.UUID(token) for token in given[:MOST_TOKENS]]
    except ValueError:
        return HttpResponseBadRequest("token: found something else, expected UUIDs.", content_type="text/plain")
    if "leave" in request.POST:
        release_leases(reviewer=visitor(request), tokens=tokens)
        release_assignments(reviewer=visitor(request), tokens=tokens)
        return HttpResponse(status=204)
    lost = renew_leases(reviewer=visitor(request), tokens=tokens)
    lost -= renew_assignments(reviewer=visitor(request), tokens=lost)
    return JsonResponse({"lost": sorted(map(str, lost))})
