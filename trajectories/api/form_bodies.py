"""Bodies made of the fields of a form: what a page takes, a program sends by the same names, checked by that form."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any

from django import forms
from pydantic import Field, create_model

from trajectories.api.shapes import Free, OneOf, RowId, Text, Word
from trajectories.core.faults import Fault

Fields = Mapping[str, forms.Field]


def body_of(name: str, text: str, fields: Fields, **more: Any) -> type[Free]:
    """A body with the fields of a form, none of which has to be there, and with `more` fields, of the types given.

    A field that the form may leave empty takes null for that. `text` is what the reference says of the body.
    """
    given: dict[str, Any] = {each: (_type_of(field), _field_of(field)) for each, field in fields.items()}
    given |= {each: (kind, Field(default=None, json_schema_extra=_without_default)) for each, kind in more.items()}
    made: type[Free] = create_model(name, __base__=Free, __doc__=text, **given)
    return made


def sent_of(given: Free, but: Collection[str] = ()) -> dict[str, Any]:
    """The fields that were sent, but for those named."""
    return given.model_dump(include=given.model_fields_set - set(but))


def known_names(given: Iterable[str], known: Iterable[str], field: str) -> None:
    """Raise Fault for a name in a part of a body that is none of the known ones."""
    names = list(known)
    if strange := sorted(set(given) - set(names)):
        raise Fault(f"Found {strange[0][:40]!r}, expected one of {', '.join(names) or 'none'}.", field=field)


def _field_of(field: forms.Field) -> Any:
    told = [str(part).rstrip(".") + "." for part in (field.label, field.help_text) if part]
    return Field(default=None, description=" ".join(told), json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    """What is left out is as the form begins: that is no value which the description could name."""
    schema.pop("default", None)


def _type_of(field: forms.Field) -> Any:
    kind = _kind_of(field)
    is_flag = isinstance(field, forms.BooleanField)
    return kind if field.required or is_flag else kind | None


def _kind_of(field: forms.Field) -> Any:
    match field:
        case forms.BooleanField():
            return bool
        case forms.ModelMultipleChoiceField():
            return Annotated[list[RowId], Field(max_length=200)]
        case forms.ModelChoiceField():
            return RowId
        case forms.MultipleChoiceField():
            return Annotated[list[Word], Field(max_length=200)]
        case forms.ChoiceField():
            return Annotated[str, OneOf(_words(field))]
        case forms.FloatField() | forms.DecimalField():
            return Annotated[float, Field(**_bounds(field, float))]
        case forms.IntegerField():
            return Annotated[int, Field(**_bounds(field, int))]
    return Annotated[Text, Field(max_length=getattr(field, "max_length", None))]


def _words(field: forms.ChoiceField) -> list[str]:
    choices: Any = field.choices
    return [str(value) for value, _ in choices]


def _bounds(field: forms.IntegerField, kind: type[int] | type[float]) -> dict[str, Any]:
    found = {"ge": field.min_value, "le": field.max_value}
    bounds = {name: value() if callable(value) else value for name, value in found.items()}
    return {name: kind(value) for name, value in bounds.items() if value is not None}


def as_decimal(amount: float | None) -> Decimal | None:
    """An amount of money as it was written; None for none, and for 0."""
    return Decimal(str(amount)) if amount else None
