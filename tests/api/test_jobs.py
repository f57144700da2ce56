"""Jobs of every kind by the API: one list with its cursor, steering with each kind's permission, budgets."""

import pytest

from tests import factories
from tests.api.programs import Program
from tests.imports import plan_rows
from trajectories.models import JOB_KINDS, AuditEvent, Run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


def test_jobs_of_all_kinds_are_one_list_with_a_cursor_and_filters(lead):
    runs, job = [factories.make_run(state="queued") for _ in range(2)], plan_rows(lead, 1)
    program = Program(lead)
    first = program.get("/jobs", limit=2).json()
    assert [(row["kind"], row["id"]) for row in first["items"]] == [("import", job.pk), ("run", runs[1].pk)]
    second = program.get("/jobs", limit=2, cursor=first["next"]).json()
    assert ([row["id"] for row in second["items"]], second["next"]) == ([runs[0].pk], None)
    assert [row["kind"] for row in program.get("/jobs", kind="import").json()["items"]] == ["import"]
    assert program.get("/jobs", state="failed").json()["items"] == []
    assert program.get(f"/jobs/import/{job.pk}").json()["verbs"] == ["pause", "cancel"]
    assert program.get("/jobs", cursor="1-nothing-1").status_code == 422
    assert program.get("/jobs", kind="nothing").status_code == 422


def test_a_job_is_steered_as_its_kind_allows_by_who_may(lead, curator):
    job = plan_rows(lead, 1)
    address = f"/jobs/import/{job.pk}"
    assert Program(curator).get(address).status_code == 403
    assert Program(curator).post(f"{address}/pause").status_code == 403
    program = Program(lead)
    assert program.post(f"{address}/pause").json()["state"] == "paused"
    assert program.post(f"{address}/pause").status_code == 409
    assert program.post(f"{address}/retry").status_code == 409
    assert program.post(f"{address}/resume").json()["state"] == "queued"
    assert program.post(f"{address}/cancel").json()["verbs"] == []
    assert program.post("/jobs/export/999/pause").status_code in (404, 409)
    verbs = AuditEvent.objects.filter(object_type="import", actor=lead).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["import.planned", "import.paused", "import.resumed", "import.cancelled"]


def test_every_kind_of_job_has_its_list_and_refuses_moves_it_does_not_have(lead):
    program = Program(lead)
    for kind, found in JOB_KINDS.items():
        assert program.get("/jobs", kind=kind).status_code == 200, kind
        assert program.get(f"/jobs/{kind}/999999").status_code == 404, kind
        for verb in {"pause", "resume", "cancel", "retry"}:
            expected = 404 if verb in found.moves else 409
            assert program.post(f"/jobs/{kind}/999999/{verb}").status_code == expected, (kind, verb)


def test_the_budget_of_a_run_is_changed_and_of_an_import_there_is_none(lead, curator):
    run = factories.make_run(state="queued")
    address, budget = f"/jobs/run/{run.pk}/budget", {"budget_tokens": 500, "budget_minutes": 2}
    assert Program(curator).post(address, budget).status_code == 403
    assert Program(lead).post(address, budget).status_code == 200
    run = Run.objects.get(pk=run.pk)
    assert (run.budget_tokens, run.budget_seconds, run.budget_cost) == (500, 120, None)
    assert Program(lead).post(f"/jobs/import/{plan_rows(lead, 1).pk}/budget", budget).status_code == 409
    Run.objects.update(state="cancelled")
    assert Program(lead).post(address, budget).status_code == 409
