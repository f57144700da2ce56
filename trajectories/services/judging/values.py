"""Valuing steps: going on from each step of a trace some times, and having the completions verified."""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trajectories.adapters.chat_api import Answered, ChatCall, ChatSettings
from trajectories.core.completions.messages import Piece
from trajectories.core.completions.thoughts import PartKind
from trajectories.core.curation.spans import Span
from trajectories.core.identity import canonical_json, derive_seed
from trajectories.core.problems.kinds import KINDS, is_episode
from trajectories.core.prompts import (
    Message,
    PromptError,
    Variation,
    read_completion,
    render_messages,
    storable_completion,
    variation_from_json,
)
from trajectories.core.records import (
    FinishReason,
    InstructionRecord,
    Outcome,
    ProblemKind,
    SampleFailure,
    TraceRecord,
    VerdictRecord,
)
from trajectories.core.text.storable import storable_text
from trajectories.core.text.tokens import estimate_tokens
from trajectories.core.verifiers import VERIFIERS
from trajectories.core.verifiers.deciding import decisive_verdict
from trajectories.core.verifiers.step_values import completion_messages, joined, prefixes, values_verdict
from trajectories.models import Instruction, JudgeJob, JudgeJobAnswer, JudgeJobItem, Trace
from trajectories.selectors.instructions import current_instructions, to_record
from trajectories.selectors.problems import to_public
from trajectories.selectors.segmentations import as_cut, spans_of
from trajectories.services.judging.asking import Asked, Work
from trajectories.services.verification.verdicts import verify_record

TEMPERATURE = 1.0
"""Completions have to differ, or one of them would say as much as all."""

Outcomes = defaultdict[int, dict[int, str]]
"""By step and completion: what verifiers say of it."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A trace whose steps are valued. `starts` are the texts to go on from, by step, "" for a step without a place."""

    trace: Trace
    instruction: InstructionRecord
    variation: Variation | None
    asked: Sequence[Message]
    starts: Sequence[str]
    spans: Sequence[Span | None]
    outcomes: Outcomes = field(default_factory=lambda: defaultdict(dict))


def begin(trace: Trace, segmentation: str | None = None) -> Begun:
    """What is gone on from. `trace` comes with its problem, instruction and reasoning. Raises PromptError."""
    cut = as_cut(trace, segmentation)
    instruction = _instruction_of(trace)
    given = trace.facts.get("variation")
    variation = None if given is None else variation_from_json(given)
    asked = render_messages(instruction, to_public(trace.problem), (), variation)
    spans = [] if is_episode(trace.problem.kind) else spans_of(cut)
    return Begun(trace, instruction, variation, asked, prefixes(trace.reasoning.body, spans), spans)


def _instruction_of(trace: Trace) -> InstructionRecord:
    """How the model is asked: as it was for this trace, else as usual for the kind of problem. Raises PromptError."""
    if trace.instruction is not None and trace.instruction.suits == Instruction.Suits.CHAT:
        return to_record(trace.instruction)
    usual = KINDS[ProblemKind(trace.problem.kind)].usual_instruction
    for each in current_instructions(Instruction.Suits.CHAT):
        if each.name == usual:
            return to_record(each)
    raise PromptError(f"There is no instruction {usual!r} any more, by which a model could be asked.")


def lengths_of_prompts(traces: Sequence[Trace], *, continues: bool) -> tuple[list[int], float]:
    """(tokens of a prompt of each trace, mean number of steps to go on from)."""
    lengths, steps = [], []
    for trace in traces:
        begun = begin(trace)
        starts = [start for start in begun.starts if start]
        steps.append(len(starts))
        if starts:
            sent = completion_messages(begun.asked, starts[len(starts) // 2], continues=continues)
            lengths.append(estimate_tokens(canonical_json(list(sent))))
    return lengths, sum(steps) / max(1, len(steps))


class ValueWork(Work):
    """One session of a job that values steps: what is asked is to go on, and verifiers look at what comes."""

    def __init__(self, job: JudgeJob, token: uuid.UUID, until: float) -> None:
        super().__init__(job, token, until)
        self._continues = ChatSettings.from_parameters(job.sampler.parameters).continues_prefix
        self._begun: dict[int, Begun] = {}

    def _prepare(self, items: Sequence[JudgeJobItem]) -> None:
        related = ("problem", "instruction", "reasoning", "raw")
        traces = Trace.objects.select_related(*related).in_bulk([item.trace_id for item in items])
        rows = JudgeJobAnswer.objects.filter(item__in=[item.pk for item in items])
        for item in items:
            self._begun[item.pk] = begin(traces[item.trace_id], item.segmentation)
        for key, place, ask, outcome in rows.values_list("item", "place", "ask", "outcome"):
            self._begun[key].outcomes[place][ask] = outcome

    def _missing(self, item: JudgeJobItem, asked: Asked) -> Iterator[tuple[int, int]]:  # noqa: ARG002 (as in Work)
        begun = self._begun[item.pk]
        for place, start in enumerate(begun.starts):
            if start:
                known = begun.outcomes[place]
                yield from ((place, ask) for ask in range(self._job.completions) if ask not in known)

    def _call(self, item: JudgeJobItem, place: int, ask: int) -> ChatCall:
        begun = self._begun[item.pk]
        return ChatCall(
            messages=completion_messages(begun.asked, begun.starts[place], continues=self._continues),
            temperature=TEMPERATURE,
            seed=derive_seed("value", self._job.seed, item.trace_id, place, ask) % 2**31,
            sample={"value": self._job.seed, "ask": ask},
            payer=f"value item {item.pk}.{place}.{ask}",
        )

    def _is_reask(self, ask: int) -> bool:  # noqa: ARG002 (as in Work)
        return False

    def _word_on(self, item_id: int, place: int, ask: int, outcome: Answered | SampleFailure) -> str:
        """What verifiers say of a completion, which is read as one text with what it goes on from."""
        begun = self._begun[item_id]
        word = str(Outcome.ERROR if isinstance(outcome, SampleFailure) else self._verified(begun, place, outcome))
        begun.outcomes[place][ask] = word
        return word

    def _verified(self, begun: Begun, place: int, answered: Answered) -> Outcome:
        if answered.reply.finish_reason is not FinishReason.STOP or not answered.reply.text.strip():
            # What it goes on from may state an answer already, and would be verified in its place.
            return Outcome.UNSCORED
        said = joined(begun.starts[place], answered.reply.text, continues=self._continues)
        whole = storable_completion([Piece(PartKind.CONTENT, storable_text(said))])
        public = to_public(begun.trace.problem)
        parsed = read_completion(begun.instruction, public, whole, begun.variation)
        record = TraceRecord(
            answer=parsed.answer,
            program=parsed.program,
            text=parsed.reasoning,
            span=parsed.span,
            searched=True,
            finish_reason=answered.reply.finish_reason,
        )
        decisive = decisive_verdict(verify_record(begun.trace.problem, record, VERIFIERS.values()))
        return Outcome.UNSCORED if decisive is None else decisive.outcome

    def _verdict(self, item: JudgeJobItem, asked: Mapping[int, Any]) -> VerdictRecord:  # noqa: ARG002 (as in Work)
        begun = self._begun.pop(item.pk)
        return values_verdict(
            sampler=self._job.sampler.name,
            completed=[list(begun.outcomes[place].values()) for place in range(len(begun.starts))],
            correctness=begun.trace.correctness,
            segmentation=item.segmentation,
            spans=begun.spans,
            engine=self._engine,
        )
