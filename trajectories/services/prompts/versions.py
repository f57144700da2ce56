"""Texts that have versions under one name: those that are shipped are kept current, people add and revise theirs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.contrib.auth.models import User

from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, Brief, Instruction, Rubric

Row = TypeVar("Row", Instruction, Rubric, Brief)
Draft = TypeVar("Draft")


@dataclass(frozen=True, slots=True)
class Kept(Generic[Row, Draft]):
    """One kind of text with versions. Its functions are called within a transaction."""

    model: type[Row]
    noun: str
    """One of them in a sentence, with its article."""
    error: type[Fault]
    """What is raised for one that cannot be kept."""
    build: Callable[[Draft, int, User | None], Row]
    """An unsaved row of a draft, with its version and who wrote it; nobody for a shipped one."""
    says: Callable[[Row, Draft], bool]
    """Whether a row says just what a draft does."""
    verb: str = "added"
    """What the audit log calls a new version."""

    def keep_shipped(self, drafts: Sequence[Draft]) -> int:
        """Store every shipped text that is not stored yet as it is now; the number of versions made.

        A text whose shipped form has changed gets a new version, unless a person has written the newest version: then
        that one stays the newest.
        """
        first = [self.build(draft, 1, None) for draft in drafts]
        known = self.model._default_manager.filter(name__in=[row.name for row in first]).order_by("version")
        newest = {row.name: row for row in known}
        made = []
        for draft, row in zip(drafts, first, strict=True):
            stored = newest.get(row.name)
            if stored is None:
                made.append(row)
            elif stored.created_by_id is None and not self.says(stored, draft):
                made.append(self.build(draft, stored.version + 1, None))
        # Two servers may start at once: the later one finds the version made.
        self.model._default_manager.bulk_create(made, ignore_conflicts=True)
        return len(made)

    def add(self, actor: User, draft: Draft) -> Row:
        """The first version of a new text. Raises `error` where its name is taken."""
        row = self.build(draft, 1, actor)
        if self.model._default_manager.filter(name=row.name).exists():
            raise self.error(f"There is {self.noun} named {row.name}; expected a new name.", field="name")
        return self._save(row, actor)

    def revise(self, actor: User, row: Row, draft: Draft) -> Row:
        """The next version of a text; the newest one where nothing has changed. Raises `error` for an older one."""
        versions = self.model._default_manager.select_for_update().filter(name=row.name).order_by("-version")
        newest = next(iter(versions))
        if newest.pk != row.pk:
            raise self.error(f"Version {newest.version} was made in the meantime; expected changes to that one.")
        return newest if self.says(newest, draft) else self._save(self.build(draft, newest.version + 1, actor), actor)

    def _save(self, row: Row, actor: User) -> Row:
        row.save()
        data = {"name": row.name, "version": row.version}
        kind = str(self.model._meta.model_name)
        AuditEvent.objects.create(actor=actor, verb=self.verb, object_type=kind, object_id=row.pk, data=data)
        return row
