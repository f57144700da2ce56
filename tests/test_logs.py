"""What is written into logs: ids of what a line is about, and neither secrets nor texts of traces."""

import json
import logging
import os
import subprocess
import sys

import psycopg
import pytest
from django.db import IntegrityError, OperationalError
from django.http import HttpResponse
from django.utils.module_loading import import_string
from structlog.testing import capture_logs

from tests import factories
from tests.endpoint import bind_keys, flip_endpoint, sampler_for
from tests.logs import listening
from trajectories.adapters.acting import acting_in
from trajectories.adapters.log_context import about
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.verification.queue import verify_traces
from webapp.logs import RequestLines

KEY, SECRET = "sk-canary-0123456789abcdef", "canary-password-9876"
TEXT = "the canary text of a trace"


@pytest.fixture
def lines(monkeypatch, settings):
    monkeypatch.setenv("CANARY_KEY", KEY)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://m:{SECRET}@db/minicolumn")
    bind_keys(settings, "CANARY_KEY=http://127.0.0.1:1/v1")
    with listening() as found:
        yield found


def test_a_line_says_what_it_is_about_and_no_secret(lines):
    with about(run=3, attempt=14), acting_in(7):
        logging.getLogger("x").warning("The key %s and %s were refused at %s", KEY, SECRET, "http://x")
    (told,) = lines.json
    assert (told["run"], told["attempt"], told["project"]) == (3, 14, 7)
    assert (told["level"], told["logger"]) == ("warning", "x")
    assert told["event"] == "The key [secret] and [secret] were refused at http://x"
    assert "attempt=14 project=7 run=3 The key [secret]" in lines.plain, "ids stand in the order of their names"


def test_of_an_error_the_place_is_told_and_only_the_world_is_quoted(lines):
    for error in (
        ValueError(f"bad: {TEXT}"),
        IntegrityError(f"duplicate key\nDETAIL:  Failing row contains ({TEXT})."),
        OSError(28, "No space left"),
    ):
        try:
            raise error
        except Exception:
            logging.getLogger("x").exception("It broke")
    first, second, third = lines.json
    assert first["error"] == "ValueError"
    assert "test_logs.py" in first["raised_at"][-1]
    assert "error_said" not in first
    assert second["error_said"] == "duplicate key"
    assert "No space left" in third["error_said"]
    assert TEXT not in json.dumps(lines.json)


def test_the_link_of_an_invitation_is_no_line_of_the_log(lines):
    """Whoever reads it could take the invitation before the person it was sent to."""
    link = "NetFFy4DVHfZVFpeX8bQJGuw9b5fxW1kjIgZYuPKjHc"
    logging.getLogger("django.request").warning("Not Found: %s", f"/invitations/{link}/")
    logging.getLogger("x").info("GET /invitations/%s/?x=1 and POST /invitations/7/revoke/", link)
    assert [line["event"] for line in lines.json] == [
        "Not Found: /invitations/[secret]/",
        "GET /invitations/[secret]/?x=1 and POST /invitations/7/revoke/",
    ]
    assert link not in lines.plain


WORKER = """
import logging, warnings
from webapp.celery import app
from celery import signals
from celery.exceptions import CPendingDeprecationWarning
app.log.setup(loglevel="WARNING")
signals.worker_ready.send(sender=None)
logging.getLogger("x").warning("The key %s was refused", "{key}")
logging.getLogger("x").info("Unasked for")
warnings.warn_explicit("A new default", CPendingDeprecationWarning, "consumer.py", 1, "celery.worker.consumer")
"""


@pytest.mark.parametrize("style", ["json", "plain"])
def test_workers_and_the_scheduler_write_as_the_web_server_does(style):
    """Celery put its own lines in place, with the keys that a call had failed with."""
    environment = {"LOG_FORMAT": style, "MODEL_KEYS": "CANARY_KEY=http://127.0.0.1:1/v1", "CANARY_KEY": KEY}
    command = [sys.executable, "-c", WORKER.format(key=KEY)]
    ended = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    (line,) = ended.stderr.splitlines()
    if style == "json":
        assert json.loads(line)["event"] == "The key [secret] was refused"
    assert line.endswith("WARNING x: The key [secret] was refused") is (style == "plain")


def test_a_page_that_says_the_database_is_away_is_logged_with_the_status_it_has(rf):
    lines = RequestLines(lambda _: HttpResponse(status=503))
    request = rf.get("/runs/")
    with capture_logs() as written:
        for error, cause in ((OperationalError("x"), psycopg.OperationalError()), (ValueError("a fault"), None)):
            try:
                raise error from cause
            except Exception:
                lines.process_got_request_exception(None, request)
            lines.handle_response(request, HttpResponse(status=503))
    told = [(each["event"], each["code"]) for each in written]
    assert told == [("request_finished", 503), ("request_failed", 500)]


def test_a_request_is_one_line(settings):
    """The files of a page are streamed: each wrote a second line, which named no address."""
    console = settings.LOGGING["handlers"]["console"]
    filters = {name: settings.LOGGING["filters"][name]["()"] for name in console["filters"]}
    keeps = import_string(filters["streams"])().filter
    written = [
        event
        for event in ("request_finished", "streaming_finished", "streaming_failed")
        if keeps(logging.LogRecord("x", logging.INFO, "x", 1, {"event": event}, (), None))
    ]
    assert written == ["request_finished", "streaming_failed"]
    assert keeps(logging.LogRecord("x", logging.INFO, "x", 1, "a text", (), None))


@pytest.mark.django_db(transaction=True)
def test_a_whole_loop_writes_neither_a_key_nor_a_text(lines, settings, lead, client):
    """Sampling by a model with a key, by a sampler that breaks with the text in its error, verifying, and reading."""

    class Breaks:
        name, version = "breaks", 1

        def sample(self, requests):
            raise ValueError(f"could not read {TEXT}")
            yield

    problem = factories.make_problem(statement=TEXT)
    view = factories.make_instruction(style="program", suits="chat")
    with flip_endpoint() as endpoint:
        bind_keys(settings, f"CANARY_KEY={endpoint.url}")
        run = factories.plan(
            sampler=sampler_for(endpoint, key_variable="CANARY_KEY"), problems=[problem], instructions=[view]
        )
        report = sample_session(run_id=run.pk, on_traces=lambda _: None)
        assert KEY in str(endpoint.calls[0].headers), "the key was used"
    of_calls = [line for line in lines.json if line["logger"].startswith("openai") and "attempt" in line]
    attempts = {str(pk) for pk in run.attempts.values_list("pk", flat=True)}
    assert {line["attempt"] for line in of_calls} == attempts, "what is logged in a call says of which attempt it is"
    verify_traces(trace_ids=report.trace_ids)
    broken = factories.plan(problems=[problem])
    sample_next_batch(run_id=broken.pk, samplers={"symbolic": Breaks})
    client.force_login(lead)
    client.get("/traces/", {"text": TEXT})
    told = json.dumps(lines.json)
    assert "The sampler breaks broke" in told
    assert TEXT not in told
    for secret in (KEY, SECRET):
        assert secret not in told
        assert secret not in lines.plain
