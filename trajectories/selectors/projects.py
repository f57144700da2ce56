"""Which projects there are, who works in them, and who may work in which."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import Group, User
from django.db.models import Count, Q, QuerySet

from trajectories.adapters.acting import FIRST, acting_in, acting_project
from trajectories.models import Membership, Project

OPEN = Q(archived_at=None)
PASSWORDS = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who works in a project, and as what; superusers, who work everywhere, are not listed."""

    user: User
    role: str


def open_projects() -> list[int]:
    """The ids of all projects that are worked in, the first one first."""
    return list(Project.objects.filter(OPEN).order_by("pk").values_list("pk", flat=True))


def project_called(name: str) -> Project | None:
    """The open project of a name; None where there is none."""
    return Project.objects.filter(OPEN, name=name).first()


def list_projects() -> QuerySet[Project]:
    """All projects with the number of people who were given a role there (`member_count`), archived ones last."""
    return Project.objects.annotate(member_count=Count("memberships")).order_by("archived_at", "pk")


def project_for(person: User, project_id: int) -> Project | None:
    """A project that a person may work in; None for one that is archived or not theirs, or none at all."""
    found = Project.objects.filter(OPEN, pk=project_id)
    if project_id != FIRST and not person.is_superuser:
        found = found.filter(memberships__user=person)
    return found.first()


def may_enter(person: User, project_id: int) -> bool:
    """Whether a person has a role in an open project; in the first one, in any."""
    return project_id == FIRST or project_for(person, project_id) is not None


def choices_of(person: User) -> list[Project]:
    """The projects that a person can choose among; empty where there are not two of them. No question to the database
    for who has a role in one only: their permissions say so."""
    if person.is_superuser:
        found = list(Project.objects.filter(OPEN).order_by("pk"))
        return found if len(found) > 1 else []
    here = acting_project()
    mine = {int(name.removeprefix("project.")) for name in _permissions(person) if name.startswith("project.")} | {here}
    if len(mine) < 2:
        return []
    return list(Project.objects.filter(OPEN, pk__in=mine).order_by("pk"))


def others_with(person: User, permission: str) -> list[Project]:
    """The other projects that a person can go to in which they have a permission, as "trajectories.add_sampler"."""
    found = []
    for project in choices_of(person):
        if project.pk != acting_project():
            with acting_in(project.pk):
                if person.has_perm(permission):
                    found.append(project)
    return found


def _permissions(person: User) -> set[str]:
    return person.get_all_permissions() if person.is_authenticated else set()


def landing_project(person: User) -> int:
    """Where somebody who logs in works first: in the first project, or the newest one of theirs where they have no role
    in it."""
    memberships = Membership.objects.filter(user=person, project__archived_at=None).order_by("-pk")
    newest = memberships.values_list("project_id", flat=True).first()
    if newest is None or person.is_superuser or person.groups.exists() or person.user_permissions.exists():
        return FIRST
    return newest


def list_members(project: Project, roles: Sequence[str]) -> list[Member]:
    """Who works in a project, by name. In the first one these are the people of the groups called as `roles`."""
    if project.is_first:
        groups = User.groups.through.objects.filter(group__name__in=roles).select_related("user", "group")
        return [Member(each.user, each.group.name) for each in groups.order_by("user__username", "group__name")]
    memberships = Membership.objects.filter(project=project).select_related("user").order_by("user__username")
    return [Member(each.user, each.role) for each in memberships]


def people_here() -> QuerySet[User]:
    """Everybody with an open account who works in the project that acts, by name; superusers work in every one."""
    if acting_project() == FIRST:
        mine = Q(groups__isnull=False) | Q(user_permissions__isnull=False)
    else:
        mine = Q(memberships__project=acting_project())
    return User.objects.filter(mine | Q(is_superuser=True), is_active=True).distinct().order_by("username")


def people_with(permission: str) -> QuerySet[User]:
    """Everybody who has a permission, as "trajectories.add_review", in the project that acts, by name."""
    if acting_project() == FIRST:
        return User.objects.with_perm(permission, backend=PASSWORDS).order_by("username")
    app, _, codename = permission.partition(".")
    roles = Group.objects.filter(permissions__codename=codename, permissions__content_type__app_label=app)
    here = Membership.objects.filter(project=acting_project(), role__in=roles.values("name"))
    who = Q(is_superuser=True) | Q(pk__in=here.values("user"))
    return User.objects.filter(who, is_active=True).order_by("username")
