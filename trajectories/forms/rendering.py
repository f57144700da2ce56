"""Fields of forms as HTML: what Django's templates make of them, without those, which take a tenth of a millisecond for
each option of a list.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.template import Context
from django.template.base import render_value_in_context
from django.utils.html import escape
from django.utils.safestring import SafeData

FOLDER = "django/forms/widgets/"
OPTION = f"{FOLDER}select_option.html"
NO_ERRORS = "django/forms/errors/list/default.html"
INPUTS = (
    *("checkbox", "color", "date", "datetime", "email", "file", "hidden", "input", "number", "password"),
    *("search", "tel", "text", "time", "url"),
)
"""Names of Django's templates that are one and the same input."""


class PlainRenderer(DjangoTemplates):
    """The FORM_RENDERER: inputs, texts and lists are put together here, all else by Django's templates."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        """What a template of Django's makes of its context."""
        if template_name == NO_ERRORS and not context["errors"]:
            return ""
        make = MAKERS.get(template_name)
        made = make(context["widget"]) if make else None
        return super().render(template_name, context, request) if made is None else made


def _raw(value: Any) -> str:
    """A value in an attribute, escaped unless it is safe."""
    return str(value) if isinstance(value, SafeData) else escape(str(value))


def _told(value: Any) -> str:
    """A value as a template shows it: numbers and times in the language of the pages."""
    return _raw(value) if isinstance(value, str) else render_value_in_context(value, Context())


def _attributes(attrs: Mapping[str, Any]) -> str:
    """What stands in a tag behind its name, each with a space before it."""
    shown = ((name, value) for name, value in attrs.items() if value is not False)
    return "".join(f" {_told(name)}" if value is True else f' {_told(name)}="{_raw(value)}"' for name, value in shown)


def _input(widget: Mapping[str, Any]) -> str:
    value = "" if widget["value"] is None else f' value="{_raw(widget["value"])}"'
    return f'<input type="{_told(widget["type"])}" name="{_told(widget["name"])}"{value}{_attributes(widget["attrs"])}>'


def _textarea(widget: Mapping[str, Any]) -> str:
    value = _told(widget["value"]) if widget["value"] else ""
    return f'<textarea name="{_told(widget["name"])}"{_attributes(widget["attrs"])}>\n{value}</textarea>'


def _select(widget: Mapping[str, Any]) -> str | None:
    """A list; None where its options have a template of their own."""
    groups = widget["optgroups"]
    if any(option["template_name"] != OPTION for _, options, _ in groups for option in options):
        return None
    inside = "".join(part for name, options, _ in groups for part in _group(name, options))
    return f'<select name="{_told(widget["name"])}"{_attributes(widget["attrs"])}>{inside}\n</select>'


def _group(name: Any, options: list[Mapping[str, Any]]) -> Iterator[str]:
    if name:
        yield f'\n  <optgroup label="{_told(name)}">'
    for option in options:
        attributes = _attributes(option["attrs"])
        yield f'\n  <option value="{_raw(option["value"])}"{attributes}>{_told(option["label"])}</option>\n'
    if name:
        yield "\n  </optgroup>"


MAKERS: Mapping[str, Callable[[Mapping[str, Any]], str | None]] = {
    **{f"{FOLDER}{name}.html": _input for name in INPUTS},
    f"{FOLDER}textarea.html": _textarea,
    f"{FOLDER}select.html": _select,
}
"""By the name of the template that is not used."""
