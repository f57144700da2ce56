"""Reading queues by problem: the samples on one screen, grouped by what they answer."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F, Q

from trajectories.core.curation.reviews import Decision
from trajectories.core.curation.schemas import Blinding
from trajectories.core.identity import content_hash
from trajectories.core.records import JSON, Outcome
from trajectories.models import Assignment, Queue, QueueItem, Review, Trace
from trajectories.selectors.blinding import Sight, veil
from trajectories.selectors.population import given_answers

NOTHING = content_hash(None)
"""The hash of no answer."""


@dataclass(frozen=True, slots=True)
class GroupSample:
    """One sample on the screen. `correctness`, `train_passed` and `train_total` are what verifiers found, empty where
    that is hidden, and `origin` names sampler and instruction, empty where these are.
    """

    item_id: int
    trace_id: int
    answer_hash: str
    correctness: str
    train_passed: int | None
    train_total: int | None
    output_tokens: int
    finish_reason: str
    origin: str

    @property
    def rank(self) -> tuple[bool, int, bool, int, int]:
        """What makes one sample of an answer stand for the others, the least first: right, most training pairs, ended
        by itself, shortest.
        """
        passed = -(self.train_passed or 0)
        ended = self.finish_reason != "stop"
        return self.correctness != Outcome.PASS, passed, ended, self.output_tokens, self.trace_id


@dataclass(frozen=True, slots=True)
class SampleGroup:
    """The samples that give one answer, the one that stands for them first. `number` counts groups from 1."""

    number: int
    answer_hash: str
    answer: JSON
    samples: Sequence[GroupSample]
    share: float

    @property
    def best(self) -> GroupSample:
        """The sample that stands for the others."""
        return self.samples[0]

    @property
    def count(self) -> int:
        """How many samples give this answer."""
        return len(self.samples)

    @property
    def is_nothing(self) -> bool:
        """Whether they give no answer at all."""
        return self.answer_hash == NOTHING

    @property
    def correctness(self) -> str:
        """What verifiers found of the answer: "" where they differ, or where it is hidden."""
        found = {sample.correctness for sample in self.samples}
        return found.pop() if len(found) == 1 else ""


def group_samples(item_ids: Collection[int], *, verdicts: bool, origins: bool) -> list[SampleGroup]:
    """The samples of items by their answer, most samples first and those without any answer last.

    `verdicts` and `origins` say whether what verifiers found and who sampled may be seen. No query reads the texts of
    the traces.
    """
    rows = QueueItem.objects.filter(pk__in=item_ids).values_list(*COLUMNS)
    by_answer: dict[str, list[GroupSample]] = {}
    for row in rows:
        sample = _sample(row, verdicts=verdicts, origins=origins)
        by_answer.setdefault(sample.answer_hash, []).append(sample)
    for samples in by_answer.values():
        samples.sort(key=lambda sample: sample.rank)
    ordered = sorted(by_answer.items(), key=lambda each: (each[0] == NOTHING, -len(each[1]), each[0]))
    answers = given_answers([samples[0].trace_id for _, samples in ordered])
    total = sum(len(samples) for _, samples in ordered)
    return [
        SampleGroup(number, answer, answers[samples[0].trace_id], tuple(samples), len(samples) / total)
        for number, (answer, samples) in enumerate(ordered, 1)
    ]


COLUMNS = (
    *("pk", "trace", "trace__answer_hash", "trace__correctness", "trace__train_passed", "trace__train_total"),
    *("trace__output_tokens", "trace__finish_reason", "trace__sampler__title", "trace__instruction__title"),
)


def _sample(row: Sequence[Any], *, verdicts: bool, origins: bool) -> GroupSample:
    item, trace, answer, correctness, passed, total, tokens, finish, sampler, instruction = row
    return GroupSample(
        item_id=item,
        trace_id=trace,
        answer_hash=answer,
        correctness=correctness if verdicts else "",
        train_passed=passed if verdicts else None,
        train_total=total if verdicts else None,
        output_tokens=tokens,
        finish_reason=finish,
        origin=", ".join(title for title in (sampler, instruction) if title) if origins else "",
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said of one sample in a queue, taken back or not."""

    decision: str
    reason: str
    comment: str


