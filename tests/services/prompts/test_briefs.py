from dataclasses import replace

import pytest

from trajectories.core.generation.shipped import SHIPPED
from trajectories.models import AuditEvent, Brief
from trajectories.services.prompts.briefs import (
    BriefDraft,
    BriefError,
    add_brief,
    draft_of,
    ensure_shipped_briefs,
    revise_brief,
)

pytestmark = pytest.mark.django_db
DRAFT = BriefDraft("riddles", "Riddles", "constrained", "text", "Riddles. {format}", ("owl",), ("asks who or what",))


def test_shipped_briefs_are_put_in_once():
    assert ensure_shipped_briefs() == len(SHIPPED)
    assert ensure_shipped_briefs() == 0


def test_an_update_of_a_shipped_brief_makes_a_version_unless_somebody_made_one(lead):
    ensure_shipped_briefs()
    first, second = Brief.objects.order_by("pk")[:2]
    Brief.objects.filter(pk__in=[first.pk, second.pk]).update(template="{format}")
    revise_brief(actor=lead, brief=Brief.objects.get(pk=second.pk), draft=replace(draft_of(second), title="Mine"))
    assert ensure_shipped_briefs() == 1
    assert Brief.objects.filter(name=first.name).count() == 2
    assert Brief.objects.filter(name=second.name).order_by("-version").first().title == "Mine"


def test_changing_makes_a_new_version_and_no_change_makes_none(lead):
    brief = add_brief(actor=lead, draft=DRAFT)
    newer = revise_brief(actor=lead, brief=brief, draft=replace(DRAFT, words=("owl", "fox")))
    assert (newer.version, newer.words) == (2, ["owl", "fox"])
    assert revise_brief(actor=lead, brief=newer, draft=draft_of(newer)) == newer
    with pytest.raises(BriefError, match="Version 2 was made in the meantime"):
        revise_brief(actor=lead, brief=brief, draft=DRAFT)
    assert AuditEvent.objects.filter(verb="brief.added").count() == 2


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"generator": "procedural"}, "generator", "expected one of constrained, variants"),
        ({"kind": "arc"}, "kind", "expected one of numeric, choice, text"),
        ({"template": "{count}"}, "template", "Found no slot {format}"),
        ({"words": ("owl", "fox", "owl")}, "words", "Line 3: found 'owl' a second time"),
        ({"features": ("x" * 201,)}, "features", "Line 1: found 201 characters, expected 1 to 200"),
    ],
)
def test_what_cannot_work_is_refused_by_its_part(lead, values, field, message):
    with pytest.raises(BriefError) as fault:
        add_brief(actor=lead, draft=replace(DRAFT, **values))
    assert fault.value.field == field
    assert message in str(fault.value)
    assert not Brief.objects.exists()


def test_a_name_is_taken_once(lead):
    add_brief(actor=lead, draft=DRAFT)
    with pytest.raises(BriefError, match="There is a brief named riddles"):
        add_brief(actor=lead, draft=DRAFT)
