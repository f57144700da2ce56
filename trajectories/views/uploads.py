"""The pages that import problems from the browser: files, and for files of questions what is in which column."""

from collections.abc import Callable
from functools import wraps
from pathlib import PurePath
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from trajectories.adapters.kept_uploads import KeptUpload
from trajectories.core.problems.questions import is_questions
from trajectories.forms.problems import ImportForm
from trajectories.forms.questions import PREFIX, QuestionForm
from trajectories.selectors.problems import list_problem_sets
from trajectories.services.problems import ImportReport
from trajectories.services.questions import QuestionPreview, import_questions, preview_upload
from trajectories.services.uploads import find_upload, import_uploads, keep_upload
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import needs
from trajectories.views.visitors import visitor

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


def limited_upload(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let a view read a body within the limits only. It is called with `refusal`: why nothing may be done, or "".

    The body may be read only after the size limit is in place, and checking the CSRF token reads it (Django's
    documentation, "Modifying upload handlers on the fly"). Whoever may not be here is sent away before this.
    """
    protected = csrf_protect(view)

    @wraps(view)
    def limited(request: HttpRequest) -> HttpResponse:
        limit = SizeLimit(request)
        request.upload_handlers.insert(0, limit)
        try:
            _ = request.POST
        except TooManyFilesSent:
            count = settings.DATA_UPLOAD_MAX_NUMBER_FILES
            return view(request, refusal=f"Found more than {count:,} files. Put them into one zip.")
        size = settings.UPLOAD_LIMIT_BYTES >> 20
        text = f"The upload is larger than {size} MB. Send less at a time, or use the command line."
        return protected(request, refusal=text if limit.too_large else "")

    return csrf_exempt(limited)


@needs("trajectories.add_problem")
@require_http_methods(["GET", "HEAD", "POST"])
@limited_upload
def import_problems(request: HttpRequest, *, refusal: str) -> HttpResponse:
    """Show the form; import what is posted and show what came of it."""
    if request.method != "POST":
        return _page(request, ImportForm())
    if refusal:
        return _page(request, _refuse(refusal), status=422)
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    files = form.uploads()
    if len(files) == 1 and is_questions(files[0][0]):
        kept = keep_upload(owner=visitor(request), name=PurePath(files[0][0]).name, stream=files[0][1])
        said = urlencode({name: form.cleaned_data[name] for name in ("set_title", "split")})
        return redirect(f"{reverse('question_import', args=[kept.token])}?{said}")
    report = import_uploads(
        actor=visitor(request),
        files=files,
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
    context = {"form": form, "limit_bytes": settings.UPLOAD_LIMIT_BYTES, **_report_context(report)}
    return render(request, "trajectories/problems/upload.html", context, status=status)


def _report_context(report: ImportReport | None) -> dict[str, Any]:
    return {
        "report": report,
        "sets": list_problem_sets(),
        "hidden_faults": report.fault_count - len(report.faults) if report else 0,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@needs("trajectories.add_problem")
@vary_on_headers("HX-Request")
def question_import(request: HttpRequest, token: str) -> HttpResponse:
    """Show how a file of questions would be read by the columns chosen so far, and import it."""
    upload = find_upload(owner=visitor(request), token=token)
    if upload is None:
        gone = _refuse("This upload is gone: it was imported, or waited too long. Send it again.")
        return _page(request, gone, status=404)
    suggested = preview_upload(upload, columns={})
    form = _question_form(request, upload, suggested)
    read = form.is_bound and form.is_valid()
    if read and request.method == "POST" and "preview" not in request.POST:
        report = import_questions(
            actor=visitor(request),
            upload=upload,
            columns=form.columns(),
            set_title=form.cleaned_data["set_title"],
            split=form.cleaned_data["split"] or None,
            on_fault="skip" if form.cleaned_data["skip_bad"] else "all_or_nothing",
        )
        if not report.refused:
            return _page(request, ImportForm(), report)
    else:
        report = None
    preview = suggested
    if form.is_bound:
        preview = preview_upload(upload, columns=form.columns(), split=form.cleaned_data.get("split") or None)
    status = 422 if form.errors or report else 200
    context = {"form": form, "upload": upload, "preview": preview, **_report_context(report)}
    name = "_question_preview" if wants_fragment(request) else "upload_questions"
    return render(request, f"trajectories/problems/{name}.html", context, status=status)


def _question_form(request: HttpRequest, upload: KeptUpload, suggested: QuestionPreview) -> QuestionForm:
    columns, mapping = suggested.columns, suggested.mapping
    if request.method == "POST":
        return QuestionForm(columns, mapping, request.POST)
    if f"{PREFIX}question" in request.GET:
        return QuestionForm(columns, mapping, request.GET)
    title = request.GET.get("set_title") or PurePath(upload.name).stem[:80]
    return QuestionForm(columns, mapping, initial={"set_title": title, "split": request.GET.get("split", "")})
