"""Briefs: those that are shipped, and those that people write."""

from dataclasses import dataclass, replace

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.core.faults import Fault
from trajectories.core.generation import WRITERS
from trajectories.core.generation.briefs import TARGETS, check_brief
from trajectories.core.generation.shipped import SHIPPED
from trajectories.core.prompts import PromptError
from trajectories.models import Brief
from trajectories.services.prompts.versions import Kept

MAX_ITEMS = 2_000
MAX_ITEM = 200
"""Entries of a list that constraints are drawn from, and characters of one."""


class BriefError(Fault):
    """A brief that cannot be kept."""


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
                f"Found the generator {self.generator[:40]!r}, expected one of {', '.join(WRITERS)}.", field="generator"
            )
        if self.kind and self.kind not in TARGETS:
            raise BriefError(f"Found the kind {self.kind[:40]!r}, expected one of {', '.join(TARGETS)}.", field="kind")
        try:
            check_brief(self.generator, self.template)
        except PromptError as fault:
            raise BriefError(str(fault), field="template") from fault
        for field, items in (("words", self.words), ("features", self.features)):
            _check_list(field, items)


def _check_list(field: str, items: tuple[str, ...]) -> None:
    if len(items) > MAX_ITEMS:
        raise BriefError(f"Found {len(items):,} lines, expected at most {MAX_ITEMS:,}.", field=field)
    for number, item in enumerate(items, 1):
        if not item.strip() or len(item) > MAX_ITEM:
            raise BriefError(f"Line {number}: found {len(item)} characters, expected 1 to {MAX_ITEM}.", field=field)
        if items.index(item) != number - 1:
            raise BriefError(f"Line {number}: found {item[:40]!r} a second time, expected it once.", field=field)


@transaction.atomic
def ensure_shipped_briefs() -> int:
    """Keep every shipped brief in its current form; how many versions were made."""
    return KEPT.keep_shipped(
        [
            BriefDraft(each.name, each.title, each.generator, each.kind, each.template, each.words, each.features)
            for each in SHIPPED
        ]
    )


def draft_of(brief: Brief) -> BriefDraft:
    """What a brief says, in the form in which it is written."""
    words, features = tuple(brief.words), tuple(brief.features)
    return BriefDraft(brief.name, brief.title, brief.generator, brief.problem_kind, brief.template, words, features)


@transaction.atomic
def add_brief(*, actor: User, draft: BriefDraft) -> Brief:
    """A new brief. Raises BriefError."""
    draft.check()
    return KEPT.add(actor, draft)


@transaction.atomic
def revise_brief(*, actor: User, brief: Brief, draft: BriefDraft) -> Brief:
    """The next version of a brief; the newest one where nothing has changed. Raises BriefError."""
    draft = replace(draft, name=brief.name)
    draft.check()
    return KEPT.revise(actor, brief, draft)


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


def _same(brief: Brief, draft: BriefDraft) -> bool:
    return draft_of(brief) == draft


KEPT = Kept(Brief, "a brief", BriefError, _build, _same, verb="brief.added")
