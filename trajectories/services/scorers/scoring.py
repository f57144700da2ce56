"""Scoring traces: a selection that was asked for, or by a scorer that follows what is new, a few at a time."""

import json
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

from django.db import transaction
from django.db.models import F, Max, Min
from django.db.models.functions import Now

from trajectories.core.faults import Fault
from trajectories.core.records import Outcome
from trajectories.core.scorers.features import step_examples, trace_example
from trajectories.core.scorers.stored import StoredScorer, read_scorer
from trajectories.core.verifiers.evidence import ScorerEvidence
from trajectories.core.verifiers.opinions import scorer_verifier
from trajectories.models import PendingVerification, Scorer, Scoring, Trace, Verdict
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.scorers import read_traces, seen_of, vote_shares
from trajectories.selectors.traces import traces_in
from trajectories.services.endpoints.artefacts import ArtefactError, artefact_file
from trajectories.services.jobs.endings import tell_parent
from trajectories.services.jobs.leases import LEASE, MOST_CLAIMS, claim_job, lost_of, release_job
from trajectories.services.jobs.ringers import ring

State = Scoring.State
TRACES_AT_ONCE = 64
SLICE_SECONDS = 20.0
SETTLED_SECONDS = 60
"""Traces are followed when they are so old: ids are given before they are stored, not always in the same order."""
GIVEN_UP = (
    f"Begun {MOST_CLAIMS} times without a single score: each time its worker was killed or came upon an error, which "
    "the worker's log tells."
)


def score_next(*, job_id: int) -> bool:
    """Score the next traces of a job for a while; whether there is more to do.

    Safe to call at any time and twice at once: a lease lets one worker through, and the cursor moves in the transaction
    that writes the scores.
    """
    token, jobs = uuid.uuid4(), Scoring.objects.filter(pk=job_id)
    active = jobs.filter(state__in=Scoring.ACTIVE_STATES)
    if not claim_job(active, token, state=State.RUNNING, reason=""):
        return False
    job = Scoring.objects.select_related("scorer__artefact").get(pk=job_id)
    until = time.monotonic() + SLICE_SECONDS
    try:
        if job.claims > MOST_CLAIMS:
            raise Fault(GIVEN_UP)
        stored = load_scorer(job.scorer)
        while time.monotonic() < until:
            left = traces_in(job.rule, EVERYTHING).filter(pk__gt=job.cursor, pk__lte=job.last_id).order_by("pk")
            keys = list(left.values_list("pk", flat=True)[:TRACES_AT_ONCE])
            if not keys:
                jobs.filter(lease_token=token, state=State.RUNNING).update(state=State.FINISHED, finished_at=Now())
                break
            if not _write(job, token, keys, stored):
                return False
    except (Fault, ArtefactError) as fault:
        jobs.filter(lease_token=token, state=State.RUNNING).update(
            state=State.FAILED, reason=str(fault), finished_at=Now()
        )
    release_job(jobs, token, claims=0)
    if not (is_left := active.exists()):
        tell_parent(job)
    return is_left


def lost_scorings() -> list[int]:
    """Jobs that nobody is at and whose bell is long unanswered, marked as rung; what is new is asked for first."""
    follow_new()
    return lost_of(Scoring)


def follow_new(*, settled_seconds: int = SETTLED_SECONDS) -> list[Scoring]:
    """Jobs for the traces that scorers which follow have not looked at yet, as far as they are verified."""
    made = []
    for scorer_id in Scorer.objects.filter(follows=True, state=Scorer.State.FINISHED).values_list("pk", flat=True):
        with transaction.atomic():
            rows = Scorer.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=scorer_id, follows=True)
            scorer = rows.first()
            if scorer is not None and (job := _follow(scorer, settled_seconds)) is not None:
                made.append(job)
    return made


def _follow(scorer: Scorer, settled_seconds: int) -> Scoring | None:
    if scorer.scorings.filter(state__in=(*Scoring.ACTIVE_STATES, State.PAUSED), automatic=True).exists():
        return None
    old = Trace.objects.filter(created_at__lt=Now() - timedelta(seconds=settled_seconds))
    last = old.filter(pk__gt=scorer.scored_to).aggregate(last=Max("pk"))["last"] or 0
    waiting = PendingVerification.objects.filter(pk__gt=scorer.scored_to).aggregate(first=Min("pk"))["first"]
    last = last if waiting is None else min(last, waiting - 1)
    total = Trace.objects.filter(pk__gt=scorer.scored_to, pk__lte=last, withdrawn=False).count()
    if not total:
        return None
    job = Scoring.objects.create(
        scorer=scorer, automatic=True, cursor=scorer.scored_to, last_id=last, total_count=total
    )
    scorer.scored_to = last
    scorer.save(update_fields=["scored_to"])
    ring("scoring", job.pk)
    return job


