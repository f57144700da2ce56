"""The base of every form: a field that is refused says what was found and what was expected.

Django's own texts ("This field is required.", "Select a valid choice.") say one of them at most.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Self, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise

from trajectories.core.faults import Fault

MOST_LISTED = 8
"""Choices that a sentence names; of more it gives the number."""
LONGEST_FOUND = 80
"""Characters of what was typed that a sentence repeats."""
TAKEN: Mapping[type[forms.Field], str] = {
    forms.DateField: "a day, as 2026-11-30",
    forms.EmailField: "an address such as name@example.org",
    forms.JSONField: "JSON",
    forms.UUIDField: "the key that the page came with",
    forms.SlugField: "letters from a to z, digits, hyphens and underscores",
    forms.FileField: "one with something in it",
    forms.BooleanField: "a tick",
}
"""What fields take whose kind says it all."""


def as_sent(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a page sends of values that a form begins with: nothing of what is empty or not ticked; a 0 is sent."""
    return {name: value for name, value in values.items() if not (value is None or value is False or value == "")}


class PlainBoundField(forms.BoundField):
    """A field on its page, where it takes more characters than it may hold.

    A browser cuts what is pasted at `maxlength` and says nothing; here the whole comes and is refused in a sentence.
    """

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        """The attributes that the page adds; `data-longest` is for scripts."""
        built: dict[str, Any] = super().build_widget_attrs(attrs, widget)
        longest = (widget or self.field.widget).attrs.get("maxlength")
        return built if longest is None else {**built, "maxlength": False, "data-longest": longest}


class PlainForm(forms.Form):
    """A form that refuses in the product's own words, whichever field or validator of Django's found the fault."""

    bound_field_class = PlainBoundField

    @classmethod
    def refusing(cls, text: str) -> Self:
        """An empty form that says why nothing can be done with what was sent."""
        form = cls({})
        form.errors.clear()
        form.add_error(None, text)
        return form

    def add_error(self, field: str | None, error: Any) -> None:
        """Take a fault; Django's own texts, which are all lazy, are replaced. Texts of ours stay as they are."""
        if field in self.fields and isinstance(error, ValidationError) and not hasattr(error, "error_dict"):
            error = ValidationError([own_words(self[field], each) for each in error.error_list])
        super().add_error(field, error)

    def add_fault(self, fault: Fault, *, names: Mapping[str, str] | None = None, prefix: str = "") -> None:
        """Take what a service refused: at the field that it is about, or for the whole where the form has none such.

        `names` are the form's own names for fields that the service calls otherwise; some forms have them behind a
        `prefix`.
        """
        known = ((names or {}).get(fault.field, fault.field), f"{prefix}{fault.field}")
        self.add_error(next((name for name in known if name in self.fields), None), str(fault))


def own_words(field: forms.BoundField, error: ValidationError) -> ValidationError:
    """The fault of a field in one sentence; itself where its text is not one of Django's."""
    if not isinstance(error.message, Promise):
        return error
    return ValidationError(f"Found {_found(field, error)}, expected {_expected(field.field, error)}.", code=error.code)


def _found(field: forms.BoundField, error: ValidationError) -> str:
    """What stands in a field, as short as a sentence takes it; what is secret is not repeated."""
    params: dict[str, Any] = error.params or {}
    if error.code == "null_characters_not_allowed":
        return "a NUL character"
    if error.code in ("max_length", "min_length"):
        count = params["length"] if isinstance(field.field, forms.FileField) else params["show_value"]
        return f"{'a name of ' if isinstance(field.field, forms.FileField) else ''}{_counted(count, 'character')}"
    if isinstance(field.field, forms.FileField):
        return "an empty file" if error.code == "empty" else "no file"
    if error.code in ("min_value", "max_value"):
        return _number(params["show_value"])
    value = params.get("value", params.get("pk", field.data))
    if value in (None, "", [], ()) or error.code == "required":
        return "nothing"
    if isinstance(field.field.widget, forms.PasswordInput):
        return "something else"
    text = str(value)
    return repr(text[:LONGEST_FOUND]) + ("…" if len(text) > LONGEST_FOUND else "")


def _expected(field: forms.Field, error: ValidationError) -> str:
    """What a field takes, as the end of a sentence."""
    params: dict[str, Any] = error.params or {}
    match error.code:
        case "null_characters_not_allowed":
            return "none"
        case "max_length":
            return f"at most {params.get('limit_value', params.get('max')):,}"
        case "min_length":
            return f"at least {params['limit_value']:,}"
        case "max_digits":
            return f"at most {_counted(params['max'], 'digit')}"
        case "max_decimal_places":
            return f"at most {_counted(params['max'], 'digit')} behind the point"
        case "max_whole_digits":
            return f"at most {_counted(params['max'], 'digit')} before the point"
    return _taken(field)


def _taken(field: forms.Field) -> str:
    """What a field takes, by its kind."""
    match field:
        case forms.ModelMultipleChoiceField() | forms.MultipleChoiceField():
            return "at least one of those offered"
        case forms.ModelChoiceField():
            return "one of those offered"
        case forms.ChoiceField():
            return _choices(field)
        case forms.FloatField() | forms.DecimalField():
            return f"a number{_bounds(field)}"
        case forms.IntegerField():
            return f"a whole number{_bounds(field)}"
    return next((taken for kind, taken in TAKEN.items() if isinstance(field, kind)), "a text")


def _bounds(field: forms.IntegerField) -> str:
    """The range of a number, with a space before it; empty for none."""
    least, most = _number(field.min_value), _number(field.max_value)
    if least and most:
        return f" from {least} to {most}"
    if least:
        return f" of {least} or more"
    return f" of {most} or less" if most else ""


def _number(bound: Any) -> str:
    value: int | float | Decimal | None = bound() if callable(bound) else bound
    if value is None:
        return ""
    return f"{value:,.15g}" if isinstance(value, float) else f"{value:,}"


def _choices(field: forms.ChoiceField) -> str:
    choices = cast("Iterable[tuple[Any, Any]]", field.choices)
    values = [str(value) for value, _ in choices if value not in (None, "")]
    if len(values) > MOST_LISTED:
        return f"one of the {len(values):,} offered"
    return f"{', '.join(values[:-1])} or {values[-1]}" if len(values) > 1 else (values or ["none"])[0]


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
