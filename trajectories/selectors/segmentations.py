"""Reading traces cut into other steps than they were stored with, and what was said of steps cut otherwise."""

from collections.abc import Mapping, Sequence
from typing import Any

from trajectories.core.completions.parts import parts_to_json
from trajectories.core.curation.spans import Span, step_spans
from trajectories.core.prompts.segmentation import AS_STORED, carry_labels, cut_steps, is_by_model
from trajectories.models import ModelCut, Review, SegmentationItem, SegmentationJob, Trace
from trajectories.selectors.completions import parts_of


def as_cut(trace: Trace, segmentation: str | None = None) -> Trace:
    """The trace, which comes with its reasoning, with its steps as a segmentation cuts them; None for the one that it
    was given. The row must not be stored. Raises Fault for a segmentation that is not known.
    """
    name = trace.segmentation if segmentation is None else segmentation
    if name != trace.cut_by:
        if trace.cut_by != AS_STORED:
            trace.refresh_from_db(fields=["steps"])
        parts = parts_of(trace)
        if trace.parts is None:
            # They are found by the steps that are stored.
            trace.parts = parts_to_json(parts)
        trace.steps = cut_steps(name, trace.reasoning.body, parts, trace.steps, _places(trace, name))
        trace.cut_by = name
    return trace


def _places(trace: Trace, name: str) -> Sequence[int]:
    """Where a language model has the steps of a trace begin; nowhere for another way of cutting, or an unknown cut."""
    if not is_by_model(name):
        return ()
    found: Sequence[int] | None = (
        ModelCut.objects.filter(trace=trace, name=name).values_list("places", flat=True).first()
    )
    return found or ()


def list_uncut(job: SegmentationJob, count: int) -> Sequence[SegmentationItem]:
    """The first traces of a job that a language model could not cut, with why."""
    return list(job.items.exclude(error_kind="").filter(is_done=True).order_by("pk")[:count])


def step_text(step: Mapping[str, Any]) -> str:
    """What a step says, with its title where that is not how it begins."""
    title, body = str(step["title"]), str(step["body"])
    return body if not title or body.startswith(title.removesuffix(" …")) else f"{title}\n{body}".strip()


def spans_of(trace: Trace) -> list[Span | None]:
    """Where the steps of a trace, as it is cut, stand in its text."""
    return step_spans(trace.reasoning.body, trace.steps)


def labels_as_cut(review: Review, trace: Trace) -> dict[str, str]:
    """What a review says of the steps of its trace as that is cut now, where its labels were given for other steps
    than these."""
    if review.segmentation == trace.cut_by or not review.step_labels:
        return dict(review.step_labels)
    return carry_labels(review.step_labels, review.step_spans, spans_of(trace))
