"""One call to a model and what came of it, whatever it is made for: a sample, a model judge, a new problem."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from trajectories.adapters.chat_api.wire.settings import NEVER, RESPONSES, SYSTEM_ROLES, ChatSettings
from trajectories.core.completions.replies import Reply
from trajectories.core.identity import canonical_json, content_hash
from trajectories.core.prompts.pictures import PICTURE_TOKENS, grids_of, without_grids
from trajectories.core.records import JSON, Usage
from trajectories.core.text.tokens import estimate_tokens


@dataclass(frozen=True, slots=True)
class ChatCall:
    """What a model is asked in one call."""

    messages: Sequence[Mapping[str, JSON]]
    temperature: float
    seed: int
    """What the model draws by, where its endpoint takes a seed."""
    sample: Mapping[str, JSON] = field(default_factory=dict)
    """What tells this call from others that read the same and shall have answers of their own."""
    payer: str = ""
    """Whom the call is charged to, by name. An answer that another payer has paid for costs nothing. One that the same
    payer has paid for never reached it, because its worker died; it is charged when it does."""
    tools: Sequence[Mapping[str, JSON]] = ()
    """The tools that the model may call, as the API has them."""
    stop: tuple[str, ...] = ()
    """Texts at which the model is stopped; they are no part of the answer."""


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer. Where it was recalled from another payer's call, it has neither usage nor cost, and took no time."""

    reply: Reply
    usage: Usage
    """The tokens that its payer is charged for."""
    cost: Decimal | None
    """What its payer is charged, in the money of the sampler's prices; None where no price is known."""
    seconds: float
    """How long the call took."""
    recalled: bool = False
    """Whether it was recalled from another payer's call."""
    taken: Usage = NO_USAGE
    """Its tokens, whoever has paid for them."""
    notes: Mapping[str, JSON] = field(default_factory=dict)
    """Facts about how it came: tries that failed before, by kind, and samples asked for in the same call."""


def total_usage(answers: Iterable[Answered]) -> Usage:
    """The tokens of several answers together, as they are charged."""
    return sum((each.usage for each in answers), NO_USAGE)


def total_cost(answers: Iterable[Answered]) -> Decimal | None:
    """The cost of several answers together; None where that of one is not known."""
    costs = [each.cost for each in answers]
    return None if None in costs else sum((cost for cost in costs if cost is not None), Decimal(0))


def call_hash(settings: ChatSettings, call: ChatCall) -> str:
    """What makes two calls the same: endpoint, model, messages, parameters and which sample it is.

    The limit on output is left out: an answer that ended by itself is the answer under any larger limit. What a model
    takes is in it only where it is set, so that answers paid for before there was such a setting are found again.
    """
    return content_hash(
        {
            "endpoint": settings.base_url.rstrip("/"),
            "api": settings.api,
            "model": settings.model,
            "extra_body": dict(settings.extra_body),
            "messages": list(call.messages),
            "temperature": call.temperature,
            **call.sample,
            **({"tools": list(call.tools)} if call.tools else {}),
            **({"stop": list(call.stop)} if call.stop else {}),
            **({"logprobs": True} if settings.logprobs else {}),
            **_taken(settings, call),
        }
    )


def _taken(settings: ChatSettings, call: ChatCall) -> dict[str, JSON]:
    """What the settings change in the request beyond its parts above. The temperature stays among those where it is not
    sent: samples that were planned apart stay apart."""
    taken: dict[str, JSON] = {} if settings.sends_temperature else {"sends_temperature": False}
    taken |= {"reasoning_effort": settings.reasoning_effort} if settings.reasoning_effort else {}
    if settings.system_role != SYSTEM_ROLES[0] and any(said.get("role") in SYSTEM_ROLES for said in call.messages):
        taken["system_role"] = settings.system_role
    # Chat Completions has the thoughts among the messages; Responses asks for them from the first turn on.
    if settings.api == RESPONSES and settings.thoughts_back != NEVER:
        taken["thoughts_back"] = settings.thoughts_back
    return taken


def input_tokens_of(messages: Sequence[Mapping[str, JSON]], picture_tokens: int = PICTURE_TOKENS) -> int:
    """About how many tokens the messages have, each picture `picture_tokens` of them."""
    pictures = sum(len(grids_of(message)) for message in messages)
    read = [without_grids(message) for message in messages] if pictures else list(messages)
    return estimate_tokens(canonical_json(read)) + pictures * picture_tokens


def estimate_usage(messages: Sequence[Mapping[str, JSON]], reply: Reply, picture_tokens: int = PICTURE_TOKENS) -> Usage:
    """Token counts of an endpoint that gives none."""
    thoughts = estimate_tokens(reply.reasoning)
    return Usage(
        input_tokens=input_tokens_of(messages, picture_tokens),
        reasoning_tokens=thoughts,
        output_tokens=thoughts + estimate_tokens(reply.text),
    )
