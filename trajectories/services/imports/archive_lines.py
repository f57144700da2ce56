"""Rows of an archive as they are checked and restored: what was said of their traces, and what their hashes are of."""

from dataclasses import dataclass

from trajectories.core.importers.archive_rows import ArchivedItem, ArchivedProblem
from trajectories.core.importers.foreign_traces import ForeignTrace
from trajectories.core.releases.item_evidence import RestoredAssessments
from trajectories.core.releases.items import item_hash
from trajectories.models import Problem


@dataclass(frozen=True, slots=True)
class ArchiveLine:
    """One row of an archive, read."""

    file: str
    span: str
    trace: ForeignTrace
    problem: ArchivedProblem
    item: ArchivedItem


def said_of(line: ArchiveLine) -> RestoredAssessments:
    """What had been said of a trace, in the form in which `full` has it, and what its release calls it."""
    item = line.item
    return RestoredAssessments(
        verdicts=[
            {
                "verifier": each.verifier,
                "version": each.version,
                "outcome": each.outcome.value,
                "score": each.score,
                "message": each.message,
                "evidence": each.evidence,
                "seconds": each.seconds,
                "engine": each.engine,
            }
            for each in line.trace.verdicts
        ],
        reviews=[
            {
                "reviewer": each.pseudonym,
                "decision": each.decision.value,
                "score": each.score,
                "reason": each.reason,
                "comment": each.comment,
                "step_labels": dict(each.step_labels),
                **({"step_spans": dict(each.step_spans)} if each.step_spans else {}),
                **({"segmentation": each.segmentation} if each.segmentation else {}),
                **each.suggested,
            }
            for each in line.trace.reviews
        ],
        trace=item.trace,
        trace_id=item.trace_id,
        sampler=item.sampler,
        instruction=item.instruction,
        final=item.final,
    )


def hash_of(line: ArchiveLine) -> str:
    """The hash that the item of a row has by what the row says."""
    reviews = [
        [
            *(each.pseudonym, each.decision.value, each.score, each.reason, each.comment, dict(each.step_labels)),
            *filter(None, [each.segmentation]),
        ]
        for each in line.trace.reviews
    ]
    return item_hash(
        problem=line.problem.content_hash,
        trace=line.item.trace,
        split=line.item.split,
        score=line.item.score,
        reviews=reviews,
        verdicts=[[each.verifier, each.version, each.outcome.value] for each in line.trace.verdicts],
        original=line.item.original,
        final=line.item.final,
        compared=line.item.compared,
    )


def unsaved_problem(problem: ArchivedProblem) -> Problem:
    """The problem as a row that is in no table, for what needs only its content."""
    record = problem.record
    return Problem(
        name=record.name,
        kind=str(record.kind),
        statement=record.statement,
        spec=dict(record.spec),
        reference=record.reference,
        content_hash=problem.content_hash,
    )
