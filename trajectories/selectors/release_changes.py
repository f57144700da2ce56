"""What is different between two releases, and why; which releases hold a trace that was withdrawn since."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from trajectories.core.releases.item_evidence import ItemEvidence
from trajectories.models import Freezing, Release, ReleaseItem, ReleaseRule, Tombstone
from trajectories.selectors.release_rules import CLAUSES

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
SIDES = (ADDED, REMOVED, CHANGED)
GONE = "another trace of its problem or group takes its place"


@dataclass(frozen=True, slots=True)
class Change:
    """A trace that two releases differ in, with the problem's name and why, in words."""

    trace_id: int
    problem: str
    why: str


def previous_release(named: ReleaseRule | None) -> Release | None:
    """What the next release is compared with: the newest of the same stored rule, in any version, or the newest one."""
    releases = Release.objects.order_by("-pk")
    of_rule = releases.filter(named_rule__name=named.name).first() if named is not None else None
    return of_rule or releases.first()


def count_changes(release_id: int, previous_id: int) -> dict[str, int]:
    """How many traces were added to a release, removed, and changed in what is known of them, since another."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FILTER (WHERE old.id IS NULL), count(*) FILTER (WHERE new.id IS NULL),
                   count(*) FILTER (WHERE old.content_hash <> new.content_hash)
            FROM (SELECT * FROM trajectories_releaseitem WHERE release_id = %s) new
            FULL JOIN (SELECT * FROM trajectories_releaseitem WHERE release_id = %s) old USING (trace_id)
            """,
            [release_id, previous_id],
        )
        return dict(zip(SIDES, cursor.fetchone(), strict=True))


def list_changes(
    release: Release, previous: Release, side: str, *, after: int = 0, size: int, freezing: Freezing | None
) -> list[Change]:
    """The traces of one side of the difference, by id, `size` of them from the one after `after` on."""
    items = ReleaseItem.objects.select_related("trace", "trace__problem").defer("trace__steps", "trace__parts")
    mine, theirs = (previous, release) if side == REMOVED else (release, previous)
    twin = ReleaseItem.objects.filter(release=theirs, trace=OuterRef("trace"))
    rows = items.filter(release=mine, trace__gt=after).order_by("trace")
    if side == CHANGED:
        rows = rows.filter(Exists(twin.exclude(content_hash=OuterRef("content_hash"))))
    else:
        rows = rows.filter(~Exists(twin))
    chosen = list(rows[:size])
    reasons = _reasons(chosen, release, previous, side, freezing)
    return [Change(item.trace_id, item.trace.problem.name, reasons[item.trace_id]) for item in chosen]


def _reasons(
    items: Sequence[ReleaseItem], release: Release, previous: Release, side: str, freezing: Freezing | None
) -> dict[int, str]:
    keys = [item.trace_id for item in items]
    if side == REMOVED:
        told = {} if freezing is None else dict(freezing.removals.filter(trace__in=keys).values_list("trace", "clause"))
        buried = dict(Tombstone.objects.filter(trace__in=keys).values_list("trace", "reason"))
        return {key: _removed(told.get(key, ""), buried.get(key, "")) for key in keys}
    if side == ADDED:
        other = "the rule is another one" if previous.rule != release.rule else "decided since"
        sampled = {item.trace_id: item.trace.created_at > previous.created_at for item in items}
        return {key: "sampled since" if sampled[key] else other for key in keys}
    before: dict[int, ReleaseItem] = {item.trace_id: item for item in previous.items.filter(trace__in=keys)}
    return {item.trace_id: _changed(item, before[item.trace_id]) for item in items}


def _removed(clause: str, reason: str) -> str:
    if not clause:
        return GONE
    words = CLAUSES[clause]
    words = words[0].lower() + words[1:]
    return f"{words}: {reason}" if clause == "withdrawn" and reason else words


def _changed(item: ReleaseItem, before: ReleaseItem) -> str:
    old, new = ItemEvidence.from_json(before.evidence), ItemEvidence.from_json(item.evidence)
    known: dict[str, tuple[Any, Any]] = {
        f"split {before.split} → {item.split}": (before.split, item.split),
        f"score {_number(before.score)} → {_number(item.score)}": (before.score, item.score),
        "reviews": ([review.id for review in old.reviews], [review.id for review in new.reviews]),
        "verdicts": (old.verdicts, new.verdicts),
    }
    found = [words for words, (then, now) in known.items() if then != now]
    return ", ".join(found) or "the numbers of reviewers"


def _number(score: float | None) -> str:
    return "none" if score is None else f"{score:g}"


def withdrawn_of(release: Release) -> list[Tombstone]:
    """The traces of a release that were withdrawn since it was frozen, oldest first; none where it still stands."""
    held = ReleaseItem.objects.filter(release=release, trace=OuterRef("trace"))
    return list(Tombstone.objects.filter(Exists(held)).select_related("created_by").order_by("created_at", "pk"))


def superseded_among(release_ids: Sequence[int]) -> set[int]:
    """Those of some releases that hold a trace which was withdrawn since."""
    held = ReleaseItem.objects.filter(release__in=release_ids, trace__in=Tombstone.objects.values("trace"))
    return set(held.values_list("release", flat=True).distinct())
