"""Rubrics: those that are shipped, those that people write, and what a judge would be asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.core.prompts import Message
from trajectories.core.prompts.leaks import find_leak
from trajectories.core.records import TraceRecord
from trajectories.core.text.tokens import estimate_tokens
from trajectories.core.verifiers.model_judge import Form, compare_messages, grade_messages, steps_messages
from trajectories.core.verifiers.model_judge import Rubric as RubricRecord
from trajectories.core.verifiers.shipped_rubrics import SHIPPED_RUBRICS
from trajectories.models import AuditEvent, Rubric, Trace
from trajectories.selectors.problems import to_public
from trajectories.selectors.rubrics import rubric_record
from trajectories.selectors.segmentations import as_cut, step_text
from trajectories.services.prompts.leaks import find_hidden_answer
from trajectories.services.verification.verdicts import trace_record

LONGEST_TEXT = 20_000
WIDEST_SCALE = 100
EMPTY = TraceRecord(answer=None, program="", text="")


class RubricError(ValueError):
    """A rubric that cannot be kept; `field` says what of it is wrong, and is "" for the whole."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


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
    """Keep every shipped rubric in its current form; how many versions were made.

    One that has changed since gets a new version, unless somebody has made one of their own: theirs stays the newest.
    """
    made = 0
    for shipped in SHIPPED_RUBRICS:
        draft = RubricDraft(shipped.rubric, shipped.title)
        newest = Rubric.objects.filter(name=shipped.rubric.name).order_by("-version").first()
        if newest is None or (newest.created_by_id is None and not _same(newest, draft)):
            version = 1 if newest is None else newest.version + 1
            # Two servers may start at once: the later one finds the version made.
            made += len(Rubric.objects.bulk_create([_build(draft, version, None)], ignore_conflicts=True))
    return made


@transaction.atomic
def add_rubric(*, actor: User, draft: RubricDraft) -> Rubric:
    """A new rubric. Raises RubricError."""
    check_rubric(draft)
    if Rubric.objects.filter(name=draft.record.name).exists():
        raise RubricError("name", f"There is a rubric named {draft.record.name}; expected a new name.")
    return _save(actor, draft, 1)


@transaction.atomic
def revise_rubric(*, actor: User, rubric: Rubric, draft: RubricDraft) -> Rubric:
    """The next version of a rubric; the newest one where nothing has changed. Raises RubricError."""
    draft = replace(draft, record=replace(draft.record, name=rubric.name))
    check_rubric(draft)
    versions = Rubric.objects.select_for_update().filter(name=rubric.name).order_by("-version")
    newest = next(iter(versions))
    if newest.pk != rubric.pk:
        raise RubricError("", f"Version {newest.version} was made in the meantime; expected changes to that one.")
    return newest if _same(newest, draft) else _save(actor, draft, newest.version + 1)


def check_rubric(draft: RubricDraft) -> None:
    """Raise RubricError where judges could not go by a rubric, or it holds the answer to a known problem."""
    record = draft.record
    if not record.text.strip() or len(record.text) > LONGEST_TEXT:
        raise RubricError("text", f"Found {len(record.text):,} characters, expected 1 to {LONGEST_TEXT:,}.")
    if not record.least < record.most <= record.least + WIDEST_SCALE:
        found = f"Found a scale from {record.least} to {record.most}"
        raise RubricError("most", f"{found}, expected the best above the worst, by at most {WIDEST_SCALE}.")
    if not record.least < record.pass_from <= record.most:
        expected = f"expected {record.least + 1} to {record.most}"
        raise RubricError("pass_from", f"Found {record.pass_from} as the least score that passes, {expected}.")
    if name := find_hidden_answer(record.text):
        raise RubricError("text", f"The rubric holds the answer to {name}, a test output.")


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


def _save(actor: User, draft: RubricDraft, version: int) -> Rubric:
    rubric = _build(draft, version, actor)
    rubric.save()
    data = {"name": rubric.name, "version": version}
    AuditEvent.objects.create(actor=actor, verb="added", object_type="rubric", object_id=rubric.pk, data=data)
    return rubric
