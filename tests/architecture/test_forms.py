"""Rules for everything somebody types."""

import importlib
import inspect
import pkgutil

import pytest
from django import forms

import trajectories.forms as package


def _fields():
    """(form and field, field) of every form there is."""
    for found in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{found.name}")
        for name, form in inspect.getmembers(module, inspect.isclass):
            if issubclass(form, forms.BaseForm) and form.__module__ == module.__name__:
                yield from ((f"{name}.{field_name}", field) for field_name, field in form.base_fields.items())


NUMBERS = {name: field for name, field in _fields() if isinstance(field, forms.IntegerField | forms.DecimalField)}


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_has_a_bound_that_the_database_can_hold(name):
    """ "At most" without one took 9,999,999,999,999,999,999 into a query."""
    field = NUMBERS[name]
    digits = getattr(field, "max_digits", None)
    assert field.max_value is not None or (digits is not None and digits <= 18)
    assert field.max_value is None or field.max_value < 2**63
    assert field.min_value is not None
