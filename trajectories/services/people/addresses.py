"""One's own e-mail address, to which warnings are sent."""

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from trajectories.core.faults import Fault
from trajectories.models import AuditEvent


def may_set_address() -> bool:
    """Whether people say themselves where they are written to: not where they log in by a provider, which knows them by
    that address."""
    return settings.SINGLE_SIGN_ON is None


@transaction.atomic
def set_address(*, person: User, address: str) -> None:
    """Write to somebody at another address from now on, or not at all ("").

    Raises Fault where an address says who somebody is.
    """
    if not may_set_address():
        raise Fault("Found a provider that people log in by, which knows them by their address; an admin changes it.")
    person.email = address
    person.save(update_fields=["email"])
    AuditEvent.objects.create(actor=person, verb="person.address_set", object_type="user", object_id=person.pk)
