"""In which project a request acts: the one that its visitor has chosen, kept in their session.

Programs act in the project of their token, see api.auth.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from trajectories.adapters.acting import (
    ACTED_IN,
    CHOSEN,
    FIRST,
    act_in,
    acting_in,
    acting_project,
    carried_rows,
    chosen_project,
)
from trajectories.selectors.projects import may_enter


class ActingProject:
    """Middleware: each request begins with no project chosen, and takes that of its session where it has a visitor.

    What a response sends bit by bit is made in the same project, after the request is over.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request."""
        with acting_in(None):
            response = self._get_response(request)
            request.META[ACTED_IN] = acting_project()
            if response.streaming and chosen_project() is not None:
                rows: Any = response
                rows.streaming_content = carried_rows(rows.streaming_content)
            return response

    def process_view(self, request: HttpRequest, view: Any, *_: Any) -> None:
        """Choose the project, before the view; pages that need no visitor are of none, or choose it themselves."""
        if getattr(view, "login_required", True):
            choose_project(request)


def choose_project(request: HttpRequest) -> None:
    """Act in the project that the visitor has chosen, for as long as they may; else in the first one."""
    project = request.session.get(CHOSEN, FIRST)
    if project == FIRST or not request.user.is_authenticated:
        return
    if may_enter(request.user, project):
        act_in(project)
    else:
        del request.session[CHOSEN]
