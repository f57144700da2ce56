"""How far reviewers agree and how reliable each is; one reviewer week by week, and voiding their reviews."""

import uuid

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from trajectories.forms.candidates import KeyForm
from trajectories.forms.quality import QualityForm, VoidForm
from trajectories.models import ReviewVoid
from trajectories.selectors.quality import weeks_of
from trajectories.selectors.quality_reports import quality_report
from trajectories.selectors.voids import list_voids
from trajectories.services.curation.voids import VoidError, restore_reviews, void_reviews
from trajectories.views.permissions import needs
from trajectories.views.visitors import visitor

see_quality = needs("trajectories.see_quality", "trajectories.see_reviews")
void_others = needs("trajectories.add_reviewvoid", "trajectories.see_quality", "trajectories.see_reviews")


@require_safe
@see_quality
def quality(request: HttpRequest) -> HttpResponse:
    """All figures over the reviews of a scope (in the address)."""
    form = QualityForm(request.GET or None)
    scope = form.scope()
    status = 422 if form.is_bound and form.errors else 200
    context = {"form": form, "report": quality_report(scope), "scope_query": request.GET.urlencode()}
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
    try:
        event = void_reviews(
            actor=visitor(request),
            reviewer=reviewer,
            since=form.moment(),
            reason=form.cleaned_data["reason"],
            key=form.cleaned_data["key"],
        )
    except VoidError as fault:
        form.add_error("since", str(fault))
        return _render(request, reviewer, form)
    count = event.review_count
    messages.success(request, f"{count:,} review{'' if count == 1 else 's'} of {reviewer.username} count for nothing.")
    return redirect(reverse("quality_reviewer", args=[user_id]))


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


def _render(request: HttpRequest, reviewer: User, form: VoidForm | None = None) -> HttpResponse:
    filters = QualityForm(request.GET or None)
    context = {
        "reviewer": reviewer,
        "weeks": weeks_of(filters.scope(), reviewer.pk),
        "filters": filters,
        "voids": list_voids(reviewer),
        "void_form": form or VoidForm(),
        "key": uuid.uuid4(),
    }
    return render(request, "trajectories/quality/reviewer.html", context, status=422 if form is not None else 200)
