"""Briefs for models that write problems: the list, one brief, writing one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from trajectories.core.generation import WRITERS
from trajectories.core.generation.base import GenerationError, Recipe
from trajectories.core.generation.shipped import SHIPPED
from trajectories.forms.briefs import BriefForm, first_brief_values
from trajectories.forms.generation import KIND_TITLES
from trajectories.models import Brief
from trajectories.selectors.briefs import list_brief_versions, list_briefs
from trajectories.services.generation.previews import preview_generation
from trajectories.services.prompts.briefs import BriefDraft, BriefError, add_brief, draft_of, revise_brief
from trajectories.views.permissions import needs
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

view_briefs = needs("trajectories.view_brief")
add_briefs = needs("trajectories.add_brief")
SHOWN_COUNT, SHOWN_WORDS, SHOWN_FEATURES = 3, 3, 2
"""What a preview asks for: jobs say how much of each for themselves."""


@require_safe
@view_briefs
def brief_list(request: HttpRequest) -> HttpResponse:
    """The newest version of every brief."""
    context = {"briefs": list_briefs(), "writers": WRITERS, "kinds": KIND_TITLES}
    return render(request, "trajectories/briefs/list.html", context)


@require_safe
@view_briefs
def brief_detail(request: HttpRequest, brief_id: int) -> HttpResponse:
    """One version: what it says, the message it makes, and all versions."""
    brief = get_object_or_404(Brief, pk=brief_id)
    context = {
        "brief": brief,
        "writer": WRITERS[brief.generator],
        "kind": KIND_TITLES.get(brief.problem_kind, "Any kind"),
        "versions": list_brief_versions(brief),
        **_preview(draft_of(brief)),
    }
    return render(request, "trajectories/briefs/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@add_briefs
@once
def brief_new(request: HttpRequest) -> HttpResponse:
    """Write a new brief; it begins as the first one that is shipped."""
    first = SHIPPED[0]
    draft = BriefDraft("", "", first.generator, first.kind, first.template, first.words, first.features)
    form = BriefForm(request.POST) if request.method == "POST" else BriefForm(initial=first_brief_values(draft))
    if form.is_bound and form.is_valid():
        try:
            return redirect("brief_detail", add_brief(actor=visitor(request), draft=form.draft).pk)
        except BriefError as fault:
            form.add_fault(fault)
    return _form_page(request, form, None, draft)


@require_http_methods(["GET", "HEAD", "POST"])
@add_briefs
@once
def brief_edit(request: HttpRequest, brief_id: int) -> HttpResponse:
    """Write the next version of a brief."""
    brief = get_object_or_404(Brief, pk=brief_id)
    draft = draft_of(brief)
    posted = request.POST if request.method == "POST" else None
    form = BriefForm(posted, brief=brief, initial=first_brief_values(draft))
    if form.is_bound and form.is_valid():
        try:
            newest = revise_brief(actor=visitor(request), brief=brief, draft=form.draft)
            said = f"This is version {newest.version}. Earlier jobs keep theirs."
            messages.success(request, said if newest.pk != brief.pk else "Nothing has changed.")
            return redirect("brief_detail", newest.pk)
        except BriefError as fault:
            form.add_fault(fault)
    return _form_page(request, form, brief, draft)


def _form_page(request: HttpRequest, form: BriefForm, brief: Brief | None, draft: BriefDraft) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "brief": brief}
    context |= {} if form.is_bound else _preview(draft)
    return render(request, "trajectories/briefs/form.html", context, status=422 if form.is_bound else 200)


@require_POST
@add_briefs
def brief_preview(request: HttpRequest) -> HttpResponse:
    """The message that a brief would make which is still being written."""
    form = BriefForm({**request.POST.dict(), "title": "preview", "name": "preview"})
    if form.is_valid():
        try:
            form.draft.check()
            context = _preview(form.draft)
        except BriefError as fault:
            context = {"fault": str(fault)}
    else:
        name, errors = next(iter(form.errors.items()))
        context = {"fault": f"{form[name].label}: {errors[0]}"}
    status = 422 if context.get("fault") else 200
    return render(request, "trajectories/generation/_preview.html", context, status=status)


def _preview(draft: BriefDraft) -> dict[str, Any]:
    """The context of a preview: the message with the draft's own lists drawn from, or why there is none."""
    recipe = Recipe(
        draft.generator,
        seed=0,
        kind=draft.kind or "numeric",
        per_call=SHOWN_COUNT,
        words=draft.words,
        words_each=min(SHOWN_WORDS, len(draft.words)),
        features=draft.features,
        features_each=min(SHOWN_FEATURES, len(draft.features)),
        template=draft.template,
    )
    try:
        return {"preview": preview_generation(recipe=recipe)}
    except GenerationError as fault:
        return {"fault": str(fault)}
