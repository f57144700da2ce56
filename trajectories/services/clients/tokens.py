"""Tokens of programs: making one, revoking it, and counting what it is used for."""

import base64
import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from trajectories.adapters.acting import acting_project
from trajectories.core.faults import Fault
from trajectories.core.identity import text_hash
from trajectories.models import ApiToken, AuditEvent

PREFIX = "mc_"
"""What every secret begins with, so that a scanner of repositories knows one."""
SECRET_BYTES = 32
MOST_TOKENS = 50
"""So many tokens that still work one person may have."""
LIFETIMES = (1, 7, 30, 90, 365)
"""After how many days a token may stop to work."""

# The allowance grows with time, up to a minute's worth, and every request takes 1 of it: one statement decides, so many
# requests at the same time get what one after the other would.
SPEND = """
UPDATE trajectories_apitoken SET
    allowance = LEAST(%(most)s, allowance + %(most)s / 60 * GREATEST(0, EXTRACT(
        EPOCH FROM STATEMENT_TIMESTAMP() - allowance_at)::float8)) - 1,
    allowance_at = STATEMENT_TIMESTAMP(),
    last_used_at = STATEMENT_TIMESTAMP()
WHERE id = %(token)s AND LEAST(%(most)s, allowance + %(most)s / 60 * GREATEST(0, EXTRACT(
        EPOCH FROM STATEMENT_TIMESTAMP() - allowance_at)::float8)) >= 1
RETURNING allowance
"""


@transaction.atomic
def make_token(*, owner: User, title: str, scopes: Iterable[str], days: int, seed: str = "") -> tuple[ApiToken, str]:
    """A new token for the project that acts, and its secret, which is kept nowhere: whoever made it sees it this once.
    The secret follows from the seed, if there is one.

    Raises Fault for a scope or a lifetime that there is not, and for one token too many.
    """
    wanted = set(scopes)
    chosen = [scope.value for scope in ApiToken.Scope if scope.value in wanted]
    if not chosen or len(chosen) < len(wanted):
        unknown = ", ".join(sorted(wanted - set(chosen))) or "nothing"
        raise Fault(
            f"Found {unknown[:80]}, expected at least one of {', '.join(ApiToken.Scope.values)}.", field="scopes"
        )
    if days not in LIFETIMES:
        raise Fault(f"Found {days} days, expected one of {', '.join(map(str, LIFETIMES))}.", field="days")
    now = timezone.now()
    if ApiToken.objects.filter(owner=owner, revoked_at=None, expires_at__gt=now).count() >= MOST_TOKENS:
        raise Fault(f"Found {MOST_TOKENS} tokens of yours that work, expected fewer. Revoke one first.", field="title")
    secret = new_secret(seed)
    token = ApiToken.objects.create(
        owner=owner,
        project_id=acting_project(),
        title=title,
        digest=text_hash(secret),
        start=secret[: len(PREFIX) + 6],
        scopes=chosen,
        expires_at=now + timedelta(days=days),
        allowance=float(settings.API_REQUESTS_A_MINUTE),
    )
    _audit(owner, "api_token.made", token)
    return token, secret


def new_secret(seed: str = "") -> str:
    """The secret of a new token; the same for the same seed, if there is one, as long as SECRET_KEY is the same."""
    if not seed:
        return PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    derived = salted_hmac("trajectories.tokens", seed, algorithm="sha256").digest()
    return PREFIX + base64.urlsafe_b64encode(derived).decode().rstrip("=")


@transaction.atomic
def revoke_token(*, actor: User, token: ApiToken) -> bool:
    """Let a token work no more, at once and for good; False where it was revoked before."""
    if not ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        return False
    _audit(actor, "api_token.revoked", token)
    return True


def spend_request(*, token: ApiToken) -> float:
    """Count one request of a token. Returns 0.0, or after how many seconds it may ask again where it asks too often."""
    most = float(settings.API_REQUESTS_A_MINUTE)
    with connection.cursor() as cursor:
        cursor.execute(SPEND, {"token": token.pk, "most": most})
        if cursor.fetchone() is not None:
            return 0.0
    return 60 / most


def _audit(actor: User, verb: str, token: ApiToken) -> None:
    data = {
        "title": token.title,
        "scopes": token.scopes,
        "owner": token.owner_id,
        "until": token.expires_at.isoformat(),
    }
    AuditEvent.objects.create(actor=actor, verb=verb, object_type="api_token", object_id=token.pk, data=data)
