"""Verifying traces again: asking for it, and doing it a few traces at a time under a lease."""

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, F, Max, QuerySet
from django.db.models.functions import Now

from trajectories.core.records import JSON, Outcome, VerdictRecord
from trajectories.core.selections import Selection
from trajectories.core.verifiers import VERIFIERS, consensus
from trajectories.core.verifiers.base import Verifier
from trajectories.core.verifiers.evidence import PairsEvidence
from trajectories.models import AuditEvent, Problem, Reverification, Trace, Verdict
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.population import NOTHING
from trajectories.selectors.traces import traces_in
from trajectories.services.jobs.endings import tell_parent
from trajectories.services.jobs.leases import LEASE, claim_job, release_job
from trajectories.services.jobs.ringers import ring
from trajectories.services.jobs.steering import JobError
from trajectories.services.runs.rounds import move_on
from trajectories.services.verification.queue import WRITE_SECONDS, Verified
from trajectories.services.verification.verdicts import (
    MAX_CLAIMS,
    TEST_VERIFIER,
    append_verdicts,
    lock_traces,
    verify_trace,
)

TRACES_PER_BELL = 16
State = Reverification.State


class ReverificationError(JobError):
    """A job that cannot be made or stopped; the message is for people."""


@transaction.atomic
def plan_reverification(*, actor: User | None, scope: Selection, verifiers: Sequence[str]) -> Reverification:
    """A queued job over the traces that are in the scope now, which is rung for.

    Raises ReverificationError for an empty selection or a verifier that is not there.
    """
    known = {*VERIFIERS, consensus.NAME}
    if not verifiers:
        raise ReverificationError("No verifier was chosen; expected at least one.", field="verifiers")
    if strange := sorted(set(verifiers) - known):
        text = f"Verifier {strange[0][:40]!r} is not installed; expected one of {sorted(known)}."
        raise ReverificationError(text, field="verifiers")
    traces = traces_in(scope, EVERYTHING)
    total = traces.count()
    if not total:
        raise ReverificationError("No trace is in this selection; nothing to verify again.")
    job = Reverification.objects.create(
        selection=scope.to_json(),
        verifiers=sorted(set(verifiers)),
        last_id=traces.aggregate(last=Max("pk"))["last"],
        total_count=total,
        created_by=actor,
    )
    _audit(actor, "planned", job, {"selection": job.selection, "verifiers": job.verifiers, "traces": total})
    ring("reverification", job.pk)
    return job


def reverify_next(*, job_id: int, verifiers: Mapping[str, Verifier] = VERIFIERS) -> bool:
    """Verify the next few traces of a job; returns whether there is more to do.

    Safe to call at any time and twice at once: a lease lets one worker through, and the cursor moves in the
    transaction that writes the verdicts. A trace begun MAX_CLAIMS times without an end has killed its workers: it gets
    errors, and the job goes on.
    """
    token = uuid.uuid4()
    if not claim_job(_active(job_id), token, state=State.RUNNING):
        return False
    job = Reverification.objects.get(pk=job_id)
    left = traces_in(job.rule, EVERYTHING).filter(pk__gt=job.cursor, pk__lte=job.last_id).order_by("pk")
    ids = list(left.values_list("pk", flat=True)[: TRACES_PER_BELL + 1])
    for verified in _verify_all(job, ids[:TRACES_PER_BELL], verifiers):
        if not _write(job, token, verified):
            return False
    return _release(job_id, token, more=len(ids) > TRACES_PER_BELL)


def _verify_all(job: Reverification, ids: Sequence[int], verifiers: Mapping[str, Verifier]) -> Iterator[list[Verified]]:
    """The traces with their verdicts in order, several of one run at a time.

    Where a worker was lost before, each by itself, so that the one that killed it is found.
    """
    chosen = [verifiers[name] for name in job.verifiers if name in verifiers]
    majorities = _Majorities()
    verified: list[Verified] = []
    written = time.monotonic()
    for position, trace_id in enumerate(ids):
        trace = Trace.objects.select_related("problem", "program", "reasoning").get(pk=trace_id)
        if verified and (
            trace.run_id != verified[0][0].run_id or job.claims > 1 or time.monotonic() - written > WRITE_SECONDS
        ):
            yield verified
            verified, written = [], time.monotonic()
        verdicts = verify_trace(trace, chosen, lost=position == 0 and job.claims > MAX_CLAIMS)
        if consensus.NAME in job.verifiers:
            verdicts.append(majorities.verify(trace))
        verified.append((trace, verdicts))
    if verified:
        yield verified


