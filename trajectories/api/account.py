"""A person's own tokens, and what the project spends within which limits."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Query, Schema

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.shapes import Cursor, Key, Limit, OneOf, Rows, rows_of
from trajectories.core.records import JSON
from trajectories.models import ApiToken
from trajectories.selectors.api_tokens import tokens_of
from trajectories.selectors.paging import page_by_id
from trajectories.selectors.spending import GROUPS, PROJECT, Spend, get_spending, list_standings
from trajectories.services.clients.tokens import revoke_token

MOST_DAYS = 366
HAS_ROLE = "trajectories.view_trace"
OF_THE_PROJECT = tuple(group for group in GROUPS if group != PROJECT)


class TokenRow(Schema):
    """One of your tokens for this project; its secret is told nowhere, `start` is how it begins."""

    id: int
    title: str
    start: str
    scopes: list[str]
    created_at: str
    expires_at: str
    revoked_at: str | None
    last_used_at: str | None


class SpendShown(Schema):
    """What some calls took; `unpriced` of them have no known price and add no cost."""

    cost: float
    calls: int
    unpriced: int
    tokens: int


class SpendOfGroup(SpendShown):
    """What one group took in the span of days."""

    group: str
    title: str


class LimitShown(Schema):
    """How much money a day (UTC) may take, of everything, a sampler or a person, and what it has taken today."""

    id: int
    scope: str
    sampler_name: str
    person: str | None
    amount: float
    spent: float


class SpendingShown(Schema):
    """What the project spent in some days, in all and by group, dearest first, and the limits as they stand today."""

    first_day: str
    last_day: str
    total: SpendShown
    groups: list[SpendOfGroup]
    limits: list[LimitShown]


@door("GET", "/tokens", HAS_ROLE, answers=Rows[TokenRow])
def list_tokens(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Your own tokens, newest first."""
    return rows_of(page_by_id(tokens_of(asking(request)), size=limit, before=cursor), _token)


def _token(token: ApiToken) -> dict[str, JSON]:
    times = {name: getattr(token, name) for name in ("created_at", "expires_at", "revoked_at", "last_used_at")}
    return {
        **{name: getattr(token, name) for name in ("id", "title", "start", "scopes")},
        **{name: None if at is None else at.isoformat() for name, at in times.items()},
    }


@door("POST", "/tokens/{token_id}/revoke", HAS_ROLE, scope=ApiToken.Scope.WRITE, answers=TokenRow)
def revoke_one_token(request: HttpRequest, token_id: Key) -> Any:
    """Let one of your tokens work no more, at once and for good."""
    token = tokens_of(asking(request)).filter(pk=token_id).first()
    if token is None:
        raise Http404(f"You have no token {token_id}.")
    revoke_token(actor=asking(request), token=token)
    token.refresh_from_db()
    return _token(token)


@door("GET", "/spending", "trajectories.view_spendday", answers=SpendingShown)
def read_spending(
    request: HttpRequest,  # noqa: ARG001
    days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 30,
    group: Annotated[str, OneOf(OF_THE_PROJECT)] = OF_THE_PROJECT[0],
) -> Any:
    """What the project spent in the last days, and its limits."""
    found = get_spending(days=days, group=group)
    return {
        "first_day": found.days[0].isoformat(),
        "last_day": found.days[-1].isoformat(),
        "total": _spend(found.total),
        "groups": [
            {"group": key, "title": title, **_spend(found.of_group(key))} for key, title in found.groups.items()
        ],
        "limits": [show_limit(each) for each in list_standings()],
    }


def _spend(spend: Spend) -> dict[str, JSON]:
    return {"cost": float(spend.cost), "calls": spend.calls, "unpriced": spend.unpriced, "tokens": spend.tokens}


def show_limit(standing: Any) -> dict[str, JSON]:
    """A limit as it stands today."""
    limit = standing.limit
    return {
        **{name: getattr(limit, name) for name in ("id", "scope", "sampler_name")},
        "person": limit.person.username if limit.person else None,
        "amount": float(limit.amount),
        "spent": float(standing.spent),
    }
