"""The pages that import problems from the browser: files, and for files of questions what is in which column."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import wraps
from pathlib import PurePath
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import TooManyFilesSent, ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from trajectories.adapters.arriving_files import SizeLimit
from trajectories.adapters.disk import is_full
from trajectories.adapters.kept_uploads import KeptUpload
from trajectories.adapters.uploads import head_of
from trajectories.core.problems.arc_files import is_solutions
from trajectories.core.problems.layouts import PLAIN, get_layout
from trajectories.core.problems.question_files import holds_questions, is_questions, plain_name, suffix_of
from trajectories.core.problems.sides import said_side
from trajectories.forms.problems import ImportForm, read_names
from trajectories.forms.questions import NO_SIDE, PREFIX, QuestionForm
from trajectories.models import Import, Problem
from trajectories.selectors.imports import import_of_upload
from trajectories.selectors.problems import list_problem_sets
from trajectories.services.imports.jobs import keep_files, plan_import
from trajectories.services.problems.questions import QuestionOptions, QuestionPreview, look_at_upload, preview_upload
from trajectories.services.problems.uploads import find_upload, keep_upload, names_without_side
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import needs
from trajectories.views.visitors import visitor

SHOWN_NAME = 60
"""Characters of a file's name in a message."""
FULL_DISK = "No space left on the disk, so nothing was kept. Send it again once there is space."


