"""What a strategy is: how the samples of one problem are spent, round by round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Protocol, runtime_checkable

from trajectories.core.records import AgentLimits, Outcome

Settings = Mapping[str, int]


class StrategyError(ValueError):
    """Settings that a strategy cannot work with; the message is for people."""


PRUNED, LEFT_OPEN = "Pruned", "Left open"
"""How reasons begin that a strategy gives for not going on from a trace."""


class AttemptKind(StrEnum):
    """What an attempt is shown besides the problem."""

    FIRST = "first"
    REVISION = "revision"  # an earlier answer and what became of it
    COMPOSITION = "composition"  # what an earlier program made of the inputs, in place of the inputs
    HINTED = "hinted"  # the right answer
    STEP = "step"  # the steps of an earlier program or text, one more of which is asked for; none at the top of a tree
    REST = "rest"  # the steps of an earlier text, all that is left of which is asked for


BY_STEPS = (AttemptKind.STEP, AttemptKind.REST)
"""Kinds of attempts that are nodes of a tree of steps."""


class Look(StrEnum):
    """What a strategy wants to know of traces that costs something to find out."""

    NOTHING = ""
    OUTPUTS = "outputs"
    SKETCHES = "sketches"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A whole number that people set. `help` says what it does in one sentence.

    With `choices` the numbers from 0 stand for these words.
    """

    name: str
    title: str
    default: int
    """Its value where nobody sets one."""
    least: int
    """The least value that it may have."""
    most: int
    """The greatest one."""
    help: str
    choices: tuple[str, ...] = ()

    def word(self, value: int) -> str:
        """A value for people."""
        return self.choices[value] if value < len(self.choices) else f"{value:,}"


@dataclass(frozen=True, slots=True)
class Slot:
    """One cell of the diversity plan: the key of an instruction, a temperature, and which sample of these two it is."""

    instruction: int
    temperature: float
    ordinal: int
    """Which sample it is, from 0."""


@dataclass(frozen=True, slots=True)
class Planned:
    """An attempt to make. `parent` is the key of the trace that it goes on from."""

    slot: Slot
    kind: AttemptKind = AttemptKind.FIRST
    parent: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that has ended, and what is known of its trace; `trace` is None where it brought none.

    `train_error` is the mean share of wrong cells over the training pairs, in [0, 1], None where no program ran.
    `train_share` is the share of training pairs that the program reproduces, `answer` identifies what the trace gives.
    `outputs` identifies what the program made of the training inputs; `gave_grids` says that all of it was grids, so
    that another program could go on from them. `sketch` is what two right traces are compared by (see diversity). Both
    are filled in for strategies that look at them. `worth` in [0, 1] is how good the steps of a text are so far, None
    where nothing scored them, and `goes_on` says that the text is not at its end.
    """

    slot: Slot
    kind: AttemptKind
    round: int
    """The round that it was made in, from 0."""
    trace: int | None = None
    parent: int | None = None
    """The key of the trace that it went on from."""
    outcome: Outcome | None = None
    fits: bool | None = None
    train_error: float | None = None
    train_share: float | None = None
    answer: str = ""
    outputs: str = ""
    gave_grids: bool = False
    sketch: frozenset[int] = frozenset()
    worth: float | None = None
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """A problem of which every attempt has ended and every trace is verified.

    `slots` is the whole diversity plan, in order; `round` the last round that was planned, from 0. `hintable` says that
    there is an answer that may be given away: not for problems held out for evaluation. `of_text` says that steps are
    those of a text, of which only the end gives an answer; else every step gives a whole program.
    """

    slots: Sequence[Slot]
    ended: Sequence[Ended]
    round: int
    seed: int
    """What the strategy draws by."""
    hintable: bool = False
    of_text: bool = False
    traces: Sequence[Ended] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "traces", [each for each in self.ended if each.trace is not None])


class Strategy(Protocol):
    """Says which attempts are made of a problem. Pure: the same situation gives the same plan.

    `needs_model` says that only a language model can follow it; `adapts` that it has rounds after the first.
    `calls_tools` says that a sample may run programs in the sandbox, within its parameters `turns` and `tokens`
    (core.records.AgentLimits), `writes_programs` that its instructions have to ask for programs.
    `steps` says that it asks for programs or texts step by step, which a sampler has to be able to.
    `looks_at` says what else of the traces it wants to know: their outputs, their sketches, or nothing.
    """

    name: str
    title: str
    summary: str
    needs_model: bool
    adapts: bool
    calls_tools: bool
    writes_programs: bool
    steps: bool
    looks_at: Look
    parameters: tuple[Parameter, ...]

    def first(self, slots: Sequence[Slot], settings: Settings) -> Sequence[Planned]:
        """The first round, at least one attempt where there is a slot."""
        ...

    def following(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        """The next round; empty where the problem is done with."""
        ...

    def most(self, slots: int, settings: Settings) -> int:
        """At most so many attempts of one problem, for a diversity plan of so many slots."""
        ...


@runtime_checkable
class Prunes(Protocol):
    """A strategy that chooses which traces it goes on from, and can say of the others why not."""

    def pruned(self, situation: Situation, settings: Settings) -> Mapping[int, str]:
        """Why a trace of the round that has ended is not gone on from, by its key; in one sentence for people."""
        ...


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a sampler searches for an attempt: a share of its own work in (0, 1]; and which of the programs that it
    then finds is drawn, from 0."""

    share: float
    ordinal: int
    """Which program is drawn, from 0."""


