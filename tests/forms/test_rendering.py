"""Fields of forms are what Django's templates make of them, letter for letter."""

from datetime import UTC, date, datetime

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates, get_default_renderer
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from trajectories.forms.rendering import FOLDER, INPUTS, MAKERS, PlainRenderer

DJANGO = DjangoTemplates()
INPUT_WIDGETS = [
    *(forms.TextInput, forms.NumberInput, forms.EmailInput, forms.URLInput, forms.ColorInput, forms.SearchInput),
    *(forms.TelInput, forms.PasswordInput, forms.HiddenInput, forms.CheckboxInput, forms.FileInput, forms.Textarea),
    *(forms.DateInput, forms.DateTimeInput, forms.TimeInput),
]
TEXTS = st.text(max_size=12) | st.sampled_from(['"', "<b>", "&amp;", "'", "\n", mark_safe("<i>&</i>"), lazystr("a<b")])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
ATTRS = st.dictionaries(st.sampled_from(["id", "class", "data-x", "required", 'a"b', "multiple", "step"]), PLAIN)
CHOICES = st.lists(
    st.tuples(PLAIN, PLAIN) | st.tuples(TEXTS, st.lists(st.tuples(PLAIN, PLAIN), max_size=3)), max_size=5
)


def both(widget: forms.Widget, value: object, attrs: dict[str, object]) -> tuple[str, str]:
    return tuple(widget.render("na<me", value, attrs, renderer=each) for each in (PlainRenderer(), DJANGO))


def test_it_is_the_renderer_of_all_forms():
    assert type(get_default_renderer()) is PlainRenderer


def test_every_kind_that_is_put_together_here_is_tried():
    kinds = {kind.template_name for kind in [*INPUT_WIDGETS, forms.Select, forms.SelectMultiple]}
    assert set(MAKERS) == kinds | {f"{FOLDER}input.html"}
    assert all(f"{FOLDER}{name}.html" in MAKERS for name in INPUTS)


@pytest.mark.parametrize("kind", INPUT_WIDGETS, ids=lambda kind: kind.__name__)
@given(value=PLAIN, attrs=ATTRS)
def test_an_input_is_that_of_the_template(kind, value, attrs):
    plain, django = both(kind(), value, attrs)
    assert plain == django


@pytest.mark.parametrize("kind", [forms.Select, forms.SelectMultiple, forms.NullBooleanSelect])
@given(choices=CHOICES, value=PLAIN | st.lists(PLAIN, max_size=3), attrs=ATTRS)
def test_a_list_is_that_of_the_template(kind, choices, value, attrs):
    widget = kind() if kind is forms.NullBooleanSelect else kind(choices=choices)
    if kind is forms.NullBooleanSelect and isinstance(value, list):
        value = None
    plain, django = both(widget, value, attrs)
    assert plain == django


def test_days_numbers_and_words_of_a_list_are_told_as_a_template_tells_them():
    moment = datetime(2026, 11, 29, 23, 59, 59, tzinfo=UTC)
    words = [(1, 1_234.5), (2, date(2026, 11, 29)), (3, moment), (4, gettext_lazy("Yes")), (5, None), (6, True)]
    plain, django = both(forms.Select(choices=words), 2, {})
    assert plain == django
    assert "Nov. 29, 2026" in plain


class Odd(forms.Select):
    option_template_name = "django/forms/widgets/radio_option.html"


def test_options_with_a_template_of_their_own_and_other_widgets_are_left_to_it():
    for widget in (Odd(choices=[(1, "one")]), forms.RadioSelect(choices=[(1, "one"), (2, "two")])):
        plain, django = both(widget, 1, {"id": "x"})
        assert plain == django
        assert 'type="radio"' in plain or "<label" in plain


def test_errors_are_shown_and_none_are_nothing():
    class Asked(forms.Form):
        name = forms.CharField()

    for data in ({"name": "x"}, {"name": ""}):
        texts = [str(Asked(data, renderer=each)["name"].errors) for each in (PlainRenderer(), DJANGO)]
        assert texts[0] == texts[1]
        assert ("required" in texts[0]) is (data["name"] == "")