def load_scorer(scorer: Scorer) -> StoredScorer:
    """The scorer that a training made. Raises Fault or ArtefactError where it cannot be used."""
    if scorer.artefact is None:
        raise Fault(f"The scorer is {scorer.state}; only a finished one can score.")
    return _load(str(artefact_file(scorer.artefact)), scorer.artefact.sha256)


@lru_cache(maxsize=4)
def _load(path: str, _: str) -> StoredScorer:
    with open(path, encoding="utf-8") as file:
        return read_scorer(json.load(file))


def _write(job: Scoring, token: uuid.UUID, keys: Sequence[int], stored: StoredScorer) -> bool:
    """Score some traces and move the cursor behind them; False where the job was stopped or the lease is lost."""
    traces = list(read_traces(keys))
    votes = vote_shares({trace.problem_id for trace in traces}) if stored.votes else {}
    verdicts = [_verdict(job.scorer, stored, trace, votes) for trace in traces]
    with transaction.atomic():
        held = Scoring.objects.filter(pk=job.pk, lease_token=token, state=State.RUNNING)
        if not held.select_for_update(no_key=True).exists():
            return False
        # One job of a scorer writes at a time: what a revision counts stands still.
        Scorer.objects.select_for_update(no_key=True).only("pk").get(pk=job.scorer_id)
        added = _new_verdicts(verdicts, job.scorer)
        Verdict.objects.bulk_create(added)
        held.update(
            cursor=keys[-1],
            claims=1,
            lease_expires_at=Now() + LEASE,
            done_count=F("done_count") + len(keys),
            written_count=F("written_count") + len(added),
        )
    job.cursor = keys[-1]
    return True


def _verdict(scorer: Scorer, stored: StoredScorer, trace: Trace, votes: dict[tuple[int, str], float]) -> Verdict:
    """What a scorer says of a trace: a probability, and unscored as the outcome, for it never decides."""
    seen = seen_of(trace, votes)
    evidence = ScorerEvidence(scorer.pk, trace.problem_id in stored.folds)
    if stored.kind == Scorer.Kind.PROCESS:
        steps = [round(float(each), 6) for each in stored.score(trace.problem_id, step_examples(seen, stored.names))]
        evidence = replace(evidence, steps=steps)
        score = min(steps, default=None)
        worst = f", its least likely step is {steps.index(score) + 1} of {len(steps)}" if score is not None else ""
        message = "It has no steps." if score is None else f"{100 * score:.0f} % likely right{worst}"
    else:
        example = trace_example(seen, votes=stored.votes)
        score = round(float(stored.score(trace.problem_id, [example])[0]), 6)
        message = f"{100 * score:.0f} % likely right"
    return Verdict(
        trace=trace,
        verifier=scorer_verifier(scorer.name),
        version=scorer.version,
        outcome=Outcome.UNSCORED,
        score=score,
        message=message,
        evidence=evidence.to_json(),
    )


def _new_verdicts(verdicts: Sequence[Verdict], scorer: Scorer) -> list[Verdict]:
    """Those that differ from the scorer's verdict before."""
    known = Verdict.objects.filter(
        trace__in=[verdict.trace_id for verdict in verdicts], verifier=scorer_verifier(scorer.name)
    )
    newest: dict[int, Verdict] = {}
    revisions: Counter[int] = Counter()
    for old in known.order_by("pk").defer("evidence"):
        newest[old.trace_id] = old
        revisions[old.trace_id] += old.version == scorer.version
    added = []
    for verdict in verdicts:
        before = newest.get(verdict.trace_id)
        if before is not None and (before.version, before.score) == (verdict.version, verdict.score):
            continue
        verdict.revision = revisions[verdict.trace_id]
        verdict.previous_outcome = before.outcome if before is not None else ""
        added.append(verdict)
    return added
