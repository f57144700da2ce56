"""Lines of the outline of a trace: up to 500 of them on a page, written at once: a template takes long for each."""

from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from trajectories.templatetags.markup import plain
from trajectories.templatetags.shell import icon

register = template.Library()

LINE = (
    '<li data-depth="{}"><a href="#step-{}" data-outline="{}" class="outline-step depth-{} kind-{}{}" '
    'title="{}: {}">{}<span>{}</span>{}{}</a></li>\n'
)
SIGN = (
    ' <span class="sign sign-{}" title="Detected: {}, {} time{}, first “{}”">{}'
    '<span class="visually-hidden">detected: {}</span></span>'
)

FAULT = (
    ' <span class="sign sign-fault text-fail" title="{}">{}<span class="visually-hidden">first wrong step</span></span>'
)


@register.filter
def outline_lines(steps: Any) -> SafeString:
    """The lines for steps as they are drawn (views.shown.steps.ShownStep): kind, title, the signs detected in them."""
    return format_html_join("", LINE, map(_line, steps))


def _line(step: Any) -> tuple[Any, ...]:
    title, index = plain(step.title), str(step.index)
    depth = str(step.depth)
    thinking, what = (" thinking", f"Thoughts, {step.word}") if step.is_thinking else ("", step.word.capitalize())
    return depth, index, index, depth, step.kind, thinking, what, title, step.mark, title, _signs(step), _fault(step)


def _fault(step: Any) -> SafeString | str:
    return format_html(FAULT, step.fault, icon("cross")) if step.fault else ""


def _signs(step: Any) -> SafeString | str:
    if not step.detected:
        return ""
    return format_html_join(
        "",
        SIGN,
        (
            (sign.kind, sign.word, str(sign.count), "" if sign.count == 1 else "s", sign.words, sign.mark, sign.word)
            for sign in step.detected
        ),
    )
