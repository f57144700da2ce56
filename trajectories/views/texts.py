"""Whole texts as plain text: what pages show a part of where it is too long to be read there."""

import json

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from trajectories.models import Problem, Trace
from trajectories.views.permissions import needs

PROBLEM_PARTS = ("statement", "answer")
TRACE_PARTS = ("prompt", "reasoning", "program")


@require_safe
@needs("trajectories.view_problem")
def problem_text(request: HttpRequest, problem_id: int, part: str) -> HttpResponse:  # noqa: ARG001 (a view)
    """What a problem asks, or its expected answer: a text as it is, anything else as JSON."""
    if part not in PROBLEM_PARTS:
        raise Http404(f"There is no part {part[:40]!r} of a problem.")
    problem = get_object_or_404(Problem.objects.only("statement", "reference"), pk=problem_id)
    value = problem.statement if part == "statement" else problem.reference
    return _text("" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


@require_safe
@needs("trajectories.view_trace")
def trace_text(request: HttpRequest, trace_id: int, part: str) -> HttpResponse:  # noqa: ARG001 (a view)
    """The prompt (as JSON), the reasoning or the program of a trace."""
    if part not in TRACE_PARTS:
        raise Http404(f"There is no part {part[:40]!r} of a trace.")
    trace = get_object_or_404(Trace.objects.select_related(part).only("pk", f"{part}__body"), pk=trace_id)
    stored = getattr(trace, part)
    if stored is None:
        raise Http404(f"Trace {trace_id} has no {part}.")
    return _text(stored.body)


def _text(text: str) -> HttpResponse:
    """Plain text that no browser takes for anything else: every answer has nosniff, see the settings."""
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
