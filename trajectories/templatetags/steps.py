"""Lines of the outline of a trace and heads of its steps: hundreds of them on a page, written at once, since a template
takes long for each. What many have in common is written once."""

from functools import lru_cache
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from trajectories.templatetags.markup import plain
from trajectories.templatetags.shell import icon, percent

register = template.Library()

LINE = '<li data-depth="{}"><a href="#step-{}" data-outline="{}" {}{}{}<span>{}</span>{}{}</a></li>\n'
HEAD = 'class="outline-step depth-{} kind-{}{}" title="{}: '
TAIL = '">{}'
SIGN = (
    ' <span class="sign sign-{}" title="Detected: {}, {} time{}, first “{}”">{}'
    '<span class="visually-hidden">detected: {}</span></span>'
)
OPENING = (
    '<section class="step depth-{0} kind-{1}{2}" id="step-{3}" data-step="{3}" tabindex="-1" '
    'aria-labelledby="step-title-{3}"><header class="step-head">{4}<h3 id="step-title-{3}">{5}</h3>{6}{7}{9} '
    '<span class="step-label" data-step-label="{3}" hidden></span>'
    '<a class="muted small step-number" href="#step-{3}" title="Link to this step"><span '
    'class="visually-hidden">Link to step </span>{8}</a></header>'
)
MARK = '<span class="step-mark" title="{}">{}<span class="visually-hidden">{}</span></span> '
BADGE = (
    ' <span class="badge neutral sign-badge" title="Detected by the words a sentence begins with, first “{}”"'
    ">{}{}, detected</span>"
)
VALUE = ' <span class="badge {} step-value" title="{}">{}<span class="visually-hidden">: {}</span></span>'
FAULT = (
    ' <span class="sign sign-fault text-fail" title="{}">{}<span class="visually-hidden">first wrong step</span></span>'
)
FAULT_BADGE = ' <span class="badge fail" title="{}">{}first wrong step<span class="visually-hidden">: {}</span></span>'
KEPT_SIGNS = 1_024
"""A few openings of sentences come again and again."""


@register.filter
def outline_lines(steps: Any) -> SafeString:
    """The lines for steps as they are drawn (views.shown.steps.ShownStep): kind, title, the signs detected in them."""
    return format_html_join("", LINE, map(_line, steps))


def _line(step: Any) -> tuple[Any, ...]:
    title, index, depth = plain(step.title), SafeString(step.index), SafeString(step.depth)
    head, tail = _around(depth, step.kind, step.is_thinking, step.word, step.mark)
    signs = format_html_join("", "{}", ((_sign(sign),) for sign in step.detected)) if step.detected else ""
    fault = format_html(FAULT, step.fault, icon("cross")) if step.fault else ""
    return depth, index, index, head, title, tail, title, signs, fault


@register.filter
def opening(step: Any) -> SafeString:
    """The section of a step, opened, with its head (views.shown.steps.ShownStep)."""
    thinking = " thinking" if step.is_thinking else ""
    is_plain = not (step.detected or step.value or step.fault)
    badges = format_html_join("", "{}", ((_badge(sign),) for sign in step.detected)) if step.detected else ""
    return format_html(
        OPENING,
        SafeString(step.depth),
        step.kind,
        f"{thinking} says-title" if step.says_title and is_plain else thinking,
        SafeString(step.index),
        _mark(step.word, step.mark),
        plain(step.title),
        badges,
        _value(step.value),
        SafeString(step.index + 1),
        format_html(FAULT_BADGE, step.fault, icon("cross"), step.fault) if step.fault else "",
    )


@lru_cache
def _mark(word: str, mark: SafeString) -> SafeString:
    """The symbol of a kind of step."""
    return format_html(MARK, word.capitalize(), mark, word)


@lru_cache(KEPT_SIGNS)
def _badge(sign: Any) -> SafeString:
    """A sign that was detected, at the step itself."""
    return format_html(BADGE, sign.words, sign.mark, sign.word)


def _value(value: Any) -> SafeString | str:
    """How good a step is, as far as somebody has said so (views.shown.values.ShownValue)."""
    if value is None:
        return ""
    return format_html(VALUE, value.tone, value.words, percent(value.share, 1), value.words)


@lru_cache
def _around(depth: str, kind: str, is_thinking: bool, word: str, mark: SafeString) -> tuple[SafeString, SafeString]:
    """What stands in the line of a step before its title and behind it."""
    thinking, what = (" thinking", f"Thoughts, {word}") if is_thinking else ("", word.capitalize())
    return format_html(HEAD, depth, kind, thinking, what), format_html(TAIL, mark)


@lru_cache(KEPT_SIGNS)
def _sign(sign: Any) -> SafeString:
    """A sign that was detected (views.shown.steps.Detected)."""
    plural = "" if sign.count == 1 else "s"
    return format_html(SIGN, sign.kind, sign.word, sign.count, plural, sign.words, sign.mark, sign.word)
