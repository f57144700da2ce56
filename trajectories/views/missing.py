"""The page of an address at which there is nothing."""

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.defaults import page_not_found

from trajectories.adapters.acting import chosen_project
from trajectories.views.acting import choose_project


class Gone(Http404):
    """What was there and is not any more; the text tells people so, and what to do."""


def not_here(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Say that there is nothing, among the areas of the project that the visitor has chosen: where no view was found,
    nobody has chosen it for the request yet."""
    if chosen_project() is None and hasattr(request, "session"):
        choose_project(request)
    if isinstance(exception, Gone):
        return render(request, "404.html", {"why": str(exception)}, status=404)
    return page_not_found(request, exception)
