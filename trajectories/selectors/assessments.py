"""What verifiers and people had found of the items of a release when it was frozen, in short: verdicts and decisions,
and where each item is from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from trajectories.core.curation.adjudications import settle_finally
from trajectories.core.curation.reviews import Standing
from trajectories.core.exporters.conversations import asks_nothing
from trajectories.core.exporters.preference_repairs import is_better
from trajectories.core.prompts import render_messages
from trajectories.core.prompts.rendering import CANONICAL
from trajectories.core.records import Outcome
from trajectories.core.releases.item_evidence import ItemEvidence
from trajectories.core.verifiers.deciding import is_supporting
from trajectories.models import Problem
from trajectories.selectors.problems import to_public
from trajectories.selectors.release_contents import array_text

HUMAN_EDIT = "human edit"
"""Where an edited trace came from: no sampler is credited with it."""

ShortVerdict = tuple[str, int, str]
"""Of a verdict: the verifier, its version, the outcome."""


@dataclass(frozen=True, slots=True)
class Assessments:
    """The verdicts, decisions of reviews and final decisions on some items, by the ids in their evidence."""

    verdicts: Mapping[int, ShortVerdict]
    reviews: Mapping[int, str]
    final: Mapping[int, str]

    @staticmethod
    def of(evidence: Sequence[ItemEvidence]) -> "Assessments":
        """Read it, in three statements at most."""
        verdicts = [key for known in evidence for key in known.verdicts]
        reviews = [review.id for known in evidence for review in known.reviews]
        final = [known.final.id for known in evidence if known.final is not None]
        return Assessments(
            {row[0]: (row[1], row[2], row[3]) for row in _rows("verdict", "id, verifier, version, outcome", verdicts)},
            dict(_rows("review", "id, decision", reviews)),
            dict(_rows("adjudication", "id, decision", final)),
        )

    def verdicts_of(self, known: ItemEvidence) -> list[ShortVerdict]:
        """The verdicts of an item, in order."""
        if known.restored is not None:
            return [(each["verifier"], each["version"], each["outcome"]) for each in known.restored.verdicts]
        return [self.verdicts[key] for key in known.verdicts]

    def label_of(self, known: ItemEvidence) -> bool | None:
        """Whether an item is right; see `label_from`."""
        if (restored := known.restored) is not None:
            decisions = [review["decision"] for review in restored.reviews]
            final = None if restored.final is None else str(restored.final[1])
        else:
            decisions = [self.reviews[review.id] for review in known.reviews]
            final = None if known.final is None else self.final[known.final.id]
        return label_from(decisions, final, [(name, outcome) for name, _, outcome in self.verdicts_of(known)])


def label_from(decisions: Sequence[str], final: str | None, verdicts: Sequence[tuple[str, str]]) -> bool | None:
    """Whether a trace is right: by its final decision, else by its reviews and the deciding verdict, where these do not
    contradict each other. None where neither exists, and where people accept what a verifier fails."""
    standing, _ = settle_finally(decisions, final)
    decisive = next((outcome for name, outcome in verdicts if not is_supporting(name)), None)
    if final is not None or standing is Standing.REJECTED:
        return standing is Standing.ACCEPTED
    if standing is Standing.ACCEPTED:
        return None if decisive == Outcome.FAIL else True
    return {Outcome.PASS.value: True, Outcome.FAIL.value: False}.get(str(decisive))


def makes_pair(known: ItemEvidence) -> bool:
    """Whether an item is a human edit that was better than its original, as far as was known when it was frozen."""
    original = known.original
    return original is not None and is_better(
        chosen=original.edit, rejected=original.correctness, rejected_decision=original.decision
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a trace is from."""

    problem: Problem
    sampler: str | None
    instruction: str | None
    is_edited: bool


def meta_of(
    release: int, trace: int, split: str, score: float | None, verdicts: list[str], origin: Origin
) -> dict[str, Any]:
    """The `meta` of a row, its keys in the order in which they are written."""
    return {
        "problem_id": origin.problem.name,
        "problem_hash": origin.problem.content_hash,
        "trace_id": trace,
        "release": release,
        "split": split,
        "verdicts": verdicts,
        "score": score,
        "sampler": origin.sampler or (HUMAN_EDIT if origin.is_edited else None),
        "instruction": origin.instruction,
    }


def restored_origin(known: ItemEvidence) -> dict[str, Any]:
    """What `meta` says instead of an item that was restored from an archive: who it was sampled by there."""
    restored = known.restored
    return {} if restored is None else {"sampler": restored.sampler, "instruction": restored.instruction}


def trace_hash_of(known: ItemEvidence, own: str) -> str:
    """The content hash of an item's trace as its release has it, which a restored item had elsewhere; `own` is here."""
    return own if known.restored is None else known.restored.trace


def canonical_prompt(problem: Problem) -> tuple[Mapping[str, Any], ...]:
    """How a problem is asked where the prompts that were sent differ."""
    return tuple(dict(message) for message in render_messages(CANONICAL, to_public(problem)))


def asked_instead(prompt: Sequence[Mapping[str, Any]], problem: Problem) -> tuple[Mapping[str, Any], ...]:
    """The canonical prompt of a problem for a trace that was sent nothing that asks; none for others."""
    return canonical_prompt(problem) if asks_nothing(prompt) else ()


def _rows(table: str, columns: str, keys: list[int]) -> list[tuple[Any, ...]]:
    if not keys:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM trajectories_{table} WHERE id = ANY(%s::bigint[])", [array_text(keys)])
        return list(cursor.fetchall())
