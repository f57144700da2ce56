"""Tags: names that move from release to release, with every move in the audit log."""

import re

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.models import AuditEvent, Release, ReleaseTag
from trajectories.services.jobs.steering import JobError
from trajectories.services.locks import take_turn

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


class TagError(JobError):
    """A tag that cannot be taken away; the message says why."""


def check_tag(name: str) -> None:
    """Raise TagError for what is no name of a tag."""
    if not _NAME.fullmatch(name):
        text = f"Tag: found {name[:40]!r}, expected letters, digits, hyphens and underscores, at most 40."
        raise TagError(text, field="name")


@transaction.atomic
def move_tag(*, actor: User | None, release: Release, name: str) -> ReleaseTag:
    """Give a release a tag; whichever release had it has it no more. Where it has it already, nothing happens.

    Raises TagError for what is no name.
    """
    check_tag(name)
    take_turn("release tag", name)
    known = ReleaseTag.objects.filter(name=name).first()
    if known is not None and known.release_id == release.pk:
        return known
    before = known.release_id if known is not None else None
    tag, _ = ReleaseTag.objects.update_or_create(name=name, defaults={"release": release, "moved_by": actor})
    _tell("release_tag.move", actor, release, {"name": name, "from": before})
    return tag


@transaction.atomic
def remove_tag(*, actor: User | None, release: Release, name: str) -> None:
    """Take a tag away from a release. Raises TagError where the release has none of that name."""
    take_turn("release tag", name)
    if not ReleaseTag.objects.filter(name=name, release=release).delete()[0]:
        raise TagError(f"Tag: found {name!r}, which this release does not have (any more).", field="name")
    _tell("release_tag.remove", actor, release, {"name": name})


def _tell(verb: str, actor: User | None, release: Release, data: dict[str, object]) -> None:
    AuditEvent.objects.create(actor=actor, verb=verb, object_type="release", object_id=release.pk, data=data)
