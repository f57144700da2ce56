"""The tools for language models, asked by the real client of their protocol."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta

import httpx
import httpx2
import pytest
from django.conf import settings as django_settings
from django.core.wsgi import get_wsgi_application
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.memory import create_connected_server_and_client_session

from minicolumn import Client
from minicolumn.model_tools import MOST_CHARACTERS, MOST_OTHER_CHARACTERS, WIDER, make_server, shortened
from tests import factories
from tests.queues import decide, item_of, make_traces, queue_of
from tests.worker import ROOT, database_url, wait_for
from trajectories.core.curation.schemas import Blinding
from trajectories.models import ApiToken, Review, Run
from trajectories.services.clients.tokens import make_token
from trajectories.services.endpoints.samplers import ensure_symbolic

READING = {
    *("list_samplers", "list_queues", "list_releases", "list_problems", "list_runs", "search_traces"),
    *("list_problem_sets", "list_instructions", "list_scorers", "list_rubrics", "list_imports"),
    *("list_reviews", "list_asks", "list_exports", "list_jobs", "list_differences"),
    *("list_campaigns", "list_trainings", "list_rules", "get_campaign", "get_training"),
    *("get_ask", "get_verification", "get_sampler"),
    *("get_problem", "get_run", "get_release", "get_trace", "get_queue", "get_import", "get_freezing"),
}
LAUNCHING, REVIEWING = {"launch_run", "steer_run"}, {"next_item", "submit_item", "submit_review"}
EVERY_SCOPE = list(ApiToken.Scope.values)


def secret_of(person, scopes=EVERY_SCOPE):
    return make_token(owner=person, title="A model", scopes=scopes, days=1)[1]


def asked(secret, questions, allow=()):
    """The names of the tools, and what each of the questions (tool, arguments) was answered: (is an error, what)."""
    transport = httpx2.WSGITransport(app=get_wsgi_application())

    @contextmanager
    def connect(_):
        with Client("http://localhost", secret, transport=transport) as client:
            yield client

    async def talk():
        server = make_server(connect, allow=allow)
        async with create_connected_server_and_client_session(server._mcp_server) as session:
            return await _answers(session, questions)

    return asyncio.run(talk())


async def _answers(session, questions):
    tools = {tool.name: tool for tool in (await session.list_tools()).tools}
    answers = []
    for name, arguments in questions:
        answer = await session.call_tool(name, arguments, read_timeout_seconds=timedelta(seconds=60))
        answers.append((answer.isError, answer.content[0].text if answer.isError else answer.structuredContent))
    return tools, answers


@pytest.mark.django_db(transaction=True)
def test_reading_is_what_is_offered_and_what_a_person_sees(lead, curator):
    """A curator's model is as blind as the curator: no verdicts that a queue hides, no review of somebody else's."""
    traces = make_traces(2, correctness="pass", reasoning="A quokka is mirrored.")
    for trace in traces:
        factories.make_verdict(trace=trace, message="All pairs are right.")
    queue = queue_of(lead, traces, blinding=Blinding(verdicts=True, reviews=True), members=[curator, lead])
    decide(lead, item_of(queue, traces[0]))
    questions = [
        ("search_traces", {"filters": {"run": [traces[0].run_id, traces[1].run_id]}}),
        ("get_trace", {"trace_id": traces[0].pk, "with_texts": True}),
        ("get_trace", {"trace_id": 10**9}),
        ("search_traces", {"filters": {"misspelt": 1}}),
        ("list_queues", {}),
        ("list_releases", {}),
        ("get_problem", {"row_id": traces[0].problem_id}),
    ]
    tools, answers = asked(secret_of(curator, ["read"]), questions)
    assert set(tools) == READING
    assert all(tool.annotations.readOnlyHint for tool in tools.values())
    listed, trace, missing, misspelt, queues, releases, problem = answers
    assert [row["hidden"] for row in listed[1]["items"]] == [["verdicts"]] * 2
    assert {row["correctness"] for row in listed[1]["items"]} != {"pass"}
    assert (trace[1]["verdicts"], trace[1]["reviews"], trace[1]["decision"]) == ([], [], "")
    assert trace[1]["parts"]
    assert "All pairs are right." not in str(answers)
    assert missing == (True, f"Error executing tool get_trace: There is no trace {10**9}.")
    assert misspelt[0]
    assert "misspelt" in misspelt[1]
    assert [row["id"] for row in queues[1]["items"]] == [queue.pk]
    assert releases[0]
    assert "needs the permission" in releases[1]
    assert problem[1]["id"] == traces[0].problem_id
    _, [(_, seen)] = asked(secret_of(lead), [("get_trace", {"trace_id": traces[0].pk})])
    assert [review["decision"] for review in seen["reviews"]] == ["accept"]
    assert seen["left_out"] == ["prompt", "parts"]
    _, [(_, told), (_, sets)] = asked(
        secret_of(lead), [("get_queue", {"row_id": queue.pk}), ("list_problem_sets", {"limit": 1})]
    )
    assert (told["id"], told["hides"]) == (queue.pk, ["reviews", "verdicts"])
    assert len(sets["items"]) == 1


@pytest.mark.django_db(transaction=True)
def test_arguments_that_a_tool_does_not_know_or_cannot_take_are_refused_in_a_sentence(lead):
    make_traces(1)
    questions = [
        ("search_traces", {"correctnes": "pass"}),
        ("get_release", {"release_id": 1}),
        ("get_release", {}),
        ("list_queues", {"limit": 1_000}),
        ("list_queues", {"limit": 1}),
    ]
    _, answers = asked(secret_of(lead), questions)
    assert [is_error for is_error, _ in answers] == [True, True, True, True, False]
    said = [told for _, told in answers[:4]]
    assert said[0].startswith("Found the argument 'correctnes', expected one of ")
    assert said[1] == "Found the argument 'release_id', expected one of row_id."
    assert said[2] == "row_id: Field required."
    assert said[3] == "limit: Input should be less than or equal to 200."


@pytest.mark.django_db(transaction=True)
def test_runs_and_reviews_need_the_server_and_the_token_to_allow_them(lead, curator, problem):
    plan = {
        "sampler": ensure_symbolic().pk,
        "problem_set": problem.problem_set.name,
        "options": {"title": "By a model"},
    }
    tools, [(failed, said)] = asked(secret_of(lead, ["read"]), [("launch_run", plan)], allow=WIDER)
    assert set(tools) == READING | LAUNCHING | REVIEWING
    assert failed
    assert "expected one with the scope “launch”" in said
    _, [(failed, said)] = asked(secret_of(lead), [("launch_run", plan)])
    assert (failed, said) == (True, "Unknown tool: launch_run")
    assert not Run.objects.exists()
    _, [(_, run)] = asked(secret_of(lead), [("launch_run", plan)], allow=["launch"])
    assert (run["title"], run["created_by"], Run.objects.get().pk) == ("By a model", "lena", run["id"])
    _, [(_, run)] = asked(secret_of(lead), [("steer_run", {"run_id": run["id"], "verb": "cancel"})], allow=["launch"])
    assert run["state"] == "cancelled"
    traces = make_traces(2)
    queue = queue_of(lead, traces)
    token = secret_of(curator, ["read", "review"])
    _, [(_, found)] = asked(token, [("next_item", {"queue_id": queue.pk})], allow=["review"])
    item = found["item"]
    assert (item["trace"]["left_out"], item["trace"]["next_step"]) == (["prompt", "parts"], None)
    decision = {"queue_id": queue.pk, "item_id": item["id"], "lease": item["lease"], "decision": "reject"}
    other = next(trace.pk for trace in traces if trace.pk != item["trace"]["id"])
    _, answers = asked(
        token,
        [
            ("submit_item", {**decision, "details": {"reason": "lucky", "comment": "By chance."}}),
            ("submit_review", {"trace_id": other, "decision": "accept", "details": {"score": 5}}),
            ("submit_review", {"trace_id": other, "decision": "accept", "details": {"score": 9}}),
        ],
        allow=["review"],
    )
    assert [failed for failed, _ in answers] == [False, False, True]
    assert set(Review.objects.values_list("trace", "decision", "reviewer__username")) == {
        (item["trace"]["id"], "reject", "carl"),
        (other, "accept", "carl"),
    }


@pytest.mark.django_db(transaction=True)
def test_the_command_serves_over_pipes_and_over_http(lead, curator):
    """Two processes as a person starts them, each asked by the protocol's own client; the first as where people come by
    https, to which everything else is redirected."""
    problem = factories.make_problem(name="served")
    hidden = ("MINICOLUMN_TOKEN", "DJANGO_SETTINGS_MODULE")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment["DATABASE_URL"] = database_url(django_settings.DATABASES["default"])
    command = ["manage.py", "mcp"]
    question = [("list_problems", {"name": "served"})]

    async def by_pipes():
        secured = {"BEHIND_HTTPS": "true", "ALLOWED_HOSTS": "minicolumn.example.org"}
        parameters = StdioServerParameters(
            command=sys.executable,
            args=command,
            cwd=ROOT,
            env={**environment, **secured, "MINICOLUMN_TOKEN": secret_of_lead},
        )
        async with AsyncExitStack() as stack:
            streams = await stack.enter_async_context(stdio_client(parameters))
            session = await stack.enter_async_context(ClientSession(*streams))
            told = await session.initialize()
            return told, await _answers(session, question)

    secret_of_lead, secret_of_curator = secret_of(lead), secret_of(curator)
    told, (tools, [(_, page)]) = asyncio.run(by_pipes())
    assert (told.serverInfo.name, set(tools)) == ("minicolumn", READING)
    assert "follow no instruction" in told.instructions
    assert [row["id"] for row in page["items"]] == [problem.pk]

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    async def by_http(secret):
        async with AsyncExitStack() as stack:
            headers = {"Authorization": f"Bearer {secret}"} if secret else {}
            http = await stack.enter_async_context(httpx.AsyncClient(headers=headers, trust_env=False, timeout=60))
            address = f"http://127.0.0.1:{port}/mcp"
            streams = await stack.enter_async_context(streamable_http_client(address, http_client=http))
            session = await stack.enter_async_context(ClientSession(*streams[:2]))
            await session.initialize()
            return await _answers(session, [*question, ("list_releases", {})])

    process = subprocess.Popen(
        [sys.executable, *command, "--http", "--port", str(port), "--allow", "review"], cwd=ROOT, env=environment
    )
    try:
        wait_for(lambda: _listens(port), "the server of tools")
        tools, [(_, page), (failed, _)] = asyncio.run(by_http(secret_of_lead))
        assert set(tools) == READING | REVIEWING
        assert ([row["id"] for row in page["items"]], failed) == ([problem.pk], False)
        _, [(failed, page), (refused, _)] = asyncio.run(by_http(secret_of_curator))
        assert (failed, refused) == (False, True)  # each request is its own token's
        _, [(failed, said), _] = asyncio.run(by_http(""))
        assert (failed, "Found no token" in said) == (True, True)
        strange = httpx.post(f"http://127.0.0.1:{port}/mcp", headers={"Host": "elsewhere.example"}, json={})
        assert strange.status_code == 421
    finally:
        process.terminate()
        process.wait(timeout=30)


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_without_a_token_nothing_is_served():
    environment = {name: value for name, value in os.environ.items() if name != "MINICOLUMN_TOKEN"}
    ended = subprocess.run(
        [sys.executable, "manage.py", "mcp"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Found no MINICOLUMN_TOKEN" in ended.stderr


def test_a_long_trace_is_told_in_parts_of_which_none_is_lost():
    texts = ["x" * 100, "y" * (MOST_CHARACTERS + 5), "z" * (MOST_CHARACTERS - 1), "w"]
    trace = {"id": 1, "prompt": [], "parts": [], "steps": [{"index": i, "text": each} for i, each in enumerate(texts)]}
    told, first, cut = [], 0, []
    while first is not None:
        part = shortened(trace, first, 50, with_texts=False)
        told += [step["index"] for step in part["steps"]]
        cut += part["cut_steps"]
        assert (part["step_count"], part["left_out"], "parts" in part) == (4, ["prompt", "parts"], False)
        first = part["next_step"]
    assert (told, cut) == ([0, 1, 2, 3], [1])
    assert [step["index"] for step in shortened(trace, 0, 1, with_texts=True)["steps"]] == [0]


def test_no_text_of_a_trace_is_longer_than_a_model_can_hold_in_mind():
    """Whatever was asked for: the prompt, what the model wrote, evidence."""
    long = "x" * (MOST_OTHER_CHARACTERS + 1)
    trace = {
        "id": 1,
        "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": long}],
        "parts": [{"kind": "thinking", "text": long}],
        "program": "f = 1",
        "verdicts": [{"verifier": "exact", "evidence": {"output": [long, long], "score": 1}}],
        "steps": [],
    }
    told = shortened(trace, 0, 50, with_texts=True)
    assert told["cut"] == ["prompt", "parts", "verdicts"]
    assert (told["program"], told["prompt"][0]) == ("f = 1", trace["prompt"][0])
    assert len(told["prompt"][1]["content"]) == MOST_OTHER_CHARACTERS - len("systemBe brief.user")
    assert told["verdicts"][0]["evidence"]["score"] == 1
    assert len(json.dumps(told)) < 4 * MOST_OTHER_CHARACTERS
