"""From requests to their identity, and from answers to samples."""

from collections.abc import Mapping, Sequence

from trajectories.adapters.chat_api.ports import PaidReply
from trajectories.adapters.chat_api.replies import Reply
from trajectories.adapters.chat_api.settings import ChatSettings
from trajectories.core.identity import canonical_json, content_hash
from trajectories.core.prompts import read_response
from trajectories.core.records import JSON, SampleRequest, SampleResult, Usage
from trajectories.core.tokens import estimate_tokens


def request_hash(settings: ChatSettings, messages: Sequence[Mapping[str, JSON]], request: SampleRequest) -> str:
    """What makes two requests the same: endpoint, model, messages, parameters and which sample of the run's seed it is.

    The limit on output is left out: an answer that ended by itself is the answer under any larger limit.
    """
    return content_hash(
        {
            "endpoint": settings.base_url.rstrip("/"),
            "api": settings.api,
            "model": settings.model,
            "extra_body": dict(settings.extra_body),
            "messages": list(messages),
            "temperature": request.temperature,
            "sample": [request.group_seed, request.ordinal],
            # Two instructions may render to the same messages and are still two samples.
            "instruction": [request.instruction.name, request.instruction.version],
        }
    )


def estimate_usage(messages: Sequence[Mapping[str, JSON]], reply: Reply) -> Usage:
    """Token counts of an endpoint that gives none."""
    thoughts = estimate_tokens(reply.reasoning)
    return Usage(
        input_tokens=estimate_tokens(canonical_json(list(messages))),
        reasoning_tokens=thoughts,
        output_tokens=thoughts + estimate_tokens(reply.text),
    )


def to_result(
    request: SampleRequest,
    messages: Sequence[Mapping[str, JSON]],
    reply: Reply,
    paid: PaidReply,
    settings: ChatSettings,
    *,
    recalled: bool = False,
) -> SampleResult:
    """The sample of an answer. One recalled from an earlier run costs nothing, and says so."""
    parsed = read_response(request.instruction, request.problem, reply.text, reply.reasoning, None)
    facts: dict[str, JSON] = {"model": reply.model or settings.model}
    facts |= {"recalled": True} if recalled else {}
    facts |= {"usage": "estimated"} if reply.usage is None else {}
    facts |= {"mean_logprob": reply.mean_logprob} if reply.mean_logprob is not None else {}
    facts |= {"tool_calls": list(reply.tool_calls)} if reply.tool_calls else {}
    if "\ufffd" in reply.raw:
        facts["replaced_characters"] = reply.raw.count("\ufffd")
    return SampleResult(
        messages=tuple(messages),
        reasoning=parsed.reasoning,
        steps=parsed.steps,
        answer=parsed.answer,
        program=parsed.program,
        finish_reason=reply.finish_reason,
        usage=Usage() if recalled else paid.usage,
        latency_seconds=0.0 if recalled else paid.seconds,
        facts=facts,
        raw=reply.raw,
        cost=settings.cost_of(Usage()) if recalled else settings.cost_of(paid.usage),
    )
