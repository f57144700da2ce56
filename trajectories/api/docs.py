"""The reference of the API as a page: made from its description, without a script of anybody's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from trajectories.api.doors import description
from trajectories.services.installation.roles import why_missing

ORDER = ("problems", "samplers", "runs", "traces", "reviews", "queues", "releases", "exports")
"""What the operations are about, in the order of the loop; what is not named here follows."""
DEEPEST = 2
NEEDED = ("trajectories.view_trace",)


@dataclass(frozen=True, slots=True)
class ShownField:
    """A parameter or a part of a body: its name, what it takes, whether it has to be there, and what it means."""

    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class ShownOperation:
    """An operation as the page tells of it."""

    name: str
    method: str
    path: str
    summary: str
    scope: str
    permissions: list[str]
    parameters: list[ShownField] = field(default_factory=list)
    body: list[ShownField] = field(default_factory=list)
    answers: list[ShownField] = field(default_factory=list)

    @property
    def headline(self) -> str:
        """The first sentence of the summary."""
        return self.summary.split(". ")[0].rstrip(".")


@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """Every operation by its concept: what it needs, takes and answers."""
    if not request.user.has_perms(NEEDED):
        raise PermissionDenied(why_missing(NEEDED[0]))
    context = {"areas": shown_areas(), "base": request.build_absolute_uri("/api/v1").rstrip("/")}
    return render(request, "trajectories/docs/reference.html", context)


api_docs.needed_permissions = NEEDED  # type: ignore[attr-defined]


@cache
def shown_areas() -> dict[str, list[ShownOperation]]:
    """The operations by the title of what they are about."""
    schema = description()
    shapes = schema["components"]["schemas"]
    areas: dict[str, list[ShownOperation]] = {tag.capitalize(): [] for tag in ORDER}
    for path, methods in schema["paths"].items():
        for method, told in methods.items():
            tag = told["tags"][0]
            areas.setdefault(tag.capitalize(), []).append(_shown(path, method, told, shapes))
    return areas


def _shown(path: str, method: str, told: Mapping[str, Any], shapes: Mapping[str, Any]) -> ShownOperation:
    good = next(answer for status, answer in told["responses"].items() if int(status) < 300)
    return ShownOperation(
        name=told["operationId"],
        method=method.upper(),
        path=path,
        summary=told.get("description") or told["summary"],
        scope=told["x-scope"],
        permissions=told["x-permissions"],
        parameters=[
            ShownField(each["name"], _kind(each["schema"], shapes), each["required"], each.get("description", ""))
            for each in told["parameters"]
        ],
        body=_fields(_schema_of(told.get("requestBody")), shapes),
        answers=_fields(_schema_of(good), shapes),
    )


def _schema_of(part: Mapping[str, Any] | None) -> Mapping[str, Any]:
    contents = list(((part or {}).get("content") or {}).values())  # one: JSON, or a form with files
    found: Mapping[str, Any] = contents[0].get("schema", {}) if contents else {}
    return found


def _found(schema: Mapping[str, Any], shapes: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema itself where it is named elsewhere."""
    while "$ref" in schema:
        schema = shapes[schema["$ref"].rpartition("/")[2]]
    return schema


def _fields(schema: Mapping[str, Any], shapes: Mapping[str, Any], prefix: str = "", depth: int = 1) -> list[ShownField]:
    found, rows = _found(schema, shapes), list[ShownField]()
    required = found.get("required", ())
    for name, part in found.get("properties", {}).items():
        rows.append(ShownField(prefix + name, _kind(part, shapes), name in required, part.get("description", "")))
        inner, dots = part, f"{prefix}{name}."
        if part.get("type") == "array":
            inner, dots = part.get("items", {}), f"{prefix}{name}[]."
        if depth < DEEPEST:
            rows += _fields(inner, shapes, dots, depth + 1)
    return rows


def _kind(schema: Mapping[str, Any], shapes: Mapping[str, Any]) -> str:
    """What a value may be, in a few words."""
    found = _found(schema, shapes)
    if "anyOf" in found:
        return " or ".join(dict.fromkeys(_kind(each, shapes) for each in found["anyOf"]))
    if "enum" in found:
        return ", ".join(map(str, found["enum"]))
    if "const" in found:
        return str(found["const"])
    if found.get("type") == "array":
        return f"list of {_kind(found.get('items', {}), shapes)}"
    least, most = found.get("minimum"), found.get("maximum")
    bounds = f" from {least:,} to {most:,}" if least is not None and most is not None and most < 2**60 else ""
    return str(found.get("type", "any")) + bounds
