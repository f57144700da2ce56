"""With what each person is logged in, and ending that from elsewhere."""

from collections.abc import Collection

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction

from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, SignIn

LONGEST_NAME = 60
BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrom", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    *(("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows")),
    *(("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux")),
)
"""What is in the name that a browser gives itself, and what people call it; the first that fits counts."""


def browser_words(agent: str) -> str:
    """The name of a browser, such as "Firefox on Linux"; for an unknown one its own description, shortened."""
    browser = next((word for mark, word in BROWSERS if mark in agent), "")
    system = next((word for mark, word in SYSTEMS if mark in agent), "")
    words = f"{browser} on {system}" if browser and system else browser or system or agent.split("(")[0]
    return " ".join(words.replace("\0", "").split())[:LONGEST_NAME]


def note_sign_in(*, user: User, session_key: str, browser: str) -> None:
    """Keep that a session is somebody's, and forget theirs that are over."""
    gone = SignIn.objects.filter(user=user).exclude(session_key__in=Session.objects.values("session_key"))
    gone.delete()
    SignIn.objects.update_or_create(session_key=session_key, defaults={"user": user, "browser": browser_words(browser)})


@transaction.atomic
def end_sign_ins(*, actor: User, user: User, ids: Collection[int] | None = None, but: str = "") -> int:
    """Log a person out where they are logged in: at the sign-ins of these ids, or everywhere; but for one session key.
    The number of sessions ended."""
    chosen = SignIn.objects.filter(user=user).exclude(session_key=but)
    if ids is not None:
        chosen = chosen.filter(pk__in=ids)
    keys = list(chosen.values_list("session_key", flat=True))
    count, _ = Session.objects.filter(session_key__in=keys).delete()
    chosen.delete()
    if keys:
        AuditEvent.objects.create(
            actor=actor, verb="sign_ins.ended", object_type="user", object_id=user.pk, data={"count": count}
        )
    return count


@transaction.atomic
def set_standing(*, actor: User, person: User, is_active: bool) -> None:
    """Let somebody no longer log in, or again. Whoever may not is logged out everywhere at once.

    Raises Fault for oneself: an installation would be left without anybody who can undo it.
    """
    if person.pk == actor.pk:
        raise Fault("Found your own account; another admin has to do this.")
    User.objects.filter(pk=person.pk).update(is_active=is_active)
    if not is_active:
        end_sign_ins(actor=actor, user=person)
    AuditEvent.objects.create(
        actor=actor,
        verb="user.let_in" if is_active else "user.shut_out",
        object_type="user",
        object_id=person.pk,
        data={"username": person.username},
    )
