"""Traces sampled elsewhere: the shapes of rows that are read, one to a line of JSON, and what is taken from each.

- plain: {"problem_id" | "problem_hash" | "question", "response", "reasoning"?, "model"?, "temperature"?}; thoughts may
  have any of their names
- `sft-messages`: {"messages": [..., {"role": "assistant", ...}]}
- `full`, as Minicolumn exports it: {"problem": {...}, "trace": {...}}
- an instruction with its output (Alpaca), in plain_rows.py
- a submission of the ARC Prize, a document of its own (arc_submissions.py), and results of arc-agi-benchmarking
  (arc_attempts.py): one trace for each attempt at a task
- samples as lm-evaluation-harness (lm_eval_rows.py) and inspect (inspect_samples.py) log them, events of OpenAI evals
  (eval_events.py)
- answers as they came from a provider, alone or in a line of a batch's output (batch_rows.py): chat completions,
  responses, messages of Anthropic, answers of Gemini; one trace for each alternative answer
- conversations as ShareGPT and OpenThoughts have them (shared_conversations.py)
- problems with what models wrote for them: OpenR1-Math, DeepMath, NeMo-Skills (generation_rows.py)
- rollouts of `verifiers` 0.1 and NeMo Gym, prompts with their completions (rollout_rows.py)
- episodes of `verifiers` since 0.2, whose messages name the one before them (message_graphs.py)
- problems with thoughts and answers in columns: s1K, OpenThoughts (distilled_rows.py)
- solutions whose steps people rated: PRM800K (labelled_solutions.py), or that are labelled (stepwise_rows.py)
- what people said in Label Studio and Argilla (annotated_rows.py)

What is known and holds no trace is refused by its name (refused_rows.py).

Everything but `full` may name its problem in "problem_id", "problem_hash" or "question", in the row itself or in its
"meta" or "metadata"; a conversation without such names its problem by what the user said last.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from trajectories.core.importers import arc_attempts, arc_submissions, beside_rows, eval_events, shared_conversations
from trajectories.core.importers.annotated_rows import is_argilla, is_label_studio, read_argilla, read_label_studio
from trajectories.core.importers.answer_rows import KEYS as OF_ANSWERS
from trajectories.core.importers.answer_rows import is_answer, read_answers
from trajectories.core.importers.arc_attempts import is_attempted, read_attempted
from trajectories.core.importers.arc_submissions import is_submitted, read_submitted
from trajectories.core.importers.beside_rows import is_beside, read_beside
from trajectories.core.importers.distilled_rows import COLUMNS, is_distilled, read_distilled
from trajectories.core.importers.eval_events import is_event_row, read_events
from trajectories.core.importers.failed_rows import check_answered, check_call, told_as_failed
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.full_rows import is_full, read_full
from trajectories.core.importers.generation_rows import is_generated, read_generated
from trajectories.core.importers.inspect_samples import is_sample, read_sample
from trajectories.core.importers.labelled_solutions import is_labelled, read_labelled
from trajectories.core.importers.limits import LIMITS, ImportLimits
from trajectories.core.importers.lm_eval_rows import is_logged, read_logged
from trajectories.core.importers.message_graphs import is_episode, is_graph, read_episode, read_graph
from trajectories.core.importers.plain_rows import (
    RESPONSES,
    is_conversation,
    is_instruction,
    is_plain,
    read_conversation,
    read_plain,
)
from trajectories.core.importers.preference_pairs import is_pair
from trajectories.core.importers.refused_rows import why_refused
from trajectories.core.importers.rollout_rows import GYM, is_gym, is_rollout, read_gym, read_rollout
from trajectories.core.importers.shared_conversations import is_shared, read_shared
from trajectories.core.importers.stepwise_rows import is_stepwise, read_stepwise
from trajectories.core.problems import ProblemError


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape of rows. `title` is what people call it; `is_one` says by its keys whether a row has it, `read` gives its
    traces, at least one but for what is passed over; both raise ProblemError with the key that is wrong as path. A row
    without any of the `keys` has another shape; () where the shape is told by parts of keys."""

    name: str
    title: str
    is_one: Callable[[Row], bool]
    read: Callable[[Row], list[ForeignTrace]]
    keys: tuple[str, ...] = ()

    def traces(self, row: Row, limits: ImportLimits = LIMITS) -> list[ForeignTrace]:
        """The traces of a row of this shape. Raises ProblemError with the key that is wrong as path."""
        try:
            traces = self.read(row)
        except ProblemError as fault:
            raise told_as_failed(row, fault) from fault
        check_answered(row, traces)
        for trace in traces:
            count = max(len(trace.steps), len(trace.pieces))
            if count > limits.steps:
                raise ProblemError("", f"found a trace of {count:,} steps, expected at most {limits.steps:,}")
        return traces


