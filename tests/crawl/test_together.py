"""Fields that are sent together are tried as well as alone: none is missed that another one may have hidden."""

import pytest
from django import forms

from tests.crawl.together import Told, in_groups, telling
from trajectories.core.faults import Fault
from trajectories.forms.plain import PlainForm


def sent_by(names, answer, *, together=12) -> list[list[str]]:
    """What goes out where `answer(names)` is what comes back."""
    sent: list[list[str]] = []

    def send(chosen):
        sent.append(list(chosen))
        return answer(chosen)

    in_groups(list(names), send, together=together)
    return sent


def test_what_is_taken_goes_out_once():
    assert sent_by("abc", lambda _: Told(set(), 302)) == [["a", "b", "c"], []]


def test_what_was_refused_by_name_does_not_hide_the_others():
    def answer(names):
        return Told({(name, "too long") for name in names if name in "bc"}, 422 if set(names) & set("bc") else 302)

    assert sent_by("abcd", answer) == [["a", "b", "c", "d"], ["a", "d"], []]


@pytest.mark.parametrize("refusals", [set(), {("", "there is none")}])
def test_what_something_else_may_have_hidden_goes_out_alone(refusals):
    def answer(names):
        return Told(refusals, 404) if "b" in names else Told(set(), 200)

    assert sent_by("abc", answer) == [["a", "b", "c"], [], ["a"], ["b"], ["c"]]


def test_a_form_that_is_refused_whatever_it_says_is_not_taken_apart():
    assert sent_by("abc", lambda _: Told({("", "there is no model")}, 422)) == [["a", "b", "c"], []]


def test_a_name_alone_and_none_at_all():
    assert sent_by("a", lambda _: Told(set(), 500)) == [["a"]]
    assert sent_by("", lambda _: Told(set(), 200)) == []


def test_neighbours_go_out_apart_and_each_once():
    sent = sent_by("abcdefg", lambda _: Told(set(), 200), together=3)
    assert [group for group in sent if group] == [["a", "d", "g"], ["b", "e"], ["c", "f"]]


class Numbers(PlainForm):
    first = forms.IntegerField()
    second = forms.IntegerField()

    def clean(self):
        self.add_fault(Fault("They differ.", field="second"))
        return self.cleaned_data


def test_refusals_are_told_by_the_names_that_were_sent():
    with telling() as told:
        assert not Numbers({"a-first": "x", "a-second": "1"}, prefix="a").is_valid()
        form = Numbers({"first": "1", "second": "1"})
        form.add_error(None, "Neither.")
    assert told.fields({"a-first", "first", "second"}) == {"a-first", "second"}
    assert told.others({"a-first", "a-second", "second"}) == {"Neither."}
