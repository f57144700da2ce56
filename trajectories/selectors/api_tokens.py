"""Reading tokens of programs: by their secret, and those of one person."""

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from trajectories.core.identity import text_hash
from trajectories.models import ApiToken

LONGEST_SECRET = 200


def find_token(secret: str) -> ApiToken | None:
    """The token of a secret, with its owner; None for one that never was, is revoked or expired, or whose owner may not
    log in any more."""
    if len(secret) > LONGEST_SECRET:
        return None
    found = ApiToken.objects.select_related("owner").filter(digest=text_hash(secret), revoked_at=None)
    return found.filter(expires_at__gt=timezone.now(), owner__is_active=True).first()


def tokens_of(person: User) -> QuerySet[ApiToken]:
    """The tokens of a person: those that work first, the newest on top; revoked and expired ones below."""
    return ApiToken.objects.filter(owner=person).order_by("-pk")
