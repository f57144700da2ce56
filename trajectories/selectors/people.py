"""Who there is, who is invited, and where somebody is logged in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.utils import timezone

from trajectories.models import Invitation, Membership, SignIn
from trajectories.selectors.paging import Page, page_by_id


@dataclass(frozen=True, slots=True)
class Person:
    """An account with its roles, in alphabetical order: those in the first project, then those in others ("curator in
    TITLE"). A superuser is nothing else besides."""

    user: User
    roles: tuple[str, ...]
    sign_ins: int


def list_people() -> Sequence[Person]:
    """Everybody, by name, those who may log in first."""
    return [_person(user) for user in _with_roles().order_by("-is_active", "username")]


def page_people(*, size: int, after: int | None = None) -> Page[Person, int]:
    """One page of everybody, in order of their coming."""
    page = page_by_id(_with_roles(), size=size, after=after, newest_first=False)
    return page.of([_person(user) for user in page.rows])


def find_person(user_id: int) -> Person | None:
    """Somebody by the id of their account; None for nobody."""
    found = _with_roles().filter(pk=user_id).first()
    return None if found is None else _person(found)


def _with_roles() -> QuerySet[User]:
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    counts = (
        SignIn.objects.filter(user=OuterRef("pk"), session_key__in=alive)
        .order_by()
        .values("user")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return User.objects.annotate(sign_in_count=Subquery(counts)).prefetch_related(
        "groups", Prefetch("memberships", Membership.objects.select_related("project"))
    )


def _person(user: Any) -> Person:
    return Person(user, ("admin",) if user.is_superuser else _roles(user), user.sign_in_count or 0)


def _roles(user: User) -> tuple[str, ...]:
    elsewhere = sorted(f"{each.role} in {each.project.title}" for each in user.memberships.all())
    return (*sorted(group.name for group in user.groups.all()), *elsewhere)


def list_invitations() -> QuerySet[Invitation]:
    """Invitations that can still be used, newest first."""
    still = Invitation.objects.filter(used_at=None, revoked_at=None, expires_at__gt=timezone.now())
    return still.select_related("created_by", "project").order_by("-pk")


def list_sign_ins(user: User) -> QuerySet[SignIn]:
    """Where somebody is logged in, newest first."""
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return SignIn.objects.filter(user=user, session_key__in=alive).order_by("-started_at", "-pk")
