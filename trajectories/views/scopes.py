"""Selections that addresses name, for pages that make something of all their traces."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from trajectories.core.faults import Fault
from trajectories.forms.traces import read_exactly
from trajectories.views.fragments import wants_fragment

_Answer = TypeVar("_Answer", bound=HttpResponseBase)


def of_selection(view: Callable[..., _Answer]) -> Callable[..., _Answer | HttpResponse]:
    """Give a view the selection that the address names, after the request. A wrong filter is answered with status 422
    and what is wrong: where it counted for nothing, the view would take more traces than were asked for.

    Goes below the checks of method and permission.
    """

    @wraps(view)
    def read(request: HttpRequest, *arguments: Any, **named: Any) -> _Answer | HttpResponse:
        try:
            scope = read_exactly(request.GET)
        except Fault as fault:
            name = "_wrong" if wants_fragment(request) else "wrong"
            context = {"fault": str(fault)}
            return render(request, f"trajectories/trace_lists/{name}.html", context, status=422)
        return view(request, scope, *arguments, **named)

    return read
