"""Samplers: what runs can draw samples from."""

from typing import Any

from django.http import HttpRequest
from ninja import Schema

from trajectories.api.doors import door
from trajectories.api.shapes import Cursor, Limit, Rows, rows_of
from trajectories.selectors.paging import page_by_id
from trajectories.selectors.samplers import list_samplers
from trajectories.services.endpoints.samplers import ensure_symbolic


class SamplerRow(Schema):
    """A sampler in its newest version. Where its key is kept is not told."""

    id: int
    name: str
    title: str
    kind: str
    version: int
    runs: int
    created_at: str


@door("GET", "/samplers", "trajectories.view_sampler", answers=Rows[SamplerRow])
def list_all_samplers(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Samplers, each in its newest version, in order of making."""
    ensure_symbolic()
    page = page_by_id(list_samplers(), size=limit, after=cursor, newest_first=False)
    return rows_of(page, _row)


def _row(sampler: Any) -> dict[str, Any]:
    return {
        **{name: getattr(sampler, name) for name in ("id", "name", "title", "kind", "version")},
        "runs": sampler.run_count or 0,
        "created_at": sampler.created_at.isoformat(),
    }
