"""Releases: listing and reading them, and freezing one."""

import uuid
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.shapes import Cursor, Free, IdempotencyKey, Key, Limit, Rows, Text, Word, once, rows_of
from trajectories.core.faults import Fault
from trajectories.core.releases.rules import FORMAT, Rule
from trajectories.core.selections import GREATEST_ID
from trajectories.core.text.titles import title_fault
from trajectories.models import ApiToken, Freezing, Release, ReleaseRule
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.paging import Page
from trajectories.selectors.releases import list_releases
from trajectories.services.releases.freezing import Order, plan_freezing

LONGEST_NOTES = 10_000


class ReleaseRow(Schema):
    """A release of a list."""

    id: int
    title: str
    items: int
    content_hash: str
    tags: list[str]
    created_by: str | None
    created_at: str


class Freeze(Free):
    """What is frozen: the accepted traces that a rule takes, as `rule` of a release has it. A `trial` makes no release:
    it ends with the funnel."""

    title: Annotated[Word, Field(min_length=1)]
    notes: Annotated[Text, Field(max_length=LONGEST_NOTES)] = ""
    rule: Annotated[dict[str, Any], Field(description='Empty for all that is accepted, else {"version": 1, ...}.')] = {}
    stored_rule: Annotated[
        int, Field(ge=0, le=GREATEST_ID, description="Id of a stored rule, in place of `rule`; 0 for none.")
    ] = 0
    trial: bool = False


class FunnelRow(Schema):
    """What a clause of a rule removed, and how many were left then."""

    clause: str
    removed: int
    left: int


class FreezingShown(Schema):
    """A release on its way. `state` is queued, running, finished, failed or cancelled; `done` of about `total` traces
    are read. `release` is the id of the release once it is there."""

    id: int
    title: str
    trial: bool
    state: str
    reason: str
    done: int
    total: int
    release: int | None
    funnel: list[FunnelRow]
    created_at: str


class ReleaseShown(ReleaseRow):
    """A release with its rule and its manifest."""

    notes: str
    rule: dict[str, Any]
    manifest: dict[str, Any]


@door("GET", "/releases", "trajectories.view_release", SEE_REVIEWS, answers=Rows[ReleaseRow])
def list_all_releases(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Releases, newest first."""
    rows = list_releases(before=cursor, size=limit + 1)
    page = Page(rows[:limit], next=rows[limit - 1].pk if len(rows) > limit else None)
    return rows_of(page, _row)


def _row(release: Release) -> dict[str, Any]:
    return {
        **{name: getattr(release, name) for name in ("id", "title", "content_hash")},
        "items": release.item_count,
        "tags": [tag.name for tag in release.tags.all()],
        "created_by": release.created_by.username if release.created_by else None,
        "created_at": release.created_at.isoformat(),
    }


@door("GET", "/releases/{release_id}", "trajectories.view_release", SEE_REVIEWS, answers=ReleaseShown)
def get_release(request: HttpRequest, release_id: Key) -> Any:  # noqa: ARG001
    """One release."""
    return show_release(find_release(release_id))


def show_release(release: Release) -> dict[str, Any]:
    """A release as it is answered."""
    return {**_row(release), "notes": release.notes, "rule": release.rule, "manifest": release.manifest}


def find_release(release_id: int) -> Release:
    """A release. Raises Http404."""
    found = Release.objects.select_related("created_by").prefetch_related("tags").filter(pk=release_id).first()
    if found is None:
        raise Http404(f"There is no release {release_id}.")
    return found


@door(
    "POST",
    "/releases",
    *("trajectories.add_release", SEE_REVIEWS),
    scope=ApiToken.Scope.WRITE,
    answers=FreezingShown,
    status=201,
)
def freeze_release(request: HttpRequest, given: Freeze, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Freeze a release. A worker does it: GET /freezings/{id} says how far it is, and which release it became."""
    return once(request, idempotency_key, given, lambda: _freeze(request, given))


def _freeze(request: HttpRequest, given: Freeze) -> dict[str, Any]:
    title = given.title.strip()
    if fault := title_fault(title) or ("" if title else "Found nothing, expected a name."):
        raise Fault(fault, field="title")
    rule, stored = rule_of(given.rule, given.stored_rule)
    order = Order(title=title, rule=rule, named=stored, notes=given.notes, trial=given.trial)
    return _shown(plan_freezing(actor=asking(request), order=order, key=uuid.uuid4()))


def rule_of(rule: dict[str, Any], stored_rule: int) -> tuple[Rule, ReleaseRule | None]:
    """The rule that a program asks by, and the stored one that it is. Raises Fault, with the field."""
    if not stored_rule:
        return Rule.from_json({"version": FORMAT, **rule}), None
    if rule:
        raise Fault("Found a stored rule too, expected one of both.", field="rule")
    stored = ReleaseRule.objects.filter(pk=stored_rule).first()
    if stored is None:
        raise Fault(f"Found {stored_rule}, expected the id of a stored rule.", field="stored_rule")
    return Rule.from_json(stored.rule), stored


def _shown(job: Freezing) -> dict[str, Any]:
    return {
        **{name: getattr(job, name) for name in ("id", "title", "trial", "state", "reason")},
        "done": job.done_count,
        "total": job.total_count,
        "release": job.release_id,
        "funnel": [{name: row[name] for name in ("clause", "removed", "left")} for row in job.funnel],
        "created_at": job.created_at.isoformat(),
    }


@door(
    "GET", "/freezings/{freezing_id}", "trajectories.view_release", SEE_REVIEWS, answers=FreezingShown, tag="releases"
)
def get_freezing(request: HttpRequest, freezing_id: Key) -> Any:  # noqa: ARG001
    """How far a release on its way is."""
    return _shown(find_freezing(freezing_id))


def find_freezing(freezing_id: int) -> Freezing:
    """A release on its way. Raises Http404."""
    job = Freezing.objects.filter(pk=freezing_id).first()
    if job is None:
        raise Http404(f"There is no freezing {freezing_id}.")
    return job
