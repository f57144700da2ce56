"""What rows of lists are made of: there are fifty on a page, so that each of these is plain text put together."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from django import template
from django.forms import BoundField, ChoiceField
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from trajectories.core.selections import Selection
from trajectories.core.text.markup import show_unprintable
from trajectories.selectors.selection_words import selection_words
from trajectories.selectors.trace_searches import count_unsearchable
from trajectories.templatetags.questions import answer_text
from trajectories.templatetags.shell import icon

register = template.Library()

ANSWER_CHARACTERS = 40
STEPS = ((365 * 86_400, "year"), (30 * 86_400, "month"), (86_400, "day"), (3_600, "hour"), (60, "minute"))


@register.filter
def number(value: int) -> str:
    """A whole number with commas between the thousands."""
    return f"{value:,}"


@register.filter
def seconds(value: float) -> str:
    """Seconds with two places."""
    return f"{value:.2f}"


@register.simple_tag
def moment(when: datetime) -> SafeString:
    """How long ago something was, with the time itself on hovering."""
    shown = when.strftime("%Y-%m-%d %H:%M")
    return format_html('<time datetime="{}" title="{}">{}</time>', when.isoformat(), shown, _ago(when))


def _ago(when: datetime) -> str:
    gone = (timezone.now() - when).total_seconds()
    for size, name in STEPS:
        if gone >= size:
            count = int(gone // size)
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "now"


@register.simple_tag
def pairs_badge(passed: int, total: int) -> SafeString:
    """How many training pairs a program gets right, as a badge."""
    fits = passed == total
    return format_html(
        '<span class="badge {}">{}{}/{} pairs</span>',
        "pass" if fits else "fail",
        icon("check" if fits else "cross"),
        passed,
        total,
    )


@register.filter
def in_words(scope: Selection) -> list[str]:
    """The filters of a selection that are set, each in words; one query for each that is by ids."""
    return [words for _, words in selection_words(scope)]


@register.filter
def unsearchable(scope: Selection) -> int:
    """How many traces a selection by words or tools does not find yet; one query for such a one, none for others."""
    return count_unsearchable(scope)


@register.simple_tag
def filter_field(field: BoundField) -> SafeString:
    """A filter as its control alone: Django's widgets take ten times as long, and a list has dozens."""
    name, attrs, value = field.html_name, field.field.widget.attrs, field.value()
    text = "" if value is None else str(value)
    if getattr(field.field.widget, "allow_multiple_selected", False):  # forms/several.py
        shown: SafeString = field.field.widget.render(name, value)
        return shown
    if not isinstance(field.field, ChoiceField):
        own = {**attrs, "type": attrs.get("type") or field.field.widget.input_type}
        shown = format_html_join("", ' {}="{}"', own.items())
        return format_html('<input name="{}" id="id_{}" value="{}"{}>', name, name, text, shown)
    choices = cast("Iterable[tuple[Any, Any]]", field.field.choices)
    options = ((key, " selected" if str(key) == text else "", title) for key, title in choices)
    label = attrs.get("aria-label", "")
    listed = format_html_join("", '<option value="{}"{}>{}</option>', options)
    return format_html('<select name="{}" id="id_{}" aria-label="{}">{}</select>', name, name, label, listed)


@register.simple_tag
def answer_cell(given: Any) -> SafeString:
    """What a sample answers, in the width of a column."""
    if given is None:
        return format_html('<span class="muted">{}</span>', "no answer")
    text = answer_text(given)
    shown = show_unprintable(text if len(text) <= ANSWER_CHARACTERS else f"{text[: ANSWER_CHARACTERS - 1]}…")
    return format_html('<code class="answer-box">{}</code>', shown)


@register.simple_tag(takes_context=True)
def without(context: template.Context, *names: str) -> str:
    """The current address's query without some parameters."""
    parameters = context["request"].GET.copy()
    for name in names:
        parameters.pop(name, None)
    return f"?{parameters.urlencode()}"
