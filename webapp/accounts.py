"""Permissions of a signed-in person in the project that acts, read at once."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import connection

from trajectories.adapters.acting import FIRST, acting_project

# Beside permissions, "project.N" of each project that the person has a role in: the switcher asks for these.
MINE = """
UNION ALL SELECT 'project.' || project.id FROM trajectories_membership AS mine
JOIN trajectories_project AS project ON project.id = mine.project_id AND project.archived_at IS NULL
WHERE mine.user_id = %(user)s
"""
IN_FIRST = f"""
SELECT type.app_label || '.' || permission.codename
FROM auth_permission AS permission JOIN django_content_type AS type ON type.id = permission.content_type_id
WHERE permission.id IN (
    SELECT permission_id FROM auth_user_user_permissions WHERE user_id = %(user)s
    UNION ALL
    SELECT given.permission_id FROM auth_user_groups AS mine JOIN auth_group_permissions AS given USING (group_id)
    WHERE mine.user_id = %(user)s)
{MINE}
"""
# What a role of a project gives are permissions of the application alone: nothing about accounts, or other projects.
IN_ANOTHER = f"""
SELECT type.app_label || '.' || permission.codename
FROM trajectories_membership AS mine
JOIN trajectories_project AS project ON project.id = mine.project_id AND project.archived_at IS NULL
JOIN auth_group AS role ON role.name = mine.role
JOIN auth_group_permissions AS given ON given.group_id = role.id
JOIN auth_permission AS permission ON permission.id = given.permission_id
JOIN django_content_type AS type ON type.id = permission.content_type_id AND type.app_label = 'trajectories'
WHERE mine.user_id = %(user)s AND mine.project_id = %(project)s
{MINE}
UNION ALL SELECT 'project.{FIRST}' WHERE EXISTS (SELECT FROM auth_user_groups WHERE user_id = %(user)s)
    OR EXISTS (SELECT FROM auth_user_user_permissions WHERE user_id = %(user)s)
"""


class PermissionsAtOnce:
    """A backend that signs nobody in: it reads what a person may do in the project that acts in one query. In the first
    project these are their own permissions and those of their groups, in another one those of their role there.

    Django's ModelBackend takes two, and builds both anew for each request. What is found is kept with the request's
    person, by project, and for no longer: what is taken away holds from the next request on.
    """

    def authenticate(self, request: object, **credentials: object) -> None:
        """Leave it to the backends that come after."""

    def has_perm(self, person: User | AnonymousUser, permission: str, about: Any = None) -> bool:
        """Whether a person has a permission as such; never for one object."""
        return permission in self.get_all_permissions(person, about)

    def has_module_perms(self, person: User | AnonymousUser, app_label: str) -> bool:
        """Whether a person has any permission of an application."""
        return any(name.partition(".")[0] == app_label for name in self.get_all_permissions(person))

    def get_all_permissions(self, person: User | AnonymousUser, about: Any = None) -> set[str]:
        """All permissions of a person in the project that acts."""
        if about is not None or not person.is_active or person.is_anonymous:
            return set()
        project = acting_project()
        by_project: dict[int, set[str]] = person.__dict__.setdefault("_permissions_by_project", {})
        if project not in by_project:
            with connection.cursor() as cursor:
                cursor.execute(IN_FIRST if project == FIRST else IN_ANOTHER, {"user": person.pk, "project": project})
                by_project[project] = {name for (name,) in cursor.fetchall()}
        # The name under which ModelBackend, which is asked after this, keeps its own: it knows of no projects.
        person._perm_cache = by_project[project]  # type: ignore[attr-defined]
        return by_project[project]
