"""Lines of the outline of a trace: up to 500 of them on a page, written at once: a template takes long for each, and so
does escaping what is known to be harmless."""

from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from trajectories.templatetags.markup import plain

register = template.Library()


@register.filter
def outline_lines(steps: Any) -> SafeString:
    """The lines for steps as they are drawn (views.shown.steps.ShownStep): kind, title, the signs detected in them."""
    return mark_safe("".join(map(_line, steps)))


def _line(step: Any) -> str:
    """One line. The kind of a step is any text, as its title is; its number, depth and mark are the page's own."""
    title, kind, index, depth = plain(step.title), escape(step.kind), int(step.index), int(step.depth)
    thinking, what = (" thinking", f"Thoughts, {step.word}") if step.is_thinking else ("", step.word.capitalize())
    return (
        f'<li data-depth="{depth}"><a href="#step-{index}" data-outline="{index}" '
        f'class="outline-step depth-{depth} kind-{kind}{thinking}" title="{what}: {title}">{step.mark}'
        f"<span>{title}</span>{''.join(map(_sign, step.detected))}</a></li>\n"
    )


def _sign(sign: Any) -> str:
    """One sign; its words are of the trace's text."""
    times = f"{sign.count} time{'' if sign.count == 1 else 's'}"
    return (
        f' <span class="sign sign-{sign.kind}" title="Detected: {sign.word}, {times}, first “{escape(sign.words)}”">'
        f'{sign.mark}<span class="visually-hidden">detected: {sign.word}</span></span>'
    )
