"""Frozen records passed between layers. They hold plain values and know no database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

JSON = Any
"""A JSON value: None, bool, int, float, str, or a list or dict of JSON values."""


class ProblemKind(StrEnum):
    """What a problem is, and so how it is shown, asked and verified."""

    ARC = "arc"
    NUMERIC = "numeric"
    CHOICE = "choice"
    TEXT = "text"
    PROCEDURAL = "procedural"
    ENVIRONMENT = "environment"


class StepKind(StrEnum):
    """What one step of a trace does. The outline marks backtracking, reflection and questioning."""

    TEXT = "text"
    OBSERVATION = "observation"
    HYPOTHESIS = "hypothesis"
    BACKTRACK = "backtrack"
    REFLECTION = "reflection"
    QUESTION = "question"
    SUBTASK = "subtask"
    PROGRAM = "program"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    ANSWER = "answer"


class Outcome(StrEnum):
    """What a verifier found. An error is never a score of zero, and unscored is never a fail."""

    PASS = "pass"
    FAIL = "fail"
    UNSCORED = "unscored"
    ERROR = "error"


SCORED = (Outcome.PASS, Outcome.FAIL)
"""The outcomes that a share of right ones is a share of."""


class FinishReason(StrEnum):
    """Why a sample ended. A sample that was cut short is not a wrong one."""

    STOP = "stop"  # the model had come to its end
    STEP = "step"  # one step of a text was asked for, and no more
    LENGTH = "length"  # a limit on tokens cut it short
    REFUSAL = "refusal"  # the model would not answer
    FILTER = "filter"  # the provider held the answer back
    EMPTY = "empty"  # nothing came


@dataclass(frozen=True, slots=True)
class ProblemRecord:
    """A problem as parsed from a source, reference answer included.

    `spec` holds what the kind needs (for ARC: {"train": [{"input", "output"}], "test": [{"input"}]}), never the
    reference answer; `reference` holds the answer (for ARC: one grid per test input), or None where there is none.
    """

    kind: ProblemKind
    name: str
    statement: str
    spec: Mapping[str, JSON]
    reference: JSON
    split: str
    family: str = ""
    difficulty: Mapping[str, float] = field(default_factory=dict)
    """How hard its source says it is, by what the source calls the number."""


@dataclass(frozen=True, slots=True)
class PublicProblem:
    """What a sampler may see of a problem: everything but the reference answer."""

    kind: ProblemKind
    name: str
    statement: str
    spec: Mapping[str, JSON]
    content_hash: str


@dataclass(frozen=True, slots=True)
class InstructionRecord:
    """One versioned way of looking at a problem."""

    name: str
    version: int
    view: str
    style: str
    template: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a reasoning trace. `body` is Markdown; `data` is JSON the page may draw (a pair, a grid).

    `is_thinking` says that the step is part of the model's thoughts, not of its answer.
    """

    kind: StepKind
    title: str
    body: str
    depth: int = 0
    """How many steps it lies inside of; 0 at the top."""
    data: Mapping[str, JSON] = field(default_factory=dict)
    is_thinking: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts; an embedded sampler spends none."""

    input_tokens: int = 0
    """Tokens that were sent, cached ones among them."""
    cached_tokens: int = 0
    """Of the tokens that were sent, those that the provider had read before."""
    reasoning_tokens: int = 0
    """Of the tokens that came back, those that are thoughts."""
    output_tokens: int = 0
    """Tokens that came back, thoughts among them."""

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class Example:
    """Another problem with a response to imitate: shown before the problem itself (few-shot).

    `trace` is the id of the trace that was looked up for it in memory; None for an example that was drawn or made.
    """

    problem: PublicProblem
    response: str
    trace: int | None = None


@dataclass(frozen=True, slots=True)
class AgentLimits:
    """What one sample with tools may take: calls to the model, and tokens (input and output of all calls together)."""

    turns: int
    """Calls to the model."""
    tokens: int
    """Tokens of all calls together, input and output."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A text that a model goes on with: what stands there so far, "" at the beginning.

    `to_end` asks for all that is left and not for one step. `tokens` is how many the model has written of it, and
    `logprob` the mean log-probability of these, None where that is not known.
    """

    text: str
    to_end: bool = False
    tokens: int = 0
    logprob: float | None = None


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """One sample to draw.

    `seed` is hash(run seed, problem, index); `group_seed` is hash(run seed, problem) and is shared by all samples of
    the problem; `ordinal` counts the samples of the same problem and instruction from 0, so that a sampler that
    enumerates can draw without replacement.

    What a model is shown besides: `variation` is the form that prompts.Variation has in JSON; `examples` are solved
    problems, and `memory` says how many of them were looked for in memory (None for a run that has none); `turns`
    follow the first message (an earlier answer and what became of it); `hint` gives the answer away (STaR) and is left
    out of the messages that are stored. With `agent` the model may call tools. With `steps` one more step of a program
    is asked for, of which these are the operations so far; none is the beginning. With `begun` a model goes on with a
    text of its own. `payer` names what is charged for the calls, so that an answer paid for by a worker that died is
    charged once. `effort` is the share of its own work that a sampler which searches spends, in (0, 1].
    """

    problem: PublicProblem
    instruction: InstructionRecord
    temperature: float
    """The temperature that a model samples at."""
    seed: int
    group_seed: int
    ordinal: int
    parameters: Mapping[str, JSON] = field(default_factory=dict)
    variation: Mapping[str, JSON] | None = None
    examples: tuple[Example, ...] = ()
    memory: int | None = None
    turns: tuple[Mapping[str, JSON], ...] = ()
    hint: str = ""
    agent: AgentLimits | None = None
    steps: tuple[str, ...] | None = None
    begun: Begun | None = None
    payer: str = ""
    effort: float = 1.0


@dataclass(frozen=True, slots=True)
class SampleResult:
    """One finished sample. `answer` is JSON: for ARC a list with one grid (or None) per test input.

    `raw` is the answer as it came over the wire, where there was one; `cost` is in money, None where no price is known.
    `parts` are the parts of `reasoning` in their stored form (completions.parts); None for a text without thoughts.
    """

    messages: tuple[Mapping[str, JSON], ...]
    reasoning: str
    steps: tuple[Step, ...]
    answer: JSON
    program: str
    finish_reason: FinishReason
    usage: Usage = Usage()
    latency_seconds: float = 0.0
    """How long it took to sample, by the clock."""
    facts: Mapping[str, JSON] = field(default_factory=dict)
    raw: str = ""
    cost: Decimal | None = None
    parts: tuple[JSON, ...] | None = None


@dataclass(frozen=True, slots=True)
class SampleFailure:
    """A sample that could not be drawn; kept as data with the attempt.

    `stops` says that no further sample can be drawn either, until a person has changed something. `usage` and `cost`
    are what was paid for all the same: calls of an agent before the one that failed.
    """

    kind: str
    message: str
    retryable: bool = False
    stops: bool = False
    usage: Usage = Usage()
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AnswerSpan:
    """Where in a trace's text its answer was found, in characters, and by which rule of which version of the rules."""

    rule: str
    start: int
    """Where it begins, in characters from the beginning of the text."""
    end: int
    """Where it ends, in the same way."""
    rules: int = 1
    """The version of the rules."""

    def after(self, characters: int) -> "AnswerSpan":
        """The place in a text that has so many more characters in front."""
        return AnswerSpan(self.rule, self.start + characters, self.end + characters, self.rules)


@dataclass(frozen=True, slots=True)
class TraceRecord:
    """What a verifier sees of a trace.

    `place` is None for an answer that its sampler states itself; `searched` says that the text was searched for an
    answer when it came. `finish_reason` is a FinishReason: why the sample ended. `content` are the places (start, end)
    of what stands in the text outside of the thoughts; None where that is not known. `results` are what the world of an
    episode answered, as the steps of the trace tell it.
    """

    answer: JSON
    program: str
    text: str
    span: AnswerSpan | None = None
    searched: bool = False
    finish_reason: str = FinishReason.STOP
    content: tuple[tuple[int, int], ...] | None = None
    results: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """A verifier's verdict with its evidence. `score` in [0, 1] only where one was earned."""

    verifier: str
    version: int
    """The version of the verifier, from 1."""
    outcome: Outcome
    message: str
    score: float | None = None
    evidence: Mapping[str, JSON] = field(default_factory=dict)
    seconds: float = 0.0
    """How long verifying took, by the clock."""
    engine: str = ""
