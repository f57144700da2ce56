"""The page that imports traces sampled elsewhere."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from trajectories.forms.trace_imports import TraceImportForm
from trajectories.services.trace_imports import TraceImportReport, import_traces
from trajectories.tasks.verdicts import ring_verification
from trajectories.views.permissions import needs
from trajectories.views.uploads import limited_upload
from trajectories.views.visitors import visitor


@needs("trajectories.add_trace")
@require_http_methods(["GET", "HEAD", "POST"])
@limited_upload
def trace_import(request: HttpRequest, *, refusal: str) -> HttpResponse:
    """Show the form; import what is posted, have it verified, and show what came of it."""
    if request.method != "POST":
        return _page(request, TraceImportForm())
    form = TraceImportForm(request.POST, request.FILES) if not refusal else TraceImportForm({})
    if refusal:
        form.errors.clear()
        form.add_error(None, refusal)
    if not form.is_valid():
        return _page(request, form, status=422)
    report = import_traces(
        actor=visitor(request),
        files=form.uploads(),
        on_fault="skip" if form.cleaned_data["skip_bad"] else "all_or_nothing",
        adopt_reviews=form.cleaned_data["adopt_reviews"] and request.user.has_perm("trajectories.add_review"),
    )
    ring_verification(report.trace_ids)
    failed = report.refused or (report.fault_count and not report.inserted + report.duplicates)
    return _page(request, form if failed else TraceImportForm(), report, status=422 if failed else 200)


def _page(
    request: HttpRequest, form: TraceImportForm, report: TraceImportReport | None = None, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "report": report,
        "limit_bytes": settings.UPLOAD_LIMIT_BYTES,
        "hidden_faults": report.fault_count - len(report.faults) if report else 0,
    }
    return render(request, "trajectories/trace_imports/new.html", context, status=status)
