"""Rubrics: those that are shipped, those that people write, and what a judge would be asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.core.faults import Fault
from trajectories.core.prompts import Message
from trajectories.core.prompts.leaks import find_leak
from trajectories.core.records import TraceRecord
from trajectories.core.text.tokens import estimate_tokens
from trajectories.core.verifiers.model_judge import Form, compare_messages, grade_messages, steps_messages
from trajectories.core.verifiers.model_judge import Rubric as RubricRecord
from trajectories.core.verifiers.shipped_rubrics import SHIPPED_RUBRICS
from trajectories.models import Rubric, Trace
from trajectories.selectors.problems import to_public
from trajectories.selectors.rubrics import rubric_record
from trajectories.selectors.segmentations import as_cut, step_text
from trajectories.services.prompts.leaks import find_hidden_answer
from trajectories.services.prompts.versions import Kept
from trajectories.services.verification.verdicts import trace_record

LONGEST_TEXT = 20_000
WIDEST_SCALE = 100
EMPTY = TraceRecord(answer=None, program="", text="")


class RubricError(Fault):
    """A rubric that cannot be kept."""


@dataclass(frozen=True, slots=True)
class RubricDraft:
    """What a person wrote: the record, whose version does not count, and its title."""

    record: RubricRecord
    title: str


@dataclass(frozen=True, slots=True)
class JudgePreview:
    """What a judge would be sent for a trace, with the tokens of each message, and what of the answer it gives away."""

    messages: Sequence[Message]
    tokens: Sequence[int]
    leak: str

    @property
    def total(self) -> int:
        """Tokens of all messages."""
        return sum(self.tokens)


@transaction.atomic
def ensure_shipped_rubrics() -> int:
    """Keep every shipped rubric in its current form; how many versions were made."""
    return KEPT.keep_shipped([RubricDraft(shipped.rubric, shipped.title) for shipped in SHIPPED_RUBRICS])


@transaction.atomic
def add_rubric(*, actor: User, draft: RubricDraft) -> Rubric:
    """A new rubric. Raises RubricError."""
    check_rubric(draft)
    return KEPT.add(actor, draft)


@transaction.atomic
def revise_rubric(*, actor: User, rubric: Rubric, draft: RubricDraft) -> Rubric:
    """The next version of a rubric; the newest one where nothing has changed. Raises RubricError."""
    draft = replace(draft, record=replace(draft.record, name=rubric.name))
    check_rubric(draft)
    return KEPT.revise(actor, rubric, draft)


def check_rubric(draft: RubricDraft) -> None:
    """Raise RubricError where judges could not go by a rubric, or it holds the answer to a known problem."""
    record = draft.record
    if not record.text.strip() or len(record.text) > LONGEST_TEXT:
        raise RubricError(f"Found {len(record.text):,} characters, expected 1 to {LONGEST_TEXT:,}.", field="text")
    if not record.least < record.most <= record.least + WIDEST_SCALE:
        found = f"Found a scale from {record.least} to {record.most}"
        raise RubricError(f"{found}, expected the best above the worst, by at most {WIDEST_SCALE}.", field="most")
    if not record.least < record.pass_from <= record.most:
        expected = f"expected {record.least + 1} to {record.most}"
        raise RubricError(f"Found {record.pass_from} as the least score that passes, {expected}.", field="pass_from")
    if name := find_hidden_answer(record.text):
        raise RubricError(f"The rubric holds the answer to {name}, a test output.", field="text")


def preview_judge(*, record: RubricRecord, form: str, trace: Trace) -> JudgePreview:
    """What a judge would be sent for a trace; compared, it is shown with itself. `trace` comes with its texts.

    The leak check leaves out the trace's own words: a right answer is no leak.
    """
    public, work = to_public(trace.problem), trace_record(trace)
    if form == Form.STEPS:
        texts = [step_text(step) for step in as_cut(trace).steps]
        messages, bare = steps_messages(record, public, texts), steps_messages(record, public, ())
    elif form == Form.GRADE:
        messages, bare = grade_messages(record, public, work), grade_messages(record, public, EMPTY)
    else:
        messages, bare = (compare_messages(record, public, each, each) for each in (work, EMPTY))
    leak = find_leak(public, trace.problem.reference, bare) if trace.problem.reference is not None else ""
    return JudgePreview(messages, [estimate_tokens(str(message["content"])) for message in messages], leak)


def _same(rubric: Rubric, draft: RubricDraft) -> bool:
    return (rubric_record(rubric), rubric.title) == (replace(draft.record, version=rubric.version), draft.title)


def _build(draft: RubricDraft, version: int, actor: User | None) -> Rubric:
    record = draft.record
    return Rubric(
        name=record.name,
        version=version,
        title=draft.title,
        text=record.text,
        least=record.least,
        most=record.most,
        pass_from=record.pass_from,
        created_by=actor,
    )


KEPT = Kept(Rubric, "a rubric", RubricError, _build, _same)
