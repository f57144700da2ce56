"""What is wrong with a form that was refused, for the summary above it, and which fields have to be filled in."""

from dataclasses import dataclass

from django import forms, template

register = template.Library()


@dataclass(frozen=True, slots=True)
class ShownFault:
    """A sentence about a field. `target` is the id of the control to go to, "" where there is none to be seen."""

    text: str
    label: str = ""
    target: str = ""


@register.simple_tag
def faults(form: forms.BaseForm | None) -> list[ShownFault]:
    """Everything that is wrong with a form: first what is about no single field, then in the order of its fields."""
    if form is None or not form.errors:
        return []
    whole = [ShownFault(str(error)) for error in form.non_field_errors()]
    return whole + [
        ShownFault(_text(str(error), label_of(field)), label_of(field), _target(field))
        for field in form
        for error in field.errors
    ]


def label_of(field: forms.BoundField) -> str:
    """What a page calls a field: its label, where it has none that is seen, what screen readers say."""
    return str(field.field.widget.attrs.get("aria-label") or field.label)


def _text(text: str, label: str) -> str:
    """The sentence without the label in front, which some rules begin with as they are not about forms alone."""
    return text[len(label) + 2 :] if text.lower().startswith(f"{label.lower()}: ") else text


def _target(field: forms.BoundField) -> str:
    """The first control of a field."""
    if field.is_hidden:
        return ""
    if field.use_fieldset:
        return f"{field.auto_id}_0"
    return field.id_for_label


@register.filter
def has_to_be_filled_in(field: forms.BoundField) -> bool:
    """Whether a form is refused as long as nothing stands in a field: most have a value that will do, or need none."""
    if not field.field.required or isinstance(field.field.widget, forms.Select | forms.CheckboxInput):
        return False
    return not (field.is_hidden or field.use_fieldset) and field.value() in (None, "")
