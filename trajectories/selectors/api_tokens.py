"""Reading tokens of programs: by their secret, and those of one person."""

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from trajectories.adapters.acting import acting_project
from trajectories.core.identity import text_hash
from trajectories.models import ApiToken
from trajectories.selectors.projects import may_enter

LONGEST_SECRET = 200


def find_token(secret: str) -> ApiToken | None:
    """The token of a secret, with its owner; None for one that never was, is revoked or expired, or whose owner may not
    log in any more, or has no role in the token's project."""
    if len(secret) > LONGEST_SECRET:
        return None
    found = ApiToken.objects.select_related("owner", "project").filter(digest=text_hash(secret), revoked_at=None)
    token = found.filter(expires_at__gt=timezone.now(), owner__is_active=True).first()
    return token if token is not None and may_enter(token.owner, token.project.pk) else None


def tokens_of(person: User) -> QuerySet[ApiToken]:
    """A person's tokens for the project that acts: those that work first, the newest on top; revoked and expired ones
    below."""
    return ApiToken.objects.filter(owner=person, project=acting_project()).order_by("-pk")
