"""Calls to a language model for something other than a sample: judging a trace, cutting it into steps, writing a
problem, solving it."""

import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from trajectories.adapters.chat_api import Answered, CallError, CallSession, ChatCall, ChatSettings
from trajectories.adapters.chat_api.calls.records import input_tokens_of
from trajectories.core.records import SampleFailure, Usage
from trajectories.models import Run, Sampler
from trajectories.selectors.spending import STEP_JUDGE
from trajectories.services.endpoints.access import endpoint_access
from trajectories.services.endpoints.concurrency import CallingJob, job_slots
from trajectories.services.endpoints.faults import keep_fault
from trajectories.services.endpoints.rate_limits import held_until
from trajectories.services.endpoints.replies import DatabasePorts
from trajectories.services.spending.holding import hold_calls
from trajectories.services.spending.ledger import Payer
from trajectories.services.spending.waiting import wait_for_room
from trajectories.services.spending.words import in_money

LOOK_SECONDS = 0.25
SHARE_SECONDS = 1.0
"""So often it is looked who else uses the model."""

OnAnswer = Callable[[Hashable, Answered | SampleFailure], None]


@dataclass(frozen=True, slots=True)
class CallBudget:
    """What may still be taken: money and tokens (input and output); None where there is no limit."""

    cost: Decimal | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class CallStop:
    """Why calling ended before every call had an outcome. `kind` is "budget", "limit" (a daily one), "held",
    "unwanted", or the kind of a fault after which no further call can succeed. `until` says when a held sampler may be
    asked again, in seconds from now."""

    kind: str
    message: str
    until: float | None = None


@dataclass(slots=True)
class _Purse:
    """Spent plus reserved against a budget; what is in flight counts at the most it may take.

    `longest` is the output of the longest answer so far, in tokens: an endpoint may charge more than its limit.
    """

    settings: ChatSettings
    budget: CallBudget
    spent_cost: Decimal = Decimal(0)
    spent_tokens: int = 0
    longest: int = 0

    def most(self, call: ChatCall) -> Usage:
        """The most a call may take."""
        asked = input_tokens_of(call.messages, self.settings.picture_tokens)
        return Usage(input_tokens=asked, output_tokens=max(self.settings.max_output_tokens, self.longest))

    def cost_of(self, usages: Iterable[Usage]) -> Decimal:
        """The most that calls of these usages cost; those without a known price nothing."""
        return sum((self.settings.cost_of(usage) or Decimal(0) for usage in usages), Decimal(0))

    def lack(self, reserved: Iterable[Usage], call: ChatCall) -> str:
        """What there is too little of to make the call; empty where it can be paid."""
        usages = [*reserved, self.most(call)]
        tokens = sum(usage.input_tokens + usage.output_tokens for usage in usages)
        if self.budget.tokens is not None and self.spent_tokens + tokens > self.budget.tokens:
            return f"The token budget has {max(0, self.budget.tokens - self.spent_tokens):,} left."
        cost = self.cost_of(usages)
        if self.budget.cost is not None and self.spent_cost + cost > self.budget.cost:
            return f"The money budget has {in_money(max(Decimal(0), self.budget.cost - self.spent_cost))} left."
        return ""

    def count(self, outcome: Answered | SampleFailure) -> None:
        """Count what a call has taken."""
        self.spent_cost += outcome.cost or 0
        self.spent_tokens += outcome.usage.input_tokens + outcome.usage.output_tokens
        self.longest = max(self.longest, outcome.usage.output_tokens)


def ask_all(  # noqa: PLR0913 (who asks whom for what)
    *,
    holder: CallingJob,
    sampler: Sampler,
    calls: Iterable[tuple[Hashable, ChatCall]],
    budget: CallBudget,
    wanted: Callable[[], bool],
    on_answer: OnAnswer,
    recalls: bool = True,
) -> CallStop | None:
    """Make the calls, as many at once as the job that holds them may have; None where each has had its outcome.

    `on_answer` gets each outcome in the thread of the caller, who stores it; `wanted` is asked a few times a second.
    Calls are taken from `calls` only as they can be made. A call with a `payer` is paid for once, whatever crashes
    between; `recalls` says whether answers that others have paid for may be used. Raises ValueError for a sampler whose
    parameters are no settings.
    """
    settings = ChatSettings.from_parameters(sampler.parameters)
    try:
        session = CallSession(settings, endpoint_access(), DatabasePorts(sampler, recalls=recalls))
    except CallError as fault:
        keep_fault(sampler=sampler, kind=fault.kind, detail=fault.detail)
        return CallStop(fault.kind, fault.message)
    with session:
        return _Asking(holder, sampler, session, _Purse(settings, budget), iter(calls)).go_on(wanted, on_answer)


