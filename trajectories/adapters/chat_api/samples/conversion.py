"""From requests to calls, and from answers to samples."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from trajectories.adapters.chat_api.calls.records import Answered, ChatCall
from trajectories.adapters.chat_api.wire.settings import ChatSettings
from trajectories.core.completions.parts import parts_to_json
from trajectories.core.completions.replies import Reply
from trajectories.core.completions.thoughts import Part
from trajectories.core.prompts import (
    Message,
    Variation,
    mentions_hint,
    read_completion,
    render_messages,
    shows_pictures,
    storable_completion,
    variation_from_json,
    with_pictures,
)
from trajectories.core.records import JSON, SampleRequest, SampleResult
from trajectories.core.verifiers.answers import searched_fact


def request_messages(request: SampleRequest) -> tuple[Message, ...]:
    """The messages that the model is sent first, without those that hint at the answer."""
    first = render_messages(request.instruction, request.problem, request.examples, variation_of(request))
    return (*first, *request.turns)


def variation_of(request: SampleRequest) -> Variation | None:
    """How the problem is varied; None where it is shown as it is."""
    return None if request.variation is None else variation_from_json(request.variation)


def first_call(
    request: SampleRequest, messages: Sequence[Message], tools: Sequence[Mapping[str, JSON]] = ()
) -> ChatCall:
    """The call of a request; `messages` are what is sent, hint included, with marks where pictures are."""
    return ChatCall(
        messages=with_pictures(messages) if shows_pictures(request.instruction, request.problem) else messages,
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
    completion = storable_completion(reply.pieces)
    parsed = read_completion(request.instruction, request.problem, completion, variation_of(request))
    facts = reply_facts(request, reply, settings, parsed.reasoning)
    facts |= {"recalled": True} if answered.recalled else {}
    facts |= searched_fact(parsed.span)
    facts |= answered.notes
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
        parts=stored_parts(parsed.parts),
    )


def stored_parts(parts: Sequence[Part]) -> tuple[JSON, ...]:
    """Parts in the form that is stored."""
    return tuple(parts_to_json(parts))


def reply_facts(request: SampleRequest, reply: Reply, settings: ChatSettings, text: str) -> dict[str, JSON]:
    """What there is to say about an answer besides its figures; `text` is everything the model has written."""
    facts: dict[str, JSON] = {"model": reply.model or settings.model}
    facts |= {"usage": "estimated"} if reply.usage is None else {}
    facts |= {"mean_logprob": reply.mean_logprob} if reply.mean_logprob is not None else {}
    facts |= {"tool_calls": list(reply.tool_calls)} if reply.tool_calls else {}
    facts |= {"variation": dict(request.variation)} if request.variation is not None else {}
    facts |= {"examples": [example.problem.name for example in request.examples]} if request.examples else {}
    facts |= {"memory": [example.trace for example in request.examples]} if request.memory is not None else {}
    facts |= {"hinted": True} if request.hint else {}
    facts |= {"mentions_hint": True} if request.hint and mentions_hint(text) else {}
    facts |= {"replaced_characters": reply.raw.count("\ufffd")} if "\ufffd" in reply.raw else {}
    return facts


def same_prompt(one: SampleRequest, other: SampleRequest) -> bool:
    """Whether two samples may come of one call: they differ in nothing but which sample they are."""
    if one.agent is not None or one.begun is not None or one.problem.content_hash != other.problem.content_hash:
        return False
    return one == replace(other, seed=one.seed, ordinal=one.ordinal, payer=one.payer, problem=one.problem)
