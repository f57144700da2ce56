"""Briefs: those that are shipped, and those that people write."""

from dataclasses import dataclass, replace

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.core.generation import WRITERS
from trajectories.core.generation.briefs import TARGETS, check_brief
from trajectories.core.generation.shipped import SHIPPED
from trajectories.core.prompts import PromptError
from trajectories.models import AuditEvent, Brief

MAX_ITEMS = 2_000
MAX_ITEM = 200
"""Entries of a list that constraints are drawn from, and characters of one."""


class BriefError(ValueError):
    """A brief that cannot be kept; `field` says what of it is wrong, and is "" for the whole."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class BriefDraft:
    """What a person wrote. `kind` is "" where the brief fits every kind."""

    name: str
    title: str
    generator: str
    kind: str
    template: str
    words: tuple[str, ...] = ()
    features: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise BriefError for the first part that is wrong."""
        if self.generator not in WRITERS:
            raise BriefError(
                "generator", f"Found the generator {self.generator[:40]!r}, expected one of {', '.join(WRITERS)}."
            )
        if self.kind and self.kind not in TARGETS:
            raise BriefError("kind", f"Found the kind {self.kind[:40]!r}, expected one of {', '.join(TARGETS)}.")
        try:
            check_brief(self.generator, self.template)
        except PromptError as fault:
            raise BriefError("template", str(fault)) from fault
        for field, items in (("words", self.words), ("features", self.features)):
            _check_list(field, items)


def _check_list(field: str, items: tuple[str, ...]) -> None:
    if len(items) > MAX_ITEMS:
        raise BriefError(field, f"Found {len(items):,} lines, expected at most {MAX_ITEMS:,}.")
    for number, item in enumerate(items, 1):
        if not item.strip() or len(item) > MAX_ITEM:
            raise BriefError(field, f"Line {number}: found {len(item)} characters, expected 1 to {MAX_ITEM}.")
        if items.index(item) != number - 1:
            raise BriefError(field, f"Line {number}: found {item[:40]!r} a second time, expected it once.")


@transaction.atomic
def ensure_shipped_briefs() -> int:
    """Keep every shipped brief in its current form; how many versions were made.

    One that has changed since gets a new version, unless somebody has made one of their own: theirs stays the newest.
    """
    newest = {
        brief.name: brief
        for brief in Brief.objects.filter(name__in=[shipped.name for shipped in SHIPPED]).order_by("version")
    }
    made = []
    for shipped in SHIPPED:
        draft = BriefDraft(
            shipped.name,
            shipped.title,
            shipped.generator,
            shipped.kind,
            shipped.template,
            shipped.words,
            shipped.features,
        )
        known = newest.get(shipped.name)
        if known is None or (known.created_by_id is None and draft_of(known) != draft):
            made.append(_build(draft, 1 if known is None else known.version + 1, None))
    # Two servers may start at once: the later one finds the version made.
    Brief.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


def draft_of(brief: Brief) -> BriefDraft:
    """What a brief says, in the form in which it is written."""
    words, features = tuple(brief.words), tuple(brief.features)
    return BriefDraft(brief.name, brief.title, brief.generator, brief.problem_kind, brief.template, words, features)


@transaction.atomic
def add_brief(*, actor: User, draft: BriefDraft) -> Brief:
    """A new brief. Raises BriefError."""
    draft.check()
    if Brief.objects.filter(name=draft.name).exists():
        raise BriefError("name", f"There is a brief named {draft.name}; expected a new name.")
    return _save(actor, draft, 1)


@transaction.atomic
def revise_brief(*, actor: User, brief: Brief, draft: BriefDraft) -> Brief:
    """The next version of a brief; the newest one where nothing has changed. Raises BriefError."""
    draft = replace(draft, name=brief.name)
    draft.check()
    versions = Brief.objects.select_for_update().filter(name=brief.name).order_by("-version")
    newest = next(iter(versions))
    if newest.pk != brief.pk:
        raise BriefError("", f"Version {newest.version} was made in the meantime; expected changes to that one.")
    return newest if draft_of(newest) == draft else _save(actor, draft, newest.version + 1)


def _build(draft: BriefDraft, version: int, actor: User | None) -> Brief:
    return Brief(
        name=draft.name,
        version=version,
        title=draft.title,
        generator=draft.generator,
        problem_kind=draft.kind,
        template=draft.template,
        words=list(draft.words),
        features=list(draft.features),
        created_by=actor,
    )


def _save(actor: User, draft: BriefDraft, version: int) -> Brief:
    brief = _build(draft, version, actor)
    brief.save()
    AuditEvent.objects.create(
        actor=actor,
        verb="brief.added",
        object_type="brief",
        object_id=brief.pk,
        data={"name": brief.name, "version": version},
    )
    return brief
