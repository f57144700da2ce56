"""OpenTelemetry: spans of requests, tasks and calls of models, sent to the collector that OTEL_EXPORTER_OTLP_ENDPOINT
names. Nothing of it is loaded where the variable is not set; the other OTEL_* variables are read by the library.

A span holds ids, names of ours, counts and times. No text of a trace or person, no query, no message of an error and no
secret is told: of an error its type.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import structlog
from celery import signals
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from trajectories.adapters import tracing
from trajectories.adapters.acting import ACTED_IN, FIRST, acting_project, chosen_project
from trajectories.adapters.tracing import Facts
from webapp.environment import flag

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

ADDRESSES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""Variables that name a collector, of everything or of spans alone."""
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
SPOKEN = "http/protobuf"
FLUSH_MILLISECONDS = 3000
SENDING = (
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.sdk.trace.export",
    "netrc",
    "encodings.idna",
)
"""What else is first imported as the first spans are sent, by a thread. A process that forks in the middle of an import
leaves its lock held in the child, where nobody gives it back, and no span is ever sent from there."""
PARENT = "traceparent"
"""The header of a message with the span that it was sent in."""


def is_wanted() -> bool:
    """Whether a collector is named. Raises ImproperlyConfigured, with one sentence, for what cannot be done."""
    named = next((name for name in ADDRESSES if os.environ.get(name, "").strip()), None)
    if named is None or flag("OTEL_SDK_DISABLED"):
        return False
    for name in PROTOCOLS:
        if os.environ.get(name, "").strip() not in ("", SPOKEN):
            raise ImproperlyConfigured(f"{name} is {os.environ[name][:40]!r}; expected {SPOKEN}, the one spoken here.")
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter") is None:
        raise ImproperlyConfigured(
            f"{named} is set and the packages of OpenTelemetry are not installed: `make tracing` installs them."
        )
    return True


def begin(*, queries: bool) -> None:
    """Keep spans from now on; with `queries` one for each statement that the database is asked for, by its first word
    alone."""
    from django.db.backends.signals import connection_created

    for name in SENDING:
        import_module(name)
    tracing.tell_spans_to(Spans())
    signals.before_task_publish.connect(_say_parent, weak=False)
    signals.worker_shutdown.connect(_flush, weak=False)
    if queries:
        connection_created.connect(_watch_queries, dispatch_uid="spans of queries")


class Spans:
    """Keeps spans and sends them off some at a time (adapters.tracing.Tracer)."""

    @contextmanager
    def span(self, name: str, facts: Facts, parent: str | None) -> Iterator[None]:
        """See adapters.tracing.Tracer.span."""
        from opentelemetry.trace import Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        context = TraceContextTextMapPropagator().extract({PARENT: parent}) if parent else None
        opened = _tracer().start_as_current_span(
            name, context, attributes={**_about(), **facts}, record_exception=False, set_status_on_exception=False
        )
        with opened as span:
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", getattr(error, "kind", "") or type(error).__name__)
                span.set_status(Status(StatusCode.ERROR))
                raise

    def note(self, facts: Facts) -> None:
        """See adapters.tracing.Tracer.note."""
        from opentelemetry.trace import get_current_span

        get_current_span().set_attributes(dict(facts))

    def parent(self) -> str | None:
        """See adapters.tracing.Tracer.parent."""
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier)
        return carrier.get(PARENT)


def _about() -> dict[str, str | int]:
    """The ids that the log is about, and the project that acts."""
    ids = structlog.contextvars.get_contextvars()
    found: dict[str, str | int] = {
        f"minicolumn.{name}": value
        for name, value in ids.items()
        if name in ("run", "attempt", "trace", "job", "kind") and isinstance(value, str | int)
    }
    if chosen_project() is not None:
        found["minicolumn.project"] = acting_project()
    return found


_provider: "tuple[int, TracerProvider] | None" = None


def _tracer() -> "Tracer":
    """That of this process: what sends spans off is a thread, which a fork would not have."""
    global _provider  # noqa: PLW0603 (one for each process)
    if _provider is None or _provider[0] != os.getpid():
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        named = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: "minicolumn"}
        provider = TracerProvider(resource=Resource.create(named))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        _provider = os.getpid(), provider
    return _provider[1].get_tracer("minicolumn")


def _flush(**_: Any) -> None:
    """Send what is kept before a worker ends."""
    if _provider is not None and _provider[0] == os.getpid():
        _provider[1].force_flush(FLUSH_MILLISECONDS)


def _say_parent(headers: dict[str, Any], **_: Any) -> None:
    """Have a message say in which span it was sent."""
    if (parent := tracing.open_span()) is not None:
        headers[PARENT] = parent


def _watch_queries(connection: "BaseDatabaseWrapper", **_: Any) -> None:
    if _query_span not in connection.execute_wrappers:
        connection.execute_wrappers.append(_query_span)


def _query_span(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    verb = str(sql).lstrip().partition(" ")[0][:10].upper() if isinstance(sql, str) else "statement"
    with tracing.span(verb, {"db.system.name": "postgresql", "db.operation.name": verb}):
        return execute(sql, params, many, context)


class RequestSpans:
    """Middleware: a span for each request, by its route and never by what was asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request."""
        method = request.method or ""
        with tracing.span(method, {"http.request.method": method}, request.headers.get(PARENT)):
            response = self._get_response(request)
            tracing.note({"http.response.status_code": response.status_code, **_of_route(request)})
            return response

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        """Name the span, now that the route is known."""
        from opentelemetry.trace import get_current_span

        if (found := request.resolver_match) is not None:
            get_current_span().update_name(f"{request.method} /{found.route}")


def _of_route(request: HttpRequest) -> dict[str, str | int]:
    found = request.resolver_match
    if found is None:
        return {}
    ids = {
        f"minicolumn.{name.removesuffix('_id')}": value
        for name, value in found.kwargs.items()
        if isinstance(value, int)
    }
    return {"http.route": f"/{found.route}", **ids, "minicolumn.project": request.META.get(ACTED_IN, FIRST)}
