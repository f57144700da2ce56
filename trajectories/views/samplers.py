"""Samplers: the list, adding a language model, changing and trying it."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from trajectories.adapters.local_models.settings import LocalSettings
from trajectories.charts import SAMPLER_CHARTS
from trajectories.forms.samplers import PRESETS, SamplerForm, first_values, values_of
from trajectories.models import Sampler, Training
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.endpoint_faults import newest_faults
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.projects import choices_of, others_with
from trajectories.selectors.samplers import get_record, held_gate, list_samplers, list_versions, origin_of
from trajectories.services.endpoints.access import sampler_fault
from trajectories.services.endpoints.samplers import (
    SamplerError,
    add_chat_sampler,
    adopt_remedies,
    ensure_symbolic,
    revise_chat_sampler,
    temperature_note,
)
from trajectories.services.endpoints.trials import try_sampler
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import needs
from trajectories.views.shown.campaigns import part_of
from trajectories.views.shown.figures import slots
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

SHOWN_FAULTS = 10
CHILDREN_SHOWN = 10
view_samplers = needs("trajectories.view_sampler")
add_samplers = needs("trajectories.add_sampler")


@require_safe
@view_samplers
def sampler_list(request: HttpRequest) -> HttpResponse:
    """All samplers, each in its newest version."""
    ensure_symbolic()
    return render(request, "trajectories/samplers/list.html", {"samplers": list_samplers()})


@require_http_methods(["GET", "HEAD", "POST"])
@add_samplers
@once
def sampler_new(request: HttpRequest) -> HttpResponse:
    """Add a language model; `?preset=` fills in what an endpoint of that kind needs."""
    if is_key_choice(request):
        return key_choice(request)
    preset = request.GET.get("preset", "")
    form = SamplerForm(request.POST) if request.method == "POST" else SamplerForm(initial=first_values(preset))
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            sampler = add_chat_sampler(
                actor=visitor(request), name=data["name"], title=data["title"], settings=data["settings"]
            )
            return redirect("sampler_detail", sampler.pk)
        except SamplerError as fault:
            form.add_fault(fault)
    context = {"form": form, "preset": preset, "presets": [(word, title) for word, (title, _) in PRESETS.items()]}
    return render(request, "trajectories/samplers/form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@add_samplers
@once
def sampler_edit(request: HttpRequest, sampler_id: int) -> HttpResponse:
    """Make the next version of a language model."""
    sampler = get_object_or_404(Sampler, pk=sampler_id, kind=Sampler.Kind.CHAT)
    if is_key_choice(request):
        return key_choice(request)
    given: Mapping[str, Any] = {"sampler": sampler}
    if request.method == "POST":
        form = SamplerForm(request.POST, **given)
    else:
        form = SamplerForm(initial=values_of(sampler), **given)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            newest = revise_chat_sampler(
                actor=visitor(request), sampler=sampler, title=data["title"], settings=data["settings"]
            )
            if newest.pk != sampler.pk:
                messages.success(request, f"This is version {newest.version}. Earlier runs keep theirs.")
            return redirect("sampler_detail", newest.pk)
        except SamplerError as fault:
            form.add_fault(fault)
    context = {"form": form, "sampler": sampler}
    return render(request, "trajectories/samplers/form.html", context, status=422 if form.is_bound else 200)


def is_key_choice(request: HttpRequest) -> bool:
    """Whether the form asks which variables fit the base URL that is being typed."""
    return request.method == "GET" and wants_fragment(request) and "base_url" in request.GET


def key_choice(request: HttpRequest) -> HttpResponse:
    """The part of the form with the variables that fit a base URL."""
    given = {name: request.GET.get(name, "")[:500] for name in ("base_url", "key_variable")}
    return render(request, "trajectories/samplers/_key.html", {"form": SamplerForm(initial=given)})


@require_safe
@view_samplers
def sampler_detail(request: HttpRequest, sampler_id: int) -> HttpResponse:
    """One version of a sampler."""
    sampler = get_object_or_404(Sampler, pk=sampler_id)
    return render(request, "trajectories/samplers/detail.html", _context(request, sampler))


def _parameters(sampler: Sampler) -> dict[str, Any]:
    """The parameters of a sampler; those that a local model was stored without are as they are when it is served."""
    if sampler.is_local:
        return LocalSettings.from_parameters(sampler.parameters).as_parameters()
    return dict(sampler.parameters)


def _lineage(request: HttpRequest, sampler: Sampler) -> dict[str, Any]:
    """What a sampler was made from and by, and what was made from it; trainings for who may see them."""
    shown = request.user.has_perms(("trajectories.view_training", SEE_REVIEWS))
    return {
        "training": Training.objects.filter(sampler=sampler).only("pk", "title", "facts").first() if shown else None,
        "children": list(sampler.children.order_by("-pk")[:CHILDREN_SHOWN]),
        "children_count": sampler.children.count(),
    }


def _context(request: HttpRequest, sampler: Sampler) -> dict[str, Any]:
    sees_faults = request.user.has_perm("trajectories.view_endpointfault")
    may_copy = sampler.has_endpoint and request.user.has_perm("trajectories.add_sampler")
    return {
        "sampler": sampler,
        "parameters": _parameters(sampler),
        "versions": list(list_versions(sampler)),
        "record": get_record(sampler),
        "gate": held_gate(sampler),
        "copied_to": others_with(visitor(request), "trajectories.add_sampler") if may_copy else [],
        "origin": origin_of(sampler, choices_of(visitor(request))) if sampler.origin_project else None,
        "access_fault": sampler_fault(sampler),
        "ignored_temperature": temperature_note(sampler),
        "figures": slots(SAMPLER_CHARTS, InsightScope(sampler=sampler.pk)),
        "part_of": part_of(request, "sampler", sampler.pk),
        **_lineage(request, sampler),
        "endpoint_faults": newest_faults(sampler)[:SHOWN_FAULTS] if sees_faults else [],
    }


@require_POST
@add_samplers
def sampler_test(request: HttpRequest, sampler_id: int) -> HttpResponse:
    """Make a few calls and show how they went: as a fragment, or on the sampler's page."""
    sampler = get_object_or_404(Sampler, pk=sampler_id, kind=Sampler.Kind.CHAT)
    newest = list_versions(sampler)[0]
    context = {
        "trial": try_sampler(sampler=sampler),
        "sampler": sampler,
        "next_version": newest.version + 1 if newest.pk == sampler.pk else None,
    }
    if wants_fragment(request):
        return render(request, "trajectories/samplers/_trial.html", context)
    return render(request, "trajectories/samplers/detail.html", {**_context(request, sampler), **context})


@require_POST
@add_samplers
@once
def sampler_adopt(request: HttpRequest, sampler_id: int) -> HttpResponse:
    """Make the next version with the settings that the test has found."""
    sampler = get_object_or_404(Sampler, pk=sampler_id, kind=Sampler.Kind.CHAT)
    try:
        newest = adopt_remedies(actor=visitor(request), sampler=sampler, remedies=request.POST.getlist("remedy"))
    except SamplerError as fault:
        messages.error(request, str(fault))
        return redirect("sampler_detail", sampler.pk)
    if newest.pk != sampler.pk:
        messages.success(
            request, f"This is version {newest.version}, with what the test found. Earlier runs keep theirs."
        )
    return redirect("sampler_detail", newest.pk)
