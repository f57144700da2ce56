"""Lines of the outline of a trace: up to 500 of them on a page, written at once: a template takes long for each, and so
does escaping what is known to be harmless."""

from typing import Any

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from trajectories.templatetags.markup import plain
from trajectories.templatetags.shell import icon

register = template.Library()

FAULT = (
    ' <span class="sign sign-fault text-fail" title="{}">{}<span class="visually-hidden">first wrong step</span></span>'
)


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
        f"<span>{title}</span>{''.join(map(_sign, step.detected))}{_fault(step)}</a></li>\n"
    )


def _fault(step: Any) -> SafeString | str:
    return format_html(FAULT, step.fault, icon("cross")) if step.fault else ""


def _sign(sign: Any) -> str:
    """One sign; its words are of the trace's text."""
    times = f"{sign.count} time{'' if sign.count == 1 else 's'}"
    return (
        f' <span class="sign sign-{sign.kind}" title="Detected: {sign.word}, {times}, first “{escape(sign.words)}”">'
        f'{sign.mark}<span class="visually-hidden">detected: {sign.word}</span></span>'
    )
