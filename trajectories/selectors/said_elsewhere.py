"""What files of imports say of traces, their verdicts and the decisions of people there, against our verdicts."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q

from trajectories.core.curation.reviews import Decision
from trajectories.core.records import Outcome
from trajectories.core.verifiers.deciding import SUPPORTING_VERIFIERS
from trajectories.models import ImportedReview, ImportedVerdict, Trace
from trajectories.selectors.blinding import Sight


def differs_elsewhere(sight: Sight) -> Q:
    """The condition of the audit of imports: what was said elsewhere is the opposite of our verdict."""
    return _elsewhere(sight, Q())


def differs_in_import(job: int, sight: Sight) -> Q:
    """The same by what one import says, of its own traces and of those that were here before."""
    return _elsewhere(sight, told_by(job))


def told_by(job: int) -> Q:
    """The condition on imported verdicts, or reviews, that an import brought them: with its own traces, or of traces
    that were here before."""
    return Q(import_job=job) | Q(import_job=None, trace__import_job=job)


def _elsewhere(sight: Sight, told: Q) -> Q:
    """That what was told elsewhere, as far as it meets a condition, is the opposite of our verdict."""
    elsewhere = decisive_elsewhere().filter(told, trace=OuterRef("pk"))
    passed, failed = (Exists(elsewhere.filter(outcome=outcome)) for outcome in (Outcome.PASS, Outcome.FAIL))
    by_verdict = Q(passed, correctness=Outcome.FAIL) | Q(failed, correctness=Outcome.PASS)
    people = ImportedReview.objects.filter(told, trace=OuterRef("pk"))
    yes, no = (Exists(people.filter(decision=decision)) for decision in (Decision.ACCEPT, Decision.REJECT))
    return by_verdict | (sight.seen() & (Q(yes, correctness=Outcome.FAIL) | Q(no, correctness=Outcome.PASS)))


def in_import(job: int) -> Q:
    """The condition on traces that an import brought them, or says something of them."""
    words = [model.objects.filter(import_job=job).order_by() for model in (ImportedVerdict, ImportedReview)]
    if not any(each.exists() for each in words):
        return Q(import_job=job)
    own = Trace.objects.filter(import_job=job).order_by().values_list("pk", flat=True)
    return Q(pk__in=own.union(*(each.values_list("trace", flat=True) for each in words)))


def decisive_elsewhere() -> Any:
    """Imported verdicts, but for those of model judges and those that never decide whether a trace is right."""
    supporting = Q(verifier__in=SUPPORTING_VERIFIERS) | Q(verifier__startswith="model_")
    return ImportedVerdict.objects.exclude(supporting)


def notes_elsewhere(traces: Sequence[Trace]) -> dict[int, str]:
    """What verifiers and people elsewhere found, by name."""
    decided = decisive_elsewhere().filter(outcome__in=(Outcome.PASS, Outcome.FAIL))
    rows = decided.filter(trace__in=[trace.pk for trace in traces]).order_by("pk")
    notes: dict[int, list[str]] = {}
    for trace, verifier, outcome, score in rows.values_list("trace", "verifier", "outcome", "score"):
        scored = "" if score is None else f", score {score:g}"
        notes.setdefault(trace, []).append(f"{verifier} elsewhere: {outcome}{scored}")
    people = ImportedReview.objects.filter(trace__in=[trace.pk for trace in traces]).order_by("pk")
    people = people.exclude(decision=Decision.WITHDRAW)
    for trace, who, decision in people.values_list("trace", "pseudonym", "decision"):
        notes.setdefault(trace, []).append(f"{who} elsewhere: {decision}")
    return {trace: "; ".join(said) for trace, said in notes.items()}
