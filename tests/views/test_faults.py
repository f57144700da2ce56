"""Every form of every page, refused: a summary on top that leads to each field, in words of our own."""

import re

import pytest

from tests.pages import Form, Page
from tests.visits import visits
from tests.walker import Visit, Walker
from tests.world import make_world

DJANGO = re.compile(
    r"This field is required|Select a valid choice|Enter a |Ensure th|Null characters|not a valid value"
    r"|is not one of the available|Upload a valid|No file was submitted"
)
SUMMARY = re.compile(r"<div[^>]*data-faults>.*?</ul>", re.DOTALL)
TYPED = {"text", "search", "number", "textarea", "select", "hidden"}


@pytest.fixture
def walker(lead, settings, tmp_path) -> Walker:
    settings.EXPORT_DIR = tmp_path
    settings.VAR_DIR = tmp_path
    return Walker(lead)


def posted_forms(walker: Walker, lead) -> list[Form]:
    """One form of each kind that somebody can type or choose something in."""
    found: dict[tuple, Form] = {}
    for visit in visits(make_world(lead)):
        if visit.data is not None or "?" in visit.address:
            continue
        answer = walker.answer(visit)
        for form in Page(answer.text, visit.address).forms if answer.status == 200 else ():
            names = {name for name, each in form.fields.items() if each.kind in TYPED} - {"csrfmiddlewaretoken", "next"}
            if form.method == "post" and names - {"key", "token", "form_key"}:
                found.setdefault((re.sub(r"\d+", "1", form.address), tuple(sorted(names))), form)
    return list(found.values())


def test_every_refused_form_has_a_summary_that_leads_to_its_fields(walker, lead):
    refused, linked = set(), 0
    for form in posted_forms(walker, lead):
        for odd in ("", "zzz", "a\0b"):
            data = {name: odd for name, each in form.fields.items() if each.kind in TYPED and name != "form_key"}
            answer = walker.answer(Visit("", form.address, data))
            assert answer.status < 500, form.address
            assert DJANGO.findall(answer.text) == [], f"{form.address} with {odd!r}"
            if answer.status != 422 or "<html" not in answer.text:
                continue
            refused.add(form.address)
            summary = SUMMARY.search(answer.text)
            assert summary is not None, form.address
            assert 'role="alert"' in summary[0]
            for target in re.findall(r'href="#([^"]+)"', summary[0]):
                assert f'id="{target}"' in answer.text, f"{form.address} leads to {target}"
                linked += 1
    assert len(refused) >= 10, sorted(refused)
    assert linked > 60


@pytest.mark.parametrize("query", ["correctness=zzz", "round=-1", "run=x&decision=zzz", "sampler=999999"])
def test_a_wrong_filter_is_named_as_the_page_calls_it(client, lead, query):
    client.force_login(lead)
    response = client.get(f"/traces/?{query}")
    text = response.content.decode()
    assert response.status_code == 422
    assert DJANGO.findall(text) == []
    assert "expected" in SUMMARY.search(text)[0]
