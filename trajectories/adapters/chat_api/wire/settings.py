"""How an endpoint is reached and what it may be asked: the parameters of a chat sampler."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

from trajectories.core.prompts.pictures import PICTURE_TOKENS
from trajectories.core.records import JSON, Usage

CHAT_COMPLETIONS = "chat_completions"
RESPONSES = "responses"
MILLION = Decimal(1_000_000)
PRICES = ("input_price", "cached_price", "output_price")
HALF = Decimal("0.5")
EFFORTS = ("none", "minimal", "low", "medium", "high")
SYSTEM_ROLES = ("system", "developer")
NEVER, SAME = "never", "same"
THOUGHTS_BACK = (NEVER, SAME, "reasoning", "reasoning_details")
PREFIX, FINAL = "prefix", "final_message"
CONTINUES = (NEVER, PREFIX, FINAL)
LIVE, BATCH = "live", "batch"
TRANSPORTS = (LIVE, BATCH)
FAIL = "fail"
THEN = (FAIL, LIVE)


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """Prices are per million tokens, None where unknown; limits are per minute, None where there is none.

    `key_variable` is the name of the environment variable that holds the key. The key itself is read at the moment of a
    call and kept nowhere.

    What a model takes: `sends_temperature` and `sends_seed`; `reasoning_effort`, one of EFFORTS or "" for not sent;
    `system_role`, under which instructions are sent; `thoughts_back`, one of THOUGHTS_BACK: how a model's thoughts go
    back to it in the turns of an agent, not at all, in the fields they came in, or in the field named. `continues`, one
    of CONTINUES, says whether it goes on with a conversation that ends in an unfinished message of its own: not, as it
    is sent (llama.cpp, Ollama), or with vLLM's parameter `continue_final_message`. `sees_pictures` says
    whether pictures may be among what is sent; estimates count each as `picture_tokens`. An entry of `extra_body` whose
    value is None takes the parameter of that name out of the request.

    `transport`, one of TRANSPORTS: samples are asked for one by one and answered at once, or in files that the provider
    answers within a day, at `batch_price` times the prices. What a batch leaves unanswered is in the next one, in
    `batch_tries` at the most; then it fails or is asked live, as `batch_then` says, one of THEN.
    """

    base_url: str
    model: str
    api: str = CHAT_COMPLETIONS
    key_variable: str = ""
    input_price: Decimal | None = None
    cached_price: Decimal | None = None
    output_price: Decimal | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int = 8
    context_limit: int | None = None
    max_output_tokens: int = 4_096
    output_limit_field: str = "max_tokens"
    extra_body: Mapping[str, JSON] = field(default_factory=dict)
    samples_per_call: int = 1
    logprobs: bool = False
    streaming: bool = False
    sends_seed: bool = True
    timeout_seconds: float = 600.0
    tries: int = 6
    sends_temperature: bool = True
    reasoning_effort: str = ""
    system_role: str = "system"
    thoughts_back: str = NEVER
    continues: str = NEVER
    sees_pictures: bool = False
    picture_tokens: int = PICTURE_TOKENS
    transport: str = LIVE
    batch_price: Decimal = HALF
    batch_tries: int = 3
    batch_then: str = FAIL

    @property
    def is_batched(self) -> bool:
        """Whether samples are asked for in files, and not one by one."""
        return self.transport == BATCH

    @property
    def continues_prefix(self) -> bool:
        """Whether it is sent an unfinished message of its own to go on with. The Responses API knows no such thing."""
        return self.continues != NEVER and self.api == CHAT_COMPLETIONS

    @property
    def takes_n(self) -> bool:
        """Whether several samples of a prompt are asked for in one call. The Responses API has no `n`."""
        return self.samples_per_call > 1 and self.api == CHAT_COMPLETIONS

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> "ChatSettings":
        """Read what `as_parameters` wrote. Raises ValueError naming a parameter that is missing or unknown."""
        known = {item.name for item in fields(cls)}
        if unknown := sorted(set(parameters) - known):
            raise ValueError(f"The sampler has the unknown parameter {unknown[0]!r}; expected some of {sorted(known)}.")
        if missing := [name for name in ("base_url", "model") if not parameters.get(name)]:
            raise ValueError(f"The sampler has no {missing[0]!r}.")
        prices = {name: Decimal(parameters[name]) for name in PRICES if parameters.get(name) is not None}
        share = {"batch_price": Decimal(parameters["batch_price"])} if "batch_price" in parameters else {}
        return cls(**{**parameters, **prices, **share})

    def as_parameters(self) -> dict[str, JSON]:
        """The JSON form; prices are texts, so that they stay exact."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        prices = {name: None if values[name] is None else str(values[name]) for name in PRICES}
        own: dict[str, JSON] = {"extra_body": dict(self.extra_body), "batch_price": str(self.batch_price)}
        return {**values, **prices, **own}

    def cost_of(self, usage: Usage) -> Decimal | None:
        """Money for one call; None where a price is unknown. Cached input costs as any where it has no price."""
        if self.input_price is None or self.output_price is None:
            return None
        cached_price = self.input_price if self.cached_price is None else self.cached_price
        fresh = max(0, usage.input_tokens - usage.cached_tokens)
        money = fresh * self.input_price + usage.cached_tokens * cached_price + usage.output_tokens * self.output_price
        return money / MILLION

    def batched(self, cost: Decimal | None) -> Decimal | None:
        """What a call costs in a batch that costs so much by itself."""
        return None if cost is None else cost * self.batch_price

    def planned(self, cost: Decimal | None) -> Decimal | None:
        """What calls by the sampler's transport are expected to cost, that cost so much live."""
        return self.batched(cost) if self.is_batched else cost

    def reserved(self, cost: Decimal | None) -> Decimal | None:
        """The most that a call may cost which costs so much live: as much where it may end up live, or where a batch is
        the dearer."""
        if not self.is_batched or cost is None:
            return cost
        return cost * (self.batch_price if self.batch_then == FAIL else max(self.batch_price, Decimal(1)))
