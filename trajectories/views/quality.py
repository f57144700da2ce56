"""How far reviewers agree and how reliable each is; one reviewer week by week, and voiding their reviews."""

import uuid

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from trajectories.forms.candidates import KeyForm
from trajectories.forms.quality import QualityForm, ReassignForm, VoidForm
from trajectories.models import ReviewVoid
from trajectories.selectors.gold import gold_by_week, gold_rows
from trajectories.selectors.quality import weeks_of
from trajectories.selectors.quality_reports import pair_matrix, quality_report
from trajectories.selectors.queues import open_by_queue
from trajectories.selectors.suggestions import suggestion_report
from trajectories.selectors.voids import list_voids
from trajectories.services.curation.reassigning import Moved, VoidDraft, reassign_items, reopen_items
from trajectories.services.curation.voids import VoidError, restore_reviews, void_reviews
from trajectories.views.permissions import needs
from trajectories.views.visitors import visitor

see_quality = needs("trajectories.see_quality", "trajectories.see_reviews")
reassigns = needs("trajectories.control_queue", "trajectories.see_quality", "trajectories.see_reviews")
void_others = needs("trajectories.add_reviewvoid", "trajectories.see_quality", "trajectories.see_reviews")


@require_safe
@see_quality
def quality(request: HttpRequest) -> HttpResponse:
    """All figures over the reviews of a scope (in the address)."""
    form = QualityForm(request.GET or None)
    scope = form.scope()
    status = 422 if form.is_bound and form.errors else 200
    report = quality_report(scope)
    context = {
        "form": form,
        "report": report,
        "matrix": pair_matrix(report),
        "gold": gold_rows(scope),
        "suggestions": suggestion_report(scope),
        "scope_query": request.GET.urlencode(),
    }
    return render(request, "trajectories/quality/detail.html", context, status=status)


@require_safe
@see_quality
def quality_reviewer(request: HttpRequest, user_id: int) -> HttpResponse:
    """One reviewer week by week, and what leads voided of their reviews."""
    return _render(request, _reviewer(user_id))


@require_POST
@void_others
def review_void(request: HttpRequest, user_id: int) -> HttpResponse:
    """Let the decisions of a reviewer from a day on count for nothing."""
    reviewer, form = _reviewer(user_id), VoidForm(request.POST)
    if not form.is_valid():
        return _render(request, reviewer, form)
    data = form.cleaned_data
    draft = VoidDraft(form.moment(), data["reason"], data["key"], data["in_queue"])
    moved = None
    try:
        if data["again"]:
            event, moved = reopen_items(actor=visitor(request), reviewer=reviewer, draft=draft, to=list(data["to"]))
        else:
            event = void_reviews(
                actor=visitor(request),
                reviewer=reviewer,
                since=draft.since,
                reason=draft.reason,
                key=draft.key,
                queue=draft.queue,
            )
    except VoidError as fault:
        form.add_fault(fault)
        return _render(request, reviewer, form)
    said = f"{_counted(event.review_count, 'review')} of {reviewer.username} count for nothing."
    messages.success(request, said if moved is None else f"{said} {_told(moved, 'open again')}")
    return redirect(reverse("quality_reviewer", args=[user_id]))


@require_POST
@reassigns
def quality_reassign(request: HttpRequest, user_id: int) -> HttpResponse:
    """Give what a reviewer has not decided in a queue to others."""
    reviewer = _reviewer(user_id)
    form = ReassignForm(request.POST, reviewer=reviewer)
    if not form.is_valid():
        return _render(request, reviewer, reassign_form=form)
    queue, people = form.cleaned_data["from_queue"], list(form.cleaned_data["to"])
    moved = reassign_items(actor=visitor(request), reviewer=reviewer, queue=queue, to=people)
    if moved.count:
        messages.success(request, _told(moved, f"taken from {reviewer.username} in “{queue.title}”"))
    else:
        messages.info(request, f"{reviewer.username} has nothing open in “{queue.title}” any more.")
    return redirect(reverse("quality_reviewer", args=[user_id]))


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _told(moved: Moved, what: str) -> str:
    """What became of items, with those that nobody named could have."""
    said = f"{_counted(moved.count, 'item')} {what}"
    return f"{said}; {moved.to_anybody:,} of them for whoever is next." if moved.to_anybody else f"{said}."


@require_POST
@void_others
def review_void_undo(request: HttpRequest, void_id: int) -> HttpResponse:
    """Let voided decisions count again."""
    void = get_object_or_404(ReviewVoid.objects.select_related("reviewer"), pk=void_id)
    form = KeyForm(request.POST)
    if form.is_valid():
        try:
            event = restore_reviews(actor=visitor(request), void=void, key=form.cleaned_data["key"])
        except VoidError as fault:
            messages.error(request, str(fault))
        else:
            count = event.review_count
            text = f"{count:,} review{'' if count == 1 else 's'} of {void.reviewer.username} count again."
            messages.success(request, text)
    return redirect(reverse("quality_reviewer", args=[void.reviewer_id]))


def _reviewer(user_id: int) -> User:
    return get_object_or_404(User, pk=user_id)


def _render(
    request: HttpRequest,
    reviewer: User,
    form: VoidForm | None = None,
    reassign_form: ReassignForm | None = None,
) -> HttpResponse:
    """The page of a reviewer; a form that is given came back with errors (status 422)."""
    filters = QualityForm(request.GET or None)
    scope = filters.scope()
    context = {
        "reviewer": reviewer,
        "weeks": weeks_of(scope, reviewer.pk),
        "gold_weeks": gold_by_week(scope, reviewer.pk),
        "gold": gold_rows(scope, reviewer.pk),
        "filters": filters,
        "voids": list_voids(reviewer),
        "void_form": form or VoidForm(),
        "open_items": open_by_queue(reviewer),
        "reassign_form": reassign_form or ReassignForm(reviewer=reviewer),
        "key": uuid.uuid4(),
    }
    status = 422 if form is not None or reassign_form is not None else 200
    return render(request, "trajectories/quality/reviewer.html", context, status=status)
