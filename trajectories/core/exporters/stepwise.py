"""Steps with whether each is right, for process reward models."""

from collections.abc import Mapping

from trajectories.core.curation.reviews import StepLabel
from trajectories.core.exporters.base import ExportItem, OneRowEach, Reads
from trajectories.core.exporters.conversations import prompt_text
from trajectories.core.exporters.step_labels import labelled_steps, verified_steps
from trajectories.core.exporters.thoughts import DEFAULT_THOUGHTS, Thoughts
from trajectories.core.records import JSON


class StepwiseExporter(OneRowEach):
    """The labelled steps of a trace up to its first error. A neutral step counts as right. Where people have labelled
    none, the lines of a scratchpad are labelled as they were verified."""

    name = "stepwise"
    title = "Steps with labels (process reward models)"
    read_by = "TRL PRM (up to trl 1.13.0), Axolotl (stepwise_supervised)"
    writes_thoughts = False
    is_table = True
    reads = Reads.EVERYTHING
    columns: JSON = {"prompt": "string", "completions": ["string"], "labels": ["bool"]}
    needs = "traces whose steps people have labelled, or that work on a scratchpad"

    def takes(self, item: ExportItem) -> bool:
        """Traces with a label on their first step, and those that work on a scratchpad."""
        return bool(labelled_steps(item) or verified_steps(item))

    def row(self, item: ExportItem, thoughts: Thoughts = DEFAULT_THOUGHTS) -> Mapping[str, JSON]:  # noqa: ARG002
        """{"prompt": text, "completions": [text of a step], "labels": [whether it is right]}."""
        steps = labelled_steps(item) or verified_steps(item)
        return {
            "prompt": prompt_text(item),
            "completions": [step.text for step in steps],
            "labels": [step.label is not StepLabel.BAD for step in steps],
        }
