"""The list of reviews, as far as they may be seen."""

from dataclasses import dataclass

from django.db.models import F, FloatField, IntegerField, Q, QuerySet
from django.db.models.functions import Coalesce

from trajectories.core.curation.reviews import Decision
from trajectories.models import Review
from trajectories.selectors.blinding import Sight
from trajectories.selectors.listing import Column, Count, ListShape, Sort, count_rows
from trajectories.selectors.paging import Page

REVIEWS = ListShape(
    noun="review",
    turns=("before", "after"),
    sorts={
        "": Sort("Newest first"),
        "oldest": Sort("Oldest first", newest_first=False),
        "best": Sort("Best score first", Coalesce("score", 0, output_field=IntegerField())),
        "slowest": Sort("Longest looked at first", Coalesce("seconds", 0.0, output_field=FloatField())),
    },
    columns={
        "decision": Column("Decision", is_wide=False),
        "score": Column("Score", ("best",), is_number=True),
        "reason": Column("Reason"),
        "comment": Column("Comment"),
        "reviewer": Column("By"),
        "queue": Column("Queue"),
        "seconds": Column("Looked at", ("slowest",), is_number=True),
        "when": Column("When", ("", "oldest")),
    },
)
STATES = {
    "": "Those that stand",
    "accept": "Accepted",
    "reject": "Rejected",
    "replaced": "Replaced or taken back",
}
"""What the list can be narrowed to, by the word in the address."""


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """Which reviews a list shows: a word of STATES, and the id of who gave them, None for anybody."""

    state: str = ""
    reviewer: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked for."""
        return self == ReviewFilter()


def reviews_in(scope: ReviewFilter, sight: Sight) -> QuerySet[Review]:
    """The reviews that a filter lets through and that may be seen: one's own, and others' of the traces that one has
    reviewed. In no order; an unknown word matches none."""
    if scope.state not in STATES:
        return Review.objects.none()
    reviews = (
        Review.objects.filter(Q(reviewer=sight.reviewer) | sight.seen("trace"))
        if sight.is_blind
        else (Review.objects.all())
    )
    if scope.reviewer is not None:
        reviews = reviews.filter(reviewer=scope.reviewer)
    if scope.state == "replaced":
        return reviews.filter(Q(superseded_by__isnull=False) | Q(decision=Decision.WITHDRAW))
    standing = reviews.filter(superseded_by=None).exclude(decision=Decision.WITHDRAW)
    return standing.filter(decision=scope.state) if scope.state else standing


def list_reviews(
    scope: ReviewFilter,
    sight: Sight,
    *,
    sort: str = "",
    before: int | None = None,
    after: int | None = None,
    size: int | None = None,
) -> Page[Review, int]:
    """The first reviews in an order, those further down than `before`, or those just above `after`."""
    related = ("trace__problem", "reviewer", "queue")
    rows = (
        reviews_in(scope, sight)
        .select_related(*related)
        .only(
            *("decision", "score", "reason", "comment", "seconds", "created_at", "decided_at", "trace__problem__name"),
            *("reviewer__username", "queue__title"),
        )
    )
    return REVIEWS.page(rows, REVIEWS.sort(sort), down=before, up=after, size=size)


def count_reviews(scope: ReviewFilter, sight: Sight) -> Count:
    """How many reviews a filter lets through."""
    return count_rows(reviews_in(scope, sight), may_estimate=not sight.is_blind)


def reviewers_of(sight: Sight) -> list[tuple[int, str]]:
    """(id, name) of who has reviewed, for choosing one; for who is blind nobody but themselves."""
    if sight.is_blind:
        return []
    people = Review.objects.order_by("reviewer__username").values_list("reviewer", F("reviewer__username")).distinct()
    return list(people)
