"""What a release holds, how it differs from the one before, its tags and deliveries, and the rules that are stored."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Query, Schema
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.releases import ReleaseShown, find_release, show_release
from trajectories.api.shapes import Body, Cursor, Key, Limit, OneOf, Rows, Word, rows_of
from trajectories.core.records import JSON
from trajectories.models import ApiToken, Delivery, ReleaseItem, ReleaseRule
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.paging import Page, page_by_id
from trajectories.selectors.release_changes import SIDES, list_changes, withdrawn_of
from trajectories.services.releases.tags import move_tag, remove_tag

VIEW = ("trajectories.view_release", SEE_REVIEWS)
ADD = ("trajectories.add_release", SEE_REVIEWS)


class ItemRow(Schema):
    """A trace of a release, by its position from 0: its problem, the side of the split it is on, and the mean score of
    its reviews when the release was frozen. `evidence` names what was known of it then."""

    position: int
    trace: int
    problem: int
    problem_name: str
    split: str
    score: float | None
    evidence: dict[str, Any]
    content_hash: str


class ChangeRow(Schema):
    """A trace that two releases differ in, and why."""

    trace: int
    problem_name: str
    why: str


class Changes(Rows[ChangeRow]):
    """One side of the difference between a release and the one before it (`previous`, null where there was none), with
    how many traces were added, removed and changed."""

    previous: int | None
    counts: dict[str, int]


class Withdrawn(Schema):
    """A trace that was withdrawn after its release was frozen."""

    trace: int
    reason: str
    since: str


class Manifest(Schema):
    """A manifest with its SHA-256, and beside it, outside of the hash, what was withdrawn since."""

    sha256: str
    manifest: dict[str, Any]
    superseded: bool
    withdrawn: list[Withdrawn]


class Retag(Body):
    """A tag by its name, of letters, digits, hyphens and underscores; with `remove` it is taken away."""

    name: Annotated[Word, Field(min_length=1, max_length=40)]
    remove: bool = False


class DeliveryRow(Schema):
    """A package made of a release, or a push of a file of it to a hub, where `outcome` says what the hub answered. The
    file of a package that is not `pinned` is deleted once nobody has asked for it for a while."""

    id: int
    what: str
    name: str
    release: int
    state: str
    reason: str
    outcome: dict[str, Any]
    byte_size: int | None
    sha256: str
    pinned: bool
    created_at: str


class RuleRow(Schema):
    """One version of a stored rule. Freezing takes it as `rule`."""

    id: int
    name: str
    version: int
    title: str
    rule: dict[str, Any]
    created_by: str | None
    created_at: str


@door("GET", "/releases/{release_id}/items", *VIEW, answers=Rows[ItemRow])
def list_release_items(
    request: HttpRequest,  # noqa: ARG001
    release_id: Key,
    cursor: Annotated[int, Query(ge=0, lt=2**31, description="The `next` of the page before; 0 for the first.")] = 0,
    limit: Limit = 50,
) -> Any:
    """The traces of a release in their order."""
    items = ReleaseItem.objects.filter(release=find_release(release_id), position__gte=cursor).order_by("position")
    read = list(items.select_related("trace__problem").defer("trace__steps", "trace__parts")[: limit + 1])
    following = read[limit].position if len(read) > limit else None
    return {"items": [_item(each) for each in read[:limit]], "next": following}


def _item(item: ReleaseItem) -> dict[str, JSON]:
    same = ("position", "split", "score", "evidence", "content_hash")
    return {
        **{name: getattr(item, name) for name in same},
        "trace": item.trace_id,
        "problem": item.trace.problem_id,
        "problem_name": item.trace.problem.name,
    }


@door("GET", "/releases/{release_id}/changes", *VIEW, answers=Changes)
def list_release_changes(
    request: HttpRequest,  # noqa: ARG001
    release_id: Key,
    side: Annotated[str, OneOf(SIDES)] = SIDES[0],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """What a release has, and has not, that the one it was compared with had not, or had, and why."""
    release = find_release(release_id)
    job = release.freezings.select_related("previous").exclude(previous=None).order_by("pk").first()
    if job is None or job.previous is None:
        return {"items": [], "next": None, "previous": None, "counts": dict.fromkeys(SIDES, 0)}
    rows = list_changes(release, job.previous, side, after=cursor or 0, size=limit + 1, freezing=job)
    page = Page(rows[:limit], next=rows[limit - 1].trace_id if len(rows) > limit else None)
    shown = rows_of(page, lambda row: {"trace": row.trace_id, "problem_name": row.problem, "why": row.why})
    counts = {name: (job.changes or {}).get(name, 0) for name in SIDES}
    return {**shown, "previous": job.previous.pk, "counts": counts}


@door("GET", "/releases/{release_id}/manifest", *VIEW, answers=Manifest)
def get_manifest(request: HttpRequest, release_id: Key) -> Any:  # noqa: ARG001
    """The manifest of a release, and what was withdrawn since."""
    release = find_release(release_id)
    withdrawn = [
        {"trace": each.trace_id, "reason": each.reason, "since": each.created_at.isoformat()}
        for each in withdrawn_of(release)
    ]
    return {
        "sha256": release.content_hash,
        "manifest": release.manifest,
        "superseded": bool(withdrawn),
        "withdrawn": withdrawn,
    }


@door("POST", "/releases/{release_id}/tag", *ADD, scope=ApiToken.Scope.WRITE, answers=ReleaseShown)
def tag_release(request: HttpRequest, release_id: Key, given: Retag) -> Any:
    """Give a release a tag, taking it from the one that had it, or take a tag away."""
    change = remove_tag if given.remove else move_tag
    change(actor=asking(request), release=find_release(release_id), name=given.name)
    return show_release(find_release(release_id))


@door(
    "GET",
    "/releases/{release_id}/deliveries",
    *("trajectories.view_delivery", SEE_REVIEWS),
    answers=Rows[DeliveryRow],
)
def list_deliveries(request: HttpRequest, release_id: Key, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """The packages and pushes of a release, newest first; each is a job of the kind `delivery`."""
    rows = find_release(release_id).deliveries.all()
    return rows_of(page_by_id(rows, size=limit, before=cursor), show_delivery)


def show_delivery(row: Delivery) -> dict[str, JSON]:
    """A package or a push as it is answered."""
    same = ("id", "what", "name", "state", "reason", "byte_size", "sha256", "pinned")
    return {
        **{name: getattr(row, name) for name in same},
        "release": row.release_id,
        "outcome": row.outcome or {},
        "created_at": row.created_at.isoformat(),
    }


@door("GET", "/rules", *VIEW, answers=Rows[RuleRow], tag="releases")
def list_release_rules(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Stored rules in every version, newest first."""
    rows = ReleaseRule.objects.select_related("created_by")
    return rows_of(page_by_id(rows, size=limit, before=cursor), show_rule)


def show_rule(row: ReleaseRule) -> dict[str, JSON]:
    """One version of a stored rule as it is answered."""
    return {
        **{name: getattr(row, name) for name in ("id", "name", "version", "title", "rule")},
        "created_by": row.created_by.username if row.created_by else None,
        "created_at": row.created_at.isoformat(),
    }


@door("GET", "/rules/{rule_id}", *VIEW, answers=RuleRow, tag="releases")
def get_release_rule(request: HttpRequest, rule_id: Key) -> Any:  # noqa: ARG001
    """One version of a stored rule."""
    return show_rule(find_rule(rule_id))


def find_rule(rule_id: int) -> ReleaseRule:
    """One version of a stored rule. Raises Http404."""
    found = ReleaseRule.objects.select_related("created_by").filter(pk=rule_id).first()
    if found is None:
        raise Http404(f"There is no rule {rule_id}.")
    return found