@runtime_checkable
class Searches(Protocol):
    """A strategy that says how long a sampler searches: for samplers that do."""

    def effort(self, slots: Sequence[Slot], slot: Slot, of_round: int, settings: Settings) -> Effort:
        """The effort of an attempt in a round, from 0; `slots` is the whole diversity plan of the problem."""
        ...


def all_slots(slots: Sequence[Slot]) -> list[Planned]:
    """A first attempt for every slot."""
    return [Planned(slot) for slot in slots]


class InRounds:
    """What most strategies are: rounds of whole samples, of which the first is every slot and no later one adds more
    attempts than there are slots. A strategy says what it does otherwise."""

    needs_model = False
    adapts = True
    calls_tools = False
    writes_programs = False
    steps = False
    looks_at = Look.NOTHING

    def first(self, slots: Sequence[Slot], settings: Settings) -> Sequence[Planned]:  # noqa: ARG002
        """Every slot."""
        return all_slots(slots)

    def most(self, slots: int, settings: Settings) -> int:  # noqa: ARG002
        """One for each slot."""
        return slots


class AtOnce(InRounds):
    """A strategy of one round, which is every slot."""

    adapts = False

    def following(self, situation: Situation, settings: Settings) -> Sequence[Planned]:  # noqa: ARG002
        """Nothing."""
        return ()


def read_settings(strategy: Strategy, given: Mapping[str, object]) -> dict[str, int]:
    """A value for each parameter, the default where none is given. Raises StrategyError."""
    known = {parameter.name: parameter for parameter in strategy.parameters}
    if unknown := [name for name in given if name not in known]:
        expected = f"some of {', '.join(known)}" if known else "none"
        raise StrategyError(f"Found the setting {unknown[0]!r} of the strategy {strategy.name!r}; expected {expected}.")
    return {name: _read(parameter, given.get(name)) for name, parameter in known.items()}


def tool_limits(strategy: Strategy, settings: Settings) -> dict[str, int] | None:
    """What one sample that calls tools may take, None where samples call none; the fields of AgentLimits."""
    return {each.name: settings[each.name] for each in fields(AgentLimits)} if strategy.calls_tools else None


def _read(parameter: Parameter, value: object) -> int:
    if value is None:
        return parameter.default
    if type(value) is not int or not parameter.least <= value <= parameter.most:
        raise StrategyError(
            f"{parameter.title}: found {value!r}, expected a whole number from {parameter.least:,} to "
            f"{parameter.most:,}."
        )
    return value


ENOUGH = Parameter(
    "enough", "Enough that fit", 1, 1, 1_000, "A problem is left alone once so many programs fit all training pairs."
)


def fitting(situation: Situation) -> int:
    """How many traces fit all training pairs."""
    return sum(each.fits is True for each in situation.traces)
