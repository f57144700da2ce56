"""Whose account a provider of single sign-on means: the one with the address that it has verified, or a new one."""

import re

from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction

from trajectories.core.faults import Fault
from trajectories.models import AuditEvent

REFUSED, NO_ROLE = "refused", "none"
"""What may become of newcomers, beside the name of a role."""
ASK = "Ask an admin for an invitation, or to set this address on your account."
MOST_NAMES = 1_000
_NOT_A_NAME = re.compile(r"[^\w.@+-]+")


@transaction.atomic
def person_of(*, address: str, name: str, newcomers: str) -> User:
    """The person with an e-mail address that the provider has verified; where there is nobody, a new account called
    after `name` with the role that `newcomers` says.

    Raises Fault for no address, an address of several people, a closed account, and somebody unknown where newcomers
    are refused.
    """
    if not address:
        raise Fault("The provider told no e-mail address that it has verified, expected one.")
    known = list(User.objects.filter(email__iexact=address)[:2])
    if len(known) > 1:
        raise Fault(f"Found several accounts with the address {address}, expected one. Ask an admin.")
    if known:
        return known[0]
    if newcomers == REFUSED:
        raise Fault(f"Found no account with the address {address}. {ASK}")
    person = _make(name or address.partition("@")[0], address)
    if newcomers != NO_ROLE:
        person.groups.add(Group.objects.get(name=newcomers))
    AuditEvent.objects.create(
        actor=person, verb="person.made", object_type="user", object_id=person.pk, data={"role": newcomers}
    )
    return person


def _make(name: str, address: str) -> User:
    """Make an account under the first free name: a name at the provider that is taken here belongs to somebody else. It
    has no password."""
    base = _NOT_A_NAME.sub("-", name).strip("-")[:140] or "person"
    for number in range(MOST_NAMES):
        username = base if number == 0 else f"{base}-{number + 1}"
        if User.objects.filter(username__iexact=username).exists():
            continue
        try:
            with transaction.atomic():
                return User.objects.create_user(username, email=address)
        except IntegrityError:  # somebody took the name at this moment
            continue
    raise Fault(f"Found no free name like {base!r}. Ask an admin.")
