"""What an attempt was shown besides the problem, for people."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from trajectories.core.strategies.base import AttemptKind
from trajectories.selectors.attempts import failure_word

register = template.Library()
register.filter(failure_word)

KINDS: dict[str, tuple[str, str]] = {
    AttemptKind.FIRST: ("first", "The model was shown the problem alone."),
    AttemptKind.REVISION: ("revision", "The model was shown an earlier answer and what became of it."),
    AttemptKind.COMPOSITION: (
        "composition",
        "The model was shown what an earlier program made of the inputs; its own program goes on from there.",
    ),
    AttemptKind.STEP: (
        "step",
        "One more step was asked for, on the program or text of an earlier sample or from the beginning.",
    ),
    AttemptKind.REST: ("rest", "All that was left was asked for, of a text that had grown step by step."),
    AttemptKind.HINTED: (
        "hinted",
        "The model was given the right answer. The hint is not in the stored text; a right answer proves nothing here.",
    ),
}
"""(word, what it means) by kind."""


@register.filter
def kind_label(kind: str) -> str:
    """The kind in a word."""
    return KINDS[kind][0] if kind in KINDS else kind


@register.filter
def kind_meaning(kind: str) -> str:
    """What the kind means, in a sentence."""
    return KINDS[kind][1] if kind in KINDS else ""


@register.simple_tag
def kind_badge(kind: str) -> SafeString:
    """A badge for an attempt that was shown more than the problem; nothing for the others."""
    if kind == AttemptKind.FIRST or not kind:
        return SafeString("")
    css = "error" if kind == AttemptKind.HINTED else "accent"
    return format_html('<span class="badge neutral {}" title="{}">{}</span>', css, kind_meaning(kind), kind_label(kind))
