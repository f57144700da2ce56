"""Steps with the share of completions from each that end right, for process reward models (Math-Shepherd)."""

from collections.abc import Mapping

from trajectories.core.exporters.base import ExportItem, OneRowEach, Reads
from trajectories.core.exporters.conversations import prompt_text
from trajectories.core.exporters.step_labels import words_of_step
from trajectories.core.exporters.thoughts import DEFAULT_THOUGHTS, Thoughts
from trajectories.core.prompts.segmentation import cut_steps
from trajectories.core.records import JSON
from trajectories.core.verifiers.evidence import StepValuesEvidence
from trajectories.core.verifiers.opinions import VALUES


class StepValuesExporter(OneRowEach):
    """The steps of a trace that have a value, from the first on. `labels` is the hard estimation of Wang et al. 2023
    (arXiv 2312.08935, section 3.3): whether any completion from the step ends right; `values` the soft one: how many.
    """

    name = "step-values"
    title = "Steps with Monte-Carlo values (process reward models)"
    read_by = "TRL PRM (up to trl 1.13.0), Axolotl (stepwise_supervised); values for soft labels"
    writes_thoughts = False
    is_table = True
    reads = Reads.EVERYTHING
    columns: JSON = {"prompt": "string", "completions": ["string"], "labels": ["bool"], "values": ["float64"]}
    needs = "traces whose steps have been valued by completions"

    def takes(self, item: ExportItem) -> bool:
        """Traces whose first step has a value."""
        return bool(_newest(item).beginning)

    def row(self, item: ExportItem, thoughts: Thoughts = DEFAULT_THOUGHTS) -> Mapping[str, JSON]:  # noqa: ARG002
        """{"prompt": text, "completions": [text of a step], "labels": [...], "values": [share from 0 to 1]}."""
        evidence = _newest(item)
        values = evidence.beginning
        steps = cut_steps(evidence.segmentation, item.reasoning, item.parts or (), item.steps)
        return {
            "prompt": prompt_text(item),
            "completions": [
                words_of_step(item, step, evidence.spans.get(str(place)))
                for place, step in enumerate(steps[: len(values)])
            ],
            "labels": [value > 0 for value in values],
            "values": values,
        }


def _newest(item: ExportItem) -> StepValuesEvidence:
    """The evidence of the newest verdict with values of steps."""
    told = [each for each in item.assessments.get("verdicts", ()) if str(each["verifier"]).startswith(f"{VALUES}:")]
    return StepValuesEvidence.from_json(told[-1].get("evidence") if told else None)
