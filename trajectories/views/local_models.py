"""Models of this machine: making a sampler of one, and changing how it is served."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from trajectories.forms.local_models import LocalModelForm, values_of
from trajectories.models import Sampler
from trajectories.services.endpoints.local_models import (
    add_local_sampler,
    models_folder,
    offered_models,
    revise_local_sampler,
    serving_note,
)
from trajectories.services.endpoints.samplers import SamplerError
from trajectories.views.permissions import needs
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

add_samplers = needs("trajectories.add_sampler")


@require_http_methods(["GET", "HEAD", "POST"])
@add_samplers
@once
def local_model_new(request: HttpRequest) -> HttpResponse:
    """Make a sampler of a folder of models."""
    models = offered_models()
    if request.method == "POST":
        form = LocalModelForm(request.POST, models=models)
    else:
        form = LocalModelForm(models=models, initial=values_of(None))
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            sampler = add_local_sampler(
                actor=visitor(request), name=data["name"], title=data["title"], local=data["local"]
            )
            return redirect("sampler_detail", sampler.pk)
        except SamplerError as fault:
            form.add_fault(fault)
    return _page(request, form, None, models)


@require_http_methods(["GET", "HEAD", "POST"])
@add_samplers
@once
def local_model_edit(request: HttpRequest, sampler_id: int) -> HttpResponse:
    """Make the next version of a local model's sampler: the same model, served otherwise."""
    sampler = get_object_or_404(Sampler, pk=sampler_id, kind=Sampler.Kind.LOCAL)
    models = offered_models()
    if request.method == "POST":
        form = LocalModelForm(request.POST, models=models, sampler=sampler)
    else:
        form = LocalModelForm(models=models, sampler=sampler, initial=values_of(sampler))
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            newest = revise_local_sampler(
                actor=visitor(request), sampler=sampler, title=data["title"], local=data["local"]
            )
            if newest.pk != sampler.pk:
                messages.success(request, f"This is version {newest.version}. Earlier runs keep theirs.")
            return redirect("sampler_detail", newest.pk)
        except SamplerError as fault:
            form.add_fault(fault)
    return _page(request, form, sampler, models)


def _page(request: HttpRequest, form: LocalModelForm, sampler: Sampler | None, models: list[str]) -> HttpResponse:
    context = {
        "form": form,
        "sampler": sampler,
        "has_models": bool(models),
        "folder": models_folder(),
        "note": serving_note(),
    }
    return render(request, "trajectories/local_models/form.html", context, status=422 if form.is_bound else 200)
