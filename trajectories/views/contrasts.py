"""Two traces of one problem side by side: reached from a trace, from a problem's samples, and walked by answer."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.core.problems.kinds import is_grids
from trajectories.models import Trace
from trajectories.selectors.blinding import Sight, hidden_among, sight_of
from trajectories.selectors.contrasts import group_place
from trajectories.selectors.problem_samples import list_samples
from trajectories.selectors.problems import to_record
from trajectories.selectors.replays import kept_replay
from trajectories.selectors.traces import get_trace_for, split_verdicts
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.shown.contrasts import (
    compare_steps,
    compared_facts,
    compared_outputs,
    compared_verdicts,
    parting_of,
)
from trajectories.views.shown.traces import draw_verdicts

view_traces = needs("trajectories.view_trace")


@require_safe
@view_traces
@vary_on_headers("HX-Request")
def trace_compare(request: HttpRequest) -> HttpResponse:
    """Two traces side by side, or with `left` alone the samples that one may be compared with.

    `from` is the number of the first differing step to show; htmx gets the rows alone.
    """
    left = _find(request, "left")
    if left is None:
        return _refuse(request, "Found no trace to compare, expected the number of one as “left” in the address.")
    right = _find(request, "right")
    sight = sight_of(request.user)
    if right is None:
        return _choose(request, left, sight)
    if left.problem_id != right.problem_id:
        both = f"traces {left.pk} and {right.pk} of two problems"
        return _refuse(request, f"Found {both}, expected two traces of one.")
    start = read_key(request, "from") or 0
    context: dict[str, Any] = {"left": left, "right": right, "problem": left.problem}
    context["alignment"] = compare_steps(left, right, start=start)
    if wants_fragment(request):
        return render(request, "trajectories/contrasts/_rows.html", context)
    context |= _facts(left, right, sight)
    return render(request, "trajectories/contrasts/detail.html", context)


def compared_pair(request: HttpRequest) -> tuple[Trace, Trace]:
    """The two traces of one problem that the address names. Raises Http404."""
    left, right = _find(request, "left"), _find(request, "right")
    if left is None or right is None or left.problem_id != right.problem_id:
        raise Http404("Expected two traces of one problem, as “left” and “right” in the address.")
    return left, right


def compare_address(left: int, right: int) -> str:
    """The address of the comparison of two traces."""
    return f"{reverse('trace_compare')}?{urlencode({'left': left, 'right': right})}"


def _find(request: HttpRequest, name: str) -> Trace | None:
    """The trace that the address names; None where it names none. Raises Http404."""
    key = read_key(request, name)
    if key is None:
        return None
    try:
        return get_trace_for(key, sight_of(request.user))
    except Trace.DoesNotExist as fault:
        raise Http404(f"There is no trace {key}.") from fault


def _refuse(request: HttpRequest, sentence: str) -> HttpResponse:
    return render(request, "trajectories/contrasts/refused.html", {"sentence": sentence}, status=422)


def _choose(request: HttpRequest, left: Trace, sight: Sight) -> HttpResponse:
    before, after = read_key(request, "before"), read_key(request, "after")
    page = list_samples(left.problem, sight, before=before, after=after)
    context = {"left": left, "problem": left.problem, "page": page}
    return render(request, "trajectories/contrasts/choose.html", context)


def _facts(left: Trace, right: Trace, sight: Sight) -> dict[str, Any]:
    """Everything but the steps. What model judges and people said is there as far as it may be seen."""
    problem = to_record(left.problem)
    told = {trace.pk: sight.covers(trace.pk) for trace in (left, right)}
    one, other = (split_verdicts(trace, with_judges=told[trace.pk])[0] for trace in (left, right))
    outputs = compared_outputs(draw_verdicts(problem, left, one), draw_verdicts(problem, right, other))
    parted = [row for row in outputs if row.differs]
    replays = kept_replay(left), kept_replay(right)
    place = group_place(right, but=left.pk)
    return {
        "facts": compared_facts(left, right),
        "verdicts": compared_verdicts(one, other),
        "outputs": outputs,
        "parted": parted,
        "both_recorded": all(replay and replay.pairs is not None for replay in replays),
        "parting": parting_of(*replays),
        "place": place,
        "newer": place.newer and compare_address(left.pk, place.newer),
        "older": place.older and compare_address(left.pk, place.older),
        "here": compare_address(left.pk, right.pk),
        "swapped": compare_address(right.pk, left.pk),
        "left_decision": left.decision if told[left.pk] else "",
        "right_decision": right.decision if told[right.pk] else "",
        "has_grids": is_grids(left.problem.kind),
        "may_share": not hidden_among([left.pk, right.pk], sight),
    }
