import psycopg
import pytest

from webapp.postgresql.breaker import Breaker


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def attempt(breaker, works):
    with breaker.watch(2.0):
        if not works:
            raise psycopg.OperationalError("down")
        return "connected"


def test_one_tries_and_the_others_are_refused_at_once():
    clock = Clock()
    breaker = Breaker(retry=0.5, clock=clock)
    assert attempt(breaker, works=True) == "connected"
    with pytest.raises(psycopg.OperationalError, match="down"):
        attempt(breaker, works=False)
    with pytest.raises(psycopg.OperationalError, match="a moment ago"):
        attempt(breaker, works=True)
    assert breaker.is_away
    clock.now += 0.6
    with breaker.watch(2.0), pytest.raises(psycopg.OperationalError, match="a moment ago"):
        attempt(breaker, works=True)
    assert attempt(breaker, works=True) == "connected"
    assert not breaker.is_away


def test_a_try_that_never_comes_back_does_not_keep_the_others_out():
    clock = Clock()
    breaker = Breaker(retry=0.5, clock=clock)
    with pytest.raises(psycopg.OperationalError, match="down"):
        attempt(breaker, works=False)
    clock.now += 0.6
    breaker.watch(2.0).__enter__()
    clock.now += 2.1
    assert attempt(breaker, works=True) == "connected"


def test_many_at_once_while_it_works_do_not_hinder_each_other():
    breaker = Breaker()
    with breaker.watch(2.0), breaker.watch(2.0):
        assert attempt(breaker, works=True) == "connected"
