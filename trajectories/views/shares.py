"""Pages to share: a problem, a trace, a comparison or a release as one file that needs nothing but a browser.

What people decided and what model judges said is in none of them but in a release, which is made of it: a file goes to
people of whom nobody knows what they may see. For the same reason there is no file of a trace of which a queue hides
anything from who asks.
"""

import json
import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from trajectories.core.problems.kinds import is_grids
from trajectories.models import Problem, Release, Trace
from trajectories.selectors.blinding import SEE_REVIEWS, Sight, has_hidden, hidden_among, sight_of
from trajectories.selectors.exports import prompt_of
from trajectories.selectors.population import get_population
from trajectories.selectors.problems import to_record
from trajectories.selectors.release_changes import withdrawn_of
from trajectories.selectors.rule_words import rule_words
from trajectories.selectors.traces import split_verdicts
from trajectories.views.contrasts import compared_pair
from trajectories.views.permissions import Refused, needs
from trajectories.views.releases import DEFAULT_FORMAT, first_rows
from trajectories.views.shown.contrasts import compare_steps, compared_outputs, compared_verdicts
from trajectories.views.shown.problems import show_tests
from trajectories.views.shown.steps import ShownStep, StepGroup, group_steps
from trajectories.views.shown.traces import draw_verdicts, shown_prompt
from trajectories.views.traces import find_trace

NOTHING_SEEN = Sight(0)
"""The sight of nobody: no reviews, and no verdicts of model judges."""

HIDDEN = "A queue hides some of this from you until you have decided there, and a file would tell it."

MOST_CHARACTERS = 1_000_000
"""Characters of reasoning in a file, in whole steps; the file says how many steps are left out."""

MOST_DIFFERENCES = 200
"""Differing steps in a file; the file says how many are left out."""


@require_safe
@needs("trajectories.view_problem")
def problem_share(request: HttpRequest, problem_id: int) -> HttpResponse:
    """A problem with what its samples answered."""
    problem = get_object_or_404(Problem.objects.select_related("problem_set"), pk=problem_id)
    if has_hidden(problem, sight_of(request.user)):
        raise Refused(HIDDEN)
    context = {"problem": problem, "tests": _tests(problem), "population": get_population(problem, NOTHING_SEEN)}
    return _file("problem", f"problem-{problem.name}", context)


@require_safe
@needs("trajectories.view_trace")
def trace_share(request: HttpRequest, trace_id: int) -> HttpResponse:
    """A trace with its problem, verdicts, steps, program and prompt."""
    trace = find_trace(trace_id)
    _refuse_hidden(request, trace)
    verdicts, _ = split_verdicts(trace, with_judges=False)
    steps, left_out = _steps(trace)
    context = {
        "trace": trace,
        "tests": _tests(trace.problem),
        "verdicts": verdicts,
        "pair_tables": draw_verdicts(to_record(trace.problem), trace, verdicts),
        "steps": steps,
        "left_out": left_out,
        "shown_characters": sum(len(step.body) for step in steps),
        "prompt": shown_prompt(prompt_of(trace)),
    }
    return _file("trace", f"trace-{trace.pk}", context)


@require_safe
@needs("trajectories.view_trace")
def comparison_share(request: HttpRequest) -> HttpResponse:
    """Two traces of one problem side by side, named in the address as on the page."""
    left, right = compared_pair(request)
    _refuse_hidden(request, left, right)
    one, other = (split_verdicts(trace, with_judges=False)[0] for trace in (left, right))
    record, rows = to_record(left.problem), list[Any]()
    start: int | None = 0
    while start is not None and start < MOST_DIFFERENCES:
        alignment = compare_steps(left, right, start=start)
        rows += alignment.rows
        start = alignment.following
    context = {
        "left": left,
        "right": right,
        "problem": left.problem,
        "tests": _tests(left.problem),
        "verdicts": compared_verdicts(one, other),
        "outputs": compared_outputs(draw_verdicts(record, left, one), draw_verdicts(record, right, other)),
        "rows": rows,
        "different": alignment.different,
        "shared": alignment.shared,
        "left_out": 0 if start is None else alignment.different - start,
    }
    return _file("comparison", f"traces-{left.pk}-{right.pk}", context)


@require_safe
@needs("trajectories.view_release", SEE_REVIEWS)
def release_share(request: HttpRequest, release_id: int) -> HttpResponse:  # noqa: ARG001
    """A release: its rule, its first rows and its manifest."""
    release = get_object_or_404(Release.objects.select_related("created_by"), pk=release_id)
    context = {
        "release": release,
        "withdrawn_count": len(withdrawn_of(release)),
        "words": rule_words(release.rule),
        "row_format": DEFAULT_FORMAT,
        "rows": first_rows(release),
        "manifest_text": json.dumps(release.manifest, ensure_ascii=False, indent=2),
    }
    return _file("release", f"release-{release.pk}", context)


def _refuse_hidden(request: HttpRequest, *traces: Trace) -> None:
    """Raise Refused where a queue hides anything of one of the traces from the visitor."""
    if hidden_among([trace.pk for trace in traces], sight_of(request.user)):
        raise Refused(HIDDEN)


def _tests(problem: Problem) -> list[dict[str, Any]]:
    return show_tests(problem) if is_grids(problem.kind) else []


def _steps(trace: Trace) -> tuple[list[ShownStep], int]:
    """The first steps up to MOST_CHARACTERS, and how many more there are."""
    blocks = group_steps(trace, whole=True, every=True)
    steps = [step for block in blocks if isinstance(block, StepGroup) for step in block.steps]
    shown, characters = list[ShownStep](), 0
    for step in steps:
        characters += len(step.body)
        if shown and characters > MOST_CHARACTERS:
            break
        shown.append(step)
    return shown, len(steps) - len(shown)


def _file(template: str, name: str, context: dict[str, Any]) -> HttpResponse:
    """The file as a download, so that nothing of it is shown as a page of ours."""
    text = render_to_string(f"trajectories/shares/{template}.html", {**context, "made_at": timezone.now()})
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:100] or template
    headers = {"Content-Disposition": f'attachment; filename="{safe}.html"'}
    return HttpResponse(text, content_type="text/html; charset=utf-8", headers=headers)
