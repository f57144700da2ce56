"""ARC programs with what they give, for work on program synthesis."""

from collections.abc import Mapping, Sequence

from trajectories.core.exporters.arc_submission import is_task
from trajectories.core.exporters.base import ExportItem, OneRowEach, Reads
from trajectories.core.exporters.thoughts import DEFAULT_THOUGHTS, Thoughts
from trajectories.core.identity import canonical_json
from trajectories.core.records import JSON
from trajectories.core.verifiers.evidence import PairsEvidence


class ArcProgramsExporter(OneRowEach):
    """The program's source with its outputs on every pair, taken from the verdicts' evidence.

    A grid is JSON text: its rows differ in length from task to task, which a typed column could not hold. A call that
    gave no grid is null.
    """

    name = "arc-programs"
    title = "ARC programs with their outputs"
    read_by = "program-synthesis work"
    writes_thoughts = False
    is_table = True
    reads = Reads.EVERYTHING
    columns: JSON = {
        "task_id": "string",
        "program": "string",
        "train_outputs": ["string"],
        "test_outputs": ["string"],
        "verdicts": [{"verifier": "string", "outcome": "string"}],
    }

    needs = "traces of ARC tasks"

    def takes(self, item: ExportItem) -> bool:
        """Traces of ARC tasks."""
        return is_task(item)

    def row(self, item: ExportItem, thoughts: Thoughts = DEFAULT_THOUGHTS) -> Mapping[str, JSON]:  # noqa: ARG002
        """{"task_id", "program", "train_outputs", "test_outputs", "verdicts": [{"verifier", "outcome"}]}."""
        verdicts: Sequence[Mapping[str, JSON]] = item.assessments.get("verdicts", ())
        return {
            "task_id": item.problem_name,
            "program": item.program,
            "train_outputs": _outputs(verdicts, "arc_train"),
            "test_outputs": _outputs(verdicts, "arc_test"),
            "verdicts": [{"verifier": each["verifier"], "outcome": each["outcome"]} for each in verdicts],
        }


def _outputs(verdicts: Sequence[Mapping[str, JSON]], verifier: str) -> list[str | None]:
    evidence = [each["evidence"] for each in verdicts if each["verifier"] == verifier]
    grids = [pair.predicted for held in evidence for pair in PairsEvidence.from_json(held).pairs]
    return [None if grid is None else canonical_json(grid) for grid in grids]
