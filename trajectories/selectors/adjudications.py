"""Reading what people decided differently, and what leads decided finally."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import QuerySet

from trajectories.core.curation.adjudications import FinalDecision
from trajectories.models import Adjudication, Review, Trace
from trajectories.selectors.reviews import standing_reviews

STATES: Mapping[str, str] = {"open": "Disputed", "decided": "Decided finally"}
PAGE = 50


def latest_adjudication(trace: Trace) -> Adjudication | None:
    """The newest final decision on a trace, a reopening included; None where there never was one."""
    return Adjudication.objects.filter(trace=trace, superseded_by=None).select_related("adjudicator").first()


def final_decisions(trace_ids: Collection[int]) -> QuerySet[Adjudication]:
    """The final decisions that hold on traces, with who took them."""
    newest = Adjudication.objects.filter(trace__in=trace_ids, superseded_by=None)
    return newest.exclude(decision=FinalDecision.REOPEN).select_related("adjudicator")


def final_decision(trace: Trace) -> Adjudication | None:
    """The final decision that holds on a trace; None where the reviews decide."""
    latest = latest_adjudication(trace)
    return None if latest is None or latest.decision == FinalDecision.REOPEN else latest


def disputed_traces() -> QuerySet[Trace]:
    """The traces that people decided differently and nobody finally, oldest first."""
    return Trace.objects.filter(disputed=True).order_by("pk")


def decided_traces() -> QuerySet[Trace]:
    """The traces with a final decision, those decided last first."""
    held = Adjudication.objects.filter(superseded_by=None).exclude(decision=FinalDecision.REOPEN)
    return Trace.objects.filter(pk__in=held.values("trace")).order_by("-pk")


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """One row of the list: a trace, the standing reviews on it (oldest first), and the final decision, if any."""

    trace: Trace
    reviews: Sequence[Review]
    final: Adjudication | None


@dataclass(frozen=True, slots=True)
class DisputePage:
    """Part of the list. `following` is the key of the next part, None at the end."""

    rows: Sequence[DisputeRow]
    following: int | None


def list_disputes(state: str, *, after: int | None = None, size: int = PAGE) -> DisputePage:
    """One page of the disputed traces ("open") or of those that are decided finally ("decided")."""
    traces = disputed_traces() if state == "open" else decided_traces()
    if after is not None:
        traces = traces.filter(pk__gt=after) if state == "open" else traces.filter(pk__lt=after)
    chosen = list(traces.select_related("problem").only("decision", "disputed", "problem__name")[: size + 1])
    more, chosen = len(chosen) > size, chosen[:size]
    ids = [trace.pk for trace in chosen]
    reviews: dict[int, list[Review]] = {key: [] for key in ids}
    standing = Review.objects.filter(trace__in=ids, superseded_by=None).exclude(decision="withdraw")
    for review in standing.select_related("reviewer").defer("step_labels").order_by("pk"):
        reviews[review.trace_id].append(review)
    final = {event.trace_id: event for event in final_decisions(ids)}
    rows = [DisputeRow(trace, reviews[trace.pk], final.get(trace.pk)) for trace in chosen]
    return DisputePage(rows, ids[-1] if more else None)


def next_dispute(*, after: int = 0) -> int | None:
    """The next disputed trace, those after `after` first, then from the start; None where there is none."""
    keys = disputed_traces().values_list("pk", flat=True)
    following = keys.filter(pk__gt=after).first()
    return following if following is not None else keys.exclude(pk=after).first() or keys.first()


def adjudication_history(trace: Trace) -> list[Adjudication]:
    """Every final decision and reopening of a trace, newest first."""
    return list(Adjudication.objects.filter(trace=trace).select_related("adjudicator", "superseded_by").order_by("-pk"))


def last_adjudication_of(person: User) -> Adjudication | None:
    """The newest final decision of a person that still holds: what their undo reopens."""
    mine = Adjudication.objects.filter(adjudicator=person, superseded_by=None)
    return mine.exclude(decision=FinalDecision.REOPEN).order_by("-pk").first()


def standing_with_reviewers(trace: Trace) -> list[Review]:
    """Every reviewer's standing review of a trace with the reviewer, oldest first."""
    return list(standing_reviews(trace).select_related("reviewer"))
