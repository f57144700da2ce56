"""Texts of traces in templates. Every filter here takes hostile text and gives harmless HTML."""

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from trajectories.core.markup import render_code, render_markdown, show_unprintable

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    """Markdown rendered and sanitised."""
    return mark_safe(render_markdown(text))


@register.filter
def code(source: str, language: str) -> SafeString:
    """`source|code:"python"`, highlighted, for the inside of `<pre class="code"><code>`."""
    return mark_safe(render_code(source, language))


@register.filter
def plain(text: str) -> SafeString:
    """The text as it is, with characters that hide or reorder shown by their number."""
    return escape(show_unprintable(str(text)))
