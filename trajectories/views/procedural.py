"""Families of procedural problems: what there is, what one makes, and importing it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.core.problems.procedural import Family, ProceduralError
from trajectories.core.problems.shipped_families import SHIPPED_FAMILIES
from trajectories.forms.procedural import PREFIX, ProceduralForm, knob_text
from trajectories.models import Import
from trajectories.selectors.problems import list_problem_sets
from trajectories.services.imports.jobs import plan_import
from trajectories.services.jobs.ringers import ring
from trajectories.services.problems.procedural import (
    get_family,
    preview_procedural,
    procedural_being_installed,
    procedural_installed,
    stored_families,
    worked_rows,
)
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import needs, require
from trajectories.views.visitors import visitor

view_problems = needs("trajectories.view_problem")


@require_safe
@view_problems
@vary_on_headers("HX-Request")
def family_list(request: HttpRequest) -> HttpResponse:
    """All families with an example each: those that come with the application, and those of the package where it is
    installed. The first look at a new version of the package lets a worker describe them, which takes half a minute;
    the page asks until that is done."""
    is_here = procedural_installed()
    stored = stored_families() if is_here else []
    if stored is None and "waited" not in request.GET:
        ring("families")
    families = [*SHIPPED_FAMILIES.values(), *(stored or ())]
    query = request.GET.get("q", "").strip().lower()
    category = request.GET.get("category", "")
    shown = [family for family in families if _matches(family, query, category)]
    context = {
        "waiting": stored is None,
        "is_here": is_here,
        "installing": procedural_being_installed(),
        "families": shown,
        "count": len(families),
        "categories": sorted({family.category for family in families}),
        "query": query,
        "category": category,
    }
    name = "_table" if wants_fragment(request) else "list"
    return render(request, f"trajectories/procedural/{name}.html", context)


def _missing(request: HttpRequest) -> HttpResponse:
    """In the place of a family that only the package has."""
    context = {"installing": procedural_being_installed()}
    return render(request, "trajectories/procedural/missing.html", context)


def _matches(family: Family, query: str, category: str) -> bool:
    text = f"{family.name} {family.name.replace('_', ' ')} {family.category} {family.summary}".lower()
    return query in text and category in ("", family.category)


@require_http_methods(["GET", "HEAD", "POST"])
@view_problems
@vary_on_headers("HX-Request")
def family_detail(request: HttpRequest, name: str) -> HttpResponseBase:
    """One family: its knobs, what it makes with them, and the import of that."""
    if request.method == "POST":
        require(request.user, "trajectories.add_problem")
    family = get_family(name)
    if family is None and not procedural_installed():
        return _missing(request)
    if family is None and stored_families() is None:
        return redirect("procedural_list")  # where they are described, which takes a while
    if family is None:
        raise Http404(f"There is no family {name}.")
    form = _form(request, family)
    if "worked" in request.POST and family.is_shipped and form.is_valid():
        return _worked(family, form)
    if request.method == "POST" and "preview" not in request.POST and form.is_valid():
        return redirect("import_detail", _import(request, form).pk)
    context = {"family": family, "form": form, **_preview(family, form)}
    status = 422 if form.errors else 200
    if wants_fragment(request):
        return render(request, "trajectories/procedural/_examples.html", context, status=status)
    context |= {
        "level": _level(request.GET, family),
        "sets": list_problem_sets(),
    }
    return render(request, "trajectories/procedural/detail.html", context, status=status)


def _worked(family: Family, form: ProceduralForm) -> StreamingHttpResponse | HttpResponse:
    """The worked solutions of the problems that the form describes, as a file for the import of traces."""
    try:
        rows = worked_rows(form.draw())
    except ProceduralError as fault:
        return HttpResponse(f"{family.name}: {fault}.\n", status=422, content_type="text/plain; charset=utf-8")
    name = f"worked-{family.name}-{form.cleaned_data['seed']}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(rows, content_type="application/x-ndjson", headers=headers)


def _form(request: HttpRequest, family: Family) -> ProceduralForm:
    if request.method == "POST":
        return ProceduralForm(family, request.POST)
    if "seed" in request.GET:
        return ProceduralForm(family, request.GET)
    level = _level(request.GET, family)
    settings = family.levels[level] if level is not None else {}
    by_name = {knob.name: knob for knob in family.knobs}
    initial = {f"{PREFIX}{name}": knob_text(by_name[name], value) for name, value in settings.items()}
    return ProceduralForm(family, initial=initial)


def _level(query: QueryDict, family: Family) -> int | None:
    text = query.get("level", "")
    level = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1
    return level if 0 <= level < len(family.levels) else None


def _import(request: HttpRequest, form: ProceduralForm) -> Import:
    draw = form.draw()
    return plan_import(
        actor=visitor(request),
        kind=Import.Kind.PROCEDURAL,
        source=draw.family,
        options={
            "draw": asdict(draw),
            "set_title": form.cleaned_data["set_title"],
            "split": form.cleaned_data["split"],
            "on_fault": "all_or_nothing",
        },
    )


def _preview(family: Family, form: ProceduralForm) -> Mapping[str, Any]:
    """The first problems that the form would import, or why there are none."""
    if family.unavailable:
        return {}
    said = form if form.is_bound else ProceduralForm(family, form.as_filled_in())
    if not said.is_valid():
        return {}
    try:
        return {"examples": preview_procedural(said.draw())}
    except ProceduralError as fault:
        return {"fault": str(fault)}
