"""What is wrong with a request, as application/problem+json (RFC 9457): one sentence, and the field it is about."""

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as InvalidInput

from trajectories.core.faults import Fault
from trajectories.services.jobs.steering import JobError

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "The request cannot be read",
    401: "A token is needed",
    403: "Not allowed",
    404: "There is no such thing",
    405: "There is no such operation",
    409: "Not possible as things are",
    413: "The request is too large",
    415: "Another type of content is expected",
    422: "Something in the request is wrong",
    429: "Too many requests",
    500: "Something failed here",
    503: "The database does not answer",
}
NO_TOKEN = "Found no token that works, expected “Authorization: Bearer mc_…” with one made on the page “API tokens”."
LONGEST_SHOWN = 80


class ApiProblem(Exception):  # noqa: N818 - the word of the specification
    """A request that is refused: the status, one sentence, and the fields that it is about with a sentence each."""

    def __init__(
        self, status: int, detail: str, *, fields: dict[str, str] | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.fields, self.retry_after = fields or {}, retry_after


def render_problem(problem: ApiProblem) -> HttpResponse:
    """The answer that says what is wrong."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES[problem.status],
        "status": problem.status,
        "detail": problem.detail,
        "errors": [{"field": name, "detail": said} for name, said in problem.fields.items()],
    }
    response = JsonResponse(body, status=problem.status, content_type=MEDIA_TYPE, encoder=DjangoJSONEncoder)
    if problem.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Minicolumn"'
    if problem.retry_after is not None:
        response["Retry-After"] = str(max(1, round(problem.retry_after + 0.5)))
    return response


def problem_of(fault: Exception) -> ApiProblem:
    """What is wrong, for whatever the layers below raise."""
    for kind, tell in KINDS:
        if isinstance(fault, kind):
            return tell(fault)
    logger.error("A request of the API failed", exc_info=fault)
    return ApiProblem(500, "Something failed here; the server's log says what. Nothing is changed.")


def _unread(fault: Any) -> ApiProblem:
    """A body that is none, or whatever django-ninja refuses by itself."""
    cause = fault.__cause__
    return cause if isinstance(cause, ApiProblem) else ApiProblem(400, "Found something else, expected JSON.")


def _of_fault(fault: Fault) -> ApiProblem:
    """422 for what the request says; 409 where a job is not in a state for it, whatever the request says."""
    if isinstance(fault, JobError) and not fault.field:
        return ApiProblem(409, str(fault))
    return ApiProblem(422, str(fault), fields={fault.field: str(fault)} if fault.field else {})


def _too_large() -> ApiProblem:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE >> 20
    text = f"Found a request of more than {most} MB, expected less: send fewer rows at once, and larger rows as a file"
    return ApiProblem(413, f"{text} (POST /imports).")


def _outage(fault: Any) -> ApiProblem:
    logger.warning("A request of the API found no database: %s", fault)
    return ApiProblem(503, "The database does not answer; ask again in a moment.", retry_after=5)


KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Any], ApiProblem]], ...] = (
    (ApiProblem, lambda fault: fault),
    (InvalidInput, lambda fault: _of_fields(_fields(fault.errors))),
    (AuthenticationError, lambda _: ApiProblem(401, NO_TOKEN)),
    (HttpError, _unread),
    (Fault, _of_fault),
    (ValidationError, lambda fault: ApiProblem(422, " ".join(fault.messages))),
    (PermissionDenied, lambda fault: ApiProblem(403, str(fault) or "You may not do this.")),
    (Http404, lambda fault: ApiProblem(404, str(fault))),
    (RequestDataTooBig, lambda _: _too_large()),
    ((OperationalError, InterfaceError), _outage),
)
"""By the kind of exception, the first that fits."""


def answer_fault(_: HttpRequest, fault: Exception) -> HttpResponse:
    """The answer to a request that failed, as django-ninja asks for it."""
    return render_problem(problem_of(fault))


def _fields(errors: list[dict[str, Any]]) -> dict[str, str]:
    told = [each for each in errors if each["type"] != "none_required"]
    return {_place(each["loc"]): _sentence(each) for each in told or errors}


def _of_fields(fields: dict[str, str]) -> ApiProblem:
    name, said = next(iter(fields.items()))
    more = f" {len(fields) - 1} more thing{'s are' if len(fields) > 2 else ' is'} wrong." if len(fields) > 1 else ""
    return ApiProblem(422, f"{name}: {said}{more}" if name else f"{said}{more}", fields=fields)


OURS = {"given", "filters", "none", "int", "float", "str", "constrained-int", "constrained-float", "constrained-str"}
"""Parts of a path that are no names of a sender's: of our arguments, and of the ways to read what may be left out."""


def _place(parts: tuple[Any, ...]) -> str:
    """Where in the request something is: a parameter by its name, however often it is there, a part of the body by its
    path."""
    where, *rest = parts
    named = [part for part in rest if part not in OURS and not (where == "query" and isinstance(part, int))]
    return ".".join(map(str, named))[:200]


EXPECTED = {
    "missing": "something there",
    "extra_forbidden": "no field or parameter of this name",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "finite_number": "a finite number",
}


def _sentence(error: dict[str, Any]) -> str:
    """What is wrong with one field."""
    kind, told = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    if kind in ("literal_error", "enum"):
        return f"Found something else, expected {told['expected']}."
    bounds = {"greater_than_equal": ("at least", "ge"), "less_than_equal": ("at most", "le")}
    bounds |= {"greater_than": ("more than", "gt"), "less_than": ("less than", "lt")}
    if kind in bounds:
        words, name = bounds[kind]
        return f"Found a number out of range, expected {words} {told[name]}."
    if kind in ("string_too_long", "too_long"):
        return f"Found too much, expected at most {told['max_length']:,}."
    if kind in ("string_too_short", "too_short"):
        return f"Found too little, expected at least {told['min_length']:,}."
    found = {"missing": "nothing", "extra_forbidden": "something"}.get(kind, "something else")
    return f"Found {found}, expected {EXPECTED.get(kind, 'what the reference of the API says')}."
