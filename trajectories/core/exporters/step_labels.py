"""What people, or else a verifier of steps, said of the steps of a trace, as one label for each step."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trajectories.core.curation.reviews import StepLabel
from trajectories.core.exporters.base import ExportItem
from trajectories.core.problems.arithmetic import examine, sum_of
from trajectories.core.prompts.segmentation import AS_STORED, cut_steps, places_in
from trajectories.core.records import JSON


@dataclass(frozen=True, slots=True)
class LabelledStep:
    """A step as it was written, and what it is called: good, bad or neutral."""

    text: str
    label: StepLabel


def labelled_steps(item: ExportItem) -> list[LabelledStep]:
    """The steps from the first on that people have labelled, up to the first error, or the first step without a label.

    Where several people labelled a step, most of them decide; where as many say something else, it is bad before
    neutral before good: a wrong step that is taught costs more than a right one that is left out.
    """
    reviews, steps = labelled_alike(item)
    spans: dict[str, JSON] = {}
    for review in reviews:
        spans |= review.get("step_spans") or {}
    found = []
    for index, step in enumerate(steps):
        label = _label([review.get("step_labels", {}).get(str(index)) for review in reviews])
        if label is None:
            break
        found.append(LabelledStep(words_of_step(item, step, spans.get(str(index))), label))
        if label is StepLabel.BAD:
            break
    return found


def verified_steps(item: ExportItem) -> list[LabelledStep]:
    """The lines of a scratchpad up to the first wrong one as they were verified; none of other traces. A missing line
    has nothing to say."""
    numbers = sum_of(item.spec)
    found = examine(numbers, item.reasoning) if numbers is not None else None
    lines = found.lines[: found.right + 1] if found is not None else ()
    return [LabelledStep(line.said, StepLabel.GOOD if line.is_right else StepLabel.BAD) for line in lines if line.said]


def labelled_alike(item: ExportItem) -> tuple[Sequence[Mapping[str, JSON]], Sequence[Mapping[str, JSON]]]:
    """The reviews with labels that count the same steps, and these: labels of one way of cutting say nothing of the
    steps of another. Those count that most reviews have, of as many the newest.
    """
    reviews = [review for review in item.assessments.get("reviews", ()) if review.get("step_labels")]
    cuts = Counter(str(review.get("segmentation", AS_STORED)) for review in reviews)
    newest = {str(review.get("segmentation", AS_STORED)): place for place, review in enumerate(reviews)}
    chosen = max(cuts, key=lambda cut: (cuts[cut], newest[cut]), default=AS_STORED)
    alike = [review for review in reviews if review.get("segmentation", AS_STORED) == chosen]
    # Labels of a cut by a model bring its places along.
    places = places_in(alike[0].get("step_spans") or {}) if alike else ()
    return alike, cut_steps(chosen, item.reasoning, item.parts or (), item.steps, places)


def _label(said: Sequence[str | None]) -> StepLabel | None:
    counts = Counter(label for label in said if label not in (None, StepLabel.UNSEEN))
    if not counts:
        return None
    most = max(counts.values())
    return next(
        label for label in (StepLabel.BAD, StepLabel.NEUTRAL, StepLabel.GOOD) if counts.get(label.value) == most
    )


def words_of_step(item: ExportItem, step: Mapping[str, JSON], span: JSON) -> str:
    """The step's own words in the text of its trace; its title and body where it stands nowhere in it."""
    if isinstance(span, list) and len(span) == 2 and (text := item.reasoning[span[0] : span[1]].strip()):
        return text
    return "\n".join(part for part in (str(step.get("title") or ""), str(step.get("body") or "")) if part)
