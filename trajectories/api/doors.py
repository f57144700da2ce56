"""The API as a whole: its answers, what holds for every operation, and its description (OpenAPI)."""

import json
import math
from collections.abc import Callable, Iterator
from functools import cache, wraps
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, path, re_path
from django.utils.cache import patch_cache_control
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.errors import ValidationError as InvalidInput
from ninja.operation import Operation
from ninja.parser import Parser
from ninja.renderers import BaseRenderer
from pydantic import BaseModel

from trajectories.api.auth import ApiTokenAuth
from trajectories.api.faults import MEDIA_TYPE, ApiProblem, answer_fault, render_problem
from trajectories.api.multipart import take_files
from trajectories.models import ApiToken

FAULTS, FAULTS_OF_A_BODY = (401, 403, 404, 409, 413, 422, 429, 500, 503), (400, 415)
"""The statuses of faults that every operation may answer with, and those that one with a body may besides."""
SHAPE_ADDRESS = "#/components/schemas/{model}"
Parameters = frozenset[str]


class ProblemDetails(BaseModel):
    """What is wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list["FieldProblem"]


class FieldProblem(BaseModel):
    """What is wrong with one field or parameter."""

    field: str
    detail: str


class FiniteRenderer(BaseRenderer):
    """JSON and nothing else: what is no number becomes null."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> str:  # noqa: ARG002
        """The text of an answer."""
        try:
            return json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, allow_nan=False)
        except ValueError:
            return json.dumps(_finite(data), cls=DjangoJSONEncoder, ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, list | tuple) else value


class StrictParser(Parser):
    """JSON as it is defined, sent as JSON."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body. Raises ApiProblem with status 400 or 415."""
        if request.content_type != "application/json":
            raise ApiProblem(415, "Found another type of content, expected “Content-Type: application/json”.")
        try:
            return json.loads(request.body, parse_constant=_no_constant, parse_float=_finite_number)
        except (ValueError, RecursionError) as fault:
            raise ApiProblem(400, f"Found no JSON ({str(fault)[:80]}), expected one object.") from fault


def _no_constant(word: str) -> Any:
    raise ValueError(f"found {word}")


def _finite_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"found {text[:20]}, which is too large")
    return number


class Api(NinjaAPI):
    """The operations, and how they are described."""

    def get_openapi_schema(self, **options: Any) -> Any:
        """OpenAPI, with faults as what they are sent as and what each operation needs."""
        schema = super().get_openapi_schema(**options)
        fault = ProblemDetails.model_json_schema(ref_template=SHAPE_ADDRESS)
        schema["components"]["schemas"] |= {**fault.pop("$defs"), ProblemDetails.__name__: fault}
        needed = {self.get_openapi_operation_id(each): each for each in operations(self)}
        for methods in schema["paths"].values():
            for described in methods.values():
                _describe(described, needed[described["operationId"]])
        return schema

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The name of an operation: that of its function."""
        return operation.view_func.__name__


def _describe(described: dict[str, Any], operation: Operation) -> None:
    auth = operation.auth_callbacks[0]
    assert isinstance(auth, ApiTokenAuth), operation.path
    described["x-scope"] = auth.scope.value
    described["x-permissions"] = list(auth.permissions)
    faults = FAULTS + (FAULTS_OF_A_BODY if "POST" in operation.methods else ())
    for status in faults:  # ninja makes the shape of each answer anew: of all these that took most of the time
        content = {MEDIA_TYPE: {"schema": {"$ref": SHAPE_ADDRESS.format(model=ProblemDetails.__name__)}}}
        described["responses"][status] = {"description": HTTPStatus(status).phrase, "content": content}
    described["responses"][429]["headers"] = {
        "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait.", "required": True}
    }


api = Api(
    title="Minicolumn",
    version="1",
    description="What a person does on the pages of Minicolumn, a program does here, by the same rules.",
    docs_url=None,
    openapi_url=None,
    renderer=FiniteRenderer(),
    parser=StrictParser(),
    urls_namespace="api",
    openapi_extra={"info": {"license": {"name": "as the installation says"}}},
)
for kind in (Exception, Http404, HttpError, InvalidInput):  # each has a handler of its own otherwise
    api.add_exception_handler(kind, answer_fault)  # type: ignore[arg-type]


def door(
    method: str,
    address: str,
    *permissions: str,
    scope: ApiToken.Scope = ApiToken.Scope.READ,
    answers: Any,
    status: int = 200,
    tag: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function an operation: for tokens of this scope whose owners hold the permissions.

    The first part of the address is what it is listed under.
    """
    responses: dict[int, Any] = {status: answers}
    if method == "POST" and status != 200:
        responses[200] = answers
    return api.api_operation(
        [method],
        address,
        auth=ApiTokenAuth(scope, *permissions),
        response=responses,
        tags=[tag or address.strip("/").partition("/")[0]],
    )


