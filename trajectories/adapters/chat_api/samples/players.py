"""Language models in worlds: one episode is one sample, drawn over several calls, in which the model acts by a tool."""

import json
from collections.abc import Sequence

from trajectories.adapters.chat_api.calls.records import total_cost, total_usage
from trajectories.adapters.chat_api.calls.session import Callee
from trajectories.adapters.chat_api.samples.agents import AgentSample
from trajectories.adapters.chat_api.samples.conversion import reply_facts, stored_parts
from trajectories.adapters.chat_api.samples.tools import (
    MAX_CALLS_PER_TURN,
    ToolCall,
    ToolError,
    acting_tools,
    action_of,
)
from trajectories.core.agents.telling import ending_of, opening_step
from trajectories.core.problems.episodes import plan_of
from trajectories.core.prompts import Message, fenced, steps_of, storable_completion
from trajectories.core.records import (
    JSON,
    AgentLimits,
    FinishReason,
    SampleRequest,
    SampleResult,
    Step,
    StepKind,
)
from trajectories.core.tools.refusals import REFUSED
from trajectories.core.worlds import make_world

WORLD = "world"
"""What has ended an episode that the world itself ended: its goal, its own end, or its limit of steps."""


class Player(AgentSample):
    """One episode. Bounded as an agent is, and by the world's own limit of steps.

    The world is seeded, so that an episode whose worker died is the same one as far as the same answers are recalled.
    """

    def __init__(self, caller: Callee, request: SampleRequest, limits: AgentLimits, shown: Sequence[Message]) -> None:
        """Begin the episode. Raises Fault for a world that cannot be made."""
        super().__init__(caller, request, limits, shown, None)
        plan, self._number = plan_of(request.problem.spec)
        self._world = make_world(plan)
        _, info = self._world.reset(options={"episode": self._number})
        self._tools = acting_tools(caller.settings.api)
        self._known = {name: place for place, name in enumerate(self._world.actions)}
        self._taken: list[str] = []
        self._changed = bool(info["changed"])
        self._steps.append(opening_step(self._number, str(info["text"]), self._world.picture(), changed=self._changed))
        self._truncated = False

    def _is_over(self) -> str:
        return WORLD if self._world.has_ended else ""

    async def _use_tool(self, turn: int, place: int, call: ToolCall) -> None:
        """Take one action and keep it and what the world answered as steps, word by word."""
        about: dict[str, JSON] = {"turn": turn, "call": call.id}
        try:
            action = action_of(call, self._known)
            if place > MAX_CALLS_PER_TURN:
                raise ToolError(f"Not taken: expected at most {MAX_CALLS_PER_TURN} calls in one answer.")
            if self._world.has_ended:
                raise ToolError("Not taken: the episode has ended.")
        except ToolError as fault:
            text, title, shown = f"Error: {fault}", call.name or "no name", fenced(call.arguments, "json")
            about |= {"status": REFUSED, "message": str(fault)}
            self._faults += 1
        else:
            _, reward, _, self._truncated, told = self._world.step(self._known[action])
            text, title, shown = str(told["text"]), action, f"`{action}`"
            about |= {"reward": reward}
            self._changed |= bool(told["changed"])
            self._taken.append(action)
            self._runs += 1
        self._talk.add_result(call, text)
        self._steps += [
            Step(StepKind.TOOL_CALL, title, shown, 0, dict(about)),
            Step(StepKind.TOOL_RESULT, "Error" if "status" in about else "", text, 1, dict(about)),
        ]

    def _result(self, ended_by: str) -> SampleResult:
        request, reply = self._request, self._answers[-1].reply
        last = storable_completion(() if ended_by else reply.pieces)
        whole = storable_completion([*self._pieces, *(() if ended_by else reply.pieces)])
        reached = self._world.has_reached
        ending = ending_of(reached, len(self._taken))
        facts = reply_facts(request, reply, self._caller.settings, whole.text)
        facts |= {"turns": len(self._answers), "tool_runs": self._runs, "tool_faults": self._faults}
        facts |= {"episode": self._number, "reached": reached, "steps": len(self._taken)}
        facts |= {"world_changed": True} if self._changed else {}
        facts |= {"ended_by": ended_by} if ended_by else {}
        facts |= self._call_facts()
        self._world.close()
        return SampleResult(
            messages=tuple(self._talk.kept),
            reasoning=whole.text,
            parts=stored_parts(whole.parts),
            steps=(*self._steps, *steps_of(last.parts), Step(StepKind.ANSWER, "", ending)),
            answer=list(self._taken),
            program="",
            finish_reason=self._why_ended(ended_by, reply.finish_reason),
            usage=total_usage(self._answers),
            latency_seconds=sum(said.seconds for said in self._answers),
            facts=facts,
            raw=json.dumps([json.loads(said.reply.raw) for said in self._answers], ensure_ascii=False),
            cost=total_cost(self._answers),
        )

    def _why_ended(self, ended_by: str, last: FinishReason) -> FinishReason:
        """Why the episode ended: by itself, where the goal is reached or the world or the model ended it."""
        if self._world.has_reached:
            return FinishReason.STOP
        if ended_by:
            return FinishReason.STOP if ended_by == WORLD and not self._truncated else FinishReason.LENGTH
        return last
