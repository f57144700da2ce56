"""Reading the items of a release for formats that need texts and what was said of them, thousands in a second.

Plain statements with few columns, batches bounded by bytes, each read while the one before is written, and what many
traces share (prompts, problems, samplers) read once. Pictures in prompts are written out as digits. selectors.exports
reads everything, for the formats that write everything.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from trajectories.adapters.rows_ahead import RowsAhead
from trajectories.core.completions.parts import parts_from_json
from trajectories.core.completions.thoughts import Part
from trajectories.core.exporters import ExportItem
from trajectories.core.exporters.conversations import asks_nothing
from trajectories.core.prompts.pictures import written_out
from trajectories.core.records import ProblemKind
from trajectories.core.releases.item_evidence import ItemEvidence
from trajectories.models import Instruction, Problem, Release, Sampler, Text, Trace
from trajectories.selectors.assessments import (
    HUMAN_EDIT,
    Assessments,
    Origin,
    asked_instead,
    canonical_prompt,
    makes_pair,
    meta_of,
    restored_origin,
    trace_hash_of,
)
from trajectories.selectors.completions import found_parts, parts_of

BATCH_ROWS = 1_000
BATCH_BYTES = 4 * 1024 * 1024
SHORT_PROMPT = 20_000
"""Characters of a prompt up to which what is made of it is remembered."""

_ITEMS = """
SELECT position, split, score, evidence, trace_id, trace_hash, prompt_id, parts, ended, hinted, edited, said_edited,
       parent_id, problem_id, sampler_id, instruction_id, reasoning, program
