"""Releases: listing and reading them."""

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Schema

from trajectories.api.doors import door
from trajectories.api.shapes import Cursor, Key, Limit, Rows, rows_of
from trajectories.models import Release
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.paging import Page
from trajectories.selectors.releases import list_releases


class ReleaseRow(Schema):
    """A release of a list."""

    id: int
    title: str
    items: int
    content_hash: str
    tags: list[str]
    created_by: str | None
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
    release = find_release(release_id)
    return {**_row(release), "notes": release.notes, "rule": release.rule, "manifest": release.manifest}


def find_release(release_id: int) -> Release:
    """A release. Raises Http404."""
    found = Release.objects.select_related("created_by").prefetch_related("tags").filter(pk=release_id).first()
    if found is None:
        raise Http404(f"There is no release {release_id}.")
    return found
