"""Tags: on the traces of a selection, each person's own."""

import pytest
from django.utils import timezone

from tests.factories import make_trace
from trajectories.core.faults import Fault
from trajectories.core.selections import Selection
from trajectories.models import AuditEvent, Tag, TraceTag
from trajectories.selectors.blinding import EVERYTHING, Sight
from trajectories.selectors.trace_tags import UNDO_TIME, last_tagging
from trajectories.services.curation import trace_tags
from trajectories.services.curation.trace_tags import add_tag, remove_tag, tag_name, undo_tagging

pytestmark = pytest.mark.django_db


def on(trace) -> set[tuple[str, str]]:
    return set(TraceTag.objects.filter(trace=trace).values_list("tag__name", "author__username"))


def test_a_selection_is_tagged_once_and_written_down(lead):
    one, two, other = make_trace(), make_trace(), make_trace()
    scope = Selection(traces=(one.pk, two.pk))
    assert add_tag(actor=lead, scope=scope, sight=EVERYTHING, name=" Needs  a LOOK ") == 2
    assert add_tag(actor=lead, scope=scope, sight=EVERYTHING, name="needs a look") == 0
    assert on(one) == on(two) == {("needs a look", lead.username)}
    assert on(other) == set()
    event = AuditEvent.objects.filter(verb="tag.added").order_by("pk")[0]
    assert (event.actor, event.data["traces"]) == (lead, 2)
    assert Selection.from_json(event.data["selection"]) == scope


def test_each_takes_off_their_own_and_a_lead_everybody_s(lead, curator):
    trace = make_trace()
    for person in (lead, curator):
        add_tag(actor=person, scope=Selection(), sight=EVERYTHING, name="odd")
    assert remove_tag(actor=curator, scope=Selection(), sight=EVERYTHING, name="odd") == 1
    assert on(trace) == {("odd", lead.username)}
    add_tag(actor=curator, scope=Selection(), sight=EVERYTHING, name="odd")
    assert remove_tag(actor=lead, scope=Selection(), sight=EVERYTHING, name="odd", of_others=True) == 2
    assert remove_tag(actor=lead, scope=Selection(), sight=EVERYTHING, name="nobody uses it") == 0


def test_undoing_gives_back_exactly_what_was(lead, curator):
    one, two = make_trace(), make_trace()
    add_tag(actor=lead, scope=Selection(traces=(one.pk,)), sight=EVERYTHING, name="odd")
    add_tag(actor=curator, scope=Selection(traces=(two.pk,)), sight=EVERYTHING, name="odd")
    before = on(one), on(two)
    add_tag(actor=lead, scope=Selection(), sight=EVERYTHING, name="odd")
    assert on(two) == {("odd", lead.username), ("odd", curator.username)}
    assert undo_tagging(actor=lead, event=last_tagging(lead)) == 1
    assert (on(one), on(two)) == before
    assert last_tagging(lead) is None, "what was undone is not offered again"
    assert remove_tag(actor=lead, scope=Selection(), sight=EVERYTHING, name="odd", of_others=True) == 2
    event = last_tagging(lead)
    with pytest.raises(Fault, match="not yours to undo"):
        undo_tagging(actor=curator, event=event)
    assert undo_tagging(actor=lead, event=event) == 2
    assert (on(one), on(two)) == before
    with pytest.raises(Fault, match="undone already"):
        undo_tagging(actor=lead, event=event)
    AuditEvent.objects.update(created_at=timezone.now() - UNDO_TIME)
    assert last_tagging(lead) is None


def test_a_selection_is_what_its_maker_sees(curator, lead):
    trace = make_trace(decision="accepted")
    with pytest.raises(Fault, match="No trace is in this selection"):
        add_tag(actor=curator, scope=Selection(decision="accepted"), sight=Sight(curator.pk), name="odd")
    assert add_tag(actor=lead, scope=Selection(decision="accepted"), sight=EVERYTHING, name="odd") == 1
    assert on(trace)


def test_too_many_are_refused_and_none_is_tagged(lead, monkeypatch):
    monkeypatch.setattr(trace_tags, "MOST_TAGGED", 1)
    make_trace()
    make_trace()
    with pytest.raises(Fault, match="Found more than 1 traces"):
        add_tag(actor=lead, scope=Selection(), sight=EVERYTHING, name="odd")
    assert not Tag.objects.exists()


@pytest.mark.parametrize("name", ["", "  ", "a,b", "<b>", "-x", "x" * 41, "a\0b", "\u202ea"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(Fault) as caught:
        tag_name(name)
    assert caught.value.field == "tag"
    assert "expected" in str(caught.value)


def test_names_in_other_scripts_are_names():
    assert tag_name("Überprüfen 2.0") == "überprüfen 2.0"
