"""The page of one trace, where it is read and reviewed, and going on to the next one."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from trajectories.core.faults import Fault
from trajectories.forms.reviews import ReviewForm, UndoForm
from trajectories.forms.threads import ThreadForm
from trajectories.forms.traces import read_walk
from trajectories.models import PendingVerification, Review, ReviewLease, Trace
from trajectories.selectors.adjudications import final_decision
from trajectories.selectors.attachments import EVERYTHING_ATTACHED, Attached
from trajectories.selectors.blinding import Sight, sight_of, sight_on_screen, veil
from trajectories.selectors.contrasts import group_walk
from trajectories.selectors.exports import prompt_of
from trajectories.selectors.lineages import get_lineage
from trajectories.selectors.memory import count_shown_to, find_remembered
from trajectories.selectors.problems import to_record
from trajectories.selectors.repairs import repair_of, repairs_of
from trajectories.selectors.review_leases import running_leases, trace_holder
from trajectories.selectors.reviews import get_dispute, last_decision, review_history, standing_review
from trajectories.selectors.search_trees import tells_hidden
from trajectories.selectors.segmentations import as_cut, labels_as_cut
from trajectories.selectors.threads import threads_of
from trajectories.selectors.traces import (
    TraceWalk,
    get_trace,
    imported_decisions,
    is_anything_waiting,
    neighbours,
    next_to_review,
    review_progress,
    split_verdicts,
)
from trajectories.services.curation.review_leases import lease_next_trace, lease_trace, release_trace
from trajectories.views.ahead import is_ahead
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key, read_keys
from trajectories.views.permissions import needs
from trajectories.views.shown.evidence import show_verdicts
from trajectories.views.shown.steps import (
    OUTLINE_STEPS,
    StepGroup,
    group_steps,
    program_step,
    steps_of_group,
    steps_of_range,
)
from trajectories.views.shown.traces import draw_verdicts, shown_facts, shown_prompt, shown_variation
from trajectories.views.shown.values import faults_of_steps, is_right_by_wrong_steps, values_of_steps
from trajectories.views.trace_sections import sections_of
from trajectories.views.visitors import visitor

view_traces = needs("trajectories.view_trace")
MAY_REVIEW = "trajectories.add_review"


def trace_address(trace_id: int, scope: TraceWalk) -> str:
    """The page of a trace, with the scope it is looked at in."""
    query = scope.query()
    return reverse("trace_detail", args=[trace_id]) + (f"?{query}" if query else "")


def trace_next_address(scope: TraceWalk) -> str:
    """Where reviewing a scope goes on."""
    return f"{reverse('trace_next')}?{scope.query()}"


@require_safe
@view_traces
def trace_detail(request: HttpRequest, trace_id: int) -> HttpResponse:
    """One trace: steps, program, verdicts and facts, with the decision form for those who may review."""
    scope = read_walk(request.GET)
    return render_trace(request, find_trace(trace_id, cut_of(request)), scope)


@require_safe
@view_traces
def trace_steps(request: HttpRequest, trace_id: int, first: int) -> HttpResponse:
    """The bodies of one group of steps, which the page fetches when they come into sight."""
    trace = find_trace(trace_id, cut_of(request))
    _value_steps(request, trace)
    group = steps_of_group(trace, first)
    if group is None:
        raise Http404("no such group of steps")
    return render(request, "trajectories/traces/_steps.html", {"trace": trace, "group": group})


@require_safe
@view_traces
def trace_verdicts(request: HttpRequest, trace_id: int) -> HttpResponse:
    """The verdicts of a trace, or by `part=correctness` what they come to, for a page that waits; 204 while there are
    none yet."""
    # Asked before the trace is read: what is not awaited any more has its verdicts then.
    if PendingVerification.objects.filter(trace=trace_id).exists():
        return HttpResponse(status=204)
    trace, sight = find_trace(trace_id), sight_on_screen(request.user, asked=False)
    veil([trace], sight)
    told = sight.covers(trace.pk)
    context = {"trace": trace, "arrived": True, **_verdicts(trace, told=told)}
    name = "_correctness" if request.GET.get("part") == "correctness" else "_verdicts"
    return render(request, f"trajectories/traces/{name}.html", context)


@require_safe
@view_traces
def trace_step_range(request: HttpRequest, trace_id: int, first: int, last: int) -> HttpResponse:
    """The titles of a range of steps of a long trace, for the reading column and the outline."""
    trace = find_trace(trace_id, cut_of(request))
    _value_steps(request, trace)
    groups = steps_of_range(trace, first, last)
    if not groups:
        raise Http404("no such range of steps")
    context = {"trace": trace, "groups": groups, "first": first, "is_listed": first < OUTLINE_STEPS}
    return render(request, "trajectories/traces/_step_range.html", context)


def _value_steps(request: HttpRequest, trace: Trace) -> None:
    """Let the steps of a trace tell their values, as far as the visitor may see these."""
    sight = sight_on_screen(request.user, asked=request.GET.get("reviews") == "all")
    veil([trace], sight)
    newest, _ = split_verdicts(trace, with_judges=sight.covers(trace.pk))
    trace.step_values = values_of_steps(trace, newest)
    trace.step_faults = faults_of_steps(trace, newest)


@require_safe
@view_traces
def trace_next(request: HttpRequest) -> HttpResponse:
    """Go from the trace `after` to the next one of the scope that awaits a decision, or say that there is none.

    A page asks for it with the header `X-Ahead` while it shows `after`, to have it ready; 204 says that there is none.
    """
    scope, after = read_walk(request.GET), read_key(request, "after")
    ahead = is_ahead(request)
    if after is not None and not ahead and request.user.has_perm(MAY_REVIEW):
        release_trace(reviewer=visitor(request), trace_id=after)
    but = [*read_keys(request, "but"), *([after] if ahead and after is not None else [])]
    following = hand_out(request, scope, after=after, but=but)
    if following is None:
        return HttpResponse(status=204) if ahead else render_finished(request, scope)
    if not wants_fragment(request):
        return redirect(trace_address(following, scope))
    response = render_trace(request, find_trace(following), scope)
    response["HX-Push-Url"] = trace_address(following, scope)
    return response


def hand_out(
    request: HttpRequest, scope: TraceWalk, *, after: int | None = None, but: Sequence[int] = ()
) -> int | None:
    """The next trace of a scope that awaits a decision; who may review has it leased then. None where there is none."""
    sight = sight_of(request.user)
    if not request.user.has_perm(MAY_REVIEW):
        return next_to_review(scope, sight, after=after, reviewer=None)
    lease = lease_next_trace(reviewer=visitor(request), walk=scope, sight=sight, after=after, but=but)
    return None if lease is None else lease.trace_id


def find_trace(trace_id: int, cut: str | None = None) -> Trace:
    """The trace as it is cut for readers, or as a page says that it was cut for it; or the page that says there is
    none."""
    try:
        return as_cut(get_trace(trace_id), cut)
    except Trace.DoesNotExist as fault:
        raise Http404(f"There is no trace {trace_id}.") from fault
    except Fault as fault:
        raise Http404(str(fault)) from fault


def cut_of(request: HttpRequest) -> str | None:
    """How the page that asks has cut its trace; None where it does not say."""
    return request.POST.get("cut", request.GET.get("cut"))


def render_finished(request: HttpRequest, scope: TraceWalk) -> HttpResponse:
    """The page that says nothing is left to review in a scope, or that others look at all that is left."""
    sight = sight_of(request.user)
    context = {
        "scope": scope,
        "progress": review_progress(scope, sight),
        "undo": undo_offer(request),
        "others_look": is_anything_waiting(scope, sight),
    }
    name = "_finished" if wants_fragment(request) else "finished"
    response = render(request, f"trajectories/traces/{name}.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def render_trace(
    request: HttpRequest,
    trace: Trace,
    scope: TraceWalk,
    *,
    form: ReviewForm | None = None,
    note: str = "",
) -> HttpResponse:
    """The page of a trace, or for htmx its main part; `form` is one that came back with errors (status 422)."""
    if form and wants_fragment(request):
        response = render_panel(request, trace, scope, form)
        # Only the form comes back, so that the reader stays where they are.
        response["HX-Retarget"], response["HX-Reswap"] = "#review", "outerHTML"
        return response
    context = {"note": note, "scope": scope, "raw": request.GET.get("view") == "raw"}
    asked = request.GET.get("reviews") == "all"
    sight = sight_on_screen(request.user, asked=asked)
    told = sight.covers(trace.pk)
    veil([trace], sight)
    context |= reading(request, trace, told=told, sight=sight) | _reviewing(request, trace, scope, form)
    context |= _told(request, trace, told=told)
    context["shown_to"] = count_shown_to(trace, sight)
    name = "_trace" if wants_fragment(request) else "detail"
    response = render(request, f"trajectories/traces/{name}.html", context, status=422 if form else 200)
    patch_vary_headers(response, ["HX-Request"])
    return response


def render_panel(request: HttpRequest, trace: Trace, scope: TraceWalk, form: ReviewForm | None = None) -> HttpResponse:
    """The decision panel alone; `form` is one that came back with errors (status 422)."""
    context = {"trace": trace, "scope": scope, **_deciding(request, trace, scope, form)}
    return render(request, "trajectories/reviews/_panel.html", context, status=422 if form else 200)


def reading(
    request: HttpRequest,
    trace: Trace,
    *,
    told: bool,
    verified: bool = True,
    attached: Attached = EVERYTHING_ATTACHED,
    sight: Sight | None = None,
) -> dict[str, Any]:
    """What there is to read; `told` says whether what people and model judges said may be seen, `verified` whether
    what verifiers found may. What is not `attached` is not looked for. Of other traces of its lineage there is what
    `sight` lets be seen, that of the visitor where none is given.
    """
    at = (read_key(request, "step") or 1) - 1
    said = _verdicts(trace, told=told, verified=verified, attached=attached)
    trace.step_values = values_of_steps(trace, said["verdicts"])
    trace.step_faults = faults_of_steps(trace, said["verdicts"])
    groups = group_steps(trace, whole=request.GET.get("bodies") == "all", at=at)
    reader = visitor(request).pk
    seen = sight or sight_of(request.user)
    lineage = get_lineage(trace, seen, reader_id=None if told else reader) if attached.family else None
    threads = threads_of(trace, reader_id=reader, told=told) if attached.threads else []
    return {
        **said,
        "trace": trace,
        "reading_address": reverse("trace_detail", args=[trace.pk]),
        "prompt": shown_prompt(prompt_of(trace)),
        "groups": groups,
        "sections": sections_of(trace, groups),
        "program_shown": program_step(trace) is not None,
        "hidden_steps": not all(isinstance(group, StepGroup) and group.shown for group in groups),
        "lineage": lineage,
        "has_tree": lineage is not None
        and trace.attempt_id is not None
        and trace.run is not None
        and not trace.veiled_verdicts
        and not tells_hidden(trace.run, trace.problem_id, sight_of(request.user)),
        "repair": repair_of(trace),
        "repairs": list(repairs_of(trace, reader_id=reader, told=told)) if lineage and lineage.has_edits else [],
        "threads": threads,
        "open_threads": sum(thread.is_open for thread in threads),
        "thread_form": ThreadForm(),
        "told": told,
        "variation": shown_variation(trace.facts),
        "remembered": None if trace.veiled_sampler else find_remembered(trace, sight_of(request.user)),
        "facts": []
        if trace.veiled_sampler
        else shown_facts(trace.facts, with_examples=told or not sight_of(request.user).is_blind),
    }


def _verdicts(
    trace: Trace, *, told: bool, verified: bool = True, attached: Attached = EVERYTHING_ATTACHED
) -> dict[str, Any]:
    """What verifiers said, here and elsewhere, where `verified`; what model judges and people elsewhere said only where
    `told` too.
    """
    has_verdicts, has_imported = verified and attached.verdicts, verified and attached.imported
    verdicts, older_verdicts = split_verdicts(trace, with_judges=told) if has_verdicts else ([], [])
    problem = to_record(trace.problem)
    imported_verdicts, imported_reviews = imported_decisions(trace, with_judges=told) if has_imported else ([], [])
    shown = show_verdicts(problem, trace, verdicts)
    return {
        "has_folded_verdicts": bool(older_verdicts or imported_verdicts) or not all(each.is_unfolded for each in shown),
        "verdicts": verdicts,
        "wrong_steps": is_right_by_wrong_steps(trace, verdicts),
        "older_verdicts": older_verdicts,
        "shown_verdicts": shown,
        "pair_tables": draw_verdicts(problem, trace, verdicts),
        "imported_verdicts": imported_verdicts,
        "imported_reviews": imported_reviews,
    }


@dataclass(frozen=True, slots=True)
class UndoOffer:
    """The decision that undo would take back, and the form that does it."""

    trace_id: int
    decision: str
    form: UndoForm


def undo_offer(request: HttpRequest) -> UndoOffer | None:
    """What the visitor can undo, None where there is nothing."""
    if not request.user.has_perm(MAY_REVIEW):
        return None
    last = last_decision(reviewer=visitor(request))
    return UndoOffer(last.trace_id, last.decision, UndoForm()) if last else None


def _reviewing(request: HttpRequest, trace: Trace, scope: TraceWalk, form: ReviewForm | None) -> dict[str, Any]:
    newer, older = neighbours(scope, trace, sight_of(request.user))
    context: dict[str, Any] = {
        "newer": trace_address(newer, scope) if newer else None,
        "older": trace_address(older, scope) if older else None,
    }
    group = group_walk(trace)
    context |= {
        "group": group,
        "group_newer": trace_address(group.newer, scope) if group.newer else None,
        "group_older": trace_address(group.older, scope) if group.older else None,
    }
    if request.user.has_perm(MAY_REVIEW):
        context |= _deciding(request, trace, scope, form)
    return context


def _told(request: HttpRequest, trace: Trace, *, told: bool) -> dict[str, Any]:
    """What people said of a trace: everything, or the visitor's own words and that others' stay hidden.

    That is said whether or not there are any, since it would tell.
    """
    history = review_history(trace)
    if not told:
        history = history.filter(reviewer=visitor(request))
    return {
        "decision": trace.decision if told else "",
        "dispute": get_dispute(trace) if told and trace.disputed else None,
        "final": final_decision(trace) if told else None,
        "blind": not told,
        "may_ask": not sight_of(request.user).is_blind,
        "history": list(history[:20]),
    }


def _deciding(request: HttpRequest, trace: Trace, scope: TraceWalk, form: ReviewForm | None) -> dict[str, Any]:
    sight, reviewer = sight_of(request.user), visitor(request)
    if form is None:
        lease = lease_trace(reviewer=reviewer, trace_id=trace.pk)
    else:
        # The page stays as it was, and so does what it knows of the trace's reviews.
        lease = running_leases().filter(trace=trace, holder=reviewer).first()
    following = next_to_review(scope, sight, after=trace.pk, reviewer=reviewer)
    mine = standing_review(trace=trace, reviewer=reviewer)
    return {
        "mine": mine,
        "lease": lease,
        "looking": trace_holder(trace.pk) if lease is None else None,
        "following": following not in (None, trace.pk),
        "form": form or ReviewForm(initial=_said(trace, mine, lease), step_count=len(trace.steps)),
        **panel_state(request, scope),
    }


def panel_state(request: HttpRequest, scope: TraceWalk) -> dict[str, Any]:
    """What of the decision panel a decision on any trace of the scope changes."""
    return {"scope": scope, "undo": undo_offer(request), "progress": review_progress(scope, sight_of(request.user))}


def _said(trace: Trace, mine: Review | None, lease: ReviewLease | None) -> dict[str, Any]:
    """The form starts with what the visitor said before, and with a key of its own."""
    said: dict[str, Any] = {"key": uuid.uuid4(), "lease": lease.token if lease else None}
    if mine is not None:
        said |= {name: getattr(mine, name) for name in ("decision", "reason", "score", "comment")}
        said["step_labels"] = json.dumps(labels_as_cut(mine, trace))
    return said
