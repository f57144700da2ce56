"""Who works in a project, and as what."""

from django.contrib.auth.models import Group, User
from django.db import transaction

from trajectories.adapters.acting import acting_in
from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, Membership, Project
from trajectories.services.installation.roles import ROLES


@transaction.atomic
def set_role(*, actor: User, project: Project, user: User, role: str) -> None:
    """Let somebody work in a project as what a role says, whatever they were there before. "" lets them work there no
    more.

    In the first project roles are groups of Django's: the groups that are no roles stay as they are. Raises Fault for a
    role that is none.
    """
    if role and role not in ROLES:
        raise Fault(f"Found the role {role!r}, expected one of {', '.join(ROLES)}.", field="role")
    if project.is_first:
        user.groups.remove(*Group.objects.filter(name__in=ROLES))
        if role:
            user.groups.add(Group.objects.get(name=role))
    elif role:
        Membership.objects.update_or_create(project=project, user=user, defaults={"role": role})
    else:
        Membership.objects.filter(project=project, user=user).delete()
    with acting_in(project.pk):
        AuditEvent.objects.create(
            actor=actor,
            verb="member.set" if role else "member.removed",
            object_type="user",
            object_id=user.pk,
            data={"username": user.username, "role": role},
        )
