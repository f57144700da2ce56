"""Blindness: whose decisions, scores, comments and step labels somebody may see.

A second opinion is worth something only where the first was not known. So nobody sees what others, or a model judge,
decided on a trace before their own review of it stands. `sight_of` is the one place that decides; lists, filters,
counts and pages all ask it. Whoever holds SEE_REVIEWS works with decisions (leads, engineers, admins) and sees them
all, but on the screen where a trace is reviewed, see `sight_on_screen`.

A queue may hide more from who reviews in it: what verifiers found, and whose a trace is. That holds on every page which
tells of one of its traces, until they have decided on it there: `Sight.veiled` is the condition, and `veil` takes what
is hidden off traces before a page is made of them.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import or_

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable

from trajectories.core.curation.reviews import Decision
from trajectories.core.verifiers.opinions import OPINIONS
from trajectories.models import Assignment, Problem, Queue, QueueItem, Review, Trace
from trajectories.models.reviews import SEE_REVIEWS as SEE_REVIEWS

ADD_REVIEWS = "trajectories.add_review"


class Hidden(StrEnum):
    """What a queue can hide besides decisions; the words of the stored form of core's Blinding."""

    VERDICTS = "verdicts"
    SAMPLER = "sampler"


VERDICT_FIELDS = {"correctness": "", "near_miss": "", "train_passed": None, "train_total": None, "train_error": None}
SAMPLER_FIELDS = {"sampler": None, "run": None, "instruction": None, "seed": None, "temperature": None, "cost": None}
"""What `veil` leaves in the fields of a trace whose verdicts, or whose sampler, are hidden. Costs tell of prices."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The traces whose reviews somebody may see: those that `reviewer` has a standing review of, or with None all.

    `works` says whether they review, and so are among those from whom queues hide verdicts and samplers.
    """

    reviewer: int | None
    works: bool = True

    @property
    def is_blind(self) -> bool:
        """Whether there may be reviews that stay hidden."""
        return self.reviewer is not None

    def covers(self, trace_id: int) -> bool:
        """Whether what others said of a trace may be seen."""
        return self.reviewer is None or self._reviews().filter(trace=trace_id).exists()

    def seen(self, path: str = "") -> Q:
        """The condition on rows that their trace's reviews may be seen.

        `path` leads from the row to its trace, as in `sight.seen("trace")`; without it the rows are traces.
        """
        if self.reviewer is None:
            return Q()
        key = f"{path}_id" if path else "pk"
        return Q(Exists(self._reviews().filter(trace=OuterRef(key))))

    def having(self, field: str, value: str, path: str = "") -> Q:
        """The condition that a field of the trace, which others' words settle, has a value as far as it may be seen.

        What may not be seen is empty.
        """
        name = f"{path}__{field}" if path else field
        if self.reviewer is None:
            return Q(**{name: value})
        return Q(**{name: value}) & self.seen(path) if value else Q(**{name: ""}) | ~self.seen(path)

    def showing(self, field: str, path: str = "") -> Combinable:
        """A field of the trace that others' words settle, as an expression; empty where it may not be seen."""
        name = f"{path}__{field}" if path else field
        if self.reviewer is None:
            return F(name)
        return Case(When(self.seen(path), then=F(name)), default=Value(""), output_field=CharField())

    def veiled(self, what: Hidden, path: str = "") -> Q:
        """The condition on rows that a queue hides something of their trace from the person, who has not decided yet.

        `path` is that of `seen`. Nothing is hidden from who may see every review, nor from who reviews nothing.
        """
        if self.reviewer is None or not self.works:
            return Q(pk__in=())
        key = f"{path}_id" if path else "pk"
        return Q(Exists(self._veiling(what).filter(trace=OuterRef(key))))

    def hides(self, what: Hidden, trace_id: int) -> bool:
        """Whether a queue hides something of a trace from the person."""
        return self.reviewer is not None and self.works and self._veiling(what).filter(trace=trace_id).exists()

    def hides_any(self, what: Hidden) -> bool:
        """Whether a queue hides something of any trace from the person."""
        return self.reviewer is not None and self.works and self._veiling(what).exists()

    def _veiling(self, what: Hidden | None = None) -> QuerySet[QueueItem]:
        """The items of queues that hide something, which the person may work on and has not decided."""
        asked = Q(**{f"queue__blinding__{what}": True}) if what else _HIDING
        through = Queue.members.through.objects.filter(queue=OuterRef("queue"))
        mine = Assignment.objects.filter(item=OuterRef("pk"), reviewer=self.reviewer, state=Assignment.State.DONE)
        theirs = ~Exists(through) | Exists(through.filter(user=self.reviewer))
        items = QueueItem.objects.filter(asked, theirs, ~Exists(mine)).exclude(queue__state=Queue.State.CLOSED)
        return items.order_by()

    def _reviews(self) -> QuerySet[Review]:
        """The reviewer's reviews that stand."""
        standing = Review.objects.filter(reviewer=self.reviewer, superseded_by=None)
        return standing.exclude(decision=Decision.WITHDRAW)


