"""Clocks that jump by hours, ahead and back, each process's by another amount, while work is leased."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from tests.drills.clock import set_clocks
from tests.drills.steady import (
    DRAWN,
    PROBLEMS,
    SAMPLES,
    assert_each_came_out_once,
    plan_work,
    wait_for_the_middle,
)
from trajectories.models import Attempt, Run
from trajectories.services.runs.plans import Budget

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = 3600.0
JUMPS = (((5 * HOUR, -3 * HOUR), 5 * HOUR), ((9 * HOUR, 9 * HOUR), -2 * HOUR))
"""By how much the workers' clocks are ahead, and the schedulers'. At last each sweep is too late for all."""


@pytest.fixture
def storm_told():
    return {"DJANGO_SETTINGS_MODULE": "tests.drills.clock_settings", "BELL_SECONDS": "2", "LEASE_SECONDS": "10"}


@pytest.mark.long
def test_nothing_is_drawn_twice_and_no_budget_ends_whatever_clocks_say(steady, settings):
    settings.VAR_DIR.mkdir(exist_ok=True)
    steady.worker.add_one()
    steady.start()
    runs = []
    for workers, beat in (*JUMPS, JUMPS[-1]):
        # A sweep finds it, which clocks that are wrong ring for and hear.
        runs.append(run := plan_work(budget=Budget(seconds=2 * 3600)))
        wait_for_the_middle(run)
        set_clocks(settings.VAR_DIR, workers=workers, beat=beat)
        assert_each_came_out_once(run)
    drawn = Counter((settings.VAR_DIR / DRAWN).read_text().splitlines())
    assert set(drawn.values()) == {1}, "nobody took work from who was at it"
    assert len(drawn) == len(runs) * PROBLEMS * SAMPLES
    for run in runs:
        assert timedelta(0) < run.finished_at - run.started_at < timedelta(minutes=30), "by one clock"
    assert not Run.objects.filter(rung_at__gt=Now()).exists(), "no bell of the future"
    assert not Attempt.objects.filter(state="leased").exists()
