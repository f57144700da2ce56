"""Forms sent twice: whatever a form makes, it makes once."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from trajectories.core.identity import content_hash
from trajectories.models import Submission

REMEMBERED = timedelta(days=7)
"""How long a form that was sent is known again. Pages live as long as the login does, clicks much shorter."""


def submission_digest(*, user_id: int, target: str, key: str, content: Iterable[tuple[str, list[str]]]) -> str:
    """What makes two submissions the same one: person, address, the page's key, and every field with its values.

    The fields count too: who goes back in the browser, changes the form and sends it wants something else.
    """
    return content_hash([user_id, target, key, sorted(content)])


def make_once(digest: str, make: Callable[[], str | None]) -> str:
    """The address that `make` gives, or gave when it was called for the same digest before.

    One transaction holds both, so that of many callers at once one makes it and the others wait for its address.
    Where `make` gives None, it refused, and raises, it failed: nothing is remembered, and the next caller makes it
    anew. Returns "" for a refusal.
    """
    with transaction.atomic():
        submission, is_first = Submission.objects.get_or_create(digest=digest)
        if not is_first:
            return submission.address
        address = make()
        if address is None:
            submission.delete()
            return ""
        submission.address = address
        submission.save(update_fields=["address"])
        return address


def forget_submissions() -> int:
    """Forget the forms that nobody sends again; the number of them."""
    return Submission.objects.filter(created_at__lt=Now() - REMEMBERED).delete()[0]
