"""Embeddings: texts as vectors by a model behind an endpoint, each paid for once."""

import asyncio
import json
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np
from django.db import transaction
from django.db.models import F
from numpy.typing import NDArray

from trajectories.adapters.chat_api import CallError, ChatSettings, PaidReply, open_client
from trajectories.core.completions.embeddings import Embedded, read_vector
from trajectories.core.generation.nearness import unit
from trajectories.core.identity import content_hash
from trajectories.core.records import Usage
from trajectories.core.text.tokens import estimate_tokens
from trajectories.models import Run, Sampler
from trajectories.services.endpoints.access import endpoint_access
from trajectories.services.endpoints.rate_limits import reserve
from trajectories.services.endpoints.replies import recall, remember
from trajectories.services.spending.holding import lack_today
from trajectories.services.spending.ledger import Payer, book
from trajectories.services.spending.words import in_money

Vector = NDArray[np.float32]

AT_ONCE = 32
"""Texts of one call."""

LONGEST_EMBEDDED = 8_000
"""Characters of a text that are sent: most models read no more than some thousand tokens, and refuse longer texts."""

LONGEST_WAIT = 10.0
"""Seconds between two tries of a call at most."""


KEPT_BYTES = 64 * 2**20
"""Memory of a process for vectors that it has read, the oldest of which are forgotten first."""


class EmbeddingError(Exception):
    """Texts that no vectors could be had for; the message is for everybody. `waits_for` are the payer and the cost of a
    call that a daily limit has no room for."""

    def __init__(self, message: str, *, waits_for: tuple[Payer, Decimal] | None = None) -> None:
        super().__init__(message)
        self.waits_for = waits_for


class _Kept:
    """Vectors by their hash, for all threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._vectors: dict[str, Vector] = {}
        self._bytes = 0

    def find(self, keys: Iterable[str]) -> dict[str, Vector]:
        """Those that are there."""
        with self._lock:
            return {key: self._vectors[key] for key in keys if key in self._vectors}

    def keep(self, vectors: Mapping[str, Vector]) -> Mapping[str, Vector]:
        """Add some, which are returned."""
        with self._lock:
            for key, vector in vectors.items():
                if key not in self._vectors:
                    self._vectors[key] = vector
                    self._bytes += vector.nbytes
            while self._bytes > KEPT_BYTES:
                self._bytes -= self._vectors.pop(next(iter(self._vectors))).nbytes
        return vectors


_kept = _Kept()


def embed(*, embedder: int, texts: Sequence[str], run: Run | None) -> list[Vector | None]:
    """The vector of each text, at length 1, by the model of the sampler with the id `embedder`. Those that are not kept
    yet are asked for, and charged to the run; without a run nothing is asked for, and they are None.

    What is paid for is kept, for every later run. Raises EmbeddingError.
    """
    sampler, settings = _settings_of(embedder)
    cut = {_hash(settings, text): text for text in (each[:LONGEST_EMBEDDED] for each in texts)}
    found = _kept.find(cut)
    stored = recall(wanted=dict.fromkeys(key for key in cut if key not in found))
    found |= _kept.keep({key: _vector(json.loads(reply.raw)) for key, reply in stored.items()})
    missing = [(key, text) for key, text in cut.items() if key not in found]
    if run is not None:
        for start in range(0, len(missing), AT_ONCE):
            found |= _kept.keep(_buy(sampler, settings, dict(missing[start : start + AT_ONCE]), run))
    return [found.get(_hash(settings, text[:LONGEST_EMBEDDED])) for text in texts]


def space_of(embedder: int) -> str:
    """The hash of the model of a sampler: vectors of the same one can be compared. Raises EmbeddingError."""
    _, settings = _settings_of(embedder)
    return content_hash(["embeddings", settings.base_url, settings.model])


def _settings_of(embedder: int) -> tuple[Sampler, ChatSettings]:
    sampler = Sampler.objects.filter(pk=embedder).first()
    if sampler is None:
        raise EmbeddingError(f"Found no sampler {embedder} any more, whose model was to give embeddings.")
    try:
        return sampler, ChatSettings.from_parameters(sampler.parameters)
    except (ValueError, TypeError) as fault:
        raise EmbeddingError(str(fault)) from fault


def _hash(settings: ChatSettings, text: str) -> str:
    return content_hash(["embedding", settings.base_url, settings.model, text])


def _vector(numbers: object) -> Vector:
    return unit(read_vector(numbers))


def _buy(sampler: Sampler, settings: ChatSettings, texts: Mapping[str, str], run: Run) -> dict[str, Vector]:
    """Ask for the vectors, keep them and charge the run for them."""
    start = time.monotonic()
    estimates = [estimate_tokens(text) for text in texts.values()]
    payer = Payer("run", run.pk, sampler.pk, run.created_by_id)
    _check_budgets(run, payer, sum(estimates), settings.cost_of(Usage(input_tokens=sum(estimates))))
    try:
        embedded = _ask(sampler, settings, list(texts.values()), sum(estimates))
    except CallError as fault:
        raise EmbeddingError(f"{sampler} gave no embeddings: {fault.message}") from fault
    seconds = time.monotonic() - start
    usage = Usage(input_tokens=sum(estimates) if embedded.tokens is None else embedded.tokens)
    cost = settings.cost_of(usage)
    replies = {
        key: PaidReply(json.dumps(vector, separators=(",", ":")), Usage(), seconds, 0, f"run {run.pk}", None)
        for key, vector in zip(texts, embedded.vectors, strict=True)
    }
    with transaction.atomic():
        remember(replies=replies)
        Run.objects.filter(pk=run.pk).update(
            cost=F("cost") + (cost or 0), input_tokens=F("input_tokens") + usage.input_tokens
        )
        book(payer=payer, usage=usage, cost=cost)
    return {key: _vector(list(vector)) for key, vector in zip(texts, embedded.vectors, strict=True)}


def _check_budgets(run: Run, payer: Payer, tokens: int, cost: Decimal | None) -> None:
    """Raise EmbeddingError where the run's budgets or the day's limits do not pay for so many tokens."""
    run.refresh_from_db(fields=["budget_tokens", "budget_cost", "input_tokens", "output_tokens", "cost"])
    if run.budget_tokens is not None:
        left = run.budget_tokens - run.input_tokens - run.output_tokens
        if tokens > left:
            raise EmbeddingError(f"the token budget has {max(0, left):,} left; a call may take {tokens:,}.")
    if not cost:
        return
    if run.budget_cost is not None and cost > run.budget_cost - run.cost:
        left_money = max(Decimal(0), run.budget_cost - run.cost)
        raise EmbeddingError(f"the money budget has {in_money(left_money)} left; a call may cost {in_money(cost)}.")
    if lack := lack_today(payer=payer, more=cost):
        raise EmbeddingError(lack, waits_for=(payer, cost))


def _ask(sampler: Sampler, settings: ChatSettings, texts: Sequence[str], tokens: int) -> Embedded:
    """One call, tried as often as the sampler's settings say. Raises CallError."""
    for tried in range(1, settings.tries + 1):
        time.sleep(reserve(sampler=sampler, tokens=tokens))
        try:
            return asyncio.run(_call(settings, texts))
        except CallError as fault:
            if tried == settings.tries or not fault.retryable:
                raise
            time.sleep(min(LONGEST_WAIT, fault.retry_after or 0.5 * 2**tried))
    raise AssertionError("a call is tried once at least")


async def _call(settings: ChatSettings, texts: Sequence[str]) -> Embedded:
    client = open_client(settings, endpoint_access())
    try:
        return await client.embed(texts)
    finally:
        await client.close()
