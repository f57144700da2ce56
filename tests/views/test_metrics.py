"""Numbers for Prometheus: who may read them, that they are right, and that the dashboard knows them all."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import factories
from trajectories.core.records import Usage
from trajectories.models import Run, Tally
from trajectories.services.spending.ledger import Payer, book
from trajectories.services.spending.limits import set_limit
from trajectories.services.tallies import count_up

TOKEN = "a-token-of-enough-characters"
WANTED = (
    *("samples_total", "verdicts_total", "reviews_total", "tokens_total", "cost_total", "queue_age_seconds"),
    *("sandbox_failures_total", "scheduler_age_seconds", "workers", "jobs", "daily_limit", "disk_free_bytes"),
)
"""What somebody who watches over an installation has to see."""

pytestmark = pytest.mark.django_db


@pytest.fixture
def numbers(client, settings, lead):
    """What is told of an installation with something of everything."""
    settings.METRICS = "loopback"
    run = factories.plan()
    Run.objects.filter(pk=run.pk).update(planned_count=9, done_count=5, failed_count=1, verified_count=4)
    payer = Payer("run", run.pk, factories.make_sampler(kind="chat").pk, lead.pk)
    book(payer=payer, usage=Usage(100, 0, 0, 20), cost=Decimal("0.5"))
    factories.make_review(trace=factories.make_trace(correctness="error", run=None), reviewer=lead)
    for _ in range(2):
        factories.make_verdict(trace=factories.make_trace(run=None), outcome="pass")
    count_up(name=Tally.SANDBOX_FAILURES, counts={"memory": 3, "time": 0})
    factories.make_worker()
    factories.make_ring(seconds=7)
    set_limit(actor=lead, scope="all", amount=Decimal(2))

    def read():
        answer = client.get("/metrics")
        assert answer.status_code == 200
        samples = [
            each for family in text_string_to_metric_families(answer.content.decode()) for each in family.samples
        ]
        return {(each.name, *sorted(each.labels.items())): each.value for each in samples}

    return read


def test_the_numbers_are_those_of_the_tables(numbers):
    found = numbers()
    assert found["minicolumn_samples_total", ("state", "done")] == 5
    assert found["minicolumn_samples_total", ("state", "failed")] == 1
    assert found["minicolumn_verified_samples_total",] == 4
    assert found["minicolumn_verification_errors",] == 1
    assert found["minicolumn_reviews_total",] == 1
    assert found["minicolumn_verdicts_total", ("outcome", "pass")] == 2
    assert found["minicolumn_verdicts_total", ("outcome", "error")] == 0
    assert found["minicolumn_sandbox_failures_total", ("kind", "memory")] == 3
    assert found["minicolumn_sandbox_failures_total", ("kind", "died")] == 0
    assert found["minicolumn_cost_total", ("kind", "run")] == 0.5
    assert found["minicolumn_tokens_total", ("direction", "input"), ("kind", "run")] == 100
    assert found["minicolumn_daily_limit_spent", ("subject", "all jobs")] == 0.5
    assert found["minicolumn_jobs", ("kind", "run"), ("state", "queued")] == 1
    assert found["minicolumn_workers", ("state", "alive")] == 1
    assert 7 <= found["minicolumn_scheduler_age_seconds",] < 60
    assert found["minicolumn_broker_up",] == 1
    assert found["minicolumn_queue_messages", ("queue", "sampling")] >= 0
    assert found["minicolumn_disk_free_bytes",] > 0


def test_the_dashboard_asks_for_nothing_that_is_not_told(numbers):
    told = {name for name, *_ in numbers()}
    board = json.loads((Path(__file__).parents[2] / "docs" / "grafana.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    names = {name for expression in asked for name in re.findall(r"minicolumn_\w+", expression)}
    assert names <= told
    assert names >= {f"minicolumn_{name}" for name in WANTED}
    assert {panel["id"] for panel in board["panels"]} == set(range(1, len(board["panels"]) + 1))


def test_they_are_off_unless_asked_for_and_then_for_whom_they_are_meant(client, settings):
    assert client.get("/metrics").status_code == 404
    settings.METRICS = "loopback"
    assert client.get("/metrics").status_code == 200
    assert client.post("/metrics").status_code == 405
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 404
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 404, "came through a proxy"
    settings.METRICS, settings.METRICS_TOKEN = "token", TOKEN
    assert client.get("/metrics").status_code == 404
    for given in ("", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer é"):
        assert client.get("/metrics", headers={"Authorization": given}).status_code == 404
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
