"""Reading what releases rest on, and how far that held where a reference is known."""

from collections.abc import Sequence

from django.db.models import Count, Q

from trajectories.core.faults import Fault
from trajectories.core.records import Outcome
from trajectories.core.releases.bases import Rest, basis_words
from trajectories.core.releases.rules import Rule
from trajectories.models import Release, ReleaseItem

_KNOWN = Q(trace__problem__reference__isnull=False, trace__correctness__in=(Outcome.PASS.value, Outcome.FAIL.value))


def rests_of(releases: Sequence[Release]) -> dict[int, Rest]:
    """What each of some releases rests on, by its id; one whose rule is of an older form has none."""
    items = ReleaseItem.objects.filter(release__in=[release.pk for release in releases]).order_by()
    right = _KNOWN & Q(trace__correctness=Outcome.PASS.value)
    counted = items.values_list("release").annotate(
        taken=Count("pk"), known=Count("pk", filter=_KNOWN), good=Count("pk", filter=right)
    )
    counts = {key: (taken, known, good) for key, taken, known, good in counted}
    found = {}
    for release in releases:
        if words := words_of(release):
            found[release.pk] = Rest(words, *counts.get(release.pk, (0, 0, 0)))
    return found


def words_of(release: Release) -> str:
    """What a release rests on in words, "" where its rule is of an older form."""
    try:
        return basis_words(Rule.from_json(release.rule))
    except Fault:
        return ""
