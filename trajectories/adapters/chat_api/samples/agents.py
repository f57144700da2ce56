"""Agents: one sample drawn over several calls, between which the model may run code."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from trajectories.adapters.chat_api.calls.records import Answered, ChatCall, input_tokens_of, total_cost, total_usage
from trajectories.adapters.chat_api.calls.session import Callee
from trajectories.adapters.chat_api.samples.conversion import first_call, reply_facts, stored_parts, variation_of
from trajectories.adapters.chat_api.samples.tools import (
    MAX_CALLS_PER_TURN,
    Conversation,
    ToolCall,
    ToolError,
    calls_as_text,
    code_of,
    offered_tools,
    read_calls,
)
from trajectories.adapters.chat_api.wire.faults import CallError
from trajectories.core.completions.messages import Piece
from trajectories.core.completions.replies import Reply
from trajectories.core.completions.thoughts import PartKind
from trajectories.core.identity import derive_seed
from trajectories.core.programs.snippets import SnippetResult
from trajectories.core.prompts import Message, fenced, read_completion, steps_of, storable_completion, with_hint
from trajectories.core.records import (
    JSON,
    AgentLimits,
    FinishReason,
    SampleFailure,
    SampleRequest,
    SampleResult,
    Step,
    StepKind,
)
from trajectories.core.tools.refusals import REFUSED
from trajectories.core.verifiers.answers import searched_fact

RunPython = Callable[[str], SnippetResult]
"""Runs code in a sandbox; called from threads of its own."""

NOT_RUN = "The model wrote a tool call into its text. The endpoint did not pass it on as one, so it was not run."


class AgentSample:
    """One sample. Bounded by the request's limits: what there is when they are reached is the sample, ended by length.

    Every call goes by `Callee.ask` with the conversation so far, so that an agent whose worker died gets the answers
    that were paid for and goes on where it was.
    """

    def __init__(
        self,
        caller: Callee,
        request: SampleRequest,
        limits: AgentLimits,
        shown: Sequence[Message],
        run: RunPython | None,
    ) -> None:
        self._caller, self._request, self._limits, self._run = caller, request, limits, run
        sent = with_hint(shown, request.hint)
        self._talk = Conversation(caller.settings.api, sent, shown, caller.settings.thoughts_back)
        self._tools = offered_tools(caller.settings.api)
        self._answers: list[Answered] = []
        self._steps: list[Step] = []
        self._programs: list[str] = []
        self._pieces: list[Piece] = []
        self._runs = self._faults = 0

    async def draw(self) -> SampleResult | SampleFailure:
        """The sample, or why there is none with what its calls have cost all the same."""
        try:
            with self._caller.glimpses.drawing(self._request.payer, self._steps):
                return self._result(await self._converse())
        except CallError as fault:
            failure = SampleFailure(fault.kind, fault.message, fault.retryable, fault.stops)
        except Exception as fault:
            failure = SampleFailure("sampler", f"The agent broke: {type(fault).__name__}: {fault}")
        return replace(failure, usage=total_usage(self._answers), cost=total_cost(self._answers))

    async def _converse(self) -> str:
        """Ask and run until an answer calls no tool; returns the limit, or what else, that ended it, "" for none."""
        for turn in range(1, self._limits.turns + 1):
            if self._spent() + self._next_call() > self._limits.tokens:
                if not self._answers:
                    raise CallError(
                        "agent",
                        f"An agent may take {self._limits.tokens:,} tokens here; its first call alone may take "
                        f"{self._next_call():,}.",
                    )
                return "tokens"
            answered = await self._caller.ask(self._call(turn))
            self._answers.append(answered)
            reply, calls = answered.reply, read_calls(answered.reply, turn)
            self._talk.add_answer(reply, calls)
            if not calls or reply.finish_reason is not FinishReason.STOP:
                return ""
            self._keep_words(reply)
            for place, call in enumerate(calls, 1):
                await self._use_tool(turn, place, call)
            if over := self._is_over():
                return over
        return "turns"

    def _is_over(self) -> str:
        """What has ended the sample besides its answers and limits; "" for nothing."""
        return ""

    def _call(self, turn: int) -> ChatCall:
        call = first_call(self._request, list(self._talk.sent), self._tools)
        return call if turn == 1 else replace(call, seed=derive_seed(self._request.seed, turn))

    def _spent(self) -> int:
        """Tokens of the answers, also of those that an earlier run has paid for: the limit bounds the conversation."""
        return sum(said.taken.input_tokens + said.taken.output_tokens for said in self._answers)

    def _next_call(self) -> int:
        """The most tokens the next call may take: the conversation, as estimated or as last counted, and
        the longest answer."""
        counted = self._answers[-1].taken.input_tokens if self._answers else 0
        settings = self._caller.settings
        asked = input_tokens_of(self._call(1).messages, settings.picture_tokens)
        return max(asked, counted) + settings.max_output_tokens

    def _keep_words(self, reply: Reply) -> None:
        """The steps of an answer that goes on with a tool."""
        said = [piece for piece in reply.pieces if piece.kind is not PartKind.TOOL_CALL]
        self._pieces += said
        self._steps += steps_of(storable_completion(said).parts)

    async def _use_tool(self, turn: int, place: int, call: ToolCall) -> None:
        """Run one call and keep it and what it gave as steps."""
        about: dict[str, JSON] = {"turn": turn, "call": call.id}
        try:
            code = code_of(call)
            if place > MAX_CALLS_PER_TURN:
                raise ToolError(f"Not run: expected at most {MAX_CALLS_PER_TURN} calls in one answer.")
        except ToolError as fault:
            self._add_call(call, fenced(call.arguments, "json"), {**about, "code": ""})
            result = SnippetResult(f"Error: {fault}", False, {"status": REFUSED, "message": str(fault)})
        else:
            assert self._run is not None, "drawn without a sandbox"
            self._add_call(call, fenced(code, "python"), {**about, "code": code})
            result = await asyncio.get_running_loop().run_in_executor(None, self._run, code)
            self._programs.append(code)
            self._runs += 1
        self._faults += not result.ok
        self._talk.add_result(call, result.text)
        title = "Result" if result.ok else "Error"
        self._steps.append(Step(StepKind.TOOL_RESULT, title, fenced(result.text, ""), 1, {**about, **result.data}))

    def _add_call(self, call: ToolCall, shown: str, data: dict[str, JSON]) -> None:
        """Keep a call as a step before it runs: who looks at the sample meanwhile sees what runs."""
        self._steps.append(Step(StepKind.TOOL_CALL, call.name or "no name", shown, 0, data))

    def _result(self, ended_by: str) -> SampleResult:
        request, reply = self._request, self._answers[-1].reply
        last = storable_completion(() if ended_by else reply.pieces)
        parsed = read_completion(request.instruction, request.problem, last, variation_of(request), self._programs)
        steps = [*self._steps, *parsed.steps]
        before = storable_completion(self._pieces)
        facts = reply_facts(request, reply, self._caller.settings, f"{before.text}\n\n{parsed.reasoning}")
        facts |= searched_fact(parsed.span)
        facts |= {"turns": len(self._answers), "tool_runs": self._runs, "tool_faults": self._faults}
        facts |= {"ended_by": ended_by} if ended_by else {}
        if calls_as_text(last.content.text) and not reply.tool_calls:
            facts["tool_call_as_text"] = True
            steps.append(Step(StepKind.TOOL_CALL, "Written as text, not run", NOT_RUN))
        facts |= self._call_facts()
        return SampleResult(
            messages=tuple(self._talk.kept),
            reasoning=parsed.reasoning or before.text,
            parts=stored_parts(parsed.parts if parsed.reasoning else before.parts),
            steps=tuple(steps),
            answer=parsed.answer,
            program=parsed.program,
            finish_reason=FinishReason.LENGTH if ended_by else reply.finish_reason,
            usage=total_usage(self._answers),
            latency_seconds=sum(said.seconds for said in self._answers),
            facts=facts,
            raw=json.dumps([json.loads(said.reply.raw) for said in self._answers], ensure_ascii=False),
            cost=total_cost(self._answers),
        )

    def _call_facts(self) -> dict[str, JSON]:
        """What there is to say of how the answers came."""
        faults: Counter[str] = Counter()
        for said in self._answers:
            faults.update(said.notes.get("faults", {}))
        facts: dict[str, JSON] = {"faults": dict(faults)} if faults else {}
        return facts | ({"recalled": True} if all(said.recalled for said in self._answers) else {})
