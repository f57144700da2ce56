"""Pages as tests read them: forms with their fields, and the addresses that htmx posts to."""

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


def test_forms_have_their_fields_and_pages_the_addresses_that_htmx_posts_to():
    page = Page(TEXT, "/runs/new/")
    plan, search = page.forms
    assert (plan.address, plan.method, plan.name) == ("/own/", "post", "plan")
    assert plan.filled_in() == {"title": ["A"], "kind": ["b"], "text": ["One"]}
    assert plan.fields["then"].choices == ["diff"]
    assert (search.address, search.method, list(search.fields)) == ("/found/", "get", ["q"])
    assert page.posted == {"/own/?run=3&round=1", "/inside/", "/estimate/", "/runs/new/test/"}


def test_a_form_that_does_not_end_is_an_error():
    with pytest.raises(AssertionError, match="does not end"):
        Page("<form><input name='a'>", "/a/")
