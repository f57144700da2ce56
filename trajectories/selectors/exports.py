"""Reading releases for export: every item with its texts and what it was assessed by, in constant memory."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from trajectories.core.exporters import ExportItem, Reads
from trajectories.core.prompts.pictures import write_out
from trajectories.core.records import ProblemKind
from trajectories.core.releases.item_evidence import ItemEvidence
from trajectories.models import Release, ReleaseItem, Review, Trace, Verdict
from trajectories.selectors.archives import archive_of, final_decisions, restored_assessments, shown_by_memory
from trajectories.selectors.assessments import (
    HUMAN_EDIT,
    Assessments,
    Origin,
    asked_instead,
    makes_pair,
    meta_of,
    restored_origin,
    trace_hash_of,
)
from trajectories.selectors.completions import parts_of
from trajectories.selectors.export_items import ItemReader

BATCH = 100
"""Items that are read at a time with everything there is of them."""


def iterate_items(
    release: Release,
    *,
    count: int | None = None,
    reads: Reads = Reads.EVERYTHING,
    with_meta: bool = True,
    canonical: bool = False,
) -> Iterator[ExportItem]:
    """The items of a release in order, `count` of them where given, with as much of each as `reads` says.

    `meta` may be left out where a format needs texts alone; `canonical` asks for the canonical prompt of each problem.
    """
    left = release.item_count if count is None else min(count, release.item_count)
    if reads is not Reads.EVERYTHING:
        reader = ItemReader(release, assessed=with_meta or reads is Reads.ASSESSMENTS, canonical=canonical)
        yield from reader.items(left)
        return
    position = -1
    related = ("prompt", "reasoning", "program", "problem__problem_set", "sampler", "instruction")
    items = release.items.select_related(*(f"trace__{name}" for name in related)).order_by("position")
    while left > 0:
        batch = list(items.filter(position__gt=position)[: min(BATCH, left)])
        if not batch:
            return
        yield from _export_items(release, batch)
        position, left = batch[-1].position, left - len(batch)


def preview_items(traces: Iterable[Trace]) -> Iterator[ExportItem]:
    """Items as a release would hold them, without `meta`, verdicts and reviews: for looking at rows before freezing."""
    return (_item(trace, {}, {}) for trace in traces)


MOST_DOWNLOADED = 10_000
"""So many traces may be downloaded without a release: it is written while the page waits."""


def download_items(keys: Sequence[int]) -> Iterator[ExportItem]:
    """Items of traces by id, with the newest verdict of each verifier and without reviews, read BATCH at a time."""
    related = ("prompt", "reasoning", "program", "problem", "sampler", "instruction")
    for start in range(0, len(keys), BATCH):
        wanted = keys[start : start + BATCH]
        traces = Trace.objects.select_related(*related).in_bulk(wanted)
        verdicts: dict[int, dict[str, dict[str, Any]]] = defaultdict(dict)
        for verdict in Verdict.objects.filter(trace__in=wanted).order_by("pk"):
            verdicts[verdict.trace_id][verdict.verifier] = _verdict(verdict)
        for key in wanted:
            if (trace := traces.get(key)) is not None:
                meta = {"trace_id": key, "problem_hash": trace.problem.content_hash, "decision": trace.decision}
                yield _item(trace, meta, {"verdicts": list(verdicts[key].values()), "reviews": []})


def prompt_of(trace: Trace) -> tuple[dict[str, Any], ...]:
    """The messages the sampler was asked with."""
    return tuple(json.loads(trace.prompt.body))


def messages_text(prompt: str) -> str:
    """What is said in a stored prompt (the canonical JSON of its messages), one message after the other, with the
    digits of grids that were shown as pictures."""
    return write_out("\n".join(_said(message.get("content")) for message in json.loads(prompt)))


def _said(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) if isinstance(part, dict) else str(part) for part in content)
    return content if isinstance(content, str) else ""


def _export_items(release: Release, batch: list[ReleaseItem]) -> Iterator[ExportItem]:
    evidence = [ItemEvidence.from_json(item.evidence) for item in batch]
    verdicts = Verdict.objects.in_bulk([key for known in evidence for key in known.verdicts])
    reviews = Review.objects.in_bulk([review.id for known in evidence for review in known.reviews])
    said = Assessments.of(evidence)
    originals, parents = _originals(batch, evidence), _parent_hashes(batch, evidence)
    finals, shown = final_decisions(evidence), shown_by_memory(batch)
    for item, known in zip(batch, evidence, strict=True):
        if known.restored is None:
            assessments = {
                "verdicts": [_verdict(verdicts[key]) for key in known.verdicts],
                "reviews": [_review(reviews[each.id], each.by) for each in known.reviews],
            }
        else:
            assessments = restored_assessments(known.restored)
        meta = _meta(release, item, assessments) | restored_origin(known)
        parent = parents.get(item.trace.parent_id or 0, "")
        archive = archive_of(release, item, known, finals, meta, parent)
        archive["trace"] |= {"memory": shown[item.trace_id]} if item.trace_id in shown else {}
        exported = replace(_item(item.trace, meta, assessments), archive=archive)
        original = originals.get(item.trace.parent_id or 0) if makes_pair(known) else None
        yield replace(
            exported,
            split=item.split,
            label=said.label_of(known),
            compared=known.compared,
            trace_hash=trace_hash_of(known, item.trace.content_hash),
            original=None if original is None else _item(original, {"trace_id": original.pk}, {}),
        )


def _parent_hashes(batch: list[ReleaseItem], evidence: list[ItemEvidence]) -> dict[int, str]:
    """The content hashes of the traces that people edited into those of a batch, by id."""
    known = zip(batch, evidence, strict=True)
    wanted = {item.trace.parent_id for item, has in known if item.trace.parent_id and has.original is not None}
    found = Trace.objects.filter(pk__in=wanted).values_list("pk", "content_hash") if wanted else ()
    return dict(found)


def _originals(batch: list[ReleaseItem], evidence: list[ItemEvidence]) -> dict[int, Trace]:
    """The traces that people edited into those of a batch, by id."""
    wanted = {item.trace.parent_id for item, known in zip(batch, evidence, strict=True) if makes_pair(known)}
    related = ("prompt", "reasoning", "program", "problem")
    return Trace.objects.select_related(*related).in_bulk(wanted) if wanted else {}


def _item(trace: Trace, meta: dict[str, Any], assessments: dict[str, Any]) -> ExportItem:
    problem, prompt = trace.problem, prompt_of(trace)
    return ExportItem(
        prompt=prompt,
        canonical=asked_instead(prompt, problem),
        reasoning=trace.reasoning.body,
        program=trace.program.body if trace.program else "",
        answer=trace.answer,
        steps=tuple(trace.steps),
        problem_name=problem.name,
        problem_kind=ProblemKind(problem.kind),
        spec=problem.spec,
        reference=problem.reference,
        parts=parts_of(trace),
        cut_short="ended_by" in trace.facts,
        found=trace.facts.get("found"),
        reference_source=problem.reference_source,
        hinted=trace.hinted,
        origin=HUMAN_EDIT if trace.is_edited or trace.facts.get("origin") == HUMAN_EDIT else "",
        problem_hash=problem.content_hash,
        meta=meta,
        assessments=assessments,
    )


def _meta(release: Release, item: ReleaseItem, assessments: dict[str, Any]) -> dict[str, Any]:
    trace = item.trace
    sampler, instruction = trace.sampler, trace.instruction
    origin = Origin(
        problem=trace.problem,
        sampler=f"{sampler.name} {sampler.version}" if sampler else None,
        instruction=f"{instruction.name} {instruction.version}" if instruction else None,
        is_edited=trace.is_edited,
    )
    told = [f"{each['verifier']} {each['version']}: {each['outcome']}" for each in assessments["verdicts"]]
    return meta_of(release.pk, trace.pk, item.split, item.score, told, origin)


def _verdict(verdict: Verdict) -> dict[str, Any]:
    names = ("verifier", "version", "outcome", "score", "message", "evidence", "seconds", "engine")
    return {name: getattr(verdict, name) for name in names}


def _review(review: Review, pseudonym: str) -> dict[str, Any]:
    names = ("decision", "score", "reason", "comment", "step_labels")
    said: dict[str, Any] = {"reviewer": pseudonym, **{name: getattr(review, name) for name in names}}
    # Reviews that are older than the places of their steps have none, and files made of them stay as they were.
    said |= {"step_spans": review.step_spans} if review.step_spans else {}
    said |= {"segmentation": review.segmentation} if review.segmentation else {}
    used = {"suggestion": review.suggestion, "suggestion_use": review.suggestion_use}
    return said | (used if review.suggestion is not None else {})
