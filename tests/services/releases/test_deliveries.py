import errno
import io
import json
import uuid
import zipfile
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import factories
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.problems import problem_hash
from trajectories.core.records import ProblemKind
from trajectories.models import AuditEvent, Delivery
from trajectories.models.job_kinds import CANCEL
from trajectories.selectors.problems import to_record
from trajectories.services.curation.reviews import submit_review
from trajectories.services.jobs.leases import MOST_CLAIMS
from trajectories.services.jobs.steering import JobError, steer
from trajectories.services.releases import deliveries
from trajectories.services.releases.deliveries import (
    GIVEN_UP,
    NOTHING,
    deliver_next,
    delivery_filename,
    lost_deliveries,
    request_environment,
    retry_delivery,
    stored_name,
)
from trajectories.services.releases.environments import environment_module, read_contents
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.releases.stores import file_folder


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


def question(**values):
    made = factories.make_problem(**values)
    made.content_hash = problem_hash(to_record(made))
    made.save()
    return made


def release_of(lead, curator, *problems, title="First"):
    for problem in problems:
        trace = factories.make_trace(problem=problem)
        factories.make_verdict(trace=trace)
        submit_review(reviewer=curator, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    return freeze_accepted(actor=lead, title=title, key=uuid.uuid4())


@pytest.fixture
def release(lead, curator):
    text = {"kind": ProblemKind.TEXT, "spec": {}}
    return release_of(
        lead,
        curator,
        factories.make_problem(),
        question(**text, statement="The capital of France?", reference="Paris", name="city"),
        question(**text, statement="And of Atlantis?", reference=None, name="lost", split="eval"),
        question(
            kind=ProblemKind.TEXT,
            statement="Add.",
            spec={"function": "add", "tests": [{"arguments": [1], "expected": 1}]},
            reference=None,
            name="add",
            split="eval",
        ),
    )


def content_of(delivery):
    return (file_folder() / stored_name(delivery)).read_bytes()


def test_the_package_holds_the_problems_that_can_be_scored(release, engineer):
    delivery = request_environment(actor=engineer, release=release)
    assert deliver_next(job_id=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.done_count, delivery.total_count) == ("ready", 3, 3)
    package = environment_module(release)
    assert package == f"minicolumn_release_{release.content_hash[:10]}"
    assert delivery_filename(delivery) == f"{package}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(io.BytesIO(content_of(delivery))) as archive:
        rows = [json.loads(line) for line in archive.read(f"{package}/problems.jsonl").splitlines()]
        readme = archive.read(f"{package}/README.md").decode()
    assert [row["hash"] for row in rows] == sorted(row["hash"] for row in rows)
    assert {row["name"] for row in rows} == {"city", "add", *(row["name"] for row in rows if row["kind"] == "arc")}
    assert {row["name"]: row["split"] for row in rows}["add"] == "eval"
    assert "1 without a reference answer" in readme
    assert "`eval` (1), `train` (2)" in readme


def test_asked_for_again_it_is_the_one_there_is_and_built_again_the_same_bytes(release, engineer):
    delivery = request_environment(actor=engineer, release=release)
    deliver_next(job_id=delivery.pk)
    before = content_of(delivery)
    assert request_environment(actor=engineer, release=release).state == "ready"
    (file_folder() / stored_name(delivery)).unlink()
    again = request_environment(actor=engineer, release=release)
    assert (again.pk, again.state) == (delivery.pk, "queued")
    assert deliver_next(job_id=again.pk)
    assert content_of(delivery) == before
    assert AuditEvent.objects.filter(object_type="delivery").count() == 2


def test_a_release_that_nothing_can_score_says_so(lead, curator, engineer):
    release = release_of(
        lead, curator, question(kind=ProblemKind.TEXT, spec={}, statement="Why?", reference=None, name="why")
    )
    delivery = request_environment(actor=engineer, release=release)
    assert not deliver_next(job_id=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("failed", NOTHING)
    assert not file_folder().exists() or list(file_folder().iterdir()) == []


def test_a_procedural_problem_whose_scorer_is_not_trusted_is_left_out(lead, curator):
    spec = {"family": "no_such_family_of_ours", "entry": {}}
    trusted = {"family": "chain_sum", "entry": {}}
    procedural = {"kind": ProblemKind.PROCEDURAL, "reference": "1", "statement": "1?"}
    release = release_of(
        lead,
        curator,
        question(**procedural, spec=trusted, name="a"),
        factories.make_problem(),
        question(**{**procedural, "statement": "2?"}, spec={**spec, "family": "cryptarithm"}, name="b"),
    )
    facts = read_contents(release).facts
    assert facts.kinds.get("procedural", 0) + sum(facts.left_out.values()) == 2
    assert any(each.startswith("reasoning-gym") for each in facts.requirements) is ("procedural" in facts.kinds)


@pytest.mark.parametrize("place", [0, 5])
def test_a_worker_that_is_cancelled_meanwhile_leaves_nothing(release, engineer, lead, monkeypatch, place):
    delivery = request_environment(actor=engineer, release=release)
    chunks = deliveries.environment_chunks

    def cancelling(contents):
        for number, chunk in enumerate(chunks(contents)):
            if number == place:
                steer("delivery", CANCEL, actor=lead, job_id=delivery.pk)
            yield chunk

    monkeypatch.setattr(deliveries, "environment_chunks", cancelling)
    assert not deliver_next(job_id=delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == "cancelled"
    assert list(file_folder().iterdir()) == []


def test_a_full_disk_is_waited_for_and_any_other_fault_ends_it(release, engineer, monkeypatch):
    delivery = request_environment(actor=engineer, release=release)

    def failing(code):
        def chunks(_):
            yield b"begun"
            raise OSError(code, "a fault")

        return chunks

    monkeypatch.setattr(deliveries, "environment_chunks", failing(errno.ENOSPC))
    assert not deliver_next(job_id=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.claims) == ("queued", 0)
    assert delivery.space_needed > 0
    Delivery.objects.update(rung_at=timezone.now() - timedelta(hours=1))
    assert lost_deliveries() == []
    monkeypatch.setattr(deliveries, "environment_chunks", failing(errno.EIO))
    assert not deliver_next(job_id=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("failed", "The file could not be written: a fault")
    assert list(file_folder().iterdir()) == []


def test_a_worker_that_dies_again_and_again_is_given_up(release, engineer):
    delivery = request_environment(actor=engineer, release=release)
    Delivery.objects.update(claims=MOST_CLAIMS)
    assert not deliver_next(job_id=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("failed", GIVEN_UP)
    assert retry_delivery(actor=engineer, job_id=delivery.pk).state == "queued"
    with pytest.raises(JobError, match="queued"):
        retry_delivery(actor=engineer, job_id=delivery.pk)
