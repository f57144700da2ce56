"""From requests to calls, and from answers to samples."""

from collections.abc import Mapping, Sequence

from trajectories.adapters.chat_api.caller import Caller
from trajectories.adapters.chat_api.calls import Answered, ChatCall
from trajectories.adapters.chat_api.settings import ChatSettings
from trajectories.core.prompts import (
    Message,
    Variation,
    mentions_hint,
    read_response,
    render_messages,
    variation_from_json,
    with_hint,
)
from trajectories.core.records import JSON, SampleRequest, SampleResult


class SampleDrawer:
    """Draws samples by one call each. Samples of one prompt come one after the other, so the last prompt is kept."""

    def __init__(self) -> None:
        self._last: tuple[JSON, tuple[Message, ...]] = None, ()

    async def draw(self, caller: Caller, request: SampleRequest) -> SampleResult:
        """One sample. Raises CallError, PromptError or ProblemError."""
        messages = self.prompt(request)
        answered = await caller.ask(first_call(request, with_hint(messages, request.hint)))
        return to_result(request, messages, answered, caller.settings)

    def prompt(self, request: SampleRequest) -> tuple[Message, ...]:
        """The messages of the first call, without the hint: what is kept with the sample."""
        wanted = (
            request.problem.content_hash,
            request.instruction,
            request.examples,
            request.variation,
            request.turns,
        )
        if wanted != self._last[0]:
            self._last = wanted, request_messages(request)
        return self._last[1]


def request_messages(request: SampleRequest) -> tuple[Message, ...]:
    """What the model is sent first, but for the hint."""
    first = render_messages(request.instruction, request.problem, request.examples, variation_of(request))
    return (*first, *request.turns)


def variation_of(request: SampleRequest) -> Variation | None:
    """How the problem is varied; None where it is shown as it is."""
    return None if request.variation is None else variation_from_json(request.variation)


def first_call(
    request: SampleRequest, messages: Sequence[Message], tools: Sequence[Mapping[str, JSON]] = ()
) -> ChatCall:
    """The call of a request; `messages` are what is sent, hint included."""
    return ChatCall(
        messages=messages,
        temperature=request.temperature,
        seed=request.seed,
        sample={
            "sample": [request.group_seed, request.ordinal],
            # Two instructions may render to the same messages and are still two samples.
            "instruction": [request.instruction.name, request.instruction.version],
        },
        payer=request.payer,
        tools=tools,
    )


def to_result(
    request: SampleRequest, messages: Sequence[Message], answered: Answered, settings: ChatSettings
) -> SampleResult:
    """The sample of an answer. One recalled from an earlier run costs nothing, and says so."""
    reply = answered.reply
    parsed = read_response(request.instruction, request.problem, reply.text, reply.reasoning, variation_of(request))
    facts: dict[str, JSON] = {"model": reply.model or settings.model}
    facts |= {"recalled": True} if answered.recalled else {}
    facts |= {"usage": "estimated"} if reply.usage is None else {}
    facts |= {"mean_logprob": reply.mean_logprob} if reply.mean_logprob is not None else {}
    facts |= {"tool_calls": list(reply.tool_calls)} if reply.tool_calls else {}
    facts |= {"variation": dict(request.variation)} if request.variation is not None else {}
    facts |= hint_facts(request, parsed.reasoning)
    if "\ufffd" in reply.raw:
        facts["replaced_characters"] = reply.raw.count("\ufffd")
    return SampleResult(
        messages=tuple(messages),
        reasoning=parsed.reasoning,
        steps=parsed.steps,
        answer=parsed.answer,
        program=parsed.program,
        finish_reason=reply.finish_reason,
        usage=answered.usage,
        latency_seconds=answered.seconds,
        facts=facts,
        raw=reply.raw,
        cost=answered.cost,
    )


def hint_facts(request: SampleRequest, text: str) -> dict[str, JSON]:
    """That the answer was given away, and whether the text says so."""
    if not request.hint:
        return {}
    return {"hinted": True, **({"mentions_hint": True} if mentions_hint(text) else {})}
