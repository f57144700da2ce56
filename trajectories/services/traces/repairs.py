"""Repairs: what a person makes of a trace by editing it becomes a trace of its own, beside its original."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from trajectories.core.completions.parts import Completion, parts_to_json
from trajectories.core.curation.reviews import Standing
from trajectories.core.faults import Fault
from trajectories.core.prompts import ParsedResponse, variation_from_json
from trajectories.core.prompts.repairs import Edits, Original, changes_of, read_edited
from trajectories.core.records import JSON, FinishReason, SampleResult, Step, StepKind
from trajectories.core.text.storable import storable_json, storable_text
from trajectories.core.verifiers.answers import read_span, searched_fact
from trajectories.models import AuditEvent, PendingVerification, Problem, Repair, RepairWithdrawal, Trace
from trajectories.selectors.assessments import HUMAN_EDIT
from trajectories.selectors.completions import KINDS, parts_of
from trajectories.selectors.exports import prompt_of
from trajectories.selectors.instructions import to_record
from trajectories.selectors.problems import to_public
from trajectories.selectors.repairs import newest_repair_of_others
from trajectories.services.jobs.ringers import ring
from trajectories.services.texts import store_texts
from trajectories.services.traces.storing import build_trace

LONGEST_TEXT = 2_000_000
"""Characters of an edited trace, all its parts together."""

LONGEST_NOTE = 2_000
KEPT_FACTS = ("variation", "hinted", "mentions_hint")
"""Facts that hold of the edited trace too; the others are of how its original was sampled."""


class RepairedMeanwhileError(Fault):
    """Somebody else has repaired the trace since the page was made; `newest` is the id of their repair.

    The message says that they did, and neither who nor how: the person may be blind.
    """

    def __init__(self, newest: int) -> None:
        said = "Somebody else has repaired this trace since you opened it. Nothing of yours is stored yet, and your "
        super().__init__(said + "text is kept below: save again to keep it beside theirs.")
        self.newest = newest


@dataclass(frozen=True, slots=True)
class RepairDraft:
    """An edit before it is stored: what was written, why, and the newest repair of others that the page told of."""

    edits: Edits
    note: str = ""
    known: int = 0


def original_of(trace: Trace) -> Original:
    """A trace as its editor sees it; `trace` comes with its problem, instruction and texts."""
    variation = trace.facts.get("variation")
    return Original(
        problem=to_public(trace.problem),
        completion=Completion(trace.reasoning.body, parts_of(trace)),
        steps=tuple(_step(step) for step in trace.steps),
        answer=trace.answer,
        program=trace.program.body if trace.program else "",
        span=read_span(trace.facts.get("found"), trace.reasoning.body),
        instruction=to_record(trace.instruction) if trace.instruction else None,
        variation=variation_from_json(variation) if isinstance(variation, Mapping) else None,
    )


@transaction.atomic
def submit_repair(*, author: User, trace: Trace, draft: RepairDraft, key: uuid.UUID) -> Repair:
    """Store an edited trace as a child of its original and have it verified.

    The same `key` with the same words again gives the repair stored the first time. Raises Fault where nothing is
    changed or left, where the trace cannot be repaired, where the author has a standing repair of it in the same words,
    or where the key belongs to other words; RepairedMeanwhileError where somebody else has repaired it whom the page
    did not know of.
    """
    check_repairable(trace)
    original = original_of(trace)
    changed = changes_of(original, draft.edits)
    _check(draft, changed)
    Trace.objects.select_for_update(no_key=True).only("pk").get(pk=trace.pk)
    child, texts = _build(author, trace, original, read_edited(original, draft.edits))
    if (stored := Repair.objects.select_related("trace").filter(key=key).first()) is not None:
        if (stored.author_id, stored.original_id, stored.trace.content_hash) == (
            author.pk,
            trace.pk,
            child.content_hash,
        ):
            return stored
        raise Fault(
            f"This form was already saved as trace {stored.trace_id}, with other words. Your text is kept below: "
            "save again to make another repair of it.",
            field="key",
        )
    same = Repair.objects.filter(author=author, original=trace, trace__content_hash=child.content_hash)
    if (twin := same.filter(trace__withdrawn=False).first()) is not None:
        raise Fault(f"You have saved these words already, as trace {twin.trace_id}; expected other words.")
    newest = newest_repair_of_others(trace_id=trace.pk, author_id=author.pk)
    if newest > draft.known:
        raise RepairedMeanwhileError(newest)
    store_texts(texts)
    child.save()
    repair = Repair.objects.create(
        trace=child, original=trace, author=author, changed=changed, note=draft.note.strip(), key=key
    )
    PendingVerification.objects.create(trace=child)
    ring("verification", [child.pk])
    AuditEvent.objects.create(
        actor=author,
        verb="repair.make",
        object_type="trace",
        object_id=trace.pk,
        data={"repair": repair.pk, "trace": child.pk, "changed": changed}
        | {"before": _audited(trace), "after": _audited(child)},
    )
    return repair


@transaction.atomic
def withdraw_repair(*, actor: User, trace: Trace) -> RepairWithdrawal:
    """Take a repair back: its trace stays for whoever has its address, and leaves all lists and releases to come.

    Withdrawn once, it stays so; asked again, nothing more happens. Raises Fault for a trace that is no repair, and for
    somebody else's, which only who may see all reviews withdraws.
    """
    repair = Repair.objects.filter(trace=trace).first()
    if repair is None:
        raise Fault(f"Trace {trace.pk} was sampled, not edited: there is no repair to withdraw.")
    if repair.author_id != actor.pk and not actor.has_perm("trajectories.see_reviews"):
        raise Fault("This repair is somebody else's; whoever made it withdraws it, or a lead.")
    held = Trace.objects.select_for_update(no_key=True).only("pk", "decision", "problem_id").get(pk=trace.pk)
    if (known := RepairWithdrawal.objects.filter(repair=repair).first()) is not None:
        return known
    withdrawal = RepairWithdrawal.objects.create(repair=repair, author=actor)
    Trace.objects.filter(pk=trace.pk).update(withdrawn=True)
    if held.decision == Standing.ACCEPTED:
        Problem.objects.filter(pk=held.problem_id).update(accepted_count=F("accepted_count") - 1)
    AuditEvent.objects.create(
        actor=actor,
        verb="repair.withdraw",
        object_type="trace",
        object_id=repair.original_id,
        data={"repair": repair.pk, "trace": trace.pk, "withdrawn": {"before": False, "after": True}},
    )
    return withdrawal


def check_repairable(trace: Trace) -> None:
    """Raise Fault for a trace that nobody can edit."""
    if trace.withdrawn:
        raise Fault("This repair was withdrawn. Repair its original instead.")
    if "ended_by" in trace.facts:
        raise Fault("A limit ended this agent before it answered: there is no answer of its own to edit.")


def _check(draft: RepairDraft, changed: list[str]) -> None:
    if not changed:
        raise Fault("Nothing is changed yet: found the words of the original, expected an edit of at least one.")
    length = sum(map(len, draft.edits.texts.values())) + len(draft.edits.added) + len(draft.edits.program or "")
    if length > LONGEST_TEXT:
        raise Fault(f"Found {length:,} characters, expected at most {LONGEST_TEXT:,} in all.")
    if len(draft.note) > LONGEST_NOTE:
        raise Fault(f"Found {len(draft.note):,} characters, expected at most {LONGEST_NOTE:,}.", field="note")


def _build(author: User, trace: Trace, original: Original, read: ParsedResponse) -> tuple[Trace, dict[str, str]]:
    """The unsaved child and its texts. It is a person's: no sampler, run, seed or cost is claimed for it."""
    facts: dict[str, JSON] = {name: trace.facts[name] for name in KEPT_FACTS if name in trace.facts}
    facts |= {"origin": HUMAN_EDIT}
    if read.reasoning == original.completion.text and read.span == original.span:
        facts |= {"found": trace.facts["found"]} if "found" in trace.facts else {}
    elif not original.states_answer_apart:
        facts |= searched_fact(read.span)
    result = SampleResult(
        messages=prompt_of(trace),
        reasoning=read.reasoning,
        steps=read.steps,
        answer=read.answer,
        program=read.program,
        finish_reason=FinishReason.STOP,
        facts=facts,
        parts=tuple(parts_to_json(read.parts)),
    )
    links: dict[str, Any] = {"parent": trace, "instruction": trace.instruction, "edited_by": author}
    child, texts = build_trace(trace.problem, result, **links)
    # Given away once, an answer stays given away, whoever edits what was made of it.
    child.hinted = trace.hinted
    return child, texts


def _audited(trace: Trace) -> dict[str, JSON]:
    """What an edit may change of a trace, long texts by their hash."""
    return {
        "content": trace.content_hash,
        "reasoning": trace.reasoning_id,
        "program": trace.program_id,
        "answer": trace.answer_hash,
    }


def _step(step: Mapping[str, Any]) -> Step:
    """A stored step, as it was when it was stored."""
    return Step(
        StepKind(step["kind"]) if step["kind"] in KINDS else StepKind.TEXT,
        str(step["title"]),
        str(step["body"]),
        int(step.get("depth") or 0),
        step.get("data") or {},
        is_thinking=step.get("part") == "thinking",
    )


def storable_edits(edits: Edits) -> Edits:
    """The edits in texts that can be stored. Raises Fault for an answer that JSON has no form for."""
    try:
        answer = storable_json(edits.answer)
    except (ValueError, TypeError) as fault:
        raise Fault(f"Answer: {fault}.", field="answer") from fault
    return Edits(
        texts={index: storable_text(text) for index, text in edits.texts.items()},
        added=storable_text(edits.added),
        program=None if edits.program is None else storable_text(edits.program),
        answer=answer,
    )
