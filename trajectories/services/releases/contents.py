"""Reading what a release takes: its items one after the other, in bounded memory, and its manifest."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from trajectories.adapters.spools import Spool
from trajectories.core.curation.reviews import Decision
from trajectories.core.identity import ListHash, content_hash
from trajectories.models import Adjudication, Instruction, Review, Run, Sampler, Trace, Verdict
from trajectories.selectors.adjudications import final_decisions
from trajectories.selectors.releases import MEAN_SCORE, ReleaseRule

MANIFEST_VERSION = 1
TRACE_FIELDS = (
    *("content_hash", "sampler_id", "instruction_id", "run_id", "edited_by_id", "correctness"),
    *("problem__content_hash", "problem__split"),
    *("parent__content_hash", "parent__correctness", "parent__decision"),
)
ITEM_COLUMNS = ("position", "trace_id", "split", "score", "evidence", "content_hash")
"""Of an item, in the order in which a spool has them."""


@dataclass
class Contents:
    """What gathers while a release is read: its items, in the spool, and the counts of its manifest."""

    spool: Spool
    count: int = 0
    adjudicated: int = 0
    items_hash: ListHash = field(default_factory=ListHash)
    problems: set[int] = field(default_factory=set)
    splits: Counter[str] = field(default_factory=Counter)
    samplers: Counter[int] = field(default_factory=Counter)
    instructions: Counter[int] = field(default_factory=Counter)
    runs: Counter[int] = field(default_factory=Counter)
    verifiers: Counter[tuple[str, int]] = field(default_factory=Counter)
    reviews: Counter[str] = field(default_factory=Counter)
    pseudonyms: dict[int, str] = field(default_factory=dict)
    edits: int = 0

    def add(self, trace_ids: list[int]) -> None:
        """Read and freeze the next traces, in the order given."""
        chosen = Trace.objects.filter(pk__in=trace_ids).annotate(mean_score=MEAN_SCORE)
        chosen = chosen.select_related("problem", "parent")
        traces = {trace.pk: trace for trace in chosen.only(*TRACE_FIELDS)}
        reviews = _by_trace(
            Review.objects.filter(trace__in=trace_ids, superseded_by=None).exclude(decision=Decision.WITHDRAW)
        )
        final = {event.trace_id: event for event in final_decisions(trace_ids)}
        newest = Verdict.objects.filter(trace__in=trace_ids).order_by("trace", "verifier", "-pk")
        verdicts = _by_trace(newest.distinct("trace", "verifier").defer("evidence"))
        for trace_id in trace_ids:
            self._freeze(traces[trace_id], reviews[trace_id], verdicts[trace_id], final.get(trace_id))

    def _freeze(self, trace: Any, reviews: list[Review], verdicts: list[Verdict], final: Adjudication | None) -> None:
        authors = [self._pseudonym(review.reviewer_id) for review in reviews]
        content: dict[str, Any] = {
            "problem": trace.problem.content_hash,
            "trace": trace.content_hash,
            "split": trace.problem.split,
            "score": trace.mean_score,
            "reviews": [[by, *_review_content(review)] for by, review in zip(authors, reviews, strict=True)],
            "verdicts": [[verdict.verifier, verdict.version, verdict.outcome] for verdict in verdicts],
        }
        evidence: dict[str, Any] = {
            "reviews": [{"id": review.pk, "by": by} for by, review in zip(authors, reviews, strict=True)],
            "verdicts": [verdict.pk for verdict in verdicts],
        }
        if trace.edited_by_id is not None:
            evidence["original"] = _original(trace)
            content["original"] = {**evidence["original"], "trace": trace.parent.content_hash}
            self.edits += 1
        if final is not None:
            # Only where there is one: items without keep the hashes they always had.
            by = self._pseudonym(final.adjudicator_id)
            content["final"] = [by, final.decision, final.reason, final.comment]
            evidence["final"] = {"id": final.pk, "by": by}
            self.adjudicated += 1
        item_hash = content_hash(content)
        self.spool.append([self.count, trace.pk, trace.problem.split, trace.mean_score, evidence, item_hash])
        self.count += 1
        self.items_hash.add(item_hash)
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
        """Reviewers are numbered as they appear, so that a release names nobody and says who reviewed together."""
        return self.pseudonyms.setdefault(reviewer_id, f"reviewer-{len(self.pseudonyms) + 1}")

    def manifest(self, rule: ReleaseRule) -> dict[str, Any]:
        """What the release holds; equal content gives an equal manifest, whenever and by whomever it is frozen."""
        return {
            "manifest_version": MANIFEST_VERSION,
            "rule": rule.as_json(),
            "order": "problem hash, trace id",
            "split": "by problem, as its source says",
            "counts": {
                "traces": self.count,
                "problems": len(self.problems),
                "splits": dict(sorted(self.splits.items())),
                **({"human_edits": self.edits} if self.edits else {}),
                **({"adjudicated": self.adjudicated} if self.adjudicated else {}),
            },
            "samplers": _described(Sampler, ("name", "version", "kind", "parameters"), self.samplers),
            "instructions": _described(Instruction, ("name", "version", "view", "style"), self.instructions),
            "runs": _described(Run, ("id", "title", "seed", "code_version"), self.runs),
            "verifiers": [
                {"name": name, "version": version, "traces": count}
                for (name, version), count in sorted(self.verifiers.items())
            ],
            "reviewers": [{"name": name, "reviews": count} for name, count in self.reviews.items()],
            "items_sha256": self.items_hash.hexdigest(),
        }


def _original(trace: Trace) -> dict[str, Any]:
    """What is known now of the trace that a person edited into this one: an export made years later says the same."""
    assert trace.parent is not None
    return {
        "trace": trace.parent_id,
        "edit": trace.correctness,
        "correctness": trace.parent.correctness,
        "decision": trace.parent.decision,
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
