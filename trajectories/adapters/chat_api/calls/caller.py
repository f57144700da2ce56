"""Calls that recall what was paid for before, and keep what is paid for now."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from decimal import Decimal
from typing import TypeVar

from trajectories.adapters.acting import carried
from trajectories.adapters.chat_api.calls.asking import Asker, Heard
from trajectories.adapters.chat_api.calls.batches import Batches
from trajectories.adapters.chat_api.calls.glimpses import Glimpses
from trajectories.adapters.chat_api.calls.ports import PaidReply, Ports
from trajectories.adapters.chat_api.calls.records import Answered, ChatCall, call_hash, input_tokens_of
from trajectories.adapters.chat_api.wire.choices import share_cost, share_usage
from trajectories.adapters.chat_api.wire.faults import CallError
from trajectories.adapters.chat_api.wire.opening import open_client
from trajectories.adapters.chat_api.wire.settings import ChatSettings
from trajectories.adapters.endpoints import EndpointAccess
from trajectories.core.completions.replies import Reply, cut_at_limit, read_reply
from trajectories.core.records import JSON, FinishReason, SampleFailure, Usage

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Caller:
    """Used within one event loop; `side` runs what may wait for the database, one at a time.

    Answers are kept before anybody gets them, several at a time where several come at once. `takes_n` says whether
    several samples may be asked for in one call: an endpoint that gives fewer than asked is not asked so again.
    """

    def __init__(self, settings: ChatSettings, access: EndpointAccess, ports: Ports, side: Executor) -> None:
        self.settings = settings
        self.takes_n = settings.takes_n
        self.glimpses = Glimpses()
        self._ports, self._side = ports, side
        self._client = open_client(settings, access)
        self._asker = Asker(settings, ports, self._client, self.aside, self._note)
        self.limit = self._asker.limit
        self._recalls: Batches[tuple[str, str], PaidReply | None] = Batches(self._recall)
        self._keeps: Batches[tuple[str, PaidReply], None] = Batches(self._keep)
        self._counted: tuple[Sequence[Mapping[str, JSON]], int] = (), 0

    async def close(self) -> None:
        """Keep what has come and close the connections."""
        await self._keeps.finish()
        await self._client.close()

    def stop(self, failure: SampleFailure) -> None:
        """Let every further call fail with this."""
        self._asker.stopped = failure

    async def aside(self, act: Callable[[], T]) -> T:
        """Run what may wait for the database without holding up the calls."""
        return await asyncio.get_running_loop().run_in_executor(self._side, carried(act))

    def _note(self, kind: str, detail: str) -> None:
        """Keep what an endpoint said with a fault, later: the calls do not wait for it."""
        self._side.submit(carried(self._try_to_note), kind, detail)

    def _try_to_note(self, kind: str, detail: str) -> None:
        try:
            self._ports.note(kind, detail)
        except Exception:
            logger.exception("What the endpoint said with a fault of the kind %s could not be kept", kind)

    async def ask(self, call: ChatCall) -> Answered:
        """The answer, paid for now or before. Raises CallError."""
        (outcome,) = await self.ask_together([call])
        if isinstance(outcome, CallError):
            raise outcome
        return outcome

    async def ask_together(self, calls: Sequence[ChatCall]) -> list[Answered | CallError]:
        """An outcome for each of several calls that read the same; what is not kept is asked for in one, where the
        endpoint can do that."""
        if len(calls) == 1:
            return [await self._ask_alone(calls[0])]
        hashes = [call_hash(self.settings, call) for call in calls]
        asked = zip(hashes, calls, strict=True)
        kept = await asyncio.gather(*(self._recalls.do((key, call.payer)) for key, call in asked))
        found: dict[int, Answered | CallError] = {
            place: self._recalled(paid, calls[place])
            for place, paid in enumerate(kept)
            if paid is not None and not self._was_cut_shorter(paid)
        }
        left = [place for place in range(len(calls)) if place not in found]
        if len(left) > 1 and self.takes_n:
            bought = await self._buy([calls[place] for place in left], [hashes[place] for place in left])
            found |= dict(zip(left, bought, strict=False))
            left = left[len(bought) :]
        alone = await asyncio.gather(*(self._buy([calls[place]], [hashes[place]]) for place in left))
        found |= {place: outcome for place, (outcome,) in zip(left, alone, strict=True)}
        return [found[place] for place in range(len(calls))]

    async def _ask_alone(self, call: ChatCall) -> Answered | CallError:
        """The outcome of one call."""
        key = call_hash(self.settings, call)
        paid = await self._recalls.do((key, call.payer))
        if paid is not None and not self._was_cut_shorter(paid):
            return self._recalled(paid, call)
        (outcome,) = await self._buy([call], [key])
        return outcome

    async def _buy(self, calls: Sequence[ChatCall], hashes: Sequence[str]) -> list[Answered | CallError]:
        """Outcomes of one call for all of `calls`: fewer than these, from the first on, where the endpoint gives fewer.
        Every other fault is the outcome of each."""
        try:
            tokens = self._input_tokens(calls[0])
            with self.glimpses.listening([call.payer for call in calls]) as hearing:
                heard = await self._asker.ask(calls[0], tokens, hearing, len(calls))
        except CallError as fault:
            if len(calls) > 1 and fault.kind == "bad_request":
                self._give_up_n(len(calls), 0)
                return []
            return [fault] * len(calls)
        if len(heard.choices) < len(calls):
            self._give_up_n(len(calls), len(heard.choices))
        return await self._pay(calls, hashes, heard)

    async def _pay(self, calls: Sequence[ChatCall], hashes: Sequence[str], heard: Heard) -> list[Answered | CallError]:
        """Keep each reply under its own hash, with its share of what the call took."""
        outcomes: list[Answered | CallError] = list(heard.choices[: len(calls)])  # type: ignore[arg-type]
        replies = [choice for choice in heard.choices[: len(calls)] if isinstance(choice, Reply)]
        usages = share_usage(heard.usage, replies) if len(heard.choices) > 1 else [heard.usage]
        costs: list[Decimal | None] = [None] * len(replies)
        if heard.cost is not None:
            costs = [heard.cost] if len(heard.choices) == 1 else [*share_cost(heard.cost, usages)]
        notes: dict[str, JSON] = {"faults": dict(heard.faults)} if heard.faults else {}
        notes |= {"samples_in_call": len(calls)} if len(calls) > 1 else {}
        notes |= {"n": "ignored"} if self.settings.takes_n and not self.takes_n else {}
        keeping = []
        shares = zip(usages, costs, strict=True)
        for place, (call, key) in enumerate(zip(calls[: len(outcomes)], hashes, strict=False)):
            reply = heard.choices[place]
            if isinstance(reply, CallError):
                continue
            usage, stated = next(shares)
            more = len(heard.choices) - len(calls) if reply is replies[0] else 0
            said = {**notes, **({"choices_too_many": more} if more > 0 else {})}
            limit = self.settings.max_output_tokens
            paid = PaidReply(reply.raw, usage, heard.seconds, limit, call.payer, stated)
            keeping.append(self._keeps.do((key, paid)))
            cost = self._cost(usage, stated)
            outcomes[place] = Answered(reply, usage, cost, heard.seconds, taken=usage, notes=said)
        if len(keeping) == 1:
            await keeping[0]
        else:
            await asyncio.gather(*keeping)
        return outcomes

    def _give_up_n(self, asked: int, given: int) -> None:
        if self.takes_n:
            logger.warning(
                "%s gave %d samples where %d were asked for in one call; from now on each has a call of its own",
                self.settings.base_url, given, asked,
            )  # fmt: skip
        self.takes_n = False

    def _input_tokens(self, call: ChatCall) -> int:
        """About how many tokens are sent; samples of one prompt are counted once. Raises CallError for too many."""
        if call.messages is not self._counted[0]:
            self._counted = call.messages, input_tokens_of(call.messages, self.settings.picture_tokens)
        tokens, most = self._counted[1], self.settings.context_limit
        if most is not None and tokens > most:
            raise CallError("context", f"The prompt has about {tokens:,} tokens; the model takes {most:,}.")
        return tokens

    async def _recall(self, wanted: Sequence[tuple[str, str]]) -> list[PaidReply | None]:
        found = await self.aside(lambda: self._ports.recall(dict(wanted)))
        return [found.get(key) for key, _ in wanted]

    async def _keep(self, replies: Sequence[tuple[str, PaidReply]]) -> list[None]:
        await self.aside(lambda: self._ports.remember(dict(replies)))
        return [None] * len(replies)

    def _recalled(self, paid: PaidReply, call: ChatCall) -> Answered:
        """Free of charge, unless the one who asks has paid and never got it."""
        reply = cut_at_limit(read_reply(paid.raw), paid.max_output_tokens)
        if call.payer and paid.payer == call.payer:
            return Answered(reply, paid.usage, self._cost(paid.usage, paid.cost), paid.seconds, taken=paid.usage)
        return Answered(reply, Usage(), self.settings.cost_of(Usage()), 0.0, recalled=True, taken=paid.usage)

    def _cost(self, usage: Usage, stated: Decimal | None) -> Decimal | None:
        """What the endpoint says it charged, else what the sampler's prices give."""
        return self.settings.cost_of(usage) if stated is None else stated

    def _was_cut_shorter(self, paid: PaidReply) -> bool:
        """Whether the answer ended for want of tokens and may now have more."""
        more = self.settings.max_output_tokens > paid.max_output_tokens
        reply = cut_at_limit(read_reply(paid.raw), paid.max_output_tokens)
        return more and reply.finish_reason is FinishReason.LENGTH
