"""The page that imports problems from the browser."""

from typing import Any, cast

from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from trajectories.forms.problems import ImportForm
from trajectories.selectors.problems import list_problem_sets
from trajectories.services.problems import ImportReport
from trajectories.services.uploads import import_uploads

DRAIN_LIMIT = 1024 * 1024 * 1024
"""Up to this many bytes a body that is too large is read and thrown away, so that the browser shows the answer."""


class SizeLimit(FileUploadHandler):
    """Stores nothing of an upload whose body is larger than the limit. Must come before the storing handlers."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        body_bytes = int(request.META.get("CONTENT_LENGTH") or 0)
        self.too_large = body_bytes > settings.UPLOAD_LIMIT_BYTES
        self.hopeless = body_bytes > DRAIN_LIMIT

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Pass over each file of a body that is too large."""
        super().new_file(*args, **kwargs)
        if self.hopeless:
            raise StopUpload(connection_reset=True)
        if self.too_large:
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, _start: int) -> bytes:
        """Hand the data on to the handlers that store it."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers that store it."""


# The body may be read only after the size limit is in place, and checking the CSRF token reads it (Django's
# documentation, "Modifying upload handlers on the fly").
@csrf_exempt
@permission_required("trajectories.add_problem", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def import_problems(request: HttpRequest) -> HttpResponse:
    """Show the form; import what is posted and show what came of it."""
    limit = SizeLimit(request)
    request.upload_handlers.insert(0, limit)
    try:
        _ = request.POST
    except TooManyFilesSent:
        count = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        return _page(request, _refuse(f"Found more than {count:,} files. Put them into one zip."), status=422)
    return _import_problems(request, too_large=limit.too_large)


@csrf_protect
def _import_problems(request: HttpRequest, *, too_large: bool) -> HttpResponse:
    if request.method != "POST":
        return _page(request, ImportForm())
    if too_large:
        size = settings.UPLOAD_LIMIT_BYTES >> 20
        text = f"The upload is larger than {size} MB. Send less at a time, or use manage.py import_problems."
        return _page(request, _refuse(text), status=422)
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    report = import_uploads(
        actor=cast(User, request.user),
        files=form.uploads(),
        set_title=form.cleaned_data["set_title"],
        split=form.cleaned_data["split"] or None,
        on_fault="skip" if form.cleaned_data["skip_bad"] else "all_or_nothing",
        max_expanded=settings.UPLOAD_LIMIT_BYTES,
    )
    failed = report.refused or (report.fault_count and not report.inserted + report.duplicates)
    return _page(request, form if failed else ImportForm(), report, status=422 if failed else 200)


def _refuse(text: str) -> ImportForm:
    """An empty form that says why the upload was refused as a whole."""
    form = ImportForm({})
    form.errors.clear()
    form.add_error(None, text)
    return form


def _page(
    request: HttpRequest, form: ImportForm, report: ImportReport | None = None, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "report": report,
        "sets": list_problem_sets(),
        "limit_bytes": settings.UPLOAD_LIMIT_BYTES,
        "hidden_faults": report.fault_count - len(report.faults) if report else 0,
    }
    return render(request, "trajectories/problems/upload.html", context, status=status)