FROM (
    SELECT item.position, item.split, item.score, {evidence} AS evidence, trace.id AS trace_id,
           trace.content_hash AS trace_hash, trace.prompt_id,
           trace.parts::text AS parts, trace.facts ? 'ended_by' AS ended, trace.hinted,
           trace.edited_by_id IS NOT NULL AS edited,
           coalesce(trace.facts ->> 'origin' = 'human edit', false) AS said_edited, trace.parent_id,
           trace.problem_id, trace.sampler_id,
           trace.instruction_id, reasoning.body AS reasoning, program.body AS program,
           sum(octet_length(reasoning.body) + coalesce(octet_length(program.body), 0)) OVER (ORDER BY item.position)
               - octet_length(reasoning.body) - coalesce(octet_length(program.body), 0) AS bytes_before
    FROM (
        SELECT * FROM trajectories_releaseitem
        WHERE release_id = %s AND position > %s ORDER BY position LIMIT {rows}
    ) item
    JOIN trajectories_trace trace ON trace.id = item.trace_id
    JOIN trajectories_text reasoning ON reasoning.content_hash = trace.reasoning_id
    LEFT JOIN trajectories_text program ON program.content_hash = trace.program_id
    ORDER BY item.position
) read WHERE bytes_before < %s ORDER BY position
"""
"""A batch ends with the item at which so many bytes of texts are together. Lengths are read without the texts. The
items are limited by themselves: with a range of positions instead, the planner reads the whole table for each batch, in
parallel, until a release has several hundred thousand items.
"""


_read_json = json.JSONDecoder().raw_decode
"""What `json.loads` does for a text without blanks around it, in half the time."""


class ItemReader:
    """Reads the items of a release in order. With `assessed` it also reads what was found of each: `meta`, whether it
    is right, and the trace that it was edited from; with `canonical` also the canonical prompt of each problem, which
    without it is read for prompts that ask nothing."""

    def __init__(self, release: Release, *, assessed: bool, canonical: bool = False) -> None:
        self._release, self._assessed, self._canonical = release, assessed, canonical
        self._problems: dict[int, Problem] = {}
        self._prompts: dict[str, tuple[str, tuple[Mapping[str, Any], ...]]] = {}
        self._asked: dict[int, tuple[Mapping[str, Any], ...]] = {}
        self._samplers = _named(Sampler) if assessed else {}
        self._instructions = _named(Instruction) if assessed else {}

    def items(self, count: int) -> Iterator[ExportItem]:
        """The first items, so many of them."""
        position, evidence = -1, "item.evidence::text" if self._assessed else "NULL"
        with RowsAhead() as ahead:
            read = ahead.read(*self._statement(evidence, position, min(count, BATCH_ROWS)))
            while rows := [_Read(*row) for row in read()]:
                position = rows[-1].position
                known = self._known(rows)
                if position < count - 1:
                    # What is joined and does not fit in the bytes of a batch is joined for nothing.
                    most = min(BATCH_ROWS, len(rows) * 5 // 4 + 16)
                    read = ahead.read(*self._statement(evidence, position, min(count - 1 - position, most)))
                yield from self._items(rows, known)
                if position >= count - 1:
                    return

    def _statement(self, evidence: str, position: int, rows: int) -> tuple[str, list[Any]]:
        """What reads so many items behind a position, or fewer by their bytes; and its parameters."""
        return _ITEMS.format(evidence=evidence, rows=rows), [self._release.pk, position, BATCH_BYTES]

    def _known(self, rows: list["_Read"]) -> "_Known":
        """Read what the items of a batch need besides."""
        problems = {row.problem_id for row in rows}
        self._read_problems(problems)
        self._read_prompts({row.prompt_id for row in rows})
        unasked = {row.problem_id for row in rows if asks_nothing(self._prompts[row.prompt_id][1])}
        self._read_canonical(problems if self._canonical else unasked)
        unsplit = _unsplit([row.trace_id for row in rows if row.parts is None])
        if not self._assessed:
            return _Known(unsplit)
        evidence = [ItemEvidence.from_json(json.loads(row.evidence)) for row in rows]
        return _Known(unsplit, evidence, Assessments.of(evidence), _originals(rows, evidence))

    def _items(self, rows: list["_Read"], known: "_Known") -> Iterator[ExportItem]:
        for place, row in enumerate(rows):
            parts = (
                known.unsplit[row.trace_id]
                if row.parts is None
                else parts_from_json(_read_json(row.parts)[0], row.reasoning)
            )
            more = {} if known.said is None else self._said(row, known.evidence[place], known.said, known.originals)
            yield self._item(row, parts, more)

    def _said(
        self, row: "_Read", evidence: ItemEvidence, said: Assessments, originals: Mapping[int, ExportItem]
    ) -> dict[str, Any]:
        """What was said of an item, as fields of it."""
        return {
            "meta": self._meta(row, said.verdicts_of(evidence)) | restored_origin(evidence),
            "label": said.label_of(evidence),
            "original": originals.get(row.parent_id or 0) if makes_pair(evidence) else None,
            "compared": evidence.compared,
            "trace_hash": trace_hash_of(evidence, row.trace_hash),
        }

    def _item(self, row: "_Read", parts: tuple[Part, ...], more: dict[str, Any]) -> ExportItem:
        problem = self._problems[row.problem_id]
        key, prompt = self._prompts[row.prompt_id]
        return ExportItem(
            prompt=prompt,
            reasoning=row.reasoning,
            program=row.program or "",
            answer=None,
            steps=(),
            problem_name=problem.name,
            problem_kind=ProblemKind(problem.kind),
            spec={},
            reference=problem.reference,
            parts=parts,
            cut_short=row.ended,
            reference_source=problem.reference_source,
            hinted=row.hinted,
            origin=HUMAN_EDIT if row.edited or row.said_edited else "",
            problem_hash=problem.content_hash,
            split=row.split,
            prompt_key=key,
            canonical=self._asked.get(row.problem_id, ()),
            **more,
        )

    def _meta(self, row: "_Read", verdicts: list[tuple[str, int, str]]) -> dict[str, Any]:
        origin = Origin(
            problem=self._problems[row.problem_id],
            sampler=self._samplers.get(row.sampler_id or 0),
            instruction=self._instructions.get(row.instruction_id or 0),
            is_edited=row.edited,
        )
        told = [f"{name} {version}: {outcome}" for name, version, outcome in verdicts]
        return meta_of(self._release.pk, row.trace_id, row.split, row.score, told, origin)

    def _read_problems(self, keys: set[int]) -> None:
        known = {key: self._problems[key] for key in keys & self._problems.keys()}
        names = ("name", "kind", "reference", "reference_source", "content_hash")
        fresh = Problem.objects.filter(pk__in=keys - known.keys()).only(*names)
        self._problems = known | ({problem.pk: problem for problem in fresh} if len(known) < len(keys) else {})

    def _read_canonical(self, keys: set[int]) -> None:
        known = {key: self._asked[key] for key in keys & self._asked.keys()}
        fresh = Problem.objects.filter(pk__in=keys - known.keys()) if len(known) < len(keys) else ()
        self._asked = known | {problem.pk: canonical_prompt(problem) for problem in fresh}

    def _read_prompts(self, keys: set[str]) -> None:
        known = {key: self._prompts[key] for key in keys & self._prompts.keys()}
        missing = list(keys - known.keys())
        fresh = Text.objects.filter(pk__in=missing).values_list("pk", "body") if missing else ()
        self._prompts = known | {key: _prompt(key, body) for key, body in fresh}


class _Read(NamedTuple):
    """A row of the statement above."""

    position: int
    split: str
    score: float | None
    evidence: str
    trace_id: int
    trace_hash: str
    prompt_id: str
    parts: str | None
    ended: bool
    hinted: bool
    edited: bool
    said_edited: bool
    parent_id: int | None
    problem_id: int
    sampler_id: int | None
    instruction_id: int | None
    reasoning: str
    program: str | None


@dataclass(frozen=True, slots=True)
class _Known:
    """What is read besides the rows of a batch: the parts of those that are older than parts, by trace; and where it is
    asked for the evidence of each row, what it says, and the originals of human edits, by trace.
    """

    unsplit: Mapping[int, tuple[Part, ...]]
    evidence: list[ItemEvidence] = field(default_factory=list)
    said: Assessments | None = None
    originals: Mapping[int, ExportItem] = field(default_factory=dict)


def _prompt(key: str, body: str) -> tuple[str, tuple[Mapping[str, Any], ...]]:
    """The messages of a prompt, and the key by which what is made of them may be remembered: traces of different
    problems share one that asks nothing."""
    prompt = written_out(json.loads(body))
    return "" if len(body) >= SHORT_PROMPT or asks_nothing(prompt) else key, prompt


def _named(model: Any) -> dict[int, str]:
    return {key: f"{name} {version}" for key, name, version in model.objects.values_list("pk", "name", "version")}


def _unsplit(trace_ids: list[int]) -> dict[int, tuple[Part, ...]]:
    """The parts of traces that are older than parts."""
    traces = Trace.objects.filter(pk__in=trace_ids).select_related("reasoning", "raw") if trace_ids else ()
    return {trace.pk: found_parts(trace) for trace in traces}


def _originals(rows: list[_Read], evidence: list[ItemEvidence]) -> dict[int, ExportItem]:
    """The traces that people edited into those of a batch, by id."""
    wanted = {row.parent_id or 0 for row, known in zip(rows, evidence, strict=True) if makes_pair(known)}
    related = ("prompt", "reasoning", "program", "problem")
    traces = Trace.objects.select_related(*related).filter(pk__in=wanted) if wanted else ()
    return {trace.pk: _original(trace) for trace in traces}


def _original(trace: Trace) -> ExportItem:
    prompt = tuple(json.loads(trace.prompt.body))
    return ExportItem(
        prompt=prompt,
        canonical=asked_instead(prompt, trace.problem),
        reasoning=trace.reasoning.body,
        program=trace.program.body if trace.program else "",
        answer=trace.answer,
        steps=(),
        problem_name=trace.problem.name,
        problem_kind=ProblemKind(trace.problem.kind),
        spec={},
        reference=trace.problem.reference,
        parts=parts_of(trace),
        cut_short="ended_by" in trace.facts,
        meta={"trace_id": trace.pk},
    )