SHAPES = (
    Shape("beside", "files beside rows, passed over", is_beside, read_beside, (beside_rows.BESIDE,)),
    Shape("submission", "submission of the ARC Prize", is_submitted, read_submitted, (arc_submissions.MARK,)),
    Shape("attempts", "results of arc-agi-benchmarking", is_attempted, read_attempted, (arc_attempts.MARK,)),
    Shape("events", "log of OpenAI evals", is_event_row, read_events, (eval_events.MARK,)),
    Shape("logged", "samples of lm-evaluation-harness", is_logged, read_logged, ("resps",)),
    Shape("sample", "samples of inspect", is_sample, read_sample, ("epoch",)),
    Shape("full", "full rows of Minicolumn", is_full, read_full, ("trace",)),
    Shape("labelled", "rated steps, as PRM800K has them", is_labelled, read_labelled, ("label",)),
    Shape("stepwise", "steps with labels (TRL, ProcessBench)", is_stepwise, read_stepwise, ("steps", "completions")),
    Shape("label-studio", "export of Label Studio", is_label_studio, read_label_studio, ("data", "annotator")),
    Shape("argilla", "records of Argilla", is_argilla, read_argilla),
    Shape("gym", "rollouts of NeMo Gym", is_gym, read_gym, (GYM,)),
    Shape("episode", "episodes of verifiers", is_episode, read_episode, ("traces",)),
    Shape("graph", "traces of verifiers", is_graph, read_graph, ("nodes",)),
    Shape("shared", "conversations of ShareGPT or OpenThoughts", is_shared, read_shared, shared_conversations.LISTS),
    Shape(
        *("distilled", "thoughts and answers in columns (s1K, OpenThoughts)", is_distilled, read_distilled),
        tuple(column.thoughts for column in COLUMNS),
    ),
    Shape(
        "generated", "generations beside their problem (OpenR1, DeepMath, NeMo-Skills)", is_generated, read_generated
    ),
    Shape("rollout", "prompts with completions (verifiers, TRL)", is_rollout, read_rollout, ("completion",)),
    Shape("answer", "answers of a provider or its batch", is_answer, read_answers, OF_ANSWERS),
    Shape("conversation", "messages", is_conversation, read_conversation, ("messages",)),
    Shape("instruction", "instruction and output", is_instruction, read_plain, ("instruction",)),
    Shape("plain", "question and response", is_plain, read_plain, RESPONSES),
)
"""The first that a row has counts: a shape stands before those whose keys it has too."""


ONE_ANSWER = ("shared", "distilled", "rollout", "answer", "conversation", "instruction", "plain")
"""Shapes of one answer: a row that has a rejected one beside it is a pair of preferences."""


def shape_of(row: Row) -> Shape:
    """The shape that a row is read by. Raises ProblemError."""
    for shape in _possible(tuple(row)):
        if shape.is_one(row):
            if shape.name in ONE_ANSWER and is_pair(row):
                break
            return shape
    check_call(row)
    raise ProblemError("", why_refused(row))


@lru_cache(maxsize=256)
def _possible(keys: tuple[str, ...]) -> tuple[Shape, ...]:
    """The shapes that rows with these keys may have: most rows of a file have the same."""
    return tuple(shape for shape in SHAPES if not shape.keys or not set(shape.keys).isdisjoint(keys))


def read_traces(row: Row, limits: ImportLimits = LIMITS) -> list[ForeignTrace]:
    """The traces of one row, at least one. Raises ProblemError with the key that is wrong as path."""
    return shape_of(row).traces(row, limits)
