"""Telling people who look at an attempt what has come of its sample so far, and nobody else: it costs nothing then."""

import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from django.db.models.functions import Now

from trajectories.adapters.chat_api.calls.glimpses import Glimpse
from trajectories.core.text.storable import storable_text
from trajectories.models import Attempt, AttemptWatch
from trajectories.selectors.clock import database_now
from trajectories.services.runs.requests import attempt_payer
from trajectories.services.traces.storing import step_json

WATCHED = timedelta(seconds=20)
"""So long somebody counts as looking after a page has asked."""

FORGOTTEN = timedelta(hours=1)
TELL_SECONDS = 0.5


OPEN = (Attempt.State.PENDING, Attempt.State.LEASED)
"""The states of an attempt of which something may still be told."""


def watch_attempt(*, attempt: Attempt) -> AttemptWatch:
    """Have the worker tell what comes of an attempt; returns what it has told so far. What nobody has looked at for
    long is forgotten."""
    now = database_now()
    watch, is_new = AttemptWatch.objects.get_or_create(attempt=attempt, defaults={"wanted_until": now + WATCHED})
    if is_new:
        AttemptWatch.objects.filter(wanted_until__lt=now - FORGOTTEN).delete()
    else:
        AttemptWatch.objects.filter(pk=watch.pk).update(wanted_until=now + WATCHED)
    return watch


@dataclass(slots=True)
class _Told:
    """What was told of an attempt, so that only what has changed is written. `steps` counts them."""

    take: int
    steps: int
    calls: int
    revision: int
    thoughts: str
    text: str


class Teller:
    """Tells of the attempts of one worker's session. `glimpse` gives what has come of a sample by who pays for it."""

    def __init__(self, token: uuid.UUID, glimpse: Callable[[str], Glimpse | None]) -> None:
        self._token, self._glimpse = token, glimpse
        self._told: dict[int, _Told] = {}
        self._next = 0.0

    def tell(self, attempts: Collection[int]) -> None:
        """Write what has come since of those attempts that somebody looks at; a few times a second at most."""
        now = time.monotonic()
        if now < self._next or not attempts:
            return
        self._next = now + TELL_SECONDS
        watched = AttemptWatch.objects.filter(wanted_until__gt=Now(), attempt__lease_token=self._token)
        for attempt_id, take, revision in watched.values_list("attempt_id", "take", "revision"):
            glimpse = self._glimpse(attempt_payer(attempt_id)) if attempt_id in attempts else None
            if glimpse is not None:
                told = self._told.setdefault(attempt_id, _Told(take + 1, -1, 0, revision, "", ""))
                self._write(attempt_id, told, glimpse)
        self._told = {key: told for key, told in self._told.items() if key in attempts}

    def _write(self, attempt_id: int, told: _Told, glimpse: Glimpse) -> None:
        """Write what is new; nothing where the attempt is another worker's by now."""
        thoughts, text = storable_text(glimpse.thoughts), storable_text(glimpse.text)
        goes_on = glimpse.calls == told.calls and thoughts.startswith(told.thoughts) and text.startswith(told.text)
        told.revision += not goes_on
        asked_at = None if glimpse.seconds is None else database_now() - timedelta(seconds=glimpse.seconds)
        changed = {"take": told.take, "calls": glimpse.calls, "revision": told.revision, "told_at": Now()}
        changed |= {"asked_at": asked_at}
        changed |= {} if thoughts == told.thoughts and told.steps >= 0 else {"thoughts": thoughts}
        changed |= {} if text == told.text and told.steps >= 0 else {"text": text}
        if len(glimpse.steps) != told.steps:
            changed["steps"] = [step_json(step) for step in glimpse.steps]
        AttemptWatch.objects.filter(pk=attempt_id, attempt__lease_token=self._token).update(**changed)
        told.steps, told.calls, told.thoughts, told.text = len(glimpse.steps), glimpse.calls, thoughts, text