def operations(door_of: NinjaAPI) -> Iterator[Operation]:
    """Every operation there is."""
    for router in door_of._get_bound_routers():
        for view in router.path_operations.values():
            yield from view.operations


def parameters_of(operation: Operation) -> Parameters:
    """The names of the parameters in the address's query that an operation takes."""
    models = [model for model in operation.models if model.__ninja_param_source__ == "query"]
    return frozenset(name for model in models for name in model.__ninja_flatten_map__)


def _fields_of_files(operation: Operation) -> Parameters:
    """The names of the fields of a body with files; none where an operation takes no files."""
    models = [model for model in operation.models if model.__ninja_param_source__ in ("form", "file")]
    if not any(model.__ninja_param_source__ == "file" for model in models):
        return frozenset()
    maps: list[Any] = [getattr(model, "__ninja_flatten_map__", model.model_fields) for model in models]
    return frozenset(name for known in maps for name in known)


def _strictly(operation: Operation) -> None:
    """Have an operation refuse parameters that it does not know, after it has looked who asks: a misspelt filter that
    counted for nothing would give everything."""
    read, known, fields = operation._get_values, parameters_of(operation), _fields_of_files(operation)

    def read_strictly(request: HttpRequest, path_params: Any, temporal_response: HttpResponse) -> Any:
        unknown = sorted(request.GET.keys() - known)
        if unknown:
            expected = f"one of {', '.join(sorted(known))}" if known else "none"
            said = f"Found the parameter {unknown[0][:80]!r}, expected {expected}."
            raise ApiProblem(422, said, fields={unknown[0][:80]: said})
        if fields:
            take_files(request, fields)
        return read(request, path_params, temporal_response)

    operation._get_values = read_strictly  # type: ignore[method-assign]


def _guarded(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view of the API: no session, no cookie, nothing kept by anybody; an unknown method is a fault like others."""

    @csrf_exempt
    @login_not_required
    @wraps(view)
    def guarded(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
        if request.method == "HEAD":
            request.method = "GET"
        response = view(request, *arguments, **named)
        if isinstance(response, HttpResponseNotAllowed):
            allowed = ", ".join(sorted(response["Allow"].split(", ")))
            refusal = f"Found the method {request.method}, expected {allowed}."
            response = render_problem(ApiProblem(405, refusal))
            response["Allow"] = allowed
        patch_cache_control(response, private=True, no_store=True)
        return response

    return guarded


@login_not_required
def openapi(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The description of the API for programs."""
    return HttpResponse(_description_text(), content_type="application/json")


@cache
def description() -> dict[str, Any]:
    """The description of the API, which is put together once: with all its shapes that takes a second or more."""
    found: dict[str, Any] = api.get_openapi_schema(path_prefix="/api/v1/")
    return found


@cache
def _description_text() -> str:
    return json.dumps(description(), indent=1)


def _unknown(request: HttpRequest) -> HttpResponse:
    return render_problem(
        ApiProblem(404, f"There is no {request.path[:200]}; the reference of the API is at /api/docs.")
    )


def _parts_left_open(pattern: URLPattern) -> list[bool]:
    """Part by part whether a parameter stands there: /runs/estimate comes before /runs/7, whichever was added first."""
    return ["<" in part for part in str(pattern.pattern).split("/")]


def api_urls() -> list[URLPattern | URLResolver]:
    """The addresses of all operations, and a fault for every other address below them. To be called once."""
    patterns, _, _ = api.urls
    for operation in operations(api):
        _strictly(operation)
    for pattern in patterns:
        assert isinstance(pattern, URLPattern)
        pattern.callback = _guarded(pattern.callback)
    named = [pattern for pattern in patterns if isinstance(pattern, URLPattern) and pattern.name != "api-root"]
    named.sort(key=_parts_left_open)
    return [path("openapi.json", openapi, name="openapi"), *named, re_path("^.*$", _guarded(_unknown))]
