"""Permissions of a signed-in person, read at once."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import connection

PERMISSIONS = """
SELECT type.app_label || '.' || permission.codename
FROM auth_permission AS permission JOIN django_content_type AS type ON type.id = permission.content_type_id
WHERE permission.id IN (
    SELECT permission_id FROM auth_user_user_permissions WHERE user_id = %(user)s
    UNION ALL
    SELECT given.permission_id FROM auth_user_groups AS mine JOIN auth_group_permissions AS given USING (group_id)
    WHERE mine.user_id = %(user)s)
"""


class PermissionsAtOnce:
    """A backend that signs nobody in: it reads a person's own permissions and those of their groups in one query.

    Django's ModelBackend takes two, and builds both anew for each request. What is found is kept with the request's
    person, where ModelBackend looks for it too, and for no longer: what is taken away holds from the next request on.
    """

    def authenticate(self, request: object, **credentials: object) -> None:
        """Leave it to the backends that come after."""

    def has_perm(self, person: User | AnonymousUser, permission: str, about: Any = None) -> bool:
        """Whether a person has a permission as such; never for one object."""
        if about is not None or not person.is_active or person.is_anonymous:
            return False
        kept: set[str] | None = getattr(person, "_perm_cache", None)
        if kept is None:
            with connection.cursor() as cursor:
                cursor.execute(PERMISSIONS, {"user": person.pk})
                kept = {name for (name,) in cursor.fetchall()}
            # The name under which ModelBackend keeps its own.
            person._perm_cache = kept  # type: ignore[attr-defined]
        return permission in kept