def _active(job_id: int) -> QuerySet[Reverification]:
    return Reverification.objects.filter(pk=job_id, state__in=Reverification.ACTIVE_STATES)


def _write(job: Reverification, token: uuid.UUID, verified: Sequence[Verified]) -> bool:
    """Write the verdicts and move the cursor; False where the job was cancelled or the lease is lost."""
    traces = [trace for trace, _ in verified]
    with transaction.atomic():
        lock_traces(traces)
        held = Reverification.objects.filter(pk=job.pk, lease_token=token, state=State.RUNNING)
        if not held.select_for_update(no_key=True).exists():
            return False
        added = append_verdicts(verified, job)
        held.update(
            cursor=traces[-1].pk,
            claims=1,
            lease_expires_at=Now() + LEASE,
            done_count=F("done_count") + len(verified),
            written_count=F("written_count") + len(added),
            changed_count=F("changed_count") + sum(row.previous_outcome not in ("", row.outcome) for row in added),
        )
    if traces[0].run_id is not None:
        move_on(run_id=traces[0].run_id)
    return True


def _release(job_id: int, token: uuid.UUID, *, more: bool) -> bool:
    """Give the lease back, and end the job where nothing is left; returns whether there is more to do."""
    release_job(Reverification.objects.filter(pk=job_id), token, claims=0)
    if more:
        return _active(job_id).exists()
    with transaction.atomic():
        if _active(job_id).filter(state=State.RUNNING).update(state=State.FINISHED, finished_at=Now()):
            tell_parent(Reverification.objects.only("pk").get(pk=job_id))
    return False


class _Majorities:
    """The majority of each problem's samples, counted once. One that was shown the answer has no vote."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[consensus.Consensus | None, JSON]] = {}

    def verify(self, trace: Trace) -> VerdictRecord:
        """Whether the majority of its problem's samples agrees with the trace."""
        if trace.problem_id not in self._found:
            self._found[trace.problem_id] = self._count(trace.problem)
        found, answer = self._found[trace.problem_id]
        key = None if trace.answer_hash == NOTHING else trace.answer_hash
        verdict = consensus.consensus_verdict(found, answer, key)
        if verdict.outcome is not Outcome.FAIL or trace.outputs is None or _ran_faithfully(trace):
            return verdict
        message = f"{verdict.message}, by an engine that is not Python in every respect"
        return replace(verdict, outcome=Outcome.UNSCORED, message=message, score=None)

    def _count(self, problem: Problem) -> tuple[consensus.Consensus | None, JSON]:
        voters = Trace.objects.filter(problem=problem, hinted=False, edited_by=None).exclude(answer_hash=NOTHING)
        votes = voters.order_by().values_list("answer_hash").annotate(votes=Count("pk"))
        found = consensus.find_consensus(dict(votes))
        if found is None:
            return None, None
        sample = voters.filter(answer_hash=found.key).only("answer", "outputs").order_by("pk")[0]
        return found, sample.given


def _ran_faithfully(trace: Trace) -> bool:
    """Whether the outputs by which a trace votes come from an engine that is Python itself."""
    verdict = Verdict.objects.filter(trace=trace, verifier=TEST_VERIFIER).order_by("-pk").first()
    return verdict is None or PairsEvidence.from_json(verdict.evidence).is_faithful


def _audit(actor: User | None, verb: str, job: Reverification, data: dict[str, object]) -> None:
    AuditEvent.objects.create(
        actor=actor, verb=f"reverification.{verb}", object_type="reverification", object_id=job.pk, data=data
    )
