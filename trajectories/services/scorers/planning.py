"""Asking for scorers and for traces to be scored."""

import re

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max

from trajectories.core.records import JSON
from trajectories.core.selections import Selection
from trajectories.models import AuditEvent, Scorer, Scoring
from trajectories.models.job_kinds import RETRY
from trajectories.models.scorers import LONGEST_NAME
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.traces import traces_in
from trajectories.services.jobs.ringers import ring
from trajectories.services.jobs.steering import JobError, steer

MOST_EACH = 10_000
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class ScorerError(JobError):
    """A scorer that cannot be made or used so; the message is for people."""


@transaction.atomic
def start_scorer(  # noqa: PLR0913 (what it is, what it learns from, and for whom)
    *,
    by: User | None,
    name: str,
    kind: str = Scorer.Kind.OUTCOME,
    labels: str = Scorer.Labels.VERDICTS,
    scope: Selection | None = None,
    most_each: int = 64,
    uses_votes: bool = False,
    follows: bool = False,
    seed: int = 0,
) -> Scorer:
    """Queue the training of the next version of a scorer, and ring for it. Raises ScorerError, with the field."""
    _check(name, kind, labels, most_each)
    if kind == Scorer.Kind.PROCESS:
        # Steps are labelled by people alone, and have no votes.
        by_values = labels == Scorer.Labels.VALUES
        labels, uses_votes = Scorer.Labels.VALUES if by_values else Scorer.Labels.REVIEWS, False
    versions = Scorer.objects.filter(name=name)
    if (other := versions.exclude(kind=kind).first()) is not None:
        found = f"Found the name {name}, which is that of a scorer of the kind {other.kind}"
        raise ScorerError(f"{found}; expected another name.", field="name")
    scope = scope or Selection()
    newest = traces_in(scope, EVERYTHING).aggregate(last=Max("pk"))["last"]
    if newest is None:
        raise ScorerError("No trace is in this selection; expected some to learn from.")
    try:
        with transaction.atomic():
            scorer = Scorer.objects.create(
                name=name,
                version=(versions.aggregate(last=Max("version"))["last"] or 0) + 1,
                kind=kind,
                labels=labels,
                selection=scope.to_json(),
                last_trace=newest,
                most_each=most_each,
                uses_votes=uses_votes,
                follows=follows,
                seed=seed,
                created_by=by,
            )
    except IntegrityError:
        raise ScorerError(f"A new version of {name} was asked for at the same time; try again.", field="name") from None
    audit(by, "scorer.request", scorer, {"name": name, "version": scorer.version, "labels": labels})
    ring("scorer", scorer.pk)
    return scorer


def _check(name: str, kind: str, labels: str, most_each: int) -> None:
    """Raises ScorerError for what is wrong in itself."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        expected = f"small letters, digits and single hyphens, at most {LONGEST_NAME}"
        raise ScorerError(f"Found the name {name[:40]!r}, expected {expected}.", field="name")
    if kind not in Scorer.Kind:
        raise ScorerError(f"Found the kind {kind[:20]!r}, expected {' or '.join(Scorer.Kind)}.", field="kind")
    if labels not in Scorer.Labels:
        raise ScorerError(f"Found the labels {labels[:20]!r}, expected {', '.join(Scorer.Labels)}.", field="labels")
    if labels == Scorer.Labels.VALUES and kind != Scorer.Kind.PROCESS:
        raise ScorerError(
            "Found values of steps, which say nothing of whole traces; expected verdicts or decisions.", field="labels"
        )
    if not 1 <= most_each <= MOST_EACH:
        raise ScorerError(f"Found {most_each} traces of a problem, expected 1 to {MOST_EACH:,}.", field="most_each")


@transaction.atomic
def start_scoring(*, by: User | None, scorer: Scorer, scope: Selection) -> Scoring:
    """Queue the scoring of the traces that are in a selection now, and ring for it. Raises ScorerError."""
    if scorer.state != Scorer.State.FINISHED:
        raise ScorerError(f"The scorer is {scorer.state}; only a finished one can score.")
    traces = traces_in(scope, EVERYTHING)
    total, last = traces.count(), traces.aggregate(last=Max("pk"))["last"]
    if last is None:
        raise ScorerError("No trace is in this selection; nothing to score.")
    job = Scoring.objects.create(
        scorer=scorer, selection=scope.to_json(), last_id=last, total_count=total, created_by=by
    )
    audit(by, "scoring.request", job, {"scorer": scorer.pk, "selection": job.selection, "traces": total})
    ring("scoring", job.pk)
    return job


@transaction.atomic
def set_following(*, by: User | None, scorer_id: int, follows: bool) -> Scorer:
    """Say whether a scorer scores every trace, those there are and those to come. Raises ScorerError."""
    scorer = Scorer.objects.select_for_update(no_key=True).get(pk=scorer_id)
    if follows and scorer.state != Scorer.State.FINISHED:
        raise ScorerError(f"The scorer is {scorer.state}; only a finished one can score.")
    if scorer.follows != follows:
        scorer.follows = follows
        scorer.save(update_fields=["follows"])
        if follows:
            retire_others(scorer)
        audit(by, "scorer.follow" if follows else "scorer.unfollow", scorer, {})
    return scorer


def retire_others(scorer: Scorer) -> None:
    """Of one name only one version scores new traces: the others stop, in the caller's transaction."""
    Scorer.objects.filter(name=scorer.name, follows=True).exclude(pk=scorer.pk).update(follows=False)


def retry_scorer(*, actor: User | None, job_id: int) -> Scorer:
    """Train again from the beginning, and ring for it. Raises JobError unless it failed or was cancelled."""

    def begin_anew(held: Scorer) -> dict[str, JSON]:
        held.done_count, held.total_count, held.unit = 0, 0, ""
        held.counts, held.quality, held.learnt, held.claims = {}, None, {}, 0
        newest = traces_in(held.rule, EVERYTHING).aggregate(last=Max("pk"))["last"]
        held.last_trace = newest or held.last_trace
        return {}

    scorer: Scorer = steer("scorer", RETRY, actor=actor, job_id=job_id, change=begin_anew)
    return scorer


def audit(actor: User | None, verb: str, job: Scorer | Scoring, data: dict[str, JSON]) -> None:
    """Write into the audit log what was done, in the caller's transaction."""
    AuditEvent.objects.create(
        actor=actor, verb=verb, object_type=str(job._meta.model_name), object_id=job.pk, data=data
    )
