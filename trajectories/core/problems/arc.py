"""ARC tasks: training pairs, test inputs, and test outputs where they are known."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trajectories.core.identity import canonical_json, text_hash
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.grids import Grid, GridError, grid_to_lists, parse_grid
from trajectories.core.problems.kinds import is_grids
from trajectories.core.records import JSON, ProblemRecord, PublicProblem

MAX_PAIRS = 100
"""No published ARC task has more than 10 training pairs or 4 test pairs."""


@dataclass(frozen=True, slots=True)
class ArcPair:
    """One example; `output` is None for a test input whose answer is hidden or unknown."""

    input: Grid
    output: Grid | None


@dataclass(frozen=True, slots=True)
class ArcTask:
    """At least one training pair, every one with an output, and at least one test pair."""

    train: tuple[ArcPair, ...]
    test: tuple[ArcPair, ...]


def parse_task(value: Any, where: str = "") -> tuple[dict[str, JSON], list[JSON] | None]:
    """Split an ARC JSON value into (spec, reference).

    The spec is {"train": [{"input", "output"}], "test": [{"input"}]}; the reference has one grid, or None where the
    output is absent, per test input, and is None where no output is known. Keys of a task or pair beyond these
    ("id", "name", ...) are left out. Raises ProblemError with the JSON path below `where` of the first fault.
    """
    if not isinstance(value, dict):
        raise ProblemError(where, f'found {describe(value)}, expected an object with "train" and "test"')
    train = [
        {"input": _grid_at(pair, "input", path), "output": _grid_at(pair, "output", path)}
        for pair, path in _pairs_at(value, "train", where)
    ]
    test, outputs = [], []
    for pair, path in _pairs_at(value, "test", where):
        test.append({"input": _grid_at(pair, "input", path)})
        outputs.append(None if pair.get("output") is None else _grid_at(pair, "output", path))
    return {"train": train, "test": test}, None if all(grid is None for grid in outputs) else outputs


def parse_solution(value: Any, tests: int, where: str = "") -> list[JSON]:
    """Read a task's entry in a solutions file: one grid, or null, for each of its `tests` test inputs.

    Raises ProblemError with the JSON path below `where`.
    """
    if not isinstance(value, list) or len(value) != tests:
        grids = "1 grid" if tests == 1 else f"{tests} grids"
        raise ProblemError(where, f"found {describe(value)}, expected a list of {grids}, one for each test input")
    return [None if grid is None else _grid(grid, f"{where}[{index}]") for index, grid in enumerate(value)]


def _pairs_at(task: Mapping[str, Any], key: str, where: str) -> list[tuple[Mapping[str, Any], str]]:
    path = f"{where}.{key}" if where else key
    if key not in task:
        raise ProblemError(path, "found nothing, expected a list of pairs")
    pairs = task[key]
    if not isinstance(pairs, list) or not 1 <= len(pairs) <= MAX_PAIRS:
        raise ProblemError(path, f"found {describe(pairs)}, expected a list of 1 to {MAX_PAIRS} pairs")
    for index, pair in enumerate(pairs):
        if not isinstance(pair, dict):
            raise ProblemError(f"{path}[{index}]", f'found {describe(pair)}, expected an object with "input"')
    return [(pair, f"{path}[{index}]") for index, pair in enumerate(pairs)]


def _grid_at(pair: Mapping[str, Any], key: str, where: str) -> JSON:
    if key not in pair:
        raise ProblemError(f"{where}.{key}", "found nothing, expected a grid")
    return _grid(pair[key], f"{where}.{key}")


def _grid(value: Any, path: str) -> JSON:
    try:
        # parse_grid puts the path before its first ": "; a task id in the path may hold one too, so it is added here.
        return grid_to_lists(parse_grid(value, "\0"))
    except GridError as fault:
        place, _, detail = str(fault).partition(": ")
        raise ProblemError(path + place.removeprefix("\0"), detail) from fault


def task_of(problem: PublicProblem | ProblemRecord) -> ArcTask:
    """The task as a sampler may see it: every test output is None, also where the reference is known.

    Raises ProblemError where the spec is no ARC spec.
    """
    if not is_grids(problem.kind):
        raise ProblemError("kind", f"found {str(problem.kind)!r}, expected 'arc'")
    try:
        return ArcTask(
            train=tuple(
                ArcPair(_tuple_grid(pair["input"]), _tuple_grid(pair["output"])) for pair in problem.spec["train"]
            ),
            test=tuple(ArcPair(_tuple_grid(pair["input"]), None) for pair in problem.spec["test"]),
        )
    except (KeyError, TypeError) as fault:
        raise ProblemError("spec", f"found no ARC task ({fault!r}), expected train and test pairs") from fault


def _tuple_grid(value: JSON) -> Grid:
    return tuple(tuple(row) for row in value)


def inputs_hash(spec: Mapping[str, JSON]) -> str:
    """SHA-256 of the inputs of all pairs, whatever their order and whichever of them are tests.

    What is hashed has a line break in it, which no statement has once its spaces are made alike: an ARC task is never
    found by the text of a question.
    """
    return text_hash("\n".join(["arc", *sorted(canonical_json(pair["input"]) for pair, _ in _all_pairs(spec, None))]))


@dataclass(frozen=True, slots=True)
class PairBag:
    """All pairs of a task without order and roles: how often each input is there, and its known outputs.

    Two bags are compared only where their inputs are the same (`inputs_hash`).
    """

    inputs: Counter[str] = field(default_factory=Counter)
    outputs: Counter[tuple[str, str]] = field(default_factory=Counter)

    def covers(self, other: "PairBag") -> bool:
        """Whether this is the same task, and every output that the other knows is known here."""
        return self.inputs == other.inputs and other.outputs <= self.outputs

    def may_be(self, other: "PairBag") -> bool:
        """Whether both can be the same task: no input has other outputs here than there, as far as they are known."""
        together: Counter[str] = Counter()
        for (shown, _), count in (self.outputs | other.outputs).items():
            together[shown] += count
        return self.inputs == other.inputs and together <= self.inputs


def pair_bag(spec: Mapping[str, JSON], reference: JSON) -> PairBag:
    """The pairs of a problem's spec and reference, to compare it by."""
    bag = PairBag()
    for pair, output in _all_pairs(spec, reference):
        shown = canonical_json(pair["input"])
        bag.inputs[shown] += 1
        if output is not None:
            bag.outputs[shown, canonical_json(output)] += 1
    return bag


