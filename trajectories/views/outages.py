"""The page for what went wrong inside: the database is away (503), or anything else (500)."""

import sys

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views.defaults import server_error

from trajectories.core.rendering.preferences import read_preferences
from trajectories.services.jobs.outages import is_away
from trajectories.views.fragments import wants_fragment

SECONDS_TO_RETRY = 5


def outage_or_error(request: HttpRequest) -> HttpResponse:
    """`handler500`: 503 where the exception being handled says that the database is away, else 500.

    Touches no database itself: no session, no user, no message.
    """
    if not is_away(sys.exc_info()[1]):
        return server_error(request)
    if wants_fragment(request):
        text = "The database does not answer. What was sent may not be saved; try again in a moment."
        response = HttpResponse(text, status=503, content_type="text/plain")
    else:
        context = {
            "looks": read_preferences(request.COOKIES),
            "is_read": request.method in ("GET", "HEAD"),
            "seconds": SECONDS_TO_RETRY,
        }
        response = HttpResponse(loader.render_to_string("503.html", context), status=503)
    response["Retry-After"] = str(SECONDS_TO_RETRY)
    response["Cache-Control"] = "no-store"
    return response
