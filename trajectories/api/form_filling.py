"""Filling in the forms of pages: what is given takes the place of what a form begins with."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import Model
from django.forms import Form

from trajectories.api.runs import fault_of
from trajectories.core.faults import Fault

Filled = TypeVar("Filled", bound=Form)


def filled_in(form: Form, given: Mapping[str, Any], *, field: str = "") -> dict[str, Any]:
    """What a form sends that is filled in with these values, and for the rest left as it is shown first; null is left
    as it is. Raises Fault, about `field` of the request where that is named, for a value that it has no field for."""
    if strange := sorted(given.keys() - form.fields.keys()):
        said = f"Found {strange[0][:60]!r}, expected one of {', '.join(form.fields)}."
        raise Fault(f"{field}: {said}" if field else said, field=field or strange[0][:60])
    first = {name: form.get_initial_for_field(each, name) for name, each in form.fields.items()}
    values = {**first, **{name: value for name, value in given.items() if value is not None}}
    # What a browser does not send: a box that is not ticked.
    sent = {name: value for name, value in values.items() if value is not None and value is not False}
    return {form.add_prefix(name): _sent(value) for name, value in sent.items()}


def _sent(value: Any) -> Any:
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(each, dict | list) for each in value)):
        return json.dumps(value)
    return str(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value


def checked(form: Filled) -> Filled:
    """The form, which is valid. Raises Fault for what is wrong with it."""
    if not form.is_valid():
        raise fault_of(form)
    return form
