"""What an item of a release keeps of its trace, with a name for each key: written, and read from any older version.

What is stored is JSON; a key that is not there has the value that stands for nothing. Items of which only reviews and
verdicts are known are put together by the database itself (selectors.release_contents), in the same form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from trajectories.core.records import JSON
from trajectories.core.stored_values import read_list, read_number, read_rows, read_text, read_whole

RESTORED = "archived"
"""The key of what verifiers and people had said elsewhere, of an item that was restored from an archive."""


@dataclass(frozen=True, slots=True)
class NamedDecision:
    """A review or a final decision."""

    id: int
    """The key of its row."""

    by: str
    """The pseudonym of the person in this release; "" where it is not told."""

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        return {"id": self.id, "by": self.by}


@dataclass(frozen=True, slots=True)
class OriginalEvidence:
    """What was known of the trace that a person edited into this one: an export made years later says the same."""

    trace: JSON
    """The key of its row; its content hash where it was restored from an archive without it."""

    edit: str
    """The correctness of the edit (an Outcome); "" where it had no verdict."""

    correctness: str
    """The correctness of the original, in the same way."""

    decision: str
    """What people had decided on the original."""

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        return {"trace": self.trace, "edit": self.edit, "correctness": self.correctness, "decision": self.decision}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What is stored of it."""
        texts = (read_text(stored.get(name)) for name in ("edit", "correctness", "decision"))
        return cls(stored.get("trace"), *texts)


@dataclass(frozen=True, slots=True)
class RestoredAssessments:
    """What had been said of an item where its archive is from: no row of this database says it."""

    trace: str
    """The content hash that its trace had there."""

    trace_id: int
    """What named the trace there."""

    verdicts: Sequence[Mapping[str, Any]] = ()
    """The verdicts, as the format `full` has them."""

    reviews: Sequence[Mapping[str, Any]] = ()
    """The reviews, as the format `full` has them."""

    sampler: str | None = None
    """What the release calls the sampler; None where it names none."""

    instruction: str | None = None
    """What the release calls the instruction; None where it names none."""

    final: Sequence[JSON] | None = None
    """[by, decision, reason, comment] of the final decision; None where there was none."""

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        told: dict[str, JSON] = {
            "verdicts": [dict(each) for each in self.verdicts],
            "reviews": [dict(each) for each in self.reviews],
            "trace": self.trace,
            "trace_id": self.trace_id,
            "sampler": self.sampler,
            "instruction": self.instruction,
        }
        return told if self.final is None else {**told, "final": list(self.final)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What is stored of them."""
        final = stored.get("final")
        return cls(
            trace=read_text(stored.get("trace")),
            trace_id=read_whole(stored.get("trace_id")) or 0,
            verdicts=tuple(read_rows(stored.get("verdicts"))),
            reviews=tuple(read_rows(stored.get("reviews"))),
            sampler=read_text(stored.get("sampler")) or None,
            instruction=read_text(stored.get("instruction")) or None,
            final=read_list(final) if isinstance(final, list | tuple) else None,
        )


@dataclass(frozen=True, slots=True)
class ItemEvidence:
    """What was known of a trace when its release was frozen. Reviews and verdicts are only added to, so that their keys
    name what they said then."""

    reviews: Sequence[NamedDecision] = ()
    """The reviews that stood, oldest first."""

    verdicts: Sequence[int] = ()
    """The keys of the newest verdict of each verifier."""

    original: OriginalEvidence | None = None
    """Of a human edit; None for a trace that was sampled."""

    final: NamedDecision | None = None
    """The final decision that held; None where there was none."""

    compared: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """By the content hash of another trace, how often people found this one better, and how often worse."""

    restored: RestoredAssessments | None = None
    """Where the item was restored from an archive: in place of reviews, verdicts and final decision."""

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        told: dict[str, JSON] = (
            {"reviews": [review.to_json() for review in self.reviews], "verdicts": list(self.verdicts)}
            if self.restored is None
            else {RESTORED: self.restored.to_json()}
        )
        if self.original is not None:
            told["original"] = self.original.to_json()
        if self.final is not None:
            told["final"] = self.final.to_json()
        return {**told, "compared": dict(self.compared)} if self.compared else told

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What is stored with an item."""
        original, final, restored = stored.get("original"), stored.get("final"), stored.get(RESTORED)
        return cls(
            reviews=tuple(_read_decision(review) for review in stored.get("reviews", ())),
            verdicts=tuple(stored.get("verdicts", ())),
            original=OriginalEvidence.from_json(original) if isinstance(original, Mapping) else None,
            final=None if final is None else _read_decision(final),
            compared=stored.get("compared", {}),
            restored=RestoredAssessments.from_json(restored) if isinstance(restored, Mapping) else None,
        )


@dataclass(frozen=True, slots=True)
class RemovalEvidence:
    """Why a trace was removed on the way to a release, beside the clause. A field that is None, or empty, is not
    stored."""

    how: str = ""
    """By what two traces, or a trace and a problem that is held out, were found alike."""

    alike: float | None = None
    """How alike they are, in [0, 1]; None where nothing was compared."""

    shared: str | None = None
    """Words that a problem and one that is held out have in common; None where no problems were compared."""

    group: str | None = None
    """The group of which there were too many; None where none was counted."""

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        told: dict[str, JSON] = {} if not self.how else {"how": self.how, "alike": self.alike}
        others: dict[str, JSON] = {"shared": self.shared, "group": self.group}
        return told | {name: value for name, value in others.items() if value is not None}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What is stored with a removal."""
        alike, shared, group = (stored.get(name) for name in ("alike", "shared", "group"))
        return cls(
            how=read_text(stored.get("how")),
            alike=None if alike is None else read_number(alike),
            shared=shared if isinstance(shared, str) else None,
            group=group if isinstance(group, str) else None,
        )


def _read_decision(stored: Any) -> NamedDecision:
    """A review or a final decision; releases of the first version kept its key alone."""
    return (
        NamedDecision(stored["id"], stored.get("by", "")) if isinstance(stored, Mapping) else NamedDecision(stored, "")
    )
