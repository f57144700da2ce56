"""Answers as endpoints really send them (cases b05 and b06), sampled by a real server over HTTP."""

import json
import threading
from dataclasses import dataclass
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.management import call_command

from tests.endpoint import sampler_for
from tests.management.test_import_traces_answers import CASES
from trajectories.adapters.chat_api.wire.settings import CHAT_COMPLETIONS, RESPONSES
from trajectories.models import Run, Trace
from trajectories.services.prompts.instructions import ensure_shipped_instructions
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db(transaction=True)
FIRST_ANSWERS = json.loads((CASES / "b06-error-in-200" / "first-answers.json").read_text())
USAGES = json.loads((CASES / "b05-reasoning-tokens-beside" / "usages.json").read_text())


@dataclass
class Server:
    """Answers each call with the next of some answers, the last of them for good; a list of events as a stream."""

    answers: list
    calls: int = 0
    port: int = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self):
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = server.answers[min(server.calls, len(server.answers) - 1)]
                server.calls += 1
                answer = answer(asked) if callable(answer) else answer
                is_stream = isinstance(answer, list)
                text = (
                    "".join(f"data: {json.dumps(event)}\n\n" for event in answer) if is_stream else json.dumps(answer)
                )
                body = (text + ("data: [DONE]\n\n" if is_stream else "")).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream" if is_stream else "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()


def good(usage=None):
    def answer(asked):
        if "input" in asked:
            content = [{"type": "output_text", "text": "Answer: 42"}]
            body = {"object": "response", "status": "completed", "output": [{"type": "message", "content": content}]}
            return [{"type": "response.completed", "response": body}] if asked.get("stream") else body
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Answer: 42"}}
        if asked.get("stream"):
            return [{"choices": [{"index": 0, "delta": choice["message"], "finish_reason": "stop"}]}]
        return {"choices": [choice], "usage": usage}

    return answer


def draw(case, server, *options, samples=1, **settings):
    """A run of some samples of the case's problem, drawn as far as it goes."""
    ensure_shipped_instructions()
    call_command("import_problems", CASES / case / "problems.jsonl")
    sampler = sampler_for(server, **settings)
    options = ("--sampler", sampler.name, "--instructions", "numeric", "--samples", str(samples), *options)
    call_command("sample", *options)
    run = Run.objects.latest("pk")
    report = sample_session(run_id=run.pk, on_traces=lambda ids: verify_traces(trace_ids=list(ids)))
    verify_traces(trace_ids=report.trace_ids)
    run.refresh_from_db()
    return run


@pytest.mark.parametrize("name", FIRST_ANSWERS)
def test_an_error_that_comes_as_an_answer_is_asked_again(name):
    settings = {"streaming": "streamed" in name, "api": RESPONSES if "Responses" in name else CHAT_COMPLETIONS}
    with Server([FIRST_ANSWERS[name], good()]) as server:
        run = draw("b06-error-in-200", server, **settings)
    assert (run.state, run.done_count, run.failed_count, server.calls) == ("finished", 1, 0, 2)
    trace = Trace.objects.get(run=run)
    assert (trace.reasoning.body, trace.correctness, trace.finish_reason) == ("Answer: 42", "pass", "stop")
    assert sum(trace.facts["faults"].values()) == 1


WANTED = {"a": (505, 0), "b": (505, 0), "c": (5, 16), "d": (5, 16), "e": (5, 0)}


@pytest.mark.parametrize("name", WANTED)
def test_tokens_are_counted_as_the_total_witnesses(name):
    with Server([good(USAGES[name])]) as server:
        run = draw("b05-reasoning-tokens-beside", server, max_output_tokens=1_000)
    trace = Trace.objects.get(run=run)
    assert (trace.output_tokens, trace.cached_tokens) == WANTED[name]
    assert run.output_tokens == WANTED[name][0]
    assert name != "e" or trace.cost == Decimal("0.0123")


def test_a_budget_of_tokens_holds_where_reasoning_is_beside():
    with Server([good(USAGES["a"])]) as server:
        run = draw(
            "b05-reasoning-tokens-beside",
            server,
            "--budget-tokens",
            "600",
            samples=4,
            max_output_tokens=50,
            concurrency=1,
        )
    assert (run.state, run.done_count) == ("paused", 1)
