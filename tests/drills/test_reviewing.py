"""Curators decide while the web server's processes are killed and the database ends their sessions."""

import os
import threading
import uuid
from collections import Counter

import httpx2
import psutil
import pytest
from django.contrib.auth.models import Group, User

from tests import factories
from tests.api.programs import Program
from tests.drills.processes import web_server
from tests.person import session_of
from tests.sessions import end_all_sessions
from tests.worker import wait_for
from trajectories.models import Review

pytestmark = pytest.mark.django_db(transaction=True)

CURATORS, TRACES = int(os.environ.get("DRILL_CURATORS") or 4), 8
KILLS = 1 + int(os.environ.get("DRILL_ROUNDS") or 3)


class Curator(threading.Thread):
    """Accepts or rejects every trace, each with a key of its own, and sends again what got no answer."""

    def __init__(self, port: int, secret: str, traces: list[int], number: int) -> None:
        super().__init__(daemon=True)
        self._url, self._secret = f"http://127.0.0.1:{port}/api/v1", secret
        self._traces = traces[number:] + traces[:number]
        self.answered: dict[int, int] = {}
        self.sent_again = 0
        self.refused: list[str] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        for trace in self._traces:
            key, body = (
                str(uuid.uuid4()),
                {"decision": "accept"} if trace % 2 else {"decision": "reject", "reason": "unclear"},
            )
            while not self.stopped.is_set() and trace not in self.answered:
                self._send(trace, key, body)

    def _send(self, trace: int, key: str, body: dict[str, str]) -> None:
        headers = {"Authorization": f"Bearer {self._secret}", "Idempotency-Key": key}
        try:
            answer = httpx2.post(f"{self._url}/traces/{trace}/reviews", json=body, headers=headers, timeout=30)
        except httpx2.HTTPError:
            self.sent_again += 1
            return
        if answer.status_code in (200, 201):
            self.answered[trace] = answer.json()["id"]
        elif answer.status_code in (500, 502, 503):
            self.sent_again += 1
        else:
            self.refused.append(answer.text)
            self.answered[trace] = 0


def test_every_decision_is_there_once_whatever_is_killed_meanwhile(db, tmp_path):
    traces = [factories.make_trace().pk for _ in range(TRACES)]
    people = [User.objects.create_user(f"curator-{number}") for number in range(CURATORS)]
    for person in people:
        person.groups.add(Group.objects.get(name="curator"))
    secrets = [Program(person).secret for person in people]
    reader = session_of(User.objects.create_superuser("reader"))
    with web_server(tmp_path) as (port, web):
        curators = [Curator(port, secret, traces, number) for number, secret in enumerate(secrets)]
        for curator in curators:
            curator.start()
        try:
            for number in range(KILLS):
                reached = sum(len(curator.answered) for curator in curators)
                most = (number + 1) * CURATORS * TRACES // (KILLS + 1)
                wait_for(lambda: sum(len(each.answered) for each in curators) >= min(most, reached + 4), "decisions")  # noqa: B023
                if number % 3 == 2:
                    end_all_sessions()
                else:
                    for child in psutil.Process(web.pid).children()[:1]:
                        child.kill()
                assert_pages_answer(port, reader)
            wait_for(lambda: not any(curator.is_alive() for curator in curators), "the last decision")
        finally:
            for curator in curators:
                curator.stopped.set()
            for curator in curators:
                curator.join()
    assert [curator.refused for curator in curators] == [[]] * CURATORS
    reviews = Counter(Review.objects.values_list("reviewer_id", "trace_id"))
    assert reviews == Counter((person.pk, trace) for person in people for trace in traces), "each once"
    told = {review for curator in curators for review in curator.answered.values()}
    assert told == set(Review.objects.values_list("pk", flat=True)), "what was answered is what is kept"


def assert_pages_answer(port: int, session: str) -> None:
    """The lists of what is going on are there, once the server has another process or the database is back."""
    for address, heading in (("/", "Minicolumn"), ("/traces/", "Traces"), ("/reviews/", "Reviews"), ("/jobs/", "Jobs")):
        wait_for(lambda: heading in page(port, address, session), f"the page {address}")  # noqa: B023


def page(port: int, address: str, session: str) -> str:
    """A page; nothing where the server is killed at this moment or says that the database is away."""
    try:
        answer = httpx2.get(f"http://127.0.0.1:{port}{address}", cookies={"sessionid": session}, timeout=30)
    except httpx2.HTTPError:
        return ""
    assert answer.status_code in (200, 503), (address, answer.status_code, answer.text[:2000])
    return answer.text if answer.status_code == 200 else ""
