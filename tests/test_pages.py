"""Forms of pages as tests read them: with their fields, and with every address that htmx sends them to."""

import pytest

from tests.pages import Page

TEXT = """
<form method="post" action="/own/" hx-post="/own/?run=3&amp;round=1" id="plan"><input name="title" value="A">
  <select name="kind"><option value="a">A<option value="b" selected>B</select><textarea name="text">
One</textarea><button hx-post="/inside/" name="then" value="diff">Try</button></form>
<div hx-post="/estimate/" hx-include="#plan"></div>
<form action="/found/"><input type="search" name="q"></form>
<button hx-post="test/">Test</button>
"""


def test_each_form_has_its_fields_and_the_addresses_it_is_posted_to():
    plan, search, test = Page(TEXT, "/runs/new/").forms
    assert (plan.address, plan.method, plan.name) == ("/own/", "post", "plan")
    assert plan.posted == {"/own/?run=3&round=1", "/inside/", "/estimate/"}
    assert plan.filled_in() == {"title": ["A"], "kind": ["b"], "text": ["One"]}
    assert plan.fields["then"].choices == ["diff"]
    assert (search.address, search.method, search.posted, list(search.fields)) == ("/found/", "get", set(), ["q"])
    assert (test.address, test.method, test.fields) == ("/runs/new/test/", "post", {})


def test_a_form_that_does_not_end_or_is_not_there_is_an_error():
    with pytest.raises(AssertionError, match="does not end"):
        Page("<form><input name='a'>", "/a/")
    with pytest.raises(ValueError, match="not enough values"):
        Page('<div hx-post="/b/" hx-include="#plan"></div>', "/a/")
