"""Spans of OpenTelemetry, as a collector on loopback gets them: of requests, tasks and calls of models, with ids and
without texts or secrets; and what is said where they cannot be sent."""

import gzip
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec

import pytest

from tests import factories
from tests.endpoint import bind_keys, flip_endpoint, sampler_for
from tests.worker import ROOT, wait_for
from trajectories.adapters import tracing
from trajectories.adapters.acting import acting_in
from trajectories.adapters.log_context import about, ids_of
from webapp import tracing as told

MISSING = find_spec("opentelemetry.sdk") is None if find_spec("opentelemetry") else True
needs_packages = pytest.mark.skipif(MISSING, reason="OpenTelemetry is not installed here: `make tracing` installs it")
WORKER_SETTINGS: dict[str, str] = {}
KEY, TEXT = "sk-canary-0123456789abcdef", "the canary text of a trace"


class Collector(ThreadingHTTPServer):
    """Keeps the spans that are sent to it."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Receiver)
        self.bodies, self.headers = [], []

    @property
    def spans(self):
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        read = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        return [
            (span, {each.key: each.value.string_value or each.value.int_value for each in span.attributes})
            for request in read
            for of_resource in request.resource_spans
            for scope in of_resource.scope_spans
            for span in scope.spans
        ]

    def of(self, name):
        return [found for found in self.spans if found[0].name == name]


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
        self.server.headers.append((self.path, dict(self.headers)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def collector(monkeypatch, settings):
    with Collector() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        spoken_to = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20sesame-sesame",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        for name, value in spoken_to.items():
            monkeypatch.setenv(name, value)
        WORKER_SETTINGS.update(spoken_to, TRACE_QUERIES="1")
        monkeypatch.setattr(told, "_provider", None)
        assert told.is_wanted()
        told.begin(queries=False)
        assert set(told.SENDING) <= sys.modules.keys(), "nothing is left to import by a thread, while others fork"
        settings.MIDDLEWARE = ["webapp.tracing.RequestSpans", *settings.MIDDLEWARE]
        yield server
        tracing.tell_spans_to(None)
        told.signals.before_task_publish.disconnect(told._say_parent)
        told.signals.worker_shutdown.disconnect(told._flush)
        WORKER_SETTINGS.clear()
        server.shutdown()


@pytest.fixture
def endpoint(collector, monkeypatch, settings):
    """One whose key the worker has."""
    with flip_endpoint() as served:
        bind_keys(settings, f"CANARY_KEY={served.url}")
        monkeypatch.setenv("CANARY_KEY", KEY)
        WORKER_SETTINGS.update(CANARY_KEY=KEY, MODEL_KEYS=f"CANARY_KEY={served.url}")
        yield served


@needs_packages
def test_requests_tasks_and_calls_of_models_are_told_with_ids_and_without_texts(
    collector, endpoint, celery_worker_process, lead, client
):
    problem = factories.make_problem(statement=TEXT)
    view = factories.make_instruction(style="program", suits="chat")
    sampler = sampler_for(endpoint, key_variable="CANARY_KEY")
    with tracing.span("rings"):
        run = factories.plan(sampler=sampler, problems=[problem], instructions=[view])
    wait_for(lambda: run.attempts.filter(trace__verdicts__isnull=False).exists(), "its verdict")
    assert KEY in str(endpoint.calls[0].headers), "the key was used"
    client.force_login(lead)
    assert client.get(f"/runs/{run.pk}/", {"text": TEXT}).status_code == 200
    assert client.get("/traces/999999/").status_code == 404
    told._flush()
    wait_for(lambda: collector.of("trajectories.sample_batch") and collector.of("verify"), "the worker's spans")
    assert {path for path, _ in collector.headers} == {"/v1/traces"}
    assert {headers["authorization"] for _, headers in collector.headers} == {"Bearer sesame-sesame"}
    call, facts = collector.of(f"chat {sampler.parameters['model']}")[0]
    attempts = {str(attempt.pk): attempt for attempt in run.attempts.select_related("trace")}
    assert (facts["minicolumn.run"], facts["minicolumn.attempt"] in attempts) == (run.pk, True)
    assert facts["gen_ai.usage.output_tokens"] > 0
    task, facts = next(
        found for found in collector.of("trajectories.sample_batch") if found[0].span_id == call.parent_span_id
    )
    assert facts["minicolumn.run"] == run.pk
    ((rings, _),) = collector.of("rings")
    assert call.trace_id == task.trace_id == rings.trace_id, "the task is within what rang for it, the call in the task"
    traces = {attempt.trace.pk for attempt in attempts.values() if hasattr(attempt, "trace")}
    assert {facts["minicolumn.trace"] for _, facts in collector.of("verify")} <= traces
    ((_, facts),) = collector.of("GET /runs/<int:run_id>/")
    assert facts["http.response.status_code"] == 200
    assert (facts["minicolumn.run"], facts["minicolumn.project"]) == (run.pk, 1)
    ((_, facts),) = collector.of("GET /traces/<int:trace_id>/")
    assert facts["http.response.status_code"] == 404
    assert collector.of("SELECT"), "statements of the worker, which was asked for them"
    everything = b"".join(collector.bodies)
    for secret in (KEY, TEXT, "sesame", "canary"):
        assert secret.encode() not in everything


@needs_packages
def test_of_an_error_its_type_is_told_and_of_a_block_its_project(collector):
    with pytest.raises(ValueError, match="canary"), acting_in(7), tracing.span("breaks"), about(trace=5):
        raise ValueError(TEXT)
    told._flush()
    ((span, facts),) = collector.of("breaks")
    assert (facts["error.type"], facts["minicolumn.trace"], facts["minicolumn.project"]) == ("ValueError", 5, 7)
    assert span.status.code == 2
    assert list(span.events) == []
    assert TEXT.encode() not in b"".join(collector.bodies)


def started_with(**environment) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.modules['opentelemetry'] = None; from minicolumn.command import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "check"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**{name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}, **environment},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"},
            "OTEL_EXPORTER_OTLP_ENDPOINT is set and the packages of OpenTelemetry are not installed: `make tracing` "
            "installs them.",
        ),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc'; expected http/protobuf, the one spoken here.",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(environment, sentence):
    done = started_with(**environment)
    assert (done.returncode, done.stderr.strip()) == (1, sentence)


def test_nothing_is_asked_for_where_no_collector_is_named_or_it_is_disabled():
    assert started_with().returncode == 0
    assert started_with(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318", OTEL_SDK_DISABLED="true").returncode == 0


def test_who_pays_tells_what_a_call_is_about():
    assert ids_of(["attempt 7"]) == {"attempt": "7"}
    assert ids_of(["attempt 7", "attempt 9"]) == {"attempt": "7,9"}
    assert ids_of(["judgement item 4.1.2"]) == {"judgement_item": "4.1.2"}
    assert ids_of(["", "whoever"]) == {}
