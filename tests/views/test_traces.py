import pytest
from django.urls import reverse

from tests import factories


@pytest.fixture
def trace(db):
    return factories.make_trace(instruction=factories.make_instruction())


def test_the_page_of_a_trace_shows_steps_program_and_facts(client, curator, trace):
    client.force_login(curator)
    page = client.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    assert "Mirror <strong>each row</strong>." in page
    assert 'id="step-1"' in page
    assert "transform" in page
    assert trace.sampler.title in page
    assert "Find the rule." in page