def said_of_samples(queue: Queue, item_ids: Collection[int], person: User) -> Mapping[int, Said]:
    """A person's answers about items of a queue, by item; items they did not answer are left out."""
    latest = Review.objects.filter(trace__queue_items__in=item_ids, reviewer=person, superseded_by=None)
    rows = latest.select_related("supersedes").annotate(item=F("trace__queue_items"))
    said: dict[int, Said] = {}
    for review in rows.filter(item__in=item_ids):
        told = review.supersedes if review.decision == Decision.WITHDRAW else review
        if told is not None and told.queue_id == queue.pk:
            said[review.item] = Said(told.decision, told.reason, told.comment)
    return said


def group_on_screen(queue: Queue, problem_id: int, person: User) -> list[Assignment]:
    """The person's assignments to samples of a problem: those on their screen, else those that they decided on
    together last.
    """
    mine = Assignment.objects.filter(queue=queue, reviewer=person, is_gold=False, item__trace__problem=problem_id)
    mine = mine.filter(item__trace__withdrawn=False).order_by("pk")
    if held := list(mine.filter(state=Assignment.State.LEASED)):
        return held
    done = mine.filter(state=Assignment.State.DONE)
    newest = done.order_by("-decided_at").first()
    return [] if newest is None else list(done.filter(token=newest.token))


def hidden_on_screen(queue: Queue, assignments: Collection[Assignment], person: User) -> Blinding:
    """What the screen with these samples hides: what its queue does until all are decided on, and what any other queue
    hides of one of them, which a screen that groups them by answer would tell.
    """
    decided = all(each.state == Assignment.State.DONE for each in assignments)
    traces = list(Trace.objects.filter(queue_items__in=[each.item_id for each in assignments]).only("pk"))
    veil(traces, Sight(person.pk))
    return replace(
        queue.hides,
        verdicts=(queue.hides.verdicts and not decided) or any(trace.veiled_verdicts for trace in traces),
        sampler=(queue.hides.sampler and not decided) or any(trace.veiled_sampler for trace in traces),
    )


def get_sample(queue: Queue, item_id: int, person: User) -> QueueItem | None:
    """An item of a queue that the person has on their screen, or has decided on; None for any other."""
    mine = Q(assignments__reviewer=person) & ~Q(assignments__state=Assignment.State.OPEN)
    return QueueItem.objects.filter(mine, pk=item_id, queue=queue).select_related("queue").first()


def count_elsewhere(queue: Queue, problem_id: int, item_ids: Collection[int]) -> int:
    """How many samples of a problem are in the queue besides these items."""
    every = QueueItem.objects.filter(queue=queue, trace__problem=problem_id, is_gold=False)
    return every.filter(trace__withdrawn=False).exclude(pk__in=item_ids).count()


@dataclass(frozen=True, slots=True)
class DecidedGroup:
    """Samples that were decided together: the token that they share, and their problem."""

    token: uuid.UUID | None
    problem_id: int
    problem_name: str


def last_group_decided(queue: Queue, person: User, *, most: int) -> DecidedGroup | None:
    """What a person decided together last in a queue, and has not taken back; None where there is none, or where they
    have taken back `most` since.
    """
    mine = Assignment.objects.filter(queue=queue, reviewer=person, decided_at__isnull=False)
    last = mine.filter(state=Assignment.State.DONE).order_by("-decided_at", "-pk").first()
    if last is None:
        return None
    undone = mine.filter(state=Assignment.State.LEASED, decided_at__gt=last.decided_at)
    if undone.values("token").distinct().count() >= most:
        return None
    problem = Trace.objects.filter(queue_items=last.item_id).values_list("problem", "problem__name")
    problem_id, name = problem.get()
    return DecidedGroup(last.token, problem_id, name)
