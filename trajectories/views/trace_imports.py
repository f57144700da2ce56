"""The page that imports traces sampled elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from trajectories.adapters.kept_uploads import KeptUpload
from trajectories.forms.titles import SetTitleField
from trajectories.forms.trace_imports import LONGEST_MODEL, TraceImportForm, TraceMappingForm
from trajectories.models import Import, Problem
from trajectories.selectors.imports import import_of_upload
from trajectories.services.imports.jobs import keep_files, plan_import
from trajectories.services.imports.previews import preview_traces
from trajectories.services.problems.uploads import find_upload
from trajectories.services.traces.finding import ProblemMaker
from trajectories.services.traces.staging import Stated
from trajectories.views.permissions import needs, require
from trajectories.views.uploads import limited_upload
from trajectories.views.visitors import visitor

MOST_FILES = 100
LONGEST_TITLE = 200
GONE = "These files are gone: they were imported, or waited too long. Send them again."


@needs("trajectories.add_trace")
@require_http_methods(["GET", "HEAD", "POST"])
@limited_upload(lambda: settings.IMPORT_UPLOAD_BYTES)
def trace_import(request: HttpRequest, *, refusal: str) -> HttpResponse:
    """Show the form; keep what is posted, have it imported, and lead to the page of that import."""
    if request.method != "POST":
        return _page(request, TraceImportForm())
    form = TraceImportForm.refusing(refusal) if refusal else TraceImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    if form.cleaned_data["archive"]:
        require(request.user, "trajectories.add_problem", "trajectories.add_release")
    making = form.cleaned_data["make_problems"]
    if making:
        require(request.user, "trajectories.add_problem")
    uploads = keep_files(owner=visitor(request), files=form.uploads())
    options = _options(request, form)
    if "look" in request.POST and not form.cleaned_data["archive"]:
        asked = {name: str(value) for name, value in options.items() if value}
        return redirect(f"{reverse('trace_import_look')}?{urlencode([*_tokens(uploads), *asked.items()])}")
    kind = Import.Kind.ARCHIVE if form.cleaned_data["archive"] else Import.Kind.TRACES
    try:
        return redirect("import_detail", _plan(request, uploads, options, kind).pk)
    except ValidationError as fault:
        form.add_error("set_title", " ".join(fault.messages))
        return _page(request, form, status=422)


def _options(request: HttpRequest, form: TraceImportForm) -> dict[str, Any]:
    """What an import of traces needs to know."""
    data = form.cleaned_data
    problems = {"make_problems": True, **{name: data[name] for name in ("set_title", "split")}}
    return {
        "on_fault": "skip" if data["skip_bad"] else "all_or_nothing",
        "adopt_reviews": data["adopt_reviews"] and request.user.has_perm("trajectories.add_review"),
        **({"model": data["model"]} if data["model"] else {}),
        **(problems if data["make_problems"] else {}),
    }


def _tokens(uploads: Sequence[KeptUpload]) -> list[tuple[str, str]]:
    return [("token", upload.token) for upload in uploads]


def _plan(request: HttpRequest, uploads: Sequence[KeptUpload], options: Mapping[str, Any], kind: Import.Kind) -> Import:
    """Queue the import. Raises ValidationError for a title that makes no set."""
    if options.get("make_problems"):
        SetTitleField().clean(options["set_title"])
    return plan_import(
        actor=visitor(request),
        kind=kind,
        source=", ".join(upload.name for upload in uploads),
        options=options,
        uploads=uploads,
    )


@needs("trajectories.add_trace")
@require_http_methods(["GET", "HEAD", "POST"])
def trace_import_look(request: HttpRequest) -> HttpResponse:
    """Show how the first rows of kept files would be read, by their shape or by what is said to be where; a POST has
    them imported so."""
    asked = request.GET
    uploads = [find_upload(owner=visitor(request), token=token) for token in asked.getlist("token")[:MOST_FILES]]
    found = [upload for upload in uploads if upload is not None]
    if not found or len(found) < len(uploads):
        return _page(request, TraceImportForm.refusing(GONE), status=404)
    if (under_way := import_of_upload(found[0].token)) is not None:
        return redirect("import_detail", under_way.pk)
    options = _asked_options(request)
    form = TraceMappingForm(preview_traces(uploads=found, stated=Stated()).paths, _said(request))
    places = form.places() if form.is_bound and form.is_valid() else {}
    stated = Stated(places, options.get("model", ""))
    if request.method == "POST" and "look" not in request.POST and not form.errors:
        try:
            job = _plan(request, found, {**options, "places": places}, Import.Kind.TRACES)
        except ValidationError as fault:
            form.add_error(None, " ".join(fault.messages))
        else:
            return redirect("import_detail", job.pk)
    maker = ProblemMaker(options["split"]) if options.get("make_problems") else None
    preview = preview_traces(uploads=found, stated=stated, maker=maker)
    context = {
        "form": form,
        "uploads": found,
        "preview": preview,
        "asks_places": bool(places or form.errors) or not preview.is_known,
        "options": options,
        "query": asked.urlencode(),
    }
    return render(request, "trajectories/trace_imports/look.html", context, status=422 if form.errors else 200)


def _said(request: HttpRequest) -> QueryDict | None:
    """What was chosen so far; None where the form was not shown yet."""
    return request.POST if request.method == "POST" else None


def _asked_options(request: HttpRequest) -> dict[str, Any]:
    """The options of the form before, as the address has them; what the visitor may not ask for is refused."""
    asked = request.GET
    making = bool(asked.get("make_problems")) and bool(asked.get("set_title"))
    if making:
        require(request.user, "trajectories.add_problem")
    title, split = asked.get("set_title", "")[:LONGEST_TITLE], asked.get("split", "")
    side = split if split in Problem.Split.values else ""
    may_review = request.user.has_perm("trajectories.add_review")
    return {
        "on_fault": "skip" if asked.get("on_fault") == "skip" else "all_or_nothing",
        "adopt_reviews": bool(asked.get("adopt_reviews")) and may_review,
        **({"model": model} if (model := asked.get("model", "").strip()[:LONGEST_MODEL]) else {}),
        **({"make_problems": True, "set_title": title, "split": side} if making else {}),
    }


def _page(request: HttpRequest, form: TraceImportForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "limit_bytes": settings.IMPORT_UPLOAD_BYTES}
    return render(request, "trajectories/trace_imports/new.html", context, status=status)
