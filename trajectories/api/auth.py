"""Who asks: the person of a token, as far as the token's scopes and the person's own permissions reach."""

from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest
from ninja.security import HttpBearer

from trajectories.adapters.acting import act_in
from trajectories.api.faults import NO_TOKEN, ApiProblem
from trajectories.core.selections import Selection
from trajectories.models import ApiToken
from trajectories.selectors.api_tokens import find_token
from trajectories.selectors.blinding import SEE_REVIEWS, sight_of
from trajectories.selectors.trace_filters import gives_away
from trajectories.services.clients.tokens import spend_request
from trajectories.services.installation.roles import why_missing


class ApiTokenAuth(HttpBearer):
    """Lets an operation answer tokens of one scope whose owners hold all of the permissions.

    A request that is let in acts in the token's project, with the token's owner as `user`: what is asked of it goes by
    the same permissions, and the same blindness, as their pages.
    """

    openapi_bearerFormat = "mc_…"  # noqa: N815 - a name of OpenAPI
    openapi_description = "A token made on the page “API tokens”."

    def __init__(self, scope: ApiToken.Scope, *permissions: str) -> None:
        super().__init__()
        self.scope, self.permissions = scope, permissions

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        """The token of a secret. Raises ApiProblem: 401 for none that works, 429 for too many requests, 403."""
        found = admit(token)
        request.user = found.owner
        if not found.project.is_first:
            act_in(found.project.pk)  # until views.acting ends the request
        check_scope(found, self.scope)
        require(found.owner, *self.permissions)
        return found


def admit(secret: str) -> ApiToken:
    """The token of a secret, with one request of it counted. Raises ApiProblem with status 401 or 429."""
    found = find_token(secret)
    if found is None:
        raise ApiProblem(401, NO_TOKEN)
    if seconds := spend_request(token=found):
        raise ApiProblem(429, "This token has asked too often; ask again later.", retry_after=seconds)
    return found


def check_scope(token: ApiToken, scope: ApiToken.Scope) -> None:
    """Raise ApiProblem with status 403 unless the token may be used for this."""
    if scope.value not in token.scopes:
        held = ", ".join(token.scopes)
        raise ApiProblem(403, f"Found a token for {held}, expected one with the scope “{scope.value}”.")


def asking(request: HttpRequest) -> User:
    """The person in whose name the program asks."""
    return cast(User, request.user)


def require(person: User, *permissions: str) -> None:
    """Raise ApiProblem with status 403 unless the person holds all of the permissions; it says who gives them."""
    missing = [name for name in permissions if not person.has_perm(name)]
    if missing:
        raise ApiProblem(403, " ".join(map(why_missing, missing)))


def require_sight(person: User, scope: Selection) -> None:
    """Raise ApiProblem with status 403 where something is to be made of a selection that goes by what others decided,
    or by what a queue hides from the person: which traces the job takes, and how many, would tell."""
    if gives_away(scope, sight_of(person)):
        require(person, SEE_REVIEWS)