def stands(latest: Review | None) -> bool:
    """Whether the end of a reviewer's chain on a trace is a decision: then a `Sight` of that reviewer covers it."""
    return latest is not None and latest.decision != Decision.WITHDRAW


_HIDING = Q(queue__blinding__verdicts=True) | Q(queue__blinding__sampler=True)

EVERYTHING = Sight(None)
"""What the system itself sees: workers, commands, releases."""


def sight_of(person: User | AnonymousUser) -> Sight:
    """Which traces' reviews a person may see. Everything that shows or counts reviews asks this."""
    return EVERYTHING if person.has_perm(SEE_REVIEWS) else Sight(person.pk or 0, person.has_perm(ADD_REVIEWS))


def sight_on_screen(person: User | AnonymousUser, *, asked: bool) -> Sight:
    """Which traces' reviews a person may see on the screen where one is reviewed.

    Whoever may review starts blind there, so that a lead's decision is as independent as a curator's; who may see every
    review sees them by asking for it.
    """
    sight = sight_of(person)
    return sight if asked or not person.has_perm(ADD_REVIEWS) else Sight(person.pk or 0)


def veil(traces: Iterable[Trace], sight: Sight) -> None:
    """Take what queues hide from the person off traces that a page is made of, in one query for all of them.

    They say so: `veiled_verdicts`, `veiled_sampler`. What is left must not be saved, nor asked what depends on it.
    """
    every = list(traces)
    if sight.reviewer is None or not sight.works or not every:
        return
    items = sight._veiling().filter(trace__in=[trace.pk for trace in every])
    hiding = list(items.values_list("trace", "queue__blinding__verdicts", "queue__blinding__sampler"))
    verdicts = {key for key, hides, _ in hiding if hides}
    samplers = {key for key, _, hides in hiding if hides}
    for trace in every:
        take_off(trace, verdicts=trace.pk in verdicts, sampler=trace.pk in samplers)


def take_off(trace: Trace, *, verdicts: bool, sampler: bool) -> None:
    """Take what verifiers found, and whose it is, off a trace as `veil` does, where these are hidden."""
    trace.veiled_verdicts, trace.veiled_sampler = verdicts, sampler
    left = (VERDICT_FIELDS if verdicts else {}) | (SAMPLER_FIELDS if sampler else {})
    for name, value in left.items():
        setattr(trace, name, value)


def hidden_among(traces: Collection[int], sight: Sight) -> set[int]:
    """Those of the traces (ids) of which a queue hides anything from the person, in one query."""
    if sight.reviewer is None or not sight.works or not traces:
        return set()
    return set(sight._veiling().filter(trace__in=set(traces)).values_list("trace", flat=True))


def veiled_problems(sight: Sight) -> frozenset[int]:
    """The problems with a trace of which a queue hides anything from the person: figures that name what is right of
    single problems leave them out. One query, none for who may see everything."""
    if sight.reviewer is None or not sight.works:
        return frozenset()
    return frozenset(sight._veiling().values_list("trace__problem", flat=True).distinct())


def has_hidden(problem: Problem, sight: Sight) -> bool:
    """Whether a queue hides anything of a trace of a problem from the person. No query for who may see everything."""
    veiled = sight.veiled(Hidden.VERDICTS) | sight.veiled(Hidden.SAMPLER)
    return sight.is_blind and problem.traces.filter(veiled).exists()


def accepted_by_problem(sight: Sight) -> QuerySet[Trace]:
    """The accepted traces, as far as may be seen, of the problem of an outer query."""
    accepted = sight.having("decision", Trace.Decision.ACCEPTED)
    return Trace.objects.filter(accepted, problem=OuterRef("pk"), withdrawn=False)


def tags_seen(sight: Sight) -> Q:
    """The condition on tags of traces that they may be seen: one's own always, those of others as their reviews."""
    return Q(author=sight.reviewer) | sight.seen("trace") if sight.is_blind else Q()


def verdicts_seen(sight: Sight) -> Q:
    """The condition on verdicts that they may be seen: those of model judges and scorers as reviews are, all others
    but where a queue hides them."""
    opinions = reduce(or_, (Q(verifier__startswith=f"{name}:") for name in OPINIONS))
    if not sight.is_blind:
        return Q()
    return (~opinions | sight.seen("trace")) & ~sight.veiled(Hidden.VERDICTS, "trace")
