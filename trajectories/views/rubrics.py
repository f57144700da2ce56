"""Rubrics: the list, one with what a judge would be sent, and writing one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.core.verifiers.model_judge import Form
from trajectories.core.verifiers.model_judge import Rubric as RubricRecord
from trajectories.forms.rubrics import RubricForm, RubricPreviewForm, first_rubric_values
from trajectories.models import Rubric, Trace
from trajectories.selectors.rubrics import current_rubrics, rubric_record, rubric_versions
from trajectories.services.prompts.rubrics import RubricError, add_rubric, check_rubric, preview_judge, revise_rubric
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import needs
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

view_rubrics = needs("trajectories.view_rubric", "trajectories.view_trace")
add_rubrics = needs("trajectories.add_rubric", "trajectories.view_trace")


@require_safe
@view_rubrics
def rubric_list(request: HttpRequest) -> HttpResponse:
    """All rubrics in their newest versions."""
    return render(request, "trajectories/rubrics/list.html", {"rubrics": current_rubrics()})


@require_safe
@view_rubrics
@vary_on_headers("HX-Request")
def rubric_detail(request: HttpRequest, rubric_id: int) -> HttpResponse:
    """One version: its text, all versions, and what a judge would be sent for a trace."""
    rubric = get_object_or_404(Rubric, pk=rubric_id)
    context = {"rubric": rubric, **_preview(request.GET, rubric_record(rubric))}
    status = 422 if context.get("fault") else 200
    if wants_fragment(request):
        return render(request, "trajectories/rubrics/_preview.html", context, status=status)
    context["versions"] = list(rubric_versions(rubric))
    return render(request, "trajectories/rubrics/detail.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@add_rubrics
@once
def rubric_new(request: HttpRequest) -> HttpResponse:
    """Write a new rubric."""
    form = RubricForm(request.POST) if request.method == "POST" else RubricForm()
    if form.is_bound and form.is_valid():
        try:
            return redirect("rubric_detail", add_rubric(actor=visitor(request), draft=form.draft).pk)
        except RubricError as fault:
            form.add_fault(fault)
    return _form_page(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@add_rubrics
@once
def rubric_edit(request: HttpRequest, rubric_id: int) -> HttpResponse:
    """Write the next version of a rubric."""
    rubric = get_object_or_404(Rubric, pk=rubric_id)
    if request.method == "POST":
        form = RubricForm(request.POST, rubric=rubric)
    else:
        form = RubricForm(initial=first_rubric_values(rubric), rubric=rubric)
    if form.is_bound and form.is_valid():
        try:
            newest = revise_rubric(actor=visitor(request), rubric=rubric, draft=form.draft)
            said = f"This is version {newest.version}. Earlier verdicts keep theirs."
            messages.success(request, said if newest.pk != rubric.pk else "Nothing has changed.")
            return redirect("rubric_detail", newest.pk)
        except RubricError as fault:
            form.add_fault(fault)
    return _form_page(request, form, rubric)


def _form_page(request: HttpRequest, form: RubricForm, rubric: Rubric | None) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "rubric": rubric, "preview_form": RubricPreviewForm()}
    if not form.is_bound and rubric is not None:
        context |= _preview(QueryDict(), rubric_record(rubric))
    return render(request, "trajectories/rubrics/form.html", context, status=422 if form.is_bound else 200)


@require_POST
@add_rubrics
def rubric_preview(request: HttpRequest) -> HttpResponse:
    """What a judge would be sent by a rubric that is still being written."""
    form = RubricForm({**request.POST.dict(), "title": "preview", "name": "preview"})
    context: dict[str, Any] = {}
    if form.is_valid():
        try:
            check_rubric(form.draft)
            context = _preview(request.POST, form.draft.record)
        except RubricError as fault:
            context["fault"] = str(fault)
    else:
        name, errors = next(iter(form.errors.items()))
        context["fault"] = f"{form[name].label}: {errors[0]}"
    status = 422 if context.get("fault") else 200
    return render(request, "trajectories/rubrics/_preview.html", context, status=status)


def _preview(data: QueryDict, record: RubricRecord) -> dict[str, Any]:
    """The context of a preview: the exact messages, or `fault`, the sentence that says why there are none."""
    form = RubricPreviewForm(data)
    context: dict[str, Any] = {"preview_form": form}
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        return {**context, "fault": f"{form[name].label}: {errors[0]}"}
    wanted = form.cleaned_data["trace"]
    traces = Trace.objects.select_related("problem", "program", "reasoning").order_by("-pk")
    trace = (traces.filter(pk=wanted) if wanted else traces).first()
    if trace is None:
        return {**context, "fault": f"There is no trace {wanted}." if wanted else "", "no_trace": not wanted}
    preview = preview_judge(record=record, form=form.cleaned_data["form"] or Form.GRADE, trace=trace)
    turns = [{**message, "tokens": size} for message, size in zip(preview.messages, preview.tokens, strict=True)]
    return {**context, "trace": trace, "turns": turns, "tokens": preview.total, "leak": preview.leak}
