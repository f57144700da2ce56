"""An environment of verifiers 0.4: two sums, a reward, a metric, and a harness that calls one tool."""

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
