"""Invitations: a link that makes one account, once."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.utils import timezone

from trajectories.adapters.acting import FIRST
from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, Invitation, Membership, Project
from trajectories.services.installation.roles import ADMIN, ROLES
from trajectories.services.people.passwords import password_fault

INVITABLE = tuple(ROLES)
"""The roles that somebody can be invited to; an admin of the first project is a superuser."""
LONGEST_DAYS = 30
TOKEN_BYTES = 32


@transaction.atomic
def invite(
    *, actor: User, role: str, days: int, note: str = "", project: Project | None = None
) -> tuple[Invitation, str]:
    """Make an invitation into a project that is open for `days` days; (the invitation, the token of its link).

    The project is the first one where none is named. Only a hash of the token is stored. Raises Fault for an unknown
    role, or for a number of days that is not allowed.
    """
    if role not in INVITABLE:
        raise Fault(f"Found the role {role!r}, expected one of {', '.join(INVITABLE)}.", field="role")
    if not 1 <= days <= LONGEST_DAYS:
        raise Fault(f"Found {days} days, expected 1 to {LONGEST_DAYS}.", field="days")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    invitation = Invitation.objects.create(
        digest=_digest(token),
        project_id=FIRST if project is None else project.pk,
        role=role,
        note=note,
        created_by=actor,
        expires_at=timezone.now() + timedelta(days=days),
    )
    _audit(actor, "invitation.made", invitation)
    return invitation, token


def open_invitation(token: str) -> Invitation:
    """Find the invitation of a token that can still be used. Raises the same Fault whatever is wrong with it, so that
    guessing teaches nothing."""
    found = Invitation.objects.filter(
        digest=_digest(token), used_at=None, revoked_at=None, expires_at__gt=timezone.now()
    ).first()
    if found is None:
        raise Fault("This invitation is used, revoked, too old or none at all. Ask whoever sent it for another.")
    return found


@transaction.atomic
def accept_invitation(*, token: str, username: str, password: str) -> User:
    """Make the account that a token invites to. Raises Fault for a token that opens nothing, a name that is taken or a
    password that is too weak; the invitation can then be used still."""
    invitation = Invitation.objects.select_for_update().get(pk=open_invitation(token).pk)
    open_invitation(token)  # whoever waited for the lock finds it used
    if User.objects.filter(username__iexact=username).exists():
        raise _taken(username)
    if weakness := password_fault(password, User(username=username)):
        raise Fault(weakness, field="password")
    person = _make(username, password, invitation)
    invitation.used_by, invitation.used_at = person, timezone.now()
    invitation.save(update_fields=["used_by", "used_at"])
    _audit(person, "invitation.used", invitation)
    return person


@transaction.atomic
def revoke_invitation(*, actor: User, invitation: Invitation) -> bool:
    """Have an invitation open nothing any more; whether it was still open."""
    count = Invitation.objects.filter(pk=invitation.pk, used_at=None, revoked_at=None).update(revoked_at=timezone.now())
    if count:
        _audit(actor, "invitation.revoked", invitation)
    return bool(count)


def _make(username: str, password: str, invitation: Invitation) -> User:
    project, role = invitation.project, invitation.role
    try:
        with transaction.atomic():
            if role == ADMIN and project.is_first:
                return User.objects.create_superuser(username, password=password)
            person = User.objects.create_user(username, password=password)
    except IntegrityError as fault:  # somebody took the name at this moment
        raise _taken(username) from fault
    if project.is_first:
        person.groups.add(Group.objects.get(name=role))
    else:
        Membership.objects.create(project=project, user=person, role=role)
    return person


def _taken(username: str) -> Fault:
    return Fault(f"Found an account called {username!r} already, expected another name.", field="username")


def _digest(token: str) -> str:
    """A token has 256 random bits: nothing slower than a hash is needed to keep it from being found by trying."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _audit(actor: User, verb: str, invitation: Invitation) -> None:
    AuditEvent.objects.create(
        actor=actor,
        verb=verb,
        object_type="invitation",
        object_id=invitation.pk,
        data={"role": invitation.role, "note": invitation.note},
    )
