"""Blindness: whose decisions, scores, comments and step labels somebody may see.

A second opinion is worth something only where the first was not known. So nobody sees what others, or a model judge,
decided on a trace before their own review of it stands. `sight_of` is the one place that decides; lists, filters,
counts and pages all ask it. Whoever holds SEE_REVIEWS works with decisions (leads, engineers, admins) and sees them
all, but on the screen where a trace is reviewed, see `sight_on_screen`.
"""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable

from trajectories.core.curation.reviews import Decision
from trajectories.core.verifiers.model_judge import GRADE, PREFERENCE
from trajectories.models import Review, Trace
from trajectories.models.reviews import SEE_REVIEWS as SEE_REVIEWS

ADD_REVIEWS = "trajectories.add_review"


@dataclass(frozen=True, slots=True)
class Sight:
    """The traces whose reviews somebody may see: those that `reviewer` has a standing review of, or with None all."""

    reviewer: int | None

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

    def _reviews(self) -> QuerySet[Review]:
        """The reviewer's reviews that stand."""
        standing = Review.objects.filter(reviewer=self.reviewer, superseded_by=None)
        return standing.exclude(decision=Decision.WITHDRAW)


def stands(latest: Review | None) -> bool:
    """Whether the end of a reviewer's chain on a trace is a decision: then a `Sight` of that reviewer covers it."""
    return latest is not None and latest.decision != Decision.WITHDRAW


EVERYTHING = Sight(None)
"""What the system itself sees: workers, commands, releases."""


def sight_of(person: User | AnonymousUser) -> Sight:
    """Which traces' reviews a person may see. Everything that shows or counts reviews asks this."""
    return EVERYTHING if person.has_perm(SEE_REVIEWS) else Sight(person.pk or 0)


def sight_on_screen(person: User | AnonymousUser, *, asked: bool) -> Sight:
    """Which traces' reviews a person may see on the screen where one is reviewed.

    Whoever may review starts blind there, so that a lead's word is as independent as a curator's; who may see every
    review sees them by asking for it.
    """
    sight = sight_of(person)
    return sight if asked or not person.has_perm(ADD_REVIEWS) else Sight(person.pk or 0)


def accepted_by_problem(sight: Sight) -> QuerySet[Trace]:
    """The accepted traces, as far as may be seen, of the problem of an outer query."""
    accepted = sight.having("decision", Trace.Decision.ACCEPTED)
    return Trace.objects.filter(accepted, problem=OuterRef("pk"), withdrawn=False)


def tags_seen(sight: Sight) -> Q:
    """The condition on tags of traces that they may be seen: one's own always, those of others as their reviews."""
    return Q(author=sight.reviewer) | sight.seen("trace") if sight.is_blind else Q()


def verdicts_seen(sight: Sight) -> Q:
    """The condition on verdicts that they may be seen: those of model judges as reviews are, all others always."""
    by_model = Q(verifier__startswith=f"{GRADE}:") | Q(verifier__startswith=f"{PREFERENCE}:")
    return ~by_model | sight.seen("trace") if sight.is_blind else Q()
