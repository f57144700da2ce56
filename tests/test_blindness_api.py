"""Nobody learns by the API what others decided before their own review: every operation that reads, one and all."""

import re
import uuid

import pytest
from django.contrib.auth.models import Group, User

from tests.access_api import operations, rows_of
from tests.api.programs import PREFIX, Program
from tests.test_blindness import PLANTED, said
from tests.walker import undone
from tests.world import make_world
from trajectories.core.curation.reviews import Decision
from trajectories.services.curation.threads import About, open_thread

pytestmark = pytest.mark.django_db
WORDS = (*PLANTED, "potoroos")


@pytest.fixture
def world(lead, settings, tmp_path):
    settings.EXPORT_DIR, settings.ARTEFACT_DIR = tmp_path / "e", tmp_path / "a"
    return make_world(lead)


@pytest.fixture
def other(db) -> User:
    person = User.objects.create_user("zenobia", password="a long enough password")
    person.groups.add(Group.objects.get(name="curator"))
    return person


def told(world, program) -> dict[str, str]:
    """What every operation that reads answers, and those that hand something out, as long as it is not refused."""
    found = {}
    for name, method, address, _ in operations(rows_of(world)):
        if method == "get":
            answer = program.get(address)
        elif address.endswith(("/next", "/open")):
            at = {"lease_next_problem": f"/queues/{world.whole.pk}/problems/next"}.get(name, address)
            with undone():
                answer = program.post(at)
        else:
            continue
        if answer.status_code == 200:
            found[name] = answer.content.decode()
    return found


def decided(world, other, lead, decision, program) -> dict[str, str]:
    with said(world, other, lead, decision):
        for trace in world.traces:
            body = "potoroos" if decision is Decision.ACCEPT else "potoroos!"
            open_thread(author=other, trace=trace, about=About(), body=body, key=uuid.uuid4())
        return told(world, program)


def without_what_changes(text: str) -> str:
    """Leases are made anew for whoever is handed something, and a token says when it was used last."""
    return re.sub(r'"(lease|last_used_at)": "[^"]*"', "", text)


def test_a_curator_is_told_nothing_of_what_others_said(world, curator, other, lead):
    program = Program(curator)
    accepted = decided(world, other, lead, Decision.ACCEPT, program)
    rejected = decided(world, other, lead, Decision.REJECT, program)
    read = {"list_threads", "get_judging", "list_judged_traces", "get_one_candidate", "list_tags", "get_figure"}
    assert read | {"lease_next_item", "lease_next_problem", "lease_next_pair"} <= set(accepted)
    for name, text in (*accepted.items(), *rejected.items()):
        assert [word for word in WORDS if word in text] == [], name
    differ = [name for name in accepted if without_what_changes(accepted[name]) != without_what_changes(rejected[name])]
    assert differ == []


def test_the_words_are_there_for_who_may_see_them(world, other, lead):
    found = decided(world, other, lead, Decision.ACCEPT, Program(lead))
    seen = {word for word in WORDS for text in found.values() if word in text}
    assert seen >= {"quokkas", "zenobia", "bilbies", "dunnarts", "quoll-like", "potoroos"}
    assert PREFIX not in "".join(found.values())
