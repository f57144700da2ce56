"""Filters about how traces are cut into steps."""

from django import template

from trajectories.core.prompts.segmentation import segmentation_words
from trajectories.models import Review, Trace
from trajectories.selectors.segmentations import labels_as_cut

register = template.Library()


@register.filter
def cut_words(name: str) -> str:
    """A segmentation in a few words."""
    return segmentation_words(name)


@register.filter
def labels_on(review: Review, trace: Trace) -> dict[str, str]:
    """What a review says of the steps of its trace as they are shown."""
    return labels_as_cut(review, trace)
