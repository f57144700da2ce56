"""Texts of traces in templates. Every filter here takes hostile text and gives harmless HTML.

A text of any length goes into a page: of a longer one than a person reads, the beginning is shown and the end says so.
"""

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from trajectories.core.text.markup import render_code, render_markdown, show_unprintable

register = template.Library()

SHOWN_CHARACTERS = 200_000
"""A page of a question of 30 MB had 29 MB; the whole is a link away as plain text, see views.texts."""


@register.filter
def markdown(text: str) -> SafeString:
    """Markdown rendered and sanitised."""
    rendered = mark_safe(render_markdown(text[:SHOWN_CHARACTERS]))
    return format_html('{}<p class="muted small">{}</p>', rendered, _rest(text)) if is_cut(text) else rendered


@register.filter
def code(source: str, language: str) -> SafeString:
    """`source|code:"python"`, highlighted, for the inside of `<pre class="code"><code>`."""
    return mark_safe(render_code(source[:SHOWN_CHARACTERS], language)) + SafeString(_rest(source))


def code_lines(source: str, language: str) -> list[SafeString]:
    """Source code highlighted, line by line: the highlighter closes its marks at the end of each line."""
    lines = [mark_safe(line) for line in render_code(source[:SHOWN_CHARACTERS], language).split("\n")]
    return lines[:-1] if lines and not lines[-1] else lines


@register.filter
def plain(text: str) -> SafeString:
    """The text as it is, with characters that hide or reorder shown by their number."""
    text = str(text)
    return escape(show_unprintable(text[:SHOWN_CHARACTERS]) + _rest(text))


@register.filter
def is_cut(text: object) -> bool:
    """Whether the filters above show only a part of the text."""
    return len(str(text)) > SHOWN_CHARACTERS


def _rest(text: str) -> str:
    """What stands where a text was cut, free of markup; nothing where it was not."""
    if not is_cut(text):
        return ""
    return f" … (the first {SHOWN_CHARACTERS:,} of {len(text):,} characters are shown)"
