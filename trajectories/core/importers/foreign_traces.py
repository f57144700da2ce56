"""Traces sampled elsewhere, as the rows of files have them, whatever their shape."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from trajectories.core.completions.messages import Piece
from trajectories.core.completions.parts import Completion, build_completion, completion_of
from trajectories.core.completions.thoughts import Part
from trajectories.core.importers.archive_rows import ArchivedItem, ArchivedProblem
from trajectories.core.importers.verdict_rows import ForeignReview
from trajectories.core.records import JSON, AnswerSpan, FinishReason, Step, Usage, VerdictRecord

Row = Mapping[str, JSON]
SAMPLED_AS = "sampled_as"
"""The fact that keeps what a log calls a sample, or the run that it is of, among all others anywhere: the same words in
two logs are two traces, unless the logs say that they are of one sample."""


@dataclass(frozen=True, slots=True)
class ProblemKey:
    """How a row names its problem; the first of these that is set counts.

    A `custom_id` is what whoever asked called the request: the problem's name, or that with the number of the sample
    behind it. What was asked counts where it names none, and where it names a problem that asks something else than one
    that is here.
    """

    hash: str = ""
    name: str = ""
    question: str = ""
    custom_id: str = ""

    def __str__(self) -> str:
        return self.hash or self.name or self.custom_id or self.question


@dataclass(frozen=True, slots=True)
class ForeignTrace:
    """A trace as its file has it. `answer` and `program` are only set where the row states them, and so is the `place`
    of an answer in the response. `cost` is what its endpoint stated, None where it stated nothing; `raw` is the answer
    as its provider wrote it, "" where the file has only its text.

    `pieces` are what the model said, in order; without them it is `thinking` and `response`. `built` is what comes of
    them, where that is known. `parts` are those of the
    response, where the row states them. `adds_verdicts` says that its verdicts are added to a trace that is known.
    `question_row` is the row of a file of questions that its problem would be made of, {} where the row asks nothing.
    `archived_problem` and `archived_item` are what a row of an archive says besides. `trace_id` is the number that the
    row calls its trace by, as exports from here do; 0 for none.
    """

    problem: ProblemKey
    messages: tuple[Row, ...]
    response: str
    thinking: str = ""
    pieces: tuple[Piece, ...] = ()
    built: Completion | None = None
    parts: tuple[Part, ...] = ()
    model: str = ""
    temperature: float = 0.0
    """The temperature that it was sampled at; 0 where the row states none."""
    finish_reason: FinishReason = FinishReason.STOP
    usage: Usage = field(default_factory=Usage)
    cost: Decimal | None = None
    steps: tuple[Step, ...] = ()
    answer: JSON = None
    program: str = ""
    facts: Row = field(default_factory=dict)
    raw: str = ""
    span: AnswerSpan | None = None
    has_answer: bool = True
    """Whether an answer is looked for in its text; False of a solution that nobody brought to its end."""
    verdicts: tuple[VerdictRecord, ...] = ()
    adds_verdicts: bool = False
    is_sample: bool = False
    """Whether its row is a sample by itself that does not say which: as often as the same words come in one import, so
    many traces there are."""
    of_any_model: bool = False
    """Whether a row without a model may be of any: what people said elsewhere of a trace from here."""
    reviews: tuple[ForeignReview, ...] = ()
    question_row: Row = field(default_factory=dict)
    archived_problem: ArchivedProblem | None = None
    archived_item: ArchivedItem | None = None
    trace_id: int = 0

    @property
    def completion(self) -> Completion:
        """What the model said, in parts."""
        if self.parts:
            return Completion(self.response, self.parts)
        if self.built is not None:
            return self.built
        return build_completion(self.pieces) if self.pieces else completion_of(self.response, self.thinking)
