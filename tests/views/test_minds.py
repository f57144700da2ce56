"""What agents remember: the page, the file and back."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.worlds import make_world_set, plan_episodes, play_all, world_plan
from trajectories.models import AuditEvent, Mind, Run, Transition

CHANGING = ("maze", {"size": 5}, [{"episode": 4, "step": 0, "set": {"wall": "upright"}}])


@pytest.fixture
def mind(db):
    play_all(plan_episodes(make_world_set(world_plan(*CHANGING, steps=60), 8)))
    return Mind.objects.get()


def page(client, mind, query=""):
    return client.get(reverse("mind_detail", args=[mind.pk]) + query).content.decode()


def send(client, mind, text, name="memory.jsonl"):
    file = SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())
    return client.post(reverse("mind_import", args=[mind.pk]), {"file": file})


def kept(mind):
    return sorted(mind.transitions.values_list("state", "action", "after", "visits", "overwritten", "former"), key=str)


def test_the_map_shows_what_was_known_before_the_change_and_what_is_overwritten_since(client, lead, mind):
    client.force_login(lead)
    shown = page(client, mind)
    assert "Before the change in episode 4" in shown
    assert "overwritten since the change" in shown
    overwritten = mind.transitions.filter(overwritten__gt=0)
    assert overwritten.exists()
    row = overwritten.order_by("-overwritten_episode").first()
    assert f'<span class="mono">{row.former}</span>' in shown
    assert f"<dd>{mind.transitions.count():,}</dd>" in shown


def test_a_mind_that_has_met_no_change_has_one_map(client, lead, db):
    play_all(plan_episodes(make_world_set(world_plan("maze", {"size": 4}, [], steps=20), 2)))
    client.force_login(lead)
    shown = page(client, Mind.objects.get())
    assert "Before the change" not in shown
    assert shown.count("cells known; a line is a move") == 1


def test_a_memory_goes_out_as_lines_and_comes_back_the_same(client, lead, mind):
    client.force_login(lead)
    lines = b"".join(client.get(reverse("mind_memory", args=[mind.pk])).streaming_content)
    before = kept(mind)
    assert len(lines.splitlines()) == len(before)
    Transition.objects.filter(mind=mind).update(visits=1, after="0,0")
    assert send(client, mind, lines).status_code == 302
    assert kept(mind) == before
    assert AuditEvent.objects.get(verb="imported_memory").data == {"transitions": len(before)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"action": 4}, "Line 2, action: found &#x27;4&#x27;, expected 0 to 3."),
        ({"state": [5, 0]}, "Line 2, state: found &#x27;[5, 0]&#x27;, expected a state of the world."),
        ({"after": [1]}, "Line 2, after: found &#x27;[1]&#x27;, expected a state of the world."),
        ({"former": "x"}, "Line 2, former: found &#x27;x&#x27;, expected a state of the world."),
        ({"visits": True}, "Line 2, visits: found &#x27;True&#x27;, expected 0 to"),
        ({}, "Line 2: found the state and action of an earlier line again"),
    ],
)
def test_a_line_that_is_no_transition_changes_nothing(client, lead, mind, changes, message):
    client.force_login(lead)
    lines = b"".join(client.get(reverse("mind_memory", args=[mind.pk])).streaming_content)
    row = json.loads(lines.splitlines()[0])
    before = kept(mind)
    answer = send(client, mind, f"{json.dumps(row)}\n{json.dumps(row | changes)}\n")
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert kept(mind) == before


def test_a_memory_is_not_exchanged_under_an_agent_that_plays(client, lead, mind):
    client.force_login(lead)
    Run.objects.filter(pk=mind.run_id).update(state="running")
    answer = send(client, mind, "")
    assert answer.status_code == 422
    assert "The run is running; expected one that is paused or has ended." in answer.content.decode()
    assert mind.transitions.exists()


def test_only_who_may_steer_runs_exchanges_a_memory(client, curator, mind):
    client.force_login(curator)
    assert send(client, mind, "").status_code == 403
    assert "Put a memory in its place" not in page(client, mind)
