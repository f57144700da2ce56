"""The page that imports traces sampled elsewhere."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from trajectories.forms.trace_imports import TraceImportForm
from trajectories.models import Import
from trajectories.services.imports.jobs import keep_files, plan_import
from trajectories.views.permissions import needs, require
from trajectories.views.uploads import limited_upload
from trajectories.views.visitors import visitor


@needs("trajectories.add_trace")
@require_http_methods(["GET", "HEAD", "POST"])
@limited_upload
def trace_import(request: HttpRequest, *, refusal: str) -> HttpResponse:
    """Show the form; keep what is posted, have it imported, and lead to the page of that import."""
    if request.method != "POST":
        return _page(request, TraceImportForm())
    form = TraceImportForm(request.POST, request.FILES) if not refusal else TraceImportForm({})
    if refusal:
        form.errors.clear()
        form.add_error(None, refusal)
    if not form.is_valid():
        return _page(request, form, status=422)
    if form.cleaned_data["archive"]:
        require(request.user, "trajectories.add_problem", "trajectories.add_release")
    making = form.cleaned_data["make_problems"]
    if making:
        require(request.user, "trajectories.add_problem")
    may_review = request.user.has_perm("trajectories.add_review")
    uploads = keep_files(owner=visitor(request), files=form.uploads())
    problems = {"make_problems": True, **{name: form.cleaned_data[name] for name in ("set_title", "split")}}
    job = plan_import(
        actor=visitor(request),
        kind=Import.Kind.ARCHIVE if form.cleaned_data["archive"] else Import.Kind.TRACES,
        source=", ".join(upload.name for upload in uploads),
        options={
            "on_fault": "skip" if form.cleaned_data["skip_bad"] else "all_or_nothing",
            "adopt_reviews": form.cleaned_data["adopt_reviews"] and may_review,
            **(problems if making else {}),
        },
        uploads=uploads,
    )
    return redirect("import_detail", job.pk)


def _page(request: HttpRequest, form: TraceImportForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "limit_bytes": settings.UPLOAD_LIMIT_BYTES}
    return render(request, "trajectories/trace_imports/new.html", context, status=status)
