"""Submissions of the ARC Prize: two attempts for each test input of a task, in one JSON document."""

from collections.abc import Iterator, Mapping, Sequence

from trajectories.core.exporters.base import Container, ExportItem, OneRowEach, Reads, Row, Ways
from trajectories.core.identity import canonical_json
from trajectories.core.records import JSON, ProblemKind
from trajectories.core.verifiers.evidence import PairsEvidence

ATTEMPTS = 2
NO_GRID: JSON = [[0]]
"""What an attempt without a grid submits: the format has no place for none, and no test output is one black cell."""


class ArcSubmissionExporter(OneRowEach):
    """An object with a list for each task. The attempts are what most traces of a task give, the first on a tie.

    What a trace gives are the outputs of its program as its verdict has them, or the grids that it states.
    """

    name = "arc-submission"
    title = "ARC Prize submission (two attempts)"
    read_by = "Kaggle ARC Prize, arc-agi-benchmarking"
    writes_thoughts = False
    is_table = False
    by_problem = True
    reads = Reads.EVERYTHING
    containers: tuple[Container, ...] = (Container.JSON,)
    columns: JSON = "mixed"
    needs = "traces of ARC tasks"

    def takes(self, item: ExportItem) -> bool:
        """Traces of ARC tasks."""
        return is_task(item)

    def rows(self, items: Sequence[ExportItem], ways: Ways) -> Iterator[Row]:  # noqa: ARG002
        """{task: [{"attempt_1": grid, "attempt_2": grid} for each test input]} for the one task of these items."""
        taken = list(filter(self.takes, items))
        if not taken:
            return
        inputs = len(taken[0].spec.get("test", ())) or 1
        attempts = _most_given([given_grids(item, inputs) for item in taken])
        first, second = attempts[0], attempts[-1]
        outputs = [{"attempt_1": one, "attempt_2": two} for one, two in zip(first, second, strict=True)]
        yield Row({taken[0].problem_name: outputs}, taken[0].meta, taken[0].split)


def is_task(item: ExportItem) -> bool:
    """Whether a trace is of an ARC task."""
    return item.problem_kind is ProblemKind.ARC


def _most_given(answers: Sequence[Sequence[JSON]]) -> list[Sequence[JSON]]:
    """The two answers that were given most often, the earlier one first where two were given as often."""
    counts: dict[str, int] = {}
    first: dict[str, Sequence[JSON]] = {}
    for answer in answers:
        key = canonical_json(answer)
        counts[key] = counts.get(key, 0) + 1
        first.setdefault(key, answer)
    order = sorted(counts, key=lambda key: (all(grid == NO_GRID for grid in first[key]), -counts[key]))
    return [first[key] for key in order[:ATTEMPTS]]


def given_grids(item: ExportItem, inputs: int) -> list[JSON]:
    """A grid for each test input."""
    verdicts: Sequence[Mapping[str, JSON]] = item.assessments.get("verdicts", ())
    tested = next((each["evidence"] for each in verdicts if each["verifier"] == "arc_test"), None)
    given = [pair.predicted for pair in PairsEvidence.from_json(tested).pairs] or item.answer
    grids = given if isinstance(given, list) else []
    return [grids[place] if place < len(grids) and _is_grid(grids[place]) else NO_GRID for place in range(inputs)]


def _is_grid(value: JSON) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, list) and row for row in value)
