"""Rules for everything somebody types."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest
from django import forms

import trajectories
import trajectories.forms as package
from tests.architecture.trees import statements

PRODUCT = Path(trajectories.__file__).parent


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


def _faults(sources):
    """The names of all classes that derive from Fault."""
    bases = {
        node.name: {getattr(base, "id", "") for base in node.bases}
        for source in sources
        for node in statements(ast.parse(source))
        if isinstance(node, ast.ClassDef)
    }
    known = {"Fault"}
    while more := {name for name, above in bases.items() if above & known} - known:
        known |= more
    return known


def _told_otherwise(tree, faults):
    """Lines on which a form takes the sentence of a Fault by another way than `add_fault`."""
    for handler in ast.walk(tree):
        if not isinstance(handler, ast.ExceptHandler) or handler.type is None or handler.name is None:
            continue
        if not {each.id for each in ast.walk(handler.type) if isinstance(each, ast.Name)} & faults:
            continue
        for call in ast.walk(handler):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "add_error":
                named = {each.id for given in call.args for each in ast.walk(given) if isinstance(each, ast.Name)}
                if handler.name in named:
                    yield call.lineno


def test_what_a_service_refuses_is_shown_at_the_field_that_it_is_about():
    """`add_fault` goes by the fault's field; `add_error` puts it where whoever wrote the line guessed."""
    sources = {path: path.read_text() for path in PRODUCT.rglob("*.py") if "migrations" not in path.parts}
    faults = _faults(sources.values())
    assert len(faults) > 20
    telling = {path: ast.parse(source) for path, source in sources.items() if "add_error" in source}
    assert len(telling) > 10
    wrong = [f"{path}:{line}" for path, tree in telling.items() for line in _told_otherwise(tree, faults)]
    assert wrong == []
