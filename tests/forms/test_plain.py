"""What a refused field says."""

import importlib
import inspect
import pkgutil
from decimal import Decimal

import pytest
from django import forms
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.utils.functional import Promise

import trajectories.forms as package
from trajectories.core.faults import Fault
from trajectories.forms.plain import PlainBoundField, PlainForm

ODD = ["", "zzz", "two words", "-9", "1e999", "nan", "0.12345678901", "9" * 40, "x" * 300_000, "a\0b", "\ud800", "0"]


def every_form() -> dict[str, type[forms.BaseForm]]:
    found = {}
    for each in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{each.name}")
        for name, form in inspect.getmembers(module, inspect.isclass):
            if issubclass(form, forms.BaseForm) and form.__module__ == module.__name__:
                found[f"{each.name}.{name}"] = form
    return found


FIELDS = {f"{form}.{name}": field for form, each in every_form().items() for name, field in each.base_fields.items()}


def refusals(field: forms.Field, *values: str, files: object = None) -> list:
    """What a form with this field alone says of a value, as the errors themselves."""
    data = QueryDict(mutable=True)
    if values:
        data.setlist("field", list(values))
    form = type("One", (PlainForm,), {"field": field})(data, {"field": files} if files else None)
    return form.errors.as_data().get("field", [])


@pytest.mark.parametrize("name", every_form())
def test_every_form_speaks_for_itself(name):
    assert issubclass(every_form()[name], PlainForm)


@pytest.mark.django_db
@pytest.mark.parametrize("name", every_form())
def test_a_page_sends_a_text_that_is_too_long_as_a_whole_so_that_it_is_refused(name):
    """Browsers cut what is pasted at `maxlength` and say nothing."""
    assert issubclass(every_form()[name].bound_field_class or forms.BoundField, PlainBoundField)
    form = type("One", (PlainForm,), {"text": forms.CharField(max_length=3, widget=forms.Textarea)})()
    assert "maxlength" not in str(form["text"])
    assert 'data-longest="3"' in str(form["text"])


@pytest.mark.django_db
@pytest.mark.parametrize("name", FIELDS)
def test_no_text_of_django_is_left_in_any_field(name):
    """Django's texts are translated lazily, ours are plain."""
    said = [error for values in [(), *((odd,) for odd in ODD)] for error in refusals(FIELDS[name], *values)]
    assert [error.message for error in said if isinstance(error.message, Promise)] == []
    for error in said:
        assert str(error.message).rstrip().endswith((".", "…")), error.message
    # Which it was.
    assert [error.message for error in refusals(FIELDS[name], "zzz") if "expected a text" in str(error.message)] == []


@pytest.mark.parametrize(
    ("field", "values", "sentence"),
    [
        (forms.CharField(), [""], "Found nothing, expected a text."),
        (forms.CharField(max_length=3), ["four"], "Found 4 characters, expected at most 3."),
        (forms.CharField(min_length=3), ["a"], "Found 1 character, expected at least 3."),
        (forms.CharField(), ["a\0b"], "Found a NUL character, expected none."),
        (forms.SlugField(), ["a b"], "Found 'a b', expected letters from a to z, digits, hyphens and underscores."),
        (
            forms.IntegerField(min_value=1, max_value=9_000),
            ["1.5"],
            "Found '1.5', expected a whole number from 1 to 9,000.",
        ),
        (forms.IntegerField(min_value=1), ["0"], "Found 0, expected a whole number of 1 or more."),
        (forms.IntegerField(max_value=5), ["7"], "Found 7, expected a whole number of 5 or less."),
        (forms.FloatField(min_value=0, max_value=0.5), ["nan"], "Found 'nan', expected a number from 0 to 0.5."),
        (forms.FloatField(min_value=0.1), ["0"], "Found 0, expected a number of 0.1 or more."),
        (
            forms.DecimalField(decimal_places=2, min_value=Decimal("0.01")),
            ["1.234"],
            "Found '1.234', expected at most 2 digits behind the point.",
        ),
        (forms.DecimalField(max_digits=3), ["1234"], "Found '1234', expected at most 3 digits."),
        (forms.ChoiceField(choices=[("", "Any"), ("a", "A"), ("b", "B")]), ["c"], "Found 'c', expected a or b."),
        (
            forms.ChoiceField(choices=[(str(n), n) for n in range(20)]),
            ["x"],
            "Found 'x', expected one of the 20 offered.",
        ),
        (forms.MultipleChoiceField(choices=[("a", "A")]), [], "Found nothing, expected at least one of those offered."),
        (forms.DateField(), [], "Found nothing, expected a day, as 2026-11-30."),
        (forms.DateField(), ["31.12."], "Found '31.12.', expected a day, as 2026-11-30."),
        (forms.EmailField(), ["ann"], "Found 'ann', expected an address such as name@example.org."),
        (forms.JSONField(), ["{"], "Found '{', expected JSON."),
        (forms.UUIDField(), ["x"], "Found 'x', expected the key that the page came with."),
        (forms.BooleanField(), [], "Found nothing, expected a tick."),
        (
            forms.CharField(widget=forms.PasswordInput, max_length=2),
            ["secret"],
            "Found 6 characters, expected at most 2.",
        ),
        (forms.IntegerField(widget=forms.PasswordInput), ["secret"], "Found something else, expected a whole number."),
    ],
)
def test_a_refusal_says_what_was_found_and_what_was_expected(field, values, sentence):
    assert [str(error.message) for error in refusals(field, *values)] == [sentence]


def test_long_input_is_repeated_in_part():
    said = str(refusals(forms.IntegerField(), "x" * 5_000)[0].message)
    assert said.startswith("Found 'xxx")
    assert len(said) < 150


@pytest.mark.django_db
def test_a_row_that_is_gone_is_none_of_those_offered():
    field = forms.ModelChoiceField(Group.objects.all())
    assert [str(error.message) for error in refusals(field, "77")] == ["Found '77', expected one of those offered."]


def test_files_are_named_by_what_is_wrong_with_them():
    empty = SimpleUploadedFile("a.json", b"")
    assert str(refusals(forms.FileField(), files=empty)[0].message) == (
        "Found an empty file, expected one with something in it."
    )
    assert str(refusals(forms.FileField())[0].message) == "Found no file, expected one with something in it."
    long = SimpleUploadedFile("a" * 30, b"x")
    assert str(refusals(forms.FileField(max_length=20), files=long)[0].message) == (
        "Found a name of 30 characters, expected at most 20."
    )


def test_texts_of_ours_stay_as_they_are():
    field = forms.CharField(error_messages={"required": "Choose a name."})
    assert [str(error.message) for error in refusals(field, "")] == ["Choose a name."]


class Order(PlainForm):
    budget_minutes = forms.IntegerField(required=False)
    parameter_rate = forms.FloatField(required=False)


@pytest.mark.parametrize(
    ("field", "shown_at"),
    [
        ("budget_minutes", "budget_minutes"),
        ("budget_seconds", "budget_minutes"),
        ("rate", "parameter_rate"),
        ("seed", "__all__"),
        ("", "__all__"),
    ],
)
def test_a_fault_is_shown_at_its_field_by_whatever_name_the_form_has_for_it(field, shown_at):
    form = Order({})
    assert form.is_valid()
    form.add_fault(
        Fault("Found 0, expected more.", field=field), names={"budget_seconds": "budget_minutes"}, prefix="parameter_"
    )
    assert form.errors == {shown_at: ["Found 0, expected more."]}
