"""The timeline of a trace: what was done to it, by whom, when, and what it changed, as far as the reader may know."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from trajectories.core.curation.adjudications import FinalDecision
from trajectories.core.curation.pairing import PairVerdict
from trajectories.core.curation.reviews import Decision
from trajectories.core.curation.schemas import SKIP_REASONS
from trajectories.core.verifiers.model_judge import is_model_verdict
from trajectories.core.verifiers.opinions import VALUES, is_opinion, is_scorer
from trajectories.models import (
    Adjudication,
    AuditEvent,
    Comparison,
    QueueItem,
    ReleaseItem,
    Repair,
    RepairWithdrawal,
    Review,
    ThreadEvent,
    Trace,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a trace. `who` is a person, or the name of what did it; `before` and `after` are what
    it changed, empty where it changed nothing. `trace_id` is another trace that it is about, None for none."""

    at: datetime
    who: str
    what: str
    before: str = ""
    after: str = ""
    text: str = ""
    trace_id: int | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a timeline, and what they may see: `told` what other people and model judges think of the trace,
    `releases` which releases hold it, `comparisons` what others compared it with, `queues` which queues have it and
    where it is a gold item. A reviewer must not find out which items are gold."""

    person_id: int
    told: bool
    releases: bool = False
    comparisons: bool = False
    queues: bool = False


def get_timeline(trace: Trace, *, reader: Reader) -> list[Moment]:
    """All that happened as far as the reader may know it, oldest first, in at most eleven queries.

    Unless they are told, what the reader did themselves and what verifiers said.
    """
    told, reader_id = reader.told, reader.person_id
    only = None if told else reader_id
    moments = [
        _begin(trace, told=told, reader_id=reader_id),
        *_verdicts(trace, told=told),
        *_reviews(trace, only),
        *_adjudications(trace, only),
        *_comparisons(trace, None if told and reader.comparisons else reader_id),
        *_queue_items(trace, reader),
        *_repairs(trace, only),
        *_threads(trace, only),
        *(_releases(trace) if told and reader.releases else ()),
    ]
    return sorted(moments, key=lambda moment: moment.at)


def _begin(trace: Trace, *, told: bool, reader_id: int) -> Moment:
    if trace.edited_by is not None:
        who = trace.edited_by.username if told or trace.edited_by_id == reader_id else "a person"
        return Moment(trace.created_at, who, "wrote it by editing", trace_id=trace.parent_id)
    if trace.veiled_sampler:
        return Moment(trace.created_at, "hidden until you have decided", "sampled", after=trace.finish_reason)
    who = str(trace.sampler) if trace.sampler else "an import"
    return Moment(trace.created_at, who, "sampled" if trace.run_id else "imported", after=trace.finish_reason)


def _verdicts(trace: Trace, *, told: bool) -> Iterator[Moment]:
    if trace.veiled_verdicts:
        return
    for verdict in Verdict.objects.filter(trace=trace).defer("evidence").order_by("pk"):
        if told or not is_opinion(verdict.verifier):
            who, what = f"{verdict.verifier} {verdict.version}", _what_was_done(verdict.verifier)
            yield Moment(verdict.created_at, who, what, verdict.previous_outcome, verdict.outcome, verdict.message)


def _what_was_done(verifier: str) -> str:
    """Verifiers verify and models judge; learned scorers do neither, nor do the completions that give steps values."""
    if verifier.startswith(f"{VALUES}:"):
        return "gave its steps values"
    return "scored" if is_scorer(verifier) else "judged" if is_model_verdict(verifier) else "verified"


def _reviews(trace: Trace, only: int | None) -> Iterator[Moment]:
    reviews = Review.objects.filter(trace=trace).select_related("reviewer", "supersedes", "void__actor").order_by("pk")
    for review in reviews if only is None else reviews.filter(reviewer=only):
        before, undone = review.supersedes, review.decision == Decision.WITHDRAW
        was = "" if before is None or before.decision == Decision.WITHDRAW else _said(before)
        now = "" if undone else _said(review)
        if review.void is not None:
            what = f"{'voided' if undone else 'restored'} the review of {review.reviewer.username}"
            yield Moment(review.created_at, review.void.actor.username, what, was, now, review.void.reason)
            continue
        what = "undid their review" if undone else "reviewed" if before is None else "reviewed anew"
        yield Moment(review.created_at, review.reviewer.username, what, was, now, review.comment)


def _adjudications(trace: Trace, only: int | None) -> Iterator[Moment]:
    events = Adjudication.objects.filter(trace=trace).select_related("adjudicator", "supersedes").order_by("pk")
    for event in events if only is None else events.filter(adjudicator=only):
        before, reopened = event.supersedes, event.decision == FinalDecision.REOPEN
        was = "" if before is None or before.decision == FinalDecision.REOPEN else before.decision
        what = "reopened it: the reviews decide again" if reopened else "decided finally"
        now = "" if reopened else event.decision
        yield Moment(event.created_at, event.adjudicator.username, what, was, now, event.comment)


def _comparisons(trace: Trace, only: int | None) -> Iterator[Moment]:
    found = Comparison.objects.filter(Q(first=trace) | Q(second=trace)).select_related("reviewer").order_by("pk")
    for event in found if only is None else found.filter(reviewer=only):
        is_first = event.first_id == trace.pk
        said = {
            PairVerdict.FIRST: "the better one" if is_first else "the worse one",
            PairVerdict.SECOND: "the worse one" if is_first else "the better one",
            PairVerdict.TIE: "equally good",
            PairVerdict.BOTH_BAD: "both bad",
        }
        unsaid = {PairVerdict.WITHDRAW: "undid their comparison with", PairVerdict.SKIP: "skipped comparing it with"}
        verdict = PairVerdict(event.verdict)
        what, after = unsaid.get(verdict, "compared it with"), said.get(verdict, "")
        other = event.second_id if is_first else event.first_id
        yield Moment(event.created_at, event.reviewer.username, what, after=after, trace_id=other)


QUEUE_VERBS = {
    "queue.skip": "skipped it",
    "flag.raised": "asked the lead about it",
    "flag.settled": "settled the question about it",
}
GOLD_VERBS = {
    "gold.made": "made it a gold item",
    "gold.accept": "answered it as a gold item",
    "gold.reject": "answered it as a gold item",
    "gold.withdraw": "took back their answer to it as a gold item",
}


def _queue_items(trace: Trace, reader: Reader) -> Iterator[Moment]:
    """What was done with a trace in queues, besides reviewing it."""
    verbs = {**QUEUE_VERBS, **(GOLD_VERBS if reader.queues else {})}
    events = AuditEvent.objects.filter(object_type="trace", object_id=trace.pk, verb__in=verbs)
    if not reader.told and not reader.queues:
        events = events.filter(actor=reader.person_id)
    items = QueueItem.objects.filter(trace=trace).select_related("queue").order_by("pk")
    titles = {item.queue_id: f"“{item.queue.title}”" for item in items}
    if reader.queues:
        for item in items:
            yield Moment(item.created_at, "the system", f"took it up into {titles[item.queue_id]}")
    for event in events.select_related("actor").order_by("pk"):
        is_own = event.actor_id == reader.person_id
        where = titles.get(event.data["queue"], "a queue") if is_own or reader.queues else "a queue"
        who = event.actor.username if event.actor else "the system"
        yield Moment(event.created_at, who, f"{verbs[event.verb]} in {where}", after=_answered(event), text=_why(event))


def _answered(event: AuditEvent) -> str:
    """What was answered to a gold item, and whether that is right; "" for other events."""
    answer = event.data.get("answer")
    return f"{answer['decision']}, {'right' if event.data['is_right'] else 'wrong'}" if answer else ""


def _why(event: AuditEvent) -> str:
    reason = event.data.get("reason", "")
    return str(event.data.get("note") or (SKIP_REASONS.get(reason, reason) if reason else ""))


def _said(review: Review) -> str:
    score = f", {review.score} of 5" if review.score else ""
    return f"{review.decision}{score}"


def _repairs(trace: Trace, only: int | None) -> Iterator[Moment]:
    repairs = Repair.objects.filter(original=trace).select_related("author").order_by("pk")
    for repair in repairs if only is None else repairs.filter(author=only):
        what = f"edited its {', '.join(repair.changed)}"
        yield Moment(repair.created_at, repair.author.username, what, text=repair.note, trace_id=repair.trace_id)
    if trace.withdrawn:
        for taken in RepairWithdrawal.objects.filter(repair__trace=trace).select_related("author"):
            who = taken.author.username if only in (None, taken.author_id) else "a person"
            yield Moment(taken.created_at, who, "withdrew the edit", "in lists", "in none")


def _threads(trace: Trace, only: int | None) -> Iterator[Moment]:
    events = ThreadEvent.objects.filter(thread__trace=trace).select_related("author", "thread").order_by("pk")
    begun: set[int] = set()
    for event in events if only is None else events.filter(author=only):
        first = event.thread_id not in begun
        begun.add(event.thread_id)
        words = {"comment": "opened a thread" if first else "replied", "resolve": "resolved", "reopen": "reopened"}
        turned = {"resolve": ("open", "resolved"), "reopen": ("resolved", "open")}.get(event.kind, ("", ""))
        text = event.body or (event.thread.get_fault_display() if first else "")
        yield Moment(event.created_at, event.author.username, words[event.kind], *turned, text)


def _releases(trace: Trace) -> Iterator[Moment]:
    for item in ReleaseItem.objects.filter(trace=trace).select_related("release__created_by").order_by("pk"):
        release = item.release
        who = release.created_by.username if release.created_by else "the system"
        yield Moment(release.created_at, who, f"froze it into “{release.title}”", after=f"item {item.position + 1}")
