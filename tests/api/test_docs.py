"""The page that tells of every operation."""

import re

import pytest
from django.urls import reverse

from trajectories.api.docs import shown_areas

pytestmark = pytest.mark.django_db


def test_each_operation_says_in_one_sentence_what_it_does_before_it_is_opened(client, lead):
    client.force_login(lead)
    page = client.get(reverse("api_docs")).content.decode()
    heads = dict(re.findall(r'<details class="disclosure" id="(\w+)"><summary>(.*?)</summary>', page, re.DOTALL))
    for operations in shown_areas().values():
        for each in operations:
            assert each.path in heads[each.name]
            assert each.summary.startswith(each.headline)
            assert 4 < len(each.headline) <= 170, each.name
            assert f">{each.headline}<" in heads[each.name].replace("&#x27;", "'")
