from django import forms

from trajectories.forms.plain import PlainForm
from trajectories.templatetags.faults import ShownFault, faults, has_to_be_filled_in


class Sample(PlainForm):
    title = forms.CharField(max_length=5)
    words = forms.CharField(required=False)
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")])
    ways = forms.MultipleChoiceField(choices=[("x", "X")], widget=forms.CheckboxSelectMultiple)
    size = forms.IntegerField(initial=8)
    key = forms.CharField(widget=forms.HiddenInput)

    def clean(self):
        raise forms.ValidationError("Nothing fits.")


def test_each_fault_leads_to_the_first_control_of_its_field():
    assert faults(Sample({"kind": "c", "size": "1"})) == [
        ShownFault("Nothing fits."),
        ShownFault("Found nothing, expected a text.", "Title", "id_title"),
        ShownFault("Found 'c', expected a or b.", "Kind", "id_kind"),
        ShownFault("Found nothing, expected at least one of those offered.", "Ways", "id_ways_0"),
        ShownFault("Found nothing, expected a text.", "Key", ""),
    ]


def test_a_label_that_the_sentence_begins_with_is_not_said_twice():
    form = Sample({"title": "A", "kind": "a", "ways": ["x"], "size": "1", "key": "k"})
    form.add_error("words", "Words: found two, expected one.")
    assert ShownFault("found two, expected one.", "Words", "id_words") in faults(form)


def test_a_form_that_nobody_sent_has_no_faults():
    assert faults(Sample()) == []
    assert faults(None) == []


def test_only_what_nothing_stands_in_is_marked_required():
    form = Sample()
    assert [field.name for field in form if has_to_be_filled_in(field)] == ["title"]
    assert [field.name for field in Sample({"title": "A", "size": ""}) if has_to_be_filled_in(field)] == ["size"]
