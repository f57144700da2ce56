"""Freezing releases: immutable, ordered, hashed selections of accepted traces."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.core.identity import content_hash
from trajectories.core.reviews import Decision
from trajectories.models import (
    AuditEvent,
    Instruction,
    Release,
    ReleaseItem,
    Review,
    Run,
    Sampler,
    Trace,
    Verdict,
)
from trajectories.selectors.releases import MEAN_SCORE, ReleaseRule, eligible_traces

BATCH = 500
MANIFEST_VERSION = 1


class ReleaseError(ValueError):
    """A release that cannot be frozen; the message says why."""


@transaction.atomic
def freeze_accepted(
    *, actor: User, title: str, rule: ReleaseRule | None = None, key: uuid.UUID, reuse: bool = False
) -> Release:
    """Freeze the accepted traces that `rule` takes, ordered by problem hash and trace id.

    A problem's split is its own, so no problem crosses splits. The same `key` again gives the release made the first
    time; with `reuse`, so does a release of the very same content. Raises ReleaseError when the rule takes nothing.
    """
    rule = rule or ReleaseRule()
    if (made := Release.objects.filter(key=key).first()) is not None:
        return made
    trace_ids = _lock_eligible(rule)
    if not trace_ids:
        raise ReleaseError("No accepted trace matches this rule; accept some traces first or widen the rule.")
    frozen = _Frozen()
    for start in range(0, len(trace_ids), BATCH):
        frozen.add(trace_ids[start : start + BATCH])
    manifest = frozen.manifest(rule)
    manifest_hash = content_hash(manifest)
    if reuse and (same := Release.objects.filter(content_hash=manifest_hash).order_by("pk").first()) is not None:
        return same
    release = Release.objects.create(
        key=key,
        title=title,
        rule=rule.as_json(),
        manifest=manifest,
        content_hash=manifest_hash,
        item_count=len(frozen.items),
        created_by=actor,
    )
    for item in frozen.items:
        item.release = release
    ReleaseItem.objects.bulk_create(frozen.items, batch_size=BATCH)
    AuditEvent.objects.create(
        actor=actor,
        verb="release.freeze",
        object_type="release",
        object_id=release.pk,
        data={"items": release.item_count, "sha256": manifest_hash},
    )
    return release


def _lock_eligible(rule: ReleaseRule) -> list[int]:
    """Ids of what the rule takes, in release order, locked so that no review changes until the release is written."""
    return list(eligible_traces(rule).select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


@dataclass
class _Frozen:
    """What gathers while a release is read: its items and the counts of its manifest."""

    items: list[ReleaseItem] = field(default_factory=list)
    problems: set[int] = field(default_factory=set)
    splits: Counter[str] = field(default_factory=Counter)
    samplers: Counter[int] = field(default_factory=Counter)
    instructions: Counter[int] = field(default_factory=Counter)
    runs: Counter[int] = field(default_factory=Counter)
    verifiers: Counter[tuple[str, int]] = field(default_factory=Counter)
    reviews: Counter[str] = field(default_factory=Counter)
    pseudonyms: dict[int, str] = field(default_factory=dict)

    def add(self, trace_ids: list[int]) -> None:
        """Read and freeze the next traces, in the order given."""
        chosen = Trace.objects.filter(pk__in=trace_ids).annotate(mean_score=MEAN_SCORE)
        traces = {trace.pk: trace for trace in chosen.select_related("problem").defer("steps")}
        reviews = _by_trace(
            Review.objects.filter(trace__in=trace_ids, superseded_by=None).exclude(decision=Decision.WITHDRAW)
        )
        newest = Verdict.objects.filter(trace__in=trace_ids).order_by("trace", "verifier", "-pk")
        verdicts = _by_trace(newest.distinct("trace", "verifier").defer("evidence"))
        for trace_id in trace_ids:
            self._freeze(traces[trace_id], reviews[trace_id], verdicts[trace_id])

    def _freeze(self, trace: Any, reviews: list[Review], verdicts: list[Verdict]) -> None:
        authors = [self._pseudonym(review.reviewer_id) for review in reviews]
        content = {
            "problem": trace.problem.content_hash,
            "trace": trace.content_hash,
            "split": trace.problem.split,
            "score": trace.mean_score,
            "reviews": [[by, *_review_content(review)] for by, review in zip(authors, reviews, strict=True)],
            "verdicts": [[verdict.verifier, verdict.version, verdict.outcome] for verdict in verdicts],
        }
        self.items.append(
            ReleaseItem(
                position=len(self.items),
                trace_id=trace.pk,
                split=trace.problem.split,
                score=trace.mean_score,
                evidence={
                    "reviews": [{"id": review.pk, "by": by} for by, review in zip(authors, reviews, strict=True)],
                    "verdicts": [verdict.pk for verdict in verdicts],
                },
                content_hash=content_hash(content),
            )
        )
        self.problems.add(trace.problem_id)
        self.splits[trace.problem.split] += 1
        self.verifiers.update((verdict.verifier, verdict.version) for verdict in verdicts)
        self.reviews.update(authors)
        origin = (
            (self.samplers, trace.sampler_id),
            (self.instructions, trace.instruction_id),
            (self.runs, trace.run_id),
        )
        for counter, key in origin:
            if key is not None:
                counter[key] += 1

    def _pseudonym(self, reviewer_id: int) -> str:
        """Reviewers are numbered as they appear, so that a release names nobody and says who judged together."""
        return self.pseudonyms.setdefault(reviewer_id, f"reviewer-{len(self.pseudonyms) + 1}")

    def manifest(self, rule: ReleaseRule) -> dict[str, Any]:
        """What the release holds; equal content gives an equal manifest, whenever and by whomever it is frozen."""
        return {
            "manifest_version": MANIFEST_VERSION,
            "rule": rule.as_json(),
            "order": "problem hash, trace id",
            "split": "by problem, as its source says",
            "counts": {
                "traces": len(self.items),
                "problems": len(self.problems),
                "splits": dict(sorted(self.splits.items())),
            },
            "samplers": _described(Sampler, ("name", "version", "kind", "parameters"), self.samplers),
            "instructions": _described(Instruction, ("name", "version", "view", "style"), self.instructions),
            "runs": _described(Run, ("id", "title", "seed", "code_version"), self.runs),
            "verifiers": [
                {"name": name, "version": version, "traces": count}
                for (name, version), count in sorted(self.verifiers.items())
            ],
            "reviewers": [{"name": name, "reviews": count} for name, count in self.reviews.items()],
            "items_sha256": content_hash([item.content_hash for item in self.items]),
        }


def _by_trace(rows: Iterable[Any]) -> defaultdict[int, list[Any]]:
    grouped: defaultdict[int, list[Any]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.pk):
        grouped[row.trace_id].append(row)
    return grouped


def _review_content(review: Review) -> list[Any]:
    return [review.decision, review.score, review.reason, review.comment, review.step_labels]


def _described(model: Any, names: tuple[str, ...], counts: Counter[int]) -> list[dict[str, Any]]:
    rows = model.objects.filter(pk__in=counts).order_by("pk").values("pk", *names)
    return [{**{name: row[name] for name in names}, "traces": counts[row["pk"]]} for row in rows]
