import pytest
from django.urls import reverse

from trajectories.models import Brief
from trajectories.services.prompts.briefs import ensure_shipped_briefs

pytestmark = pytest.mark.django_db


@pytest.fixture
def brief(db):
    ensure_shipped_briefs()
    return Brief.objects.get(name="word-problems")


def written(**values):
    return {
        "title": "Riddles",
        "generator": "constrained",
        "kind": "text",
        "template": "Write {count} riddles.\r\n\r\n{words}\r\n\r\n{format}",
        "words": "owl\r\nfox\r\n",
        "features": "",
        **values,
    }


def test_briefs_are_listed_and_shown_with_the_message_they_make(client, curator, brief):
    client.force_login(curator)
    assert brief.title in client.get(reverse("brief_list")).content.decode()
    page = client.get(reverse("brief_detail", args=[brief.pk])).content.decode()
    assert "Write 3 new problems whose answer is one number" in page
    assert "Use every one of these words" in page


def test_a_lead_writes_a_brief_and_a_next_version(client, lead):
    client.force_login(lead)
    response = client.post(reverse("brief_new"), written())
    brief = Brief.objects.get()
    assert response.url == reverse("brief_detail", args=[brief.pk])
    assert (brief.name, brief.words, "\r" in brief.template) == ("riddles", ["owl", "fox"], False)
    edit = reverse("brief_edit", args=[brief.pk])
    assert "owl\nfox" in client.get(edit).content.decode()
    page = client.post(edit, written(words="owl"), follow=True).content.decode()
    assert "This is version 2. Earlier jobs keep theirs." in page
    assert "This is an earlier version." in client.get(reverse("brief_detail", args=[brief.pk])).content.decode()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"template": "{count}"}, "Found no slot {format}, expected it once."),
        ({"words": "owl\nowl"}, "a second time"),
        ({"title": ""}, "Found nothing, expected a text."),
        ({"title": "???"}, "Found no letters or digits in the title"),
    ],
)
def test_what_cannot_work_comes_back_with_a_sentence(client, lead, values, words):
    client.force_login(lead)
    response = client.post(reverse("brief_new"), written(**values))
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Brief.objects.exists()


def test_the_preview_follows_what_is_typed(client, lead):
    client.force_login(lead)
    page = client.post(reverse("brief_preview"), written(title="")).content.decode()
    assert "Write 3 riddles." in page
    assert "- owl" in page
    response = client.post(reverse("brief_preview"), written(template="{problem}"))
    assert response.status_code == 422
    assert "Found the slot {problem}" in response.content.decode()


def test_a_curator_reads_but_does_not_write(client, curator, brief):
    client.force_login(curator)
    assert client.get(reverse("brief_new")).status_code == 403
    assert client.post(reverse("brief_edit", args=[brief.pk]), written()).status_code == 403
    assert client.post(reverse("brief_preview"), written()).status_code == 403


def test_somebody_without_a_role_sees_nothing(client, nobody, brief):
    client.force_login(nobody)
    assert client.get(reverse("brief_list")).status_code == 403
    assert client.get(reverse("brief_detail", args=[brief.pk])).status_code == 403
