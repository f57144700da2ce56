"""Training scorers: one worker at a time, under a lease that is kept alive while the models are fitted."""

import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from trajectories.core.faults import Fault
from trajectories.core.scorers.features import Example, number_titles, step_examples, trace_example
from trajectories.core.scorers.fitting import METHODS, Fitted, Lessons, check, fit
from trajectories.core.scorers.metrics import measure
from trajectories.models import Artefact, Scorer
from trajectories.selectors.scorers import (
    READ_AT_ONCE,
    Chosen,
    choose_traces,
    is_right,
    read_traces,
    seen_of,
    step_labels,
    valued_steps,
    vote_shares,
)
from trajectories.services.endpoints.artefacts import store_artefact
from trajectories.services.jobs.heartbeats import KeptLease
from trajectories.services.jobs.leases import MOST_CLAIMS, claim_job, lease_of, renew_job
from trajectories.services.jobs.outages import patiently
from trajectories.services.scorers.planning import audit, retire_others

State = Scorer.State
BEAT_SECONDS = 30.0
TOLD_SECONDS = 1.0
GIVEN_UP = (
    f"Begun {MOST_CLAIMS} times without coming to an end: each time its worker was killed or came upon an error, which "
    "the worker's log tells."
)


class _StoppedError(Exception):
    """Somebody has stopped the training, or another worker has taken it over."""


def train_scorer_next(*, job_id: int) -> bool:
    """Train a scorer that waits for it, if nobody else does; whether this call has ended it.

    Safe to call at any time and twice at once. What goes wrong is kept as its reason.
    """
    token, jobs = uuid.uuid4(), Scorer.objects.filter(pk=job_id)
    if not claim_job(jobs.filter(state__in=Scorer.ACTIVE_STATES), token, state=State.RUNNING, reason=""):
        return False
    held = jobs.filter(lease_token=token, state=State.RUNNING)
    with lease_of(jobs, token):
        scorer = Scorer.objects.get(pk=job_id)
        if scorer.claims > MOST_CLAIMS:
            return _fail(held, GIVEN_UP)
        try:
            with KeptLease(lambda: renew_job(held), BEAT_SECONDS):
                _train(scorer, held)
        except _StoppedError:
            return False
        except Fault as fault:
            return _fail(held, str(fault))
        except MemoryError:
            return _fail(held, "The training needed more memory than this machine has; take fewer traces of a problem.")
        return True


class _Told:
    """Stores about once a second how far the training is; raises _StoppedError once it is not held any more."""

    def __init__(self, held: QuerySet[Scorer]) -> None:
        self._held, self._last = held, 0.0

    def __call__(self, done: int, total: int, unit: str) -> None:
        if done < total and time.monotonic() - self._last < TOLD_SECONDS:
            return
        self._last = time.monotonic()
        if not patiently(lambda: self._held.update(done_count=done, total_count=total, unit=unit)):
            raise _StoppedError


def _train(scorer: Scorer, held: QuerySet[Scorer]) -> None:
    told = _Told(held)
    chosen = choose_traces(scorer)
    lessons, counts = _lessons(scorer, chosen, told)
    if not held.update(counts=counts):
        raise _StoppedError
    check(lessons)
    fitted = fit(
        lessons,
        kind=scorer.kind,
        votes=scorer.uses_votes,
        names=list(number_titles(scorer.kind, votes=scorer.uses_votes)),
        seed=scorer.seed % 2**32,
        tell=lambda done, total: told(done, total, "models"),
    )
    quality = measure(fitted.scores, lessons.right, lessons.problems)
    assert quality is not None  # there are lessons
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scorer.json"
        file.write_text(fitted.scorer.to_text(), encoding="utf-8")
        artefact = store_artefact(file, suffix="json")
    patiently(lambda: _finish(scorer, held, artefact, {"quality": quality.as_json(), "learnt": _learnt(fitted)}))


def _lessons(scorer: Scorer, chosen: Chosen, told: _Told) -> tuple[Lessons, dict[str, Any]]:
    """What a scorer learns from, read some problems at a time, and the counts of it."""
    examples: list[Example] = []
    right: list[bool] = []
    problems: list[int] = []
    done = 0
    every = list(chosen.traces)
    for start in range(0, len(every), READ_AT_ONCE):
        part = every[start : start + READ_AT_ONCE]
        votes = vote_shares(part) if scorer.uses_votes else {}
        for trace in read_traces(key for problem in part for key in chosen.traces[problem]):
            seen = seen_of(trace, votes)
            if scorer.kind == Scorer.Kind.PROCESS:
                by_values = scorer.labels == Scorer.Labels.VALUES
                labels = valued_steps(trace) if by_values else step_labels([trace])[trace.pk]
                steps = step_examples(seen)
                found = [(steps[index], labels[index]) for index in sorted(labels) if index < len(steps)]
            else:
                word = is_right(scorer.labels, trace.correctness, trace.decision)
                found = [] if word is None else [(trace_example(seen, votes=scorer.uses_votes), word)]
            for example, label in found:
                examples.append(example)
                right.append(label)
                problems.append(trace.problem_id)
            done += 1
            told(done, chosen.count, "traces")
    counts = {
        "right": sum(right),
        "wrong": len(right) - sum(right),
        "problems": len(set(problems)),
        "traces": done,
        "left_out": dict(chosen.left_out),
    }
    return Lessons(examples, np.array(right, bool), np.array(problems, np.int64)), counts


def _learnt(fitted: Fitted) -> dict[str, Any]:
    chosen = Counter(fitted.methods)
    return {
        "methods": [[METHODS[method], chosen[method]] for method in METHODS if chosen[method]],
        "telling": [[each.name, each.alone, each.weight] for each in fitted.telling],
    }


@transaction.atomic
def _finish(scorer: Scorer, held: QuerySet[Scorer], artefact: Artefact, values: dict[str, Any]) -> None:
    """End the training with what it made, both or neither. Raises _StoppedError."""
    ended = {"state": State.FINISHED, "finished_at": Now(), "reason": "", "artefact": artefact}
    if not held.update(**ended, **values):
        raise _StoppedError
    if scorer.follows:
        retire_others(scorer)
    audit(None, "scorer.finished", scorer, {"sha256": artefact.sha256})


def _fail(held: QuerySet[Scorer], reason: str) -> bool:
    return bool(held.update(state=State.FAILED, reason=reason, finished_at=Now()))
