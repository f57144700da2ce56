"""What no token may do to those who look after an installation, whatever its scopes and whoever owns it.

An account outlives the token that made it, and has no scopes: by an invitation to be an admin, or the role itself, who
has found a token would have all that its owner has, for good. Both are left to people in a browser, and so are the
accounts of those who would have to undo it.
"""

from django.contrib.auth.models import User

from trajectories.api.faults import ApiProblem
from trajectories.services.installation.roles import ADMIN


def keep_admins_apart(*roles: str) -> None:
    """Raise ApiProblem with status 403 where a role that is given or taken is that of admins."""
    if ADMIN in roles:
        raise ApiProblem(403, f"Found the role {ADMIN}, expected another: it is given and taken on the pages alone.")


def keep_superusers_apart(person: User) -> None:
    """Raise ApiProblem with status 403 for the account of a superuser."""
    if person.is_superuser:
        raise ApiProblem(403, f"Found {person.username}, a superuser, whose account is changed on the pages alone.")
