"""Labelled steps in the shape of PRM800K (Lightman et al. 2023, arXiv 2305.20050)."""

from collections.abc import Iterator, Mapping, Sequence

from trajectories.core.curation.reviews import StepLabel
from trajectories.core.exporters.base import LINES, ExportItem, OneRowEach, Reads, Row, Ways
from trajectories.core.exporters.conversations import answer_column, prompt_text
from trajectories.core.exporters.step_labels import LabelledStep, labelled_alike, labelled_steps
from trajectories.core.records import JSON

RATINGS: Mapping[StepLabel, int] = {StepLabel.GOOD: 1, StepLabel.NEUTRAL: 0, StepLabel.BAD: -1}


class Prm800kExporter(OneRowEach):
    """A row for each labelled trace. Its own step is the first completion at each place and the chosen one; behind it
    are the steps that other traces of the problem took there after the very same steps before.

    Each of those stands in the row of the first trace only, so that no step is counted twice.
    """

    name = "prm800k"
    title = "Steps with ratings, in the shape of PRM800K"
    read_by = "process reward models trained on PRM800K"
    writes_thoughts = False
    is_table = True
    by_problem = True
    reads = Reads.EVERYTHING
    containers = LINES
    columns: JSON = {
        "question": {"problem": "string", "ground_truth_answer": "string"},
        "label": {
            "steps": [
                {
                    "completions": [{"text": "string", "rating": "int64", "flagged": "bool"}],
                    "human_completion": "string",
                    "chosen_completion": "int64",
                }
            ],
            "finish_reason": "string",
        },
    }
    needs = "traces whose steps people have labelled"

    def takes(self, item: ExportItem) -> bool:
        """Traces with a label on their first step."""
        return bool(labelled_steps(item))

    def rows(self, items: Sequence[ExportItem], ways: Ways) -> Iterator[Row]:  # noqa: ARG002
        """{"question": {...}, "label": {"steps": [{"completions", ...}], "finish_reason"}} of each labelled trace."""
        labelled = [(item, steps) for item in items if (steps := labelled_steps(item))]
        told = set[tuple[str, ...]]()
        paths = [tuple(step.text for step in steps) for _, steps in labelled]
        following = _following([steps for _, steps in labelled])
        for (item, steps), path in zip(labelled, paths, strict=True):
            yield Row(_row(item, steps, path, following, told), item.meta, item.split)


def _following(traces: Sequence[Sequence[LabelledStep]]) -> dict[tuple[str, ...], dict[str, LabelledStep]]:
    """By the steps before: the steps that traces took next, by their text; the worse label of two counts."""
    found: dict[tuple[str, ...], dict[str, LabelledStep]] = {}
    for steps in traces:
        for place, step in enumerate(steps):
            known = found.setdefault(tuple(each.text for each in steps[:place]), {})
            before = known.get(step.text)
            if before is None or RATINGS[step.label] < RATINGS[before.label]:
                known[step.text] = step
    return found


def _row(
    item: ExportItem,
    steps: Sequence[LabelledStep],
    path: tuple[str, ...],
    following: Mapping[tuple[str, ...], Mapping[str, LabelledStep]],
    told: set[tuple[str, ...]],
) -> dict[str, JSON]:
    places = []
    for place, step in enumerate(steps):
        others = []
        if path[:place] not in told:
            told.add(path[:place])
            others = [other for text, other in following[path[:place]].items() if text != step.text]
        places.append(
            {
                "completions": [_completion(each) for each in (step, *others)],
                "human_completion": None,
                "chosen_completion": 0,
            }
        )
    is_wrong = steps[-1].label is StepLabel.BAD
    is_whole = len(steps) == len(labelled_alike(item)[1])
    return {
        "question": {"problem": prompt_text(item), "ground_truth_answer": answer_column(item.reference)},
        "label": {
            "steps": places,
            "finish_reason": "found_error" if is_wrong else "solution" if is_whole else "give_up",
        },
    }


def _completion(step: LabelledStep) -> dict[str, JSON]:
    return {"text": step.text, "rating": RATINGS[step.label], "flagged": False}
