"""ARC documents as they are handed round: one task, or a Kaggle pair of `challenges` and `solutions` by task id."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from trajectories.core.problems import ImportFault, ProblemError, describe
from trajectories.core.problems.arc import parse_solution, parse_task
from trajectories.core.problems.documents import check_text
from trajectories.core.problems.sides import TRAIN, said_side
from trajectories.core.records import JSON, ProblemKind, ProblemRecord

MAX_NAME = 200
MAX_FAMILY = 100
Solutions = dict[str, Any]
"""Task id to an unchecked list with one grid per test input."""


def is_solutions(name: str) -> bool:
    """Whether a file's name says that it holds solutions and no tasks."""
    return "solutions" in PurePosixPath(name).name.lower()


def read_solutions(value: JSON) -> Solutions:
    """Check the shape of a solutions document: lists by task id. Raises ProblemError."""
    if not isinstance(value, dict):
        raise ProblemError("", f"found {describe(value)}, expected an object with a list of grids by task id")
    for task_id, grids in value.items():
        if not isinstance(grids, list):
            raise ProblemError(show(task_id), f"found {describe(grids)}, expected a list with one grid per test input")
    return value


@dataclass(frozen=True, slots=True)
class ArcReader:
    """Reads the documents of one import.

    `solutions` fill in test outputs, and each one used is taken out, so that what is left belongs to no task. `split`
    is "train", "eval", or None to go by each file's path, and where that says nothing by `otherwise`.
    """

    solutions: Solutions
    split: str | None = None
    otherwise: str = TRAIN

    def read(self, value: JSON, file: str, *, beside: bool = False) -> Iterator[ProblemRecord | ImportFault]:
        """The tasks and faults of one document; a lone task is named by its file, others by their ids.

        What re-arc has `beside` its tasks is no fault there.
        """
        if _is_pairs(value):
            found = f"found a list of {len(value):,} pairs, as re-arc has them"
            yield ImportFault(file, "", f"{found}; expected a task: an object that says which are train and which test")
        elif _is_re_arc_metadata(value):
            fault = ImportFault(file, "", "found the metadata of re-arc, expected tasks; it has figures of tasks alone")
            yield from () if beside else (fault,)
        elif not isinstance(value, dict) or not value or "train" in value or "test" in value:
            yield self._task(value, file, PurePosixPath(file).stem, "")
        elif any(_is_submission(entry) for entry in value.values()):
            yield ImportFault(
                file, "", "found a submission (attempt_1, attempt_2), expected tasks; it has answers only"
            )
        elif all(isinstance(entry, list) for entry in value.values()):
            yield ImportFault(file, "", 'found lists by task id, expected tasks (name solutions "...solutions.json")')
        else:
            for task_id, task in value.items():
                yield self._task(task, file, task_id, show(task_id))

    def leftovers(self, file: str) -> Iterator[ImportFault]:
        """A fault for each solution whose task never came; `file` is where the solutions are from."""
        for task_id in self.solutions:
            yield ImportFault(file, show(task_id), "found a solution without its task, expected both in one import")

    def _side(self, file: str) -> str:
        return self.split or said_side(file) or self.otherwise

    def _task(self, value: JSON, file: str, name: str, where: str) -> ProblemRecord | ImportFault:
        solution = self.solutions.pop(name, None)
        try:
            spec, reference = parse_task(value, where)
            if solution is not None:
                given = parse_solution(solution, len(spec["test"]), f"solution of {show(name)}")
                reference = _merge(reference, given, where)
            side, family = self._side(file), concept_of(file)
            return ProblemRecord(ProblemKind.ARC, _name(name), "", spec, reference, side, family=family)
        except ProblemError as fault:
            return ImportFault(file, fault.path, fault.detail)


def concept_of(file: str) -> str:
    """The family that a path names as ConceptARC's do (AboveBelow/AboveBelow1.json); "" for others."""
    path = PurePosixPath(file.replace("\\", "/"))
    concept = path.parent.name
    is_numbered = path.stem.startswith(concept) and path.stem[len(concept) :].isdigit()
    return concept[:MAX_FAMILY] if concept and is_numbered else ""


def _is_pairs(value: JSON) -> bool:
    """Whether this is a list of pairs that nobody has divided into training and test."""
    return isinstance(value, list) and bool(value) and all(isinstance(p, dict) and "input" in p for p in value)


def _is_re_arc_metadata(value: JSON) -> bool:
    """Whether this is what re-arc has beside its tasks: figures, by task id."""
    return isinstance(value, dict) and bool(value) and all(map(_is_figures, value.values()))


def _is_figures(entry: JSON) -> bool:
    return isinstance(entry, dict) and "n_examples" in entry and "train" not in entry and "test" not in entry


def _is_submission(entry: JSON) -> bool:
    """Whether these are a task's attempts as Kaggle takes them."""
    return isinstance(entry, list) and bool(entry) and isinstance(entry[0], dict) and "attempt_1" in entry[0]


def _merge(outputs: list[JSON] | None, solution: list[JSON], where: str) -> list[JSON] | None:
    """Test outputs from the task and from its solution: either may lack one, but they may not differ."""
    merged = []
    for index, (output, grid) in enumerate(zip(outputs or [None] * len(solution), solution, strict=True)):
        if output is not None and grid is not None and output != grid:
            path = f"{where}.test[{index}].output".lstrip(".")
            raise ProblemError(path, "found another grid than the solutions file has, expected the same")
        merged.append(grid if output is None else output)
    return None if all(grid is None for grid in merged) else merged


def _name(name: str) -> str:
    if not 1 <= len(name) <= MAX_NAME:
        raise ProblemError(show(name), f"found a name of {len(name)} characters, expected 1 to {MAX_NAME}")
    return check_text(name, show(name))


def show(text: str) -> str:
    """A name from a file as one short, printable word."""
    return repr(text[:80])[1:-1]
