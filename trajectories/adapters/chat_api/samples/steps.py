"""Steps of a text: a model goes on with an unfinished message of its own, by one step or to the end."""

import json
from collections.abc import Sequence
from dataclasses import replace

from trajectories.adapters.chat_api.calls.records import Answered, total_cost, total_usage
from trajectories.adapters.chat_api.calls.session import Callee
from trajectories.adapters.chat_api.samples.conversion import first_call, reply_facts, stored_parts, variation_of
from trajectories.adapters.chat_api.wire.faults import CallError
from trajectories.core.completions.messages import Piece
from trajectories.core.completions.thoughts import PartKind
from trajectories.core.prompts import Message, read_completion, steps_of, storable_completion
from trajectories.core.prompts.continuing import (
    BETWEEN_STEPS,
    first_step,
    gives_answer,
    messages_of_step,
    with_step,
)
from trajectories.core.records import JSON, Begun, FinishReason, SampleFailure, SampleRequest, SampleResult
from trajectories.core.text.storable import storable_text
from trajectories.core.verifiers.answers import searched_fact

THINKS = (
    "The model's thoughts came apart from its text, which can then not be gone on from step by step. Switch its "
    "thinking off, or choose a strategy that draws whole samples."
)


class Grower:
    """One step of a text, or all that is left of it.

    A step is asked for by the stop at a blank line. Some servers take the blank line away that the text so far ends
    with, so that the model begins with one and is stopped at once: then it is asked without a stop, once, and what
    comes is cut behind its first step.
    """

    def __init__(self, caller: Callee, request: SampleRequest, begun: Begun, shown: Sequence[Message]) -> None:
        self._caller, self._request, self._begun = caller, request, begun
        self._sent = messages_of_step(shown, begun)
        self._answers: list[Answered] = []

    async def draw(self) -> SampleResult | SampleFailure:
        """The text with what was written next, or why there is none with what the calls have cost all the same."""
        try:
            return await self._draw()
        except CallError as fault:
            return self._failure(SampleFailure(fault.kind, fault.message, fault.retryable, fault.stops))

    async def _draw(self) -> SampleResult | SampleFailure:
        said, goes_on = await self._ask(stops=not self._begun.to_end)
        if self._was_stopped_at_once(said):
            said, goes_on = await self._ask(stops=False)
        reply = self._answers[-1].reply
        if reply.reasoning.strip():
            return self._failure(SampleFailure("steps", THINKS, stops=True))
        if self._lacks_text(said):
            return self._failure(SampleFailure("exhausted", "The text is at its end: the model writes nothing more."))
        return self._result(said, goes_on=goes_on)

    def _was_stopped_at_once(self, said: str) -> bool:
        return not self._begun.to_end and self._lacks_text(said) and not _ended_itself(self._answers[-1].reply.raw)

    def _lacks_text(self, said: str) -> bool:
        return not said.strip() and self._answers[-1].reply.finish_reason in (FinishReason.STOP, FinishReason.EMPTY)

    async def _ask(self, *, stops: bool) -> tuple[str, bool]:
        """(what the model wrote next, whether it would write more)."""
        call = first_call(self._request, self._sent)
        # The same text may stand at two nodes, whose next steps are samples of their own.
        sample = {**call.sample, "step": self._request.seed, **({"again": True} if self._answers else {})}
        call = replace(call, sample=sample, stop=(BETWEEN_STEPS,) if stops else ())
        answered = await self._caller.ask(call)
        self._answers.append(answered)
        reply = answered.reply
        if self._begun.to_end or reply.finish_reason is not FinishReason.STOP:
            return reply.text, False
        return (reply.text, not _ended_itself(reply.raw)) if stops else first_step(reply.text)

    def _result(self, said: str, *, goes_on: bool) -> SampleResult:
        request, answered = self._request, self._answers[-1]
        text = storable_text(with_step(self._begun, said))
        completion = storable_completion([Piece(PartKind.CONTENT, text)])
        parsed = read_completion(request.instruction, request.problem, completion, variation_of(request))
        goes_on = goes_on and not gives_answer(text, parsed)
        facts = reply_facts(request, answered.reply, self._caller.settings, parsed.reasoning) | self._call_facts()
        facts |= searched_fact(None if goes_on else parsed.span)
        return SampleResult(
            messages=self._sent,
            reasoning=parsed.reasoning,
            steps=tuple(steps_of(completion.parts)) if goes_on else parsed.steps,
            answer=None if goes_on else parsed.answer,
            program="" if goes_on else parsed.program,
            finish_reason=FinishReason.STEP if goes_on else answered.reply.finish_reason,
            usage=total_usage(self._answers),
            latency_seconds=sum(each.seconds for each in self._answers),
            facts=facts,
            raw=answered.reply.raw,
            cost=total_cost(self._answers),
            parts=stored_parts(parsed.parts),
        )

    def _call_facts(self) -> dict[str, JSON]:
        """How sure the model was of all that it has written, and how the answers came."""
        answered, begun = self._answers[-1], self._begun
        written = answered.taken.output_tokens
        facts: dict[str, JSON] = {"tokens_so_far": begun.tokens + written}
        if (mean := answered.reply.mean_logprob) is not None:
            whole = begun.tokens + written
            before = begun.tokens * begun.logprob if begun.logprob is not None else 0.0
            knows_all = whole > 0 and (begun.logprob is not None or not begun.tokens)
            facts["mean_logprob"] = (before + written * mean) / whole if knows_all else mean
        facts |= {"asked_again": True} if len(self._answers) > 1 else {}
        facts |= {"recalled": True} if all(each.recalled for each in self._answers) else {}
        return {**facts, **answered.notes}

    def _failure(self, failure: SampleFailure) -> SampleFailure:
        if not self._answers:
            return failure
        return replace(failure, usage=total_usage(self._answers), cost=total_cost(self._answers))


def _ended_itself(raw: str) -> bool:
    """Whether the server says that the model ended the text and was not stopped: vLLM names what stopped it in
    `stop_reason`, which is null where nothing did. Others do not say."""
    choices = json.loads(raw).get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    return isinstance(choice, dict) and "stop_reason" in choice and choice["stop_reason"] is None
