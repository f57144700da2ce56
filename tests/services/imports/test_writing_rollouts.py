"""Traces that `verifiers` itself writes, with an environment, a harness and an endpoint of this test, come in whole.

Point VERIFIERS_PYTHON at a Python that has `verifiers` (0.4.0 was tried); it needs no model, no sandbox and no network.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests import factories
from tests.services.imports.test_writing import bring
from trajectories.models import Trace

pytestmark = pytest.mark.django_db
ENVIRONMENT = """
import httpx
import verifiers.v1 as vf
from verifiers.v1.configs.harness import HarnessConfig
from verifiers.v1.harness import Harness
from verifiers.v1.runtimes import ProgramResult

class SumData(vf.TaskData):
    answer: str

class Sum(vf.Task[SumData, vf.State]):
    @vf.reward(weight=0.5)
    async def right(self, task, trace) -> float:
        return float(trace.last_reply.endswith(task.answer))

    @vf.metric
    async def turns(self, trace) -> float:
        return float(trace.num_turns)

class Sums(vf.Taskset[Sum, vf.TasksetConfig]):
    def load(self):
        for name, asked, answer in (("vf-0", "[vf] Six times seven?", "42"), ("vf-1", "[vf] Two and three?", "5")):
            yield Sum(SumData(name=name, prompt=asked, answer=answer, system_prompt="Be brief."), self.config.task)

class LoopConfig(HarnessConfig):
    id: str = "sums"

class Loop(Harness[LoopConfig]):
    APPENDS_SYSTEM_PROMPT = True
    NEEDS_CONTAINER = False
    EXECUTES_CODE = False

    async def launch(self, ctx, trace, runtime, endpoint, secret, mcp_urls, data, **_):
        system, prompt = self.resolve_prompt(data)
        messages = [{"role": "system", "content": system}, {"role": "user", "content": prompt}]
        async with httpx.AsyncClient(base_url=endpoint, headers={"Authorization": f"Bearer {secret}"}) as client:
            while True:
                asked = {"model": ctx.model, "messages": messages}
                answer = await client.post("/chat/completions", json=asked, timeout=120)
                if answer.status_code != 200:
                    return ProgramResult(exit_code=1, stdout="", stderr=answer.text)
                said = answer.json()["choices"][0]["message"]
                messages.append(said)
                if not said.get("tool_calls"):
                    return ProgramResult(exit_code=0, stdout="", stderr="")
                results = [{"role": "tool", "tool_call_id": call["id"], "content": "42"} for call in said["tool_calls"]]
                messages += results

__all__ = ["Loop", "Sums"]
"""
EVALUATES = """
import json, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        message, reason = said(asked["messages"][1]["content"], asked["messages"][-1]["role"])
        usage = {"prompt_tokens": 15, "completion_tokens": 20, "total_tokens": 35,
                 "prompt_tokens_details": {"cached_tokens": 5}, "completion_tokens_details": {"reasoning_tokens": 7}}
        choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
        body = {"id": "a", "object": "chat.completion", "created": 1, "model": asked["model"], "usage": usage}
        data = json.dumps({**body, "choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass

def said(question, last):
    if "Six" not in question:
        return {"content": "It is 4", "reasoning_content": "Two, three, four."}, "length"
    if last == "tool":
        return {"content": "It is 42", "reasoning_content": "Six sevens. " * 200}, "stop"
    call = {"id": "c1", "type": "function", "function": {"name": "times", "arguments": '{"x": 6, "y": 7}'}}
    return {"content": "Let me see.", "tool_calls": [call]}, "tool_calls"

server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
threading.Thread(target=server.serve_forever, daemon=True).start()
from verifiers.v1.cli.eval.main import main
main(["sums", "--env.agent.harness.id", "sums", "--env.agent.runtime.type", "subprocess", "-m", "said-model",
      "--client.base_url", f"http://127.0.0.1:{server.server_port}/v1", "--client.api_key_var", "SAID_KEY",
      "--sampling.temperature", "0.5", "--output_dir", "out", "--run.name", "said", "--no-rich"])
"""


def test_traces_that_verifiers_itself_writes_come_in_whole_and_once(tmp_path):
    python = os.environ.get("VERIFIERS_PYTHON")
    if not python:
        pytest.skip("VERIFIERS_PYTHON names no Python that has verifiers")
    (tmp_path / "sums.py").write_text(ENVIRONMENT)
    environment = {**os.environ, "HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "SAID_KEY": "none"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [python, "-c", EVALUATES], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (path,) = Path(tmp_path / "out").rglob("traces.jsonl")
    for name, question, answer in (("vf-0", "[vf] Six times seven?", "42"), ("vf-1", "[vf] Two and three?", "5")):
        factories.make_problem(name=name, kind="numeric", spec={}, reference=answer, statement=question)
    report = bring(path.read_bytes(), path.name)
    assert (report.inserted, report.fault_count, report.verdicts) == (2, 0, 6)
    assert report.told["shapes"] == {"episode": 2}
    first, second = Trace.objects.select_related("problem", "reasoning").order_by("problem__name")
    assert (first.problem.name, first.answer, first.finish_reason) == ("vf-0", "42", "stop")
    assert (second.problem.name, second.answer, second.finish_reason) == ("vf-1", "4", "length")
    assert [part["kind"] for part in first.parts] == ["content", "tool_call", "tool_result", "thinking", "content"]
    assert [part["kind"] for part in second.parts] == ["thinking", "content"]
    assert first.reasoning.body.count("Six sevens. ") >= 199
    counted = (first.input_tokens, first.cached_tokens, first.reasoning_tokens, first.output_tokens)
    assert counted == (30, 10, 14, 40), "of both calls"
    assert (second.temperature, second.facts["model"], second.facts["agent"]) == (0.5, "said-model", "agent")
    scores = dict(first.imported_verdicts.values_list("verifier", "outcome"))
    assert scores == {"verifiers reward": "fail", "verifiers right": "pass", "verifiers turns": "unscored"}
    assert dict(second.imported_verdicts.values_list("verifier", "outcome"))["verifiers right"] == "fail"
    again = bring(path.read_bytes(), path.name)
    assert (again.inserted, again.duplicates, again.verdicts) == (0, 2, 0)