def limited_upload(most: Callable[[], int]) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Let a view read a body of at most so many bytes. It is called with `refusal`: why nothing may be done, or "".

    The body may be read only after the size limit is in place, and checking the CSRF token reads it (Django's
    documentation, "Modifying upload handlers on the fly"). Whoever may not be here is sent away before this.
    """

    def limit_view(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        protected = csrf_protect(view)

        @wraps(view)
        def limited(request: HttpRequest) -> HttpResponse:
            limit = SizeLimit(request, most())
            request.upload_handlers.insert(0, limit)
            try:
                _ = request.POST
            except TooManyFilesSent:
                count = settings.DATA_UPLOAD_MAX_NUMBER_FILES
                return view(request, refusal=f"Found more than {count:,} files. Put them into one zip.")
            except OSError as fault:
                if not is_full(fault):
                    raise
                return view(request, refusal=FULL_DISK)
            size = limit.most >> 20
            text = f"The upload is larger than {size} MB. Send less at a time, or use the command line."
            try:
                return protected(request, refusal=text if limit.too_large else "")
            except OSError as fault:
                if not is_full(fault):
                    raise
                return view(request, refusal=FULL_DISK)

        return csrf_exempt(limited)

    return limit_view


@needs("trajectories.add_problem")
@require_http_methods(["GET", "HEAD", "POST"])
@limited_upload(lambda: settings.UPLOAD_LIMIT_BYTES)
def import_problems(request: HttpRequest, *, refusal: str) -> HttpResponse:
    """Show the form; keep what is posted, have it imported, and lead to the page of that import."""
    if request.method != "POST":
        return _page(request, ImportForm())
    if refusal:
        return _page(request, ImportForm.refusing(refusal), status=422)
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    files = form.uploads()
    if len(files) == 1 and holds_questions(files[0][0], head_of(files[0][1])):
        kept = keep_upload(owner=visitor(request), name=PurePath(files[0][0]).name, stream=files[0][1])
        said = urlencode({name: form.cleaned_data[name] for name in ("set_title", "split")})
        return redirect(f"{reverse('question_import', args=[kept.token])}?{said}")
    if not form.cleaned_data["split"] and (silent := names_without_side(files)):
        form.add_error("split", _ask_for_side(silent))
        return _page(request, form, status=422)
    try:
        uploads = keep_files(owner=visitor(request), files=files)
        job = plan_import(
            actor=visitor(request),
            kind=Import.Kind.ARC,
            source=", ".join(upload.name for upload in uploads),
            options=_options(form),
            uploads=uploads,
        )
    except ValidationError as fault:
        form.add_error("set_title", " ".join(fault.messages))
        return _page(request, form, status=422)
    return redirect("import_detail", job.pk)


@needs("trajectories.add_problem")
@require_POST
def import_sides(request: HttpRequest) -> HttpResponse:
    """Say on which side the files are whose names were chosen, before anything is sent."""
    names = read_names(request.POST.get("names", ""))
    plain = [name for name in names if _holds_problems(name)]
    said = Counter(said_side(name) for name in plain)
    silent = [name for name in plain if said_side(name) is None]
    sides = {
        "train": said["train"],
        "eval": said["eval"],
        "silent": len(silent),
        "example": silent[0] if silent else "",
        "packed": any(PurePath(name).suffix.lower() == ".zip" for name in names),
    }
    return render(request, "trajectories/problems/_sides.html", {"sides": sides})


def _holds_problems(name: str) -> bool:
    """Whether a file is read for problems: no zip of other files, no answers, nothing else that lies in a folder."""
    return is_questions(name) or (suffix_of(name) == ".json" and not is_solutions(name))


def _ask_for_side(names: Sequence[str]) -> str:
    """What to say where files do not tell on which side of the line their tasks are."""
    say = "file says" if len(names) == 1 else "files say"
    name = names[0] if len(names[0]) <= SHOWN_NAME else f"…{names[0][1 - SHOWN_NAME :]}"
    return f"{len(names):,} {say} nothing of training or evaluation in the name ({name}). Choose a split."


def _options(form: ImportForm | QuestionForm) -> dict[str, Any]:
    """What an import of problems needs to know."""
    return {
        "set_title": form.cleaned_data["set_title"],
        "split": form.cleaned_data["split"],
        "on_fault": "skip" if form.cleaned_data["skip_bad"] else "all_or_nothing",
    }


def _page(request: HttpRequest, form: ImportForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "limit_bytes": settings.UPLOAD_LIMIT_BYTES, "sets": list_problem_sets()}
    return render(request, "trajectories/problems/upload.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("trajectories.add_problem")
@vary_on_headers("HX-Request")
def question_import(request: HttpRequest, token: str) -> HttpResponse:
    """Show how a file of questions would be read by the columns chosen so far, and import it."""
    upload = find_upload(owner=visitor(request), token=token)
    if upload is None:
        gone = ImportForm.refusing("This upload is gone: it was imported, or waited too long. Send it again.")
        return _page(request, gone, status=404)
    if (under_way := import_of_upload(upload.token)) is not None:
        return redirect("import_detail", under_way.pk)
    data = _question_data(request)
    looked = look_at_upload(upload, layout=_known_layout(data))
    form = _question_form(request, upload, looked, data)
    reading = QuestionOptions(split=_known_split(request.GET.get("split", "")))
    if form.is_bound:
        form.is_valid()
        reading = form.reading()
    preview = preview_upload(upload, options=reading)
    if request.method == "POST" and "preview" not in request.POST and form.is_valid():
        if not preview.asks_side:
            return redirect("import_detail", _plan(request, upload, form).pk)
        form.add_error("split", NO_SIDE)
    context = {"form": form, "upload": upload, "preview": preview, "sets": list_problem_sets()}
    name = "_question_preview" if wants_fragment(request) else "upload_questions"
    return render(request, f"trajectories/problems/{name}.html", context, status=422 if form.errors else 200)


def _plan(request: HttpRequest, upload: KeptUpload, form: QuestionForm) -> Import:
    """Have a kept file of questions imported as the form says."""
    return plan_import(
        actor=visitor(request),
        kind=Import.Kind.QUESTIONS,
        source=upload.name,
        options={**_options(form), **asdict(form.reading())},
        uploads=[upload],
    )


def _question_data(request: HttpRequest) -> QueryDict | None:
    """What was chosen in the form of columns so far; None where it was not shown yet."""
    if request.method == "POST":
        return request.POST
    return request.GET if f"{PREFIX}question" in request.GET else None


def _known_layout(data: QueryDict | None) -> str:
    name = data.get("layout", "") if data is not None else ""
    return name if name == PLAIN or get_layout(name) is not None else ""


def _known_split(word: str) -> str:
    return word if word in Problem.Split.values else ""


def _question_form(
    request: HttpRequest, upload: KeptUpload, looked: QuestionPreview, data: QueryDict | None
) -> QuestionForm:
    if data is not None:
        return QuestionForm(looked, data)
    title = request.GET.get("set_title") or PurePath(plain_name(upload.name)).stem[:80]
    return QuestionForm(looked, initial={"set_title": title, "split": request.GET.get("split", "")})