def _all_pairs(spec: Mapping[str, JSON], reference: JSON) -> Iterator[tuple[Mapping[str, JSON], JSON]]:
    """Each pair, training pairs first, with its output or None."""
    known = reference if isinstance(reference, list | tuple) else ()
    yield from ((pair, pair["output"]) for pair in spec["train"])
    for index, pair in enumerate(spec["test"]):
        yield pair, known[index] if index < len(known) else None


def render_prompt(task: ArcTask) -> str:
    """The task as text for a model: pairs and test inputs with digits separated by spaces, never a test output."""
    parts = [
        "Each input grid below is turned into its output grid by the same rule. Grids have 1 to 30 rows and columns; "
        "a cell is a colour from 0 to 9. Find the rule and give the output grid of every test input.",
    ]
    for number, pair in enumerate(task.train, 1):
        if pair.output is not None:
            parts.append(f"Example {number} input:\n{render_grid(pair.input)}")
            parts.append(f"Example {number} output:\n{render_grid(pair.output)}")
    parts += [f"Test {number} input:\n{render_grid(pair.input)}" for number, pair in enumerate(task.test, 1)]
    return "\n\n".join(parts) + "\n"


def render_grid(grid: Grid) -> str:
    """One grid as it stands in a prompt: a line per row, digits separated by spaces."""
    return "\n".join(" ".join(str(cell) for cell in row) for row in grid)
