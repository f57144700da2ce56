"""The timeline of a trace: what was done to it, by whom, when, and what it changed, as far as the reader may know."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from trajectories.core.curation.reviews import Decision
from trajectories.core.verifiers.model_judge import is_model_verdict
from trajectories.models import ReleaseItem, Repair, RepairWithdrawal, Review, ThreadEvent, Trace, Verdict


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


def get_timeline(trace: Trace, *, reader_id: int, told: bool, with_releases: bool) -> list[Moment]:
    """All that happened, oldest first, in at most seven queries.

    Unless `told`, what the reader did themselves and what verifiers said: nothing of what others, or model judges,
    think of the trace. Which releases hold it is there only `with_releases`, since it tells what was decided.
    """
    only = None if told else reader_id
    moments = [
        _begin(trace, told=told, reader_id=reader_id),
        *_verdicts(trace, told=told),
        *_reviews(trace, only),
        *_repairs(trace, only),
        *_threads(trace, only),
        *(_releases(trace) if with_releases else ()),
    ]
    return sorted(moments, key=lambda moment: moment.at)


def _begin(trace: Trace, *, told: bool, reader_id: int) -> Moment:
    if trace.edited_by is not None:
        who = trace.edited_by.username if told or trace.edited_by_id == reader_id else "a person"
        return Moment(trace.created_at, who, "wrote it by editing", trace_id=trace.parent_id)
    who = str(trace.sampler) if trace.sampler else "an import"
    return Moment(trace.created_at, who, "sampled" if trace.run_id else "imported", after=trace.finish_reason)


def _verdicts(trace: Trace, *, told: bool) -> Iterator[Moment]:
    for verdict in Verdict.objects.filter(trace=trace).defer("evidence").order_by("pk"):
        judged = is_model_verdict(verdict.verifier)
        if told or not judged:
            who = f"{verdict.verifier} {verdict.version}"
            what = "judged" if judged else "verified"
            yield Moment(verdict.created_at, who, what, verdict.previous_outcome, verdict.outcome, verdict.message)


def _reviews(trace: Trace, only: int | None) -> Iterator[Moment]:
    reviews = Review.objects.filter(trace=trace).select_related("reviewer", "supersedes").order_by("pk")
    for review in reviews if only is None else reviews.filter(reviewer=only):
        before = review.supersedes
        undone = review.decision == Decision.WITHDRAW
        yield Moment(
            review.created_at,
            review.reviewer.username,
            "undid their review" if undone else "reviewed" if before is None else "reviewed anew",
            "" if before is None or before.decision == Decision.WITHDRAW else _said(before),
            "" if undone else _said(review),
            review.comment,
        )


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
