"""What an archive of a release tells besides its rows: whole problems, and which item of which release each row is."""

from collections.abc import Mapping, Sequence
from typing import Any

from trajectories.core.importers.archive_rows import REMEMBERED, REQUEST
from trajectories.core.releases.item_evidence import ItemEvidence, RestoredAssessments
from trajectories.models import Adjudication, Release, ReleaseItem, Trace

VERDICT_KEYS = ("verifier", "version", "outcome", "score", "message", "evidence", "seconds", "engine")
REVIEW_KEYS = (
    *("reviewer", "decision", "score", "reason", "comment", "step_labels", "step_spans", "segmentation"),
    *("suggestion", "suggestion_use"),
)


def restored_assessments(restored: RestoredAssessments) -> dict[str, list[dict[str, Any]]]:
    """What was said of a restored item: {"verdicts", "reviews"}, as a row has them."""
    # The database keeps no order of keys, and rows have one.
    verdicts = [{name: each[name] for name in VERDICT_KEYS} for each in restored.verdicts]
    reviews = [{name: each[name] for name in REVIEW_KEYS if name in each} for each in restored.reviews]
    return {"verdicts": verdicts, "reviews": reviews}


def final_decisions(evidence: Sequence[ItemEvidence]) -> dict[int, Adjudication]:
    """The final decisions that items were frozen with, by id."""
    return Adjudication.objects.in_bulk([known.final.id for known in evidence if known.final is not None])


def shown_by_memory(items: list[ReleaseItem]) -> dict[int, list[str]]:
    """The content hashes of the traces that memory showed before each of the traces of items, by their ids; nothing for
    one that was sampled without memory."""
    kept = {item.trace_id: item.trace.facts.get("memory") for item in items}
    wanted = {key for keys in kept.values() if isinstance(keys, list) for key in keys if type(key) is int}
    hashes = dict(Trace.objects.filter(pk__in=wanted).values_list("pk", "content_hash")) if wanted else {}
    here = {
        trace_id: [hashes[key] for key in keys if key in hashes]
        for trace_id, keys in kept.items()
        if isinstance(keys, list)
    }
    return here | {item.trace_id: item.trace.facts[REMEMBERED] for item in items if REMEMBERED in item.trace.facts}


def archive_of(
    release: Release,
    item: ReleaseItem,
    known: ItemEvidence,
    finals: Mapping[int, Adjudication],
    meta: Mapping[str, Any],
    parent: str,
) -> dict[str, Any]:
    """What a row of `full` says beyond the trace itself: {"problem", "trace", "item"}. `parent` is the hash of the
    trace that a person edited into this one, "" for a sampled trace. Expects the item with its trace, that with its
    problem, and that with its set."""
    trace, problem = item.trace, item.trace.problem
    restored = known.restored
    own: dict[str, Any] = {
        "release": release.content_hash,
        "position": item.position,
        "hash": item.content_hash,
        "trace": trace.content_hash if restored is None else restored.trace,
        "trace_id": trace.pk if restored is None else restored.trace_id,
        "split": item.split,
        "score": item.score,
        "sampler": meta["sampler"],
        "instruction": meta["instruction"],
    }
    if known.original is not None:
        own["original"] = {**known.original.to_json(), "trace": parent or known.original.trace}
    if known.compared:
        own["compared"] = known.compared
    if (final := _final(known, finals)) is not None:
        own["final"] = final
    found = problem.problem_set
    return {
        "problem": {
            "statement": problem.statement,
            "split": problem.split,
            "family": problem.family,
            "difficulty": problem.difficulty,
            "hash": problem.content_hash,
            "set": {"name": found.name, "title": found.title, "source": found.source},
        },
        "trace": {
            "temperature": trace.temperature,
            "finish_reason": trace.finish_reason,
            "usage": {
                "input_tokens": trace.input_tokens,
                "cached_tokens": trace.cached_tokens,
                "reasoning_tokens": trace.reasoning_tokens,
                "output_tokens": trace.output_tokens,
            },
            **{name: trace.facts[name] for name in REQUEST if name in trace.facts},
        },
        "item": own,
    }


def _final(known: ItemEvidence, finals: Mapping[int, Adjudication]) -> list[Any] | None:
    """[by, decision, reason, comment] of the final decision that an item was frozen with; None without one."""
    if known.restored is not None:
        return None if known.restored.final is None else list(known.restored.final)
    if known.final is None:
        return None
    final = finals[known.final.id]
    return [known.final.by, final.decision, final.reason, final.comment]