def payer_of(holder: CallingJob, sampler: Sampler) -> Payer:
    """Whom the day book charges for a job's calls to a sampler."""
    return Payer(holder.job_kind.word, holder.pk, sampler.pk, holder.created_by_id)


class _Asking:
    """The state of one round of calls."""

    def __init__(
        self,
        holder: CallingJob,
        sampler: Sampler,
        session: CallSession,
        purse: _Purse,
        calls: Iterator[tuple[Hashable, ChatCall]],
    ) -> None:
        self._holder, self._sampler = holder, sampler
        self._session, self._purse, self._calls = session, purse, calls
        self._share, self._next_share = 0, 0.0
        self._flying: dict[Hashable, Usage] = {}
        self._next: tuple[Hashable, ChatCall] | None = None
        self._stop: CallStop | None = None

    def go_on(self, wanted: Callable[[], bool], on_answer: OnAnswer) -> CallStop | None:
        """Call until there are no more calls, or something stops it; what is in flight then is waited for."""
        next_look = 0.0
        self._next = next(self._calls, None)
        while True:
            self._fill()
            if not self._flying:
                return self._stop
            taken = self._session.take(LOOK_SECONDS)
            if taken is not None:
                self._hand_out(*taken, on_answer)
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + LOOK_SECONDS
                if not wanted():
                    return CallStop("unwanted", "")

    def _fill(self) -> None:
        """Start what may be started."""
        places = self._places() - len(self._flying)
        if self._stop is not None or self._next is None or places <= 0:
            return
        if (until := held_until(self._sampler)) is not None:
            self._stop = CallStop("held", "The endpoint asks to be left alone for a while.", until)
            return
        while self._next is not None and places > 0:
            key, call = self._next
            if lack := self._purse.lack(self._flying.values(), call):
                # What is in flight may take less than its most.
                self._stop = None if self._flying else CallStop("budget", lack)
                return
            if self._is_over_limit(call):
                return
            places -= 1
            self._flying[key] = self._purse.most(call)
            self._session.submit(key, call)
            self._next = next(self._calls, None)

    def _is_over_limit(self, call: ChatCall) -> bool:
        """Whether a daily limit lets the call not be made; money for it is held where it may. The job then waits for
        its limit, once nothing is in flight."""
        more = self._purse.cost_of([self._purse.most(call)])
        if not more:
            return False
        payer = payer_of(self._holder, self._sampler)
        flying = self._purse.cost_of(self._flying.values())
        held_by = replace(payer, kind=STEP_JUDGE) if isinstance(self._holder, Run) else payer
        lack = hold_calls(payer=held_by, sampler=self._sampler, flying=flying, more=more)
        if lack and not self._flying:
            wait_for_room(payer=payer, cost=more, reason=lack)
            self._stop = CallStop("limit", lack)
        return bool(lack)

    def _places(self) -> int:
        """Calls that may be in flight now."""
        if time.monotonic() >= self._next_share:
            self._next_share = time.monotonic() + SHARE_SECONDS
            concurrency = self._purse.settings.concurrency
            self._share = job_slots(sampler=self._sampler, holder=self._holder, concurrency=concurrency)
        return self._share

    def _hand_out(self, key: Hashable, outcome: Answered | SampleFailure, on_answer: OnAnswer) -> None:
        del self._flying[key]
        if isinstance(outcome, SampleFailure) and outcome.stops:
            # This call has no outcome of its own: it can be made once the fault is mended.
            until = held_until(self._sampler) if outcome.kind == "held" else None
            self._stop = CallStop(outcome.kind, outcome.message, until)
            return
        self._purse.count(outcome)
        on_answer(key, outcome)
