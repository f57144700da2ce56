"""A form sent many times at once, against a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from tests.factories import make_problem_set
from trajectories.models import ProblemSet, Submission
from trajectories.services.submissions import make_once, submission_digest

CALLERS = 8


def at_once(act):
    """What each of CALLERS threads got that did the same thing at the same time: a result or the exception."""
    gate = Barrier(CALLERS)

    def call(number):
        gate.wait()
        try:
            return act(number)
        except RuntimeError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(call, range(CALLERS)))


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_makes_it_and_all_get_it():
    addresses = at_once(lambda _: make_once("one", lambda: f"/sets/{make_problem_set().pk}/"))
    assert addresses == [f"/sets/{ProblemSet.objects.get().pk}/"] * CALLERS


@pytest.mark.django_db(transaction=True)
def test_forms_that_differ_do_not_wait_for_each_other():
    """Each is inside while all the others are: were there one lock for all, the barrier would break."""
    inside = Barrier(CALLERS, timeout=30)

    def make(number):
        inside.wait()
        return f"/sets/{number}/"

    addresses = at_once(lambda number: make_once(str(number), lambda: make(number)))
    assert addresses == [f"/sets/{number}/" for number in range(CALLERS)]


@pytest.mark.django_db(transaction=True)
def test_a_failure_leaves_nothing_and_the_next_caller_makes_it():
    tried = []

    def make():
        tried.append(None)
        made = make_problem_set()
        if len(tried) == 1:
            raise RuntimeError("the first one fails")
        return f"/sets/{made.pk}/"

    answers = at_once(lambda _: make_once("one", make))
    assert [type(answer) for answer in answers].count(RuntimeError) == 1
    assert {answer for answer in answers if isinstance(answer, str)} == {f"/sets/{ProblemSet.objects.get().pk}/"}
    assert len(tried) == 2


@pytest.mark.django_db
def test_a_refusal_is_not_remembered():
    assert make_once("one", lambda: None) == ""
    assert not Submission.objects.exists()
    assert make_once("one", lambda: "/runs/1/") == "/runs/1/"
    assert make_once("one", lambda: "/runs/2/") == "/runs/1/"


SENT = {"user_id": 1, "target": "/runs/new/", "key": "a", "content": [("title", ["x"]), ("seed", ["1"])]}


@pytest.mark.parametrize(
    "change", [{"user_id": 2}, {"target": "/samplers/new/"}, {"key": "b"}, {"content": [("title", ["x"])]}]
)
def test_person_address_key_and_content_tell_submissions_apart(change):
    assert submission_digest(**SENT) != submission_digest(**{**SENT, **change})


def test_the_order_of_the_fields_does_not_matter():
    turned = {**SENT, "content": SENT["content"][::-1]}
    assert submission_digest(**SENT) == submission_digest(**turned)
