"""Solutions in steps with a label for each, as trainers of process rewards have them.

- stepwise supervision (TRL, Axolotl): {"prompt", "completions": [steps], "labels": [true, false, ...]}
- ProcessBench: {"problem", "steps": [...], "label": the first wrong step, -1 for none, "generator",
  "final_answer_correct"}

They come in as one trace with its steps, and the labels as the review of whoever labelled them.
"""

from collections.abc import Mapping, Sequence

from trajectories.core.curation.reviews import Decision, StepLabel
from trajectories.core.importers.foreign_scores import read_score
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.question_rows import question_row
from trajectories.core.importers.row_fields import model_of, read_key, trace_id_of
from trajectories.core.importers.row_prompts import read_prompt
from trajectories.core.importers.verdict_rows import ForeignReview
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, Step, StepKind

GAP = "\n\n"
LABELER = "labels"
"""Who labelled the steps: these files do not say."""

Labels = Mapping[int, StepLabel]


def is_stepwise(row: Row) -> bool:
    """Whether a row is a solution in steps with labels."""
    if isinstance(row.get("steps"), list):
        return "label" in row and "problem" in row
    return isinstance(row.get("completions"), list) and isinstance(row.get("labels"), list)


def read_stepwise(row: Row) -> list[ForeignTrace]:
    """The trace of a solution with the labels of its steps as a review. Raises ProblemError."""
    name = "steps" if isinstance(row.get("steps"), list) else "completions"
    steps = _steps(row[name], name)
    labels = _first_wrong(row["label"], len(steps)) if name == "steps" else _labels(row["labels"], len(steps))
    prompt, question = read_prompt(row)
    right = row.get("final_answer_correct")
    verdicts = tuple(read_score("final_answer_correct", right)) if right is not None else ()
    return [
        ForeignTrace(
            problem=read_key(row, question),
            messages=prompt.all,
            response=GAP.join(steps),
            model=model_of(row),
            steps=tuple(Step(StepKind.TEXT, "", text) for text in steps),
            reviews=(_review(steps, labels),),
            verdicts=verdicts,
            adds_verdicts=True,
            trace_id=trace_id_of(row),
            question_row=question_row({key: value for key, value in row.items() if key != "label"}, question),
        )
    ]


def _steps(value: JSON, path: str) -> list[str]:
    given = value if isinstance(value, list) else []
    for at, text in enumerate(given):
        if not isinstance(text, str):
            raise ProblemError(f"{path}[{at}]", f"found {describe(text)}, expected the text of a step")
    if not given:
        raise ProblemError(path, "found no step, expected one")
    return [check_text(text, path) for text in given]


def _labels(value: JSON, count: int) -> Labels:
    """A label for each step, true or false or 1 or 0."""
    given = value if isinstance(value, list) else []
    if len(given) != count:
        raise ProblemError("labels", f"found {len(given)} labels of {count} steps, expected one for each")
    for at, label in enumerate(given):
        if label not in (True, False):
            raise ProblemError(f"labels[{at}]", f"found {describe(label)}, expected true or false")
    return {at: StepLabel.GOOD if label else StepLabel.BAD for at, label in enumerate(given)}


def _first_wrong(value: JSON, count: int) -> Labels:
    """Every step before the first wrong one is good; nobody looked behind it."""
    if type(value) is not int or not -1 <= value < count:
        raise ProblemError("label", f"found {describe(value)}, expected -1 or the place of one of {count} steps")
    good = count if value < 0 else value
    return dict.fromkeys(range(good), StepLabel.GOOD) | ({value: StepLabel.BAD} if value >= 0 else {})


def _review(steps: Sequence[str], labels: Labels) -> ForeignReview:
    wrong = StepLabel.BAD in labels.values()
    spans: dict[str, JSON] = {}
    start = 0
    for at, text in enumerate(steps):
        if at in labels:
            spans[str(at)] = [start, start + len(text)]
        start += len(text) + len(GAP)
    return ForeignReview(
        pseudonym=LABELER,
        decision=Decision.REJECT if wrong else Decision.ACCEPT,
        reason="wrong_reasoning" if wrong else "",
        step_labels={str(at): label.value for at, label in labels.items()},
        step_spans=spans,
    )
