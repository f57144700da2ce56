"""Curation queues: making them, steering them, and changing what may change while people work."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Max

from trajectories.core.curation.groups import NOT_BEST
from trajectories.core.curation.reviews import REJECTION_REASONS, Decision
from trajectories.core.curation.schemas import Blinding, DecisionSchema, KnownDecision, StepMode
from trajectories.core.curation.suggestions import Source
from trajectories.core.faults import Fault
from trajectories.core.prompts.segmentation import AS_STORED, check_segmentation
from trajectories.core.selections import Selection
from trajectories.models import Assignment, AuditEvent, Queue, QueueGuidelines, QueueItem, Review, Scorer, Trace
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.queues import current_guidelines
from trajectories.selectors.traces import traces_in
from trajectories.services.curation.filling import fill_at_once
from trajectories.services.jobs.ringers import ring

LONGEST_GUIDELINES = 50_000
MOST_REVIEWS = 20
MOST_GOLD = 200
USUAL_GOLD_EVERY = 20
"""Of so many decisions one is about a gold item where nothing else was said."""
NO_GOLD = "found some, expected none where all samples of a problem come at once: beside the others they would show."
State = Queue.State

VERBS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "pause": ((State.OPEN,), State.PAUSED),
    "resume": ((State.PAUSED,), State.OPEN),
    "close": ((State.OPEN, State.PAUSED), State.CLOSED),
    "reopen": ((State.CLOSED,), State.OPEN),
}
"""What a lead can do to a queue: from which states, and to which."""


@dataclass(frozen=True, slots=True)
class QueueDraft:
    """A queue that somebody wants: see the fields of the model.

    `gold_count` of the traces that the maker has decided on themselves become gold items, the first `training_count`
    of them for the training round.
    """

    title: str
    selection: Selection
    guidelines: str = ""
    is_live: bool = False
    schema: DecisionSchema = field(default_factory=DecisionSchema)
    blinding: Blinding = field(default_factory=Blinding)
    item_order: str = Queue.Order.RANDOM
    scorer_name: str = ""
    by_problem: bool = False
    reviews_each: int = 1
    doubled_percent: int = 0
    gold_count: int = 0
    training_count: int = 0
    gold_every: int = 0
    suggestions: str = Source.NONE
    segmentation: str = AS_STORED
    due_on: date | None = None
    members: Collection[User] = ()

    @property
    def goes_by_scorer(self) -> bool:
        """Whether it asks for a scorer: for its order, or for what it suggests."""
        return self.item_order in Queue.BY_SCORER or self.suggestions == Source.SCORER

    def check(self) -> None:
        """Raise Fault, with its field, for what no queue can be made of."""
        _within("reviews_each", "Reviews for each trace", self.reviews_each, 1, MOST_REVIEWS)
        _within("doubled_percent", "Doubled, in percent", self.doubled_percent, 0, 100)
        _within("gold_count", "Gold items", self.gold_count, 0, MOST_GOLD)
        _within("training_count", "Of these for training", self.training_count, 0, self.gold_count)
        if self.gold_every == 1 or not 0 <= self.gold_every <= 1000:
            found = f"found {self.gold_every}"
            raise Fault(f"One gold item in: {found}, expected 0 for none or 2 to 1,000.", field="gold_every")
        if self.gold_every and self.gold_count <= self.training_count:
            raise Fault("One gold item in: found a number, but no gold item is left to mix in.", field="gold_every")
        if self.goes_by_scorer:
            self._check_scorer()
        if self.by_problem:
            self._check_by_problem()
        if self.suggestions == Source.VERDICTS and self.blinding.verdicts:
            found = "found “by verdicts”, but what verifiers found is hidden here until one has decided"
            raise Fault(f"Suggestions: {found}; choose another source or let it be seen.", field="suggestions")
        if self.suggestions == Source.STEPS and self.schema.steps is StepMode.OFF:
            found = "found labels of steps, but steps are not labelled here"
            raise Fault(f"Suggestions: {found}; choose another source or let steps be labelled.", field="suggestions")
        _check_members(len(self.members), self.reviews_each, self.doubled_percent)
        check_segmentation(self.segmentation)
        check_guidelines(self.guidelines)

    def _check_scorer(self) -> None:
        """Raise Fault for an order or suggestions by a scorer that is not there, and for an order that would tell its
        reviewers what it says."""
        if not Scorer.objects.filter(name=self.scorer_name, state=Scorer.State.FINISHED).exists():
            found = f"{self.scorer_name!r}" if self.scorer_name else "none"
            raise Fault(f"Scorer: found {found}, expected one that is trained.", field="scorer_name")
        if self.item_order in Queue.TELLING_ORDERS and self.blinding.reviews:
            found = f"found “{Queue.Order(self.item_order).label}”, but what scorers say is hidden here"
            raise Fault(
                f"Order: {found}, and the place of a trace would tell it; choose unsure first or let it be seen.",
                field="item_order",
            )

    def _check_by_problem(self) -> None:
        """Raise Fault for what cannot be asked where all samples of a problem are decided on at once."""
        if self.gold_count or self.gold_every:
            raise Fault(f"Gold items: {NO_GOLD}", field="gold_count" if self.gold_count else "gold_every")
        if self.schema.scores:
            found = f"found {len(self.schema.scores)}, expected none where all samples of a problem come at once"
            raise Fault(f"Several scores: {found}.", field="scores")
        if self.suggestions:
            found = "found a source, expected none where all samples of a problem come at once"
            raise Fault(f"Suggestions: {found}.", field="suggestions")


def _within(name: str, title: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise Fault(f"{title}: found {value}, expected {least} to {most}.", field=name)


def check_guidelines(text: str) -> None:
    """Raise Fault for a text that is too long."""
    if len(text) > LONGEST_GUIDELINES:
        expected = f"expected at most {LONGEST_GUIDELINES:,}"
        raise Fault(f"Guidelines: found {len(text):,} characters, {expected}.", field="guidelines")


@transaction.atomic
def make_queue(*, actor: User, draft: QueueDraft) -> Queue:
    """Make a queue and take up its first traces; a worker takes up the rest. Raises Fault."""
    draft.check()
    queue = Queue.objects.create(
        title=draft.title,
        selection=draft.selection.to_json(),
        is_live=draft.is_live,
        schema=_schema_of(draft).to_json(),
        blinding=draft.blinding.to_json(),
        item_order=draft.item_order,
        scorer_name=draft.scorer_name if draft.goes_by_scorer else "",
        by_problem=draft.by_problem,
        reviews_each=draft.reviews_each,
        doubled_percent=draft.doubled_percent,
        gold_every=draft.gold_every,
        suggestions=draft.suggestions,
        segmentation=draft.segmentation,
        has_training=bool(draft.training_count),
        seed=secrets.randbits(63),
        due_on=draft.due_on,
        last_trace=None if draft.is_live else Trace.objects.aggregate(newest=Max("pk"))["newest"] or 0,
        created_by=actor,
    )
    queue.members.set(draft.members)
    QueueGuidelines.objects.create(queue=queue, text=draft.guidelines, created_by=actor)
    _take_gold(queue, actor, draft)
    fill_at_once(queue=queue)
    queue.refresh_from_db()
    if queue.is_filling:
        ring("queue", queue.pk)
    _audit(actor, "queue.made", queue, {"selection": queue.selection, "traces": queue.item_count})
    return queue


def _schema_of(draft: QueueDraft) -> DecisionSchema:
    """What is asked; by problem, with the usual reasons, also the reason that another sample is better."""
    if not draft.by_problem or draft.schema.reasons:
        return draft.schema
    return replace(draft.schema, reasons=(*REJECTION_REASONS, NOT_BEST))


def _take_gold(queue: Queue, actor: User, draft: QueueDraft) -> None:
    """Make gold items of traces that the maker has decided on. Raises Fault where they are too few."""
    if not draft.gold_count:
        return
    mine = Review.objects.filter(reviewer=actor, superseded_by=None).exclude(decision=Decision.WITHDRAW)
    among = traces_in(draft.selection.any_decision(), EVERYTHING)
    found = list(mine.filter(trace__in=among.values("pk")).order_by("-pk")[: draft.gold_count])
    if len(found) < draft.gold_count:
        said = f"found {len(found)} of these traces with a decision of yours, expected {draft.gold_count}"
        raise Fault(f"Gold items: {said}. Review some first, or ask for fewer.", field="gold_count")
    for number, review in enumerate(found):
        known = KnownDecision(Decision(review.decision), review.reason, review.comment)
        _make_gold(queue, review.trace, known, rank=number, is_training=number < draft.training_count)


def _make_gold(queue: Queue, trace: Trace, known: KnownDecision, *, rank: float, is_training: bool) -> QueueItem:
    return QueueItem.objects.create(
        queue=queue,
        trace=trace,
        rank=rank,
        quota=0,
        is_gold=True,
        is_training=is_training,
        known_decision=known.decision,
        known_reason=known.reason,
        known_why=known.why,
    )


@transaction.atomic
def add_gold_item(*, actor: User, queue: Queue, trace: Trace, known: KnownDecision, is_training: bool) -> QueueItem:
    """Make a trace a gold item of a queue. Raises Fault for one that somebody reviews, or that is one already."""
    if queue.by_problem:
        raise Fault(f"Gold items: {NO_GOLD}", field="trace")
    if known.decision is Decision.REJECT and known.reason not in queue.asks.reason_titles():
        raise Fault("Reason: found none from the queue's list, expected one for a rejection.", field="reason")
    Queue.objects.select_for_update(no_key=True).get(pk=queue.pk)
    item = QueueItem.objects.select_for_update().filter(queue=queue, trace=trace).first()
    if item is not None:
        if item.is_gold:
            raise Fault(f"Trace {trace.pk} is a gold item of this queue already.", field="trace")
        slots = Assignment.objects.select_for_update().filter(item=item)
        if any(slot.state != Assignment.State.OPEN for slot in slots):
            raise Fault(
                f"Trace {trace.pk} is being reviewed already; expected one that nobody has seen.", field="trace"
            )
        count = len(slots)
        slots.delete()
        item.skips.all().delete()
        item.flags.all().delete()
        item.delete()
        Queue.objects.filter(pk=queue.pk).update(item_count=F("item_count") - 1, review_count=F("review_count") - count)
    rank = QueueItem.objects.filter(queue=queue, is_gold=True).count()
    made = _make_gold(queue, trace, known, rank=rank, is_training=is_training)
    if is_training and not queue.has_training:
        Queue.objects.filter(pk=queue.pk).update(has_training=True)
    if not is_training and not queue.gold_every:
        Queue.objects.filter(pk=queue.pk).update(gold_every=USUAL_GOLD_EVERY)
    data = {"trace": trace.pk, "decision": str(known.decision), "training": is_training}
    _audit(actor, "queue.gold", queue, data)
    AuditEvent.objects.create(
        actor=actor, verb="gold.made", object_type="trace", object_id=trace.pk, data={"queue": queue.pk, **data}
    )
    return made


@transaction.atomic
def steer_queue(*, actor: User, queue: Queue, verb: str) -> bool:
    """Pause, resume, close or reopen a queue; False where its state leaves nothing to do. Raises KeyError."""
    sources, target = VERBS[verb]
    if not Queue.objects.filter(pk=queue.pk, state__in=sources).update(state=target):
        return False
    _audit(actor, f"queue.{verb}", queue, {"state": {"before": queue.state, "after": target}})
    if target == State.OPEN:
        ring("queue", queue.pk)
    return True


@transaction.atomic
def revise_guidelines(*, actor: User, queue: Queue, text: str, seen: int) -> QueueGuidelines:
    """The next version of a queue's guidelines; the newest one where nothing has changed.

    Raises Fault for a text that is too long, and where a version newer than `seen` was made meanwhile.
    """
    check_guidelines(text)
    Queue.objects.select_for_update(no_key=True).get(pk=queue.pk)
    newest = current_guidelines(queue)
    version = newest.version if newest else 0
    if version != seen:
        said = f"Version {version} was made in the meantime; expected changes to that one. Your text is kept below."
        raise Fault(said, field="guidelines")
    if newest is not None and newest.text == text:
        return newest
    made = QueueGuidelines.objects.create(queue=queue, version=version + 1, text=text, created_by=actor)
    _audit(actor, "queue.guidelines", queue, {"version": made.version})
    return made


def _check_members(count: int, reviews_each: int, doubled_percent: int) -> None:
    """Raise Fault where fewer people may work on a queue than a trace of it needs reviews; of none everybody may."""
    needed = reviews_each * (2 if doubled_percent else 1)
    if 0 < count < needed:
        why = f", and {doubled_percent}% of them twice as many" if doubled_percent else ""
        found = f"found {count}, expected at least {needed}: a trace needs {reviews_each} review"
        raise Fault(f"Who may work on it: {found}{'' if reviews_each == 1 else 's'}{why}.", field="members")


@transaction.atomic
def change_queue(*, actor: User, queue: Queue, title: str, due_on: date | None, members: Collection[User]) -> None:
    """Change what may change while people work: the title, the due date and who may work on it. Raises Fault."""
    _check_members(len(members), queue.reviews_each, queue.doubled_percent)
    before = {
        "title": queue.title,
        "due_on": str(queue.due_on),
        "members": sorted(queue.members.values_list("pk", flat=True)),
    }
    Queue.objects.filter(pk=queue.pk).update(title=title, due_on=due_on)
    queue.members.set(members)
    if members:
        # What was meant for somebody who is not among them any more is anybody's.
        meant = Assignment.objects.filter(queue=queue, meant_for__isnull=False).exclude(state=Assignment.State.DONE)
        meant.exclude(meant_for__in=members).update(meant_for=None)
    after = {"title": title, "due_on": str(due_on), "members": sorted(member.pk for member in members)}
    if after != before:
        _audit(actor, "queue.changed", queue, {"before": before, "after": after})


def _audit(actor: User | None, verb: str, queue: Queue, data: dict[str, object]) -> None:
    AuditEvent.objects.create(actor=actor, verb=verb, object_type="queue", object_id=queue.pk, data=data)
