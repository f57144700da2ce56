"""What the embedded learner learns from: by task, its features and the programs that solve it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from trajectories.core.learning.chains import Chain, name_of, read_chain
from trajectories.core.learning.lessons import Lesson
from trajectories.core.problems import ProblemError
from trajectories.core.problems.arc import ArcTask
from trajectories.core.problems.arc import task_of as arc_task_of
from trajectories.core.problems.kinds import is_grids
from trajectories.core.records import PublicProblem
from trajectories.core.samplers.symbolic.task_features import task_features


@dataclass(frozen=True, slots=True)
class TaskExample:
    """A task and the programs that solve it, each once. Together its programs count as one: a program's share is
    2 ** -(its number of operations), so that a task with a hundred ways to solve it has no louder voice."""

    problem: str
    features: tuple[float, ...]
    """What is known of the task, each number in [0, 1] (symbolic.task_features)."""
    chains: tuple[Chain, ...]

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of each program; they sum to 1."""
        raw = [2.0 ** -len(chain.operations) for chain in self.chains]
        return tuple(each / sum(raw) for each in raw)

    def wanted(self) -> dict[str, float]:
        """By the name of an operation, the share of the programs that have it."""
        found: dict[str, float] = {}
        for chain, share in zip(self.chains, self.shares, strict=True):
            for name in {name_of(key) for key in chain.operations}:
                found[name] = found.get(name, 0.0) + share
        return found


@dataclass(frozen=True, slots=True)
class Examples:
    """All examples, by the hash of their problem, and how many lessons could not be read, by why."""

    tasks: tuple[TaskExample, ...]
    left_out: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """How many lessons could not be read, by why."""


OTHER_KIND, NO_PROGRAM, WRONG = "no ARC task", "no program", "wrong"
FOREIGN, IDLE = "outside the operations of the grid and object search", "no operation"
"""Why a lesson teaches nothing."""


def read_examples(lessons: Iterable[Lesson], *, wrong_too: bool = False) -> Examples:
    """The examples of lessons; with `wrong_too` those that are wrong as if they were right.

    Of an item its specification and its program are read: never its reference answer.
    """
    specs: dict[str, tuple[float, ...]] = {}
    chains: dict[str, dict[Chain, None]] = {}
    left_out: dict[str, int] = {}
    for lesson in lessons:
        item = lesson.item
        why, chain, task = "", None, None
        if not is_grids(item.problem_kind):
            why = OTHER_KIND
        elif not item.program.strip():
            why = NO_PROGRAM
        elif lesson.is_correct is False and not wrong_too:
            why = WRONG
        elif (chain := read_chain(item.program)) is None:
            why = FOREIGN
        elif not chain.operations:
            why = IDLE
        elif item.problem_hash not in specs and (task := _task(lesson)) is None:
            why = OTHER_KIND
        if why or chain is None:
            left_out[why] = left_out.get(why, 0) + 1
            continue
        if task is not None:
            specs[item.problem_hash] = task_features(task)
        chains.setdefault(item.problem_hash, {})[chain] = None
    tasks = tuple(TaskExample(key, specs[key], tuple(chains[key])) for key in sorted(specs))
    return Examples(tasks, MappingProxyType(left_out))


def _task(lesson: Lesson) -> ArcTask | None:
    item = lesson.item
    try:
        return arc_task_of(PublicProblem(item.problem_kind, item.problem_name, "", item.spec, item.problem_hash))
    except ProblemError:
        return None
