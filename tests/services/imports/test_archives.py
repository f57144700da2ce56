"""The round trip: a release of every kind, exported whole, is the same release in a Minicolumn that had nothing."""

import io
import json

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from tests import factories
from tests.archives import archive, export_everything, full_of, manifest_of, people, sorted_problems, traces
from trajectories.core.identity import content_hash
from trajectories.models import (
    AuditEvent,
    Import,
    ImportedReview,
    ImportedVerdict,
    Problem,
    ProblemSet,
    Release,
    Sampler,
    Trace,
)
from trajectories.services.imports import archive_steps
from trajectories.services.imports.archive_steps import STEPS
from trajectories.services.imports.archives import NO_MANIFEST, import_archive
from trajectories.services.imports.jobs import ImportJobError, import_again, import_next, keep_files, plan_import
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


@pytest.fixture(scope="module")
def kept():
    return {}


@pytest.fixture
def exported(kept, transactional_db, tmp_path):
    """Somebody else's archive, where there is nothing but people: made once, since no test changes what it holds."""
    if not kept:
        kept.update(export_everything(tmp_path))
    people()
    return kept


def test_a_release_of_every_kind_comes_back_as_it_was(exported, client):
    lead = User.objects.get(username="lena")
    report = import_archive(actor=lead, files=archive(exported["rows"], exported["manifest"]))
    assert report.faults == ()
    assert (report.problems, report.traces, report.known_traces) == (5, len(exported["items"]), 0)
    release = Release.objects.get()
    assert (report.release, report.is_new) == (release, True)
    assert release.content_hash == exported["hash"] == content_hash(release.manifest)
    assert (release.title, release.notes, release.created_by) == ("Äll kinds", "Of every kind.", lead)
    items = list(release.items.order_by("position").values_list("content_hash", "split", "score"))
    assert items == exported["items"]
    assert sorted_problems() == exported["problems"]
    verify_traces(trace_ids=list(Trace.objects.values_list("pk", flat=True)))
    assert traces() == exported["traces"]
    assert full_of(release, lead) == exported["rows"], "exported again it is the same file, byte for byte"
    assert json.loads(manifest_of(client, release, lead)) == json.loads(exported["manifest"])
    assert AuditEvent.objects.get(verb="release.restore").data["sha256"] == release.content_hash
    assert ProblemSet.objects.get(name="questions").problem_count == 3
    told = [review for line in exported["rows"].splitlines() for review in json.loads(line)["reviews"]]
    assert [review["suggestion"]["by"] for review in told if "suggestion" in review] == ["text, version 1"]
    assert sum("compared" in item.evidence for item in release.items.all()) == 2
    said = json.loads(exported["rows"].splitlines()[0])
    assert ImportedVerdict.objects.count() >= len(exported["items"])
    assert ImportedReview.objects.filter(comment__contains="Ünï").exists()
    assert said["reviews"][0]["reviewer"] == "reviewer-1"


def test_step_labels_with_their_places_and_the_makers_of_traces_come_back(exported):
    rows = [json.loads(line) for line in exported["rows"].splitlines()]
    labelled = [review for row in rows for review in row["reviews"] if review["step_labels"]]
    placed = [review for review in labelled if "step_spans" in review]
    assert placed, "the file tells places"
    import_archive(actor=None, files=archive(exported["rows"], exported["manifest"]))
    assert ImportedReview.objects.exclude(step_labels={}).count() == len(labelled)
    assert ImportedReview.objects.exclude(step_spans={}).count() == len(placed)
    cut = [review["segmentation"] for review in labelled if "segmentation" in review]
    assert cut
    back = ImportedReview.objects.exclude(segmentation="").values_list("segmentation", flat=True)
    assert sorted(back) == sorted(cut)
    edit = Trace.objects.get(facts__origin="human edit")
    assert (edit.sampler, edit.edited_by, edit.run) == (None, None, None)
    assert edit.parent.problem.name == "mirror", "the trace that was edited is in this release too"
    assert not Sampler.objects.filter(name__contains="human").exists()
    agents = Trace.objects.filter(problem__name="sum")
    assert agents.count() == 2, "two samples with the same words stay two"
    assert agents[0].content_hash == agents[1].content_hash


def test_taken_in_twice_nothing_more_happens(exported):
    files = (exported["rows"], exported["manifest"])
    first = import_archive(actor=None, files=archive(*files))
    again = import_archive(actor=None, files=archive(*files))
    assert (again.problems, again.traces, again.known_traces) == (0, 0, len(exported["items"]))
    assert (again.release, again.is_new) == (first.release, False)
    assert (Release.objects.count(), Trace.objects.count()) == (1, len(exported["items"]))


def changed(rows, change):
    """The rows with the first one changed."""
    first, *others = rows.splitlines(keepends=True)
    row = json.loads(first)
    change(row)
    return json.dumps(row, ensure_ascii=False).encode() + b"\n" + b"".join(others)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda row: row["problem"].update(reference="43"), "but its content has"),
        (lambda row: row["problem"].update(statement="Another?"), "but its content has"),
        (lambda row: row["trace"].update(answer="43", program=""), "the trace of this row has another hash"),
        (lambda row: row["reviews"].pop(), "but the item of this row has"),
        (lambda row: row["reviews"][0].update(score=1, comment="Changed."), "but the item of this row has"),
        (lambda row: row["verdicts"][0].update(outcome="error"), "but the item of this row has"),
        (lambda row: row["item"].update(split="validation"), "but the item of this row has"),
        (lambda row: row["item"].update(hash="0" * 64), "but the item of this row has"),
        (lambda row: row["item"].update(position=7), "rows in order, all"),
        (lambda row: row["item"].update(trace_id=-1), "expected the number of a trace"),
        (lambda row: row["item"].update(release="nothing"), "expected a SHA-256"),
        (lambda row: row["problem"].update(kind="riddle"), "expected one of"),
        (lambda row: row["problem"]["set"].update(name="no slug!"), "expected the name of a set"),
        (lambda row: row["trace"].update(usage={"output_tokens": -1}), "expected a number of tokens"),
        (lambda row: row["trace"].update(finish_reason="tired"), "expected one of"),
        (lambda row: row.pop("item"), "expected one of “full” with its item"),
        (lambda row: row["problem"].pop("set"), "found no whole problem"),
    ],
)
def test_what_was_changed_is_told_and_nothing_is_taken_in(exported, change, said):
    report = import_archive(actor=None, files=archive(changed(exported["rows"], change), exported["manifest"]))
    assert said in str(report.faults[0])
    assert report.release is None
    assert not any(model.objects.exists() for model in (Release, Trace, Problem, ProblemSet))


def test_an_archive_that_is_not_whole_is_told(exported):
    rows, manifest = exported["rows"], json.loads(exported["manifest"])
    lines = rows.splitlines(keepends=True)
    other = {**manifest, "manifest": {**manifest["manifest"], "order": ""}}
    told = {
        NO_MANIFEST: [("full.jsonl", io.BytesIO(rows))],
        "as the manifest says": archive(b"".join(lines[:-1]), exported["manifest"]),
        "it was changed": archive(rows, json.dumps(other).encode()),
        "rows in order": archive(b"".join([lines[1], lines[0], *lines[2:]]), exported["manifest"]),
    }
    for said, files in told.items():
        report = import_archive(actor=None, files=files)
        assert said in str(report.faults[-1] if said == NO_MANIFEST else report.faults[0]), said
    assert not Problem.objects.exists()


def test_an_archive_meets_what_is_here_already(exported):
    """Its problems in another set, and one of its traces imported before: each is known, and the release is whole."""
    other = ProblemSet.objects.create(name="mine", title="Mine")
    row = json.loads(exported["rows"].splitlines()[0])["problem"]
    factories.make_problem(
        problem_set=other,
        **{name: row[name] for name in ("name", "kind", "statement", "spec", "reference", "split")},
        content_hash=row["hash"],
    )
    report = import_archive(actor=None, files=archive(exported["rows"], exported["manifest"]))
    assert (report.fault_count, report.problems) == (0, 4)
    assert Problem.objects.get(content_hash=row["hash"]).problem_set == other
    assert report.release.content_hash == exported["hash"]


def job_of(lead, rows, manifest):
    uploads = keep_files(owner=lead, files=archive(rows, manifest))
    options = {"on_fault": "all_or_nothing", "adopt_reviews": False}
    return plan_import(actor=lead, kind=Import.Kind.ARCHIVE, source="archive", options=options, uploads=uploads)


def test_a_worker_takes_it_in_step_by_step_and_may_be_killed_at_any(exported, monkeypatch):
    lead = User.objects.get(username="lena")
    job = job_of(lead, exported["rows"], exported["manifest"])
    for step in range(STEPS):
        assert Import.objects.get(pk=job.pk).cursor == step
        real = archive_steps._STEPS[step]

        def killed(taken, files, real=real):
            real(taken, files)
            raise ZeroDivisionError

        with monkeypatch.context() as patched:
            patched.setitem(archive_steps._STEPS, step, killed)
            with pytest.raises(ZeroDivisionError):
                import_next(job_id=job.pk)
        assert import_next(job_id=job.pk) is (step < STEPS - 1), "it goes on from the step that was cut short"
    job.refresh_from_db()
    assert (job.state, job.inserted, job.options["problems"]) == ("finished", 0, 0), "what was in already is known"
    assert Release.objects.get(pk=job.options["release"]).content_hash == exported["hash"]
    assert Release.objects.count() == 1


def test_a_changed_archive_is_refused_as_a_job_and_never_half(exported):
    lead = User.objects.get(username="lena")
    job = job_of(lead, changed(exported["rows"], lambda row: row["reviews"].pop()), exported["manifest"])
    assert not import_next(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.fault_count) == ("refused", 1)
    assert "but the item of this row has" in job.faults[0][2]
    assert not Problem.objects.exists()
    with pytest.raises(ImportJobError, match="whole or not at all"):
        import_again(actor=lead, job_id=job.pk)


def test_the_page_and_the_command_take_it_in(exported, client, tmp_path, capsys):
    client.force_login(User.objects.get(username="lena"))
    files = [SimpleUploadedFile("full.jsonl", exported["rows"]), SimpleUploadedFile("m.json", exported["manifest"])]
    answer = client.post(reverse("trace_import"), {"traces": files, "archive": "on"})
    job = Import.objects.get()
    assert answer["Location"] == reverse("import_detail", args=[job.pk])
    assert job.kind == "archive"
    while import_next(job_id=job.pk):
        page = client.get(answer["Location"]).content.decode()
        assert f"{Import.objects.get().done} of 4 steps" in page
    page = client.get(answer["Location"]).content.decode()
    release = Release.objects.get()
    assert reverse("release_detail", args=[release.pk]) in page
    assert "with the same hash" in page
    (tmp_path / "full.jsonl").write_bytes(exported["rows"])
    (tmp_path / "manifest.json").write_bytes(exported["manifest"])
    call_command("import_traces", tmp_path / "manifest.json", tmp_path / "full.jsonl", "--archive")
    said = capsys.readouterr().out.splitlines()[-1]
    assert said == (
        f"0 problems and 0 traces new, {len(exported['items'])} known already; "
        f"release {release.pk} {release.content_hash[:10]}, known already"
    )
    with pytest.raises(CommandError, match="nothing of the archive was imported"):
        call_command("import_traces", tmp_path / "full.jsonl", "--archive")


def test_who_may_add_no_problems_takes_in_no_archive(client, curator):
    curator.user_permissions.add(Permission.objects.get(codename="add_trace"))
    client.force_login(curator)
    files = [SimpleUploadedFile("full.jsonl", b"{}")]
    assert client.post(reverse("trace_import"), {"traces": files, "archive": "on"}).status_code == 403
    assert not Import.objects.exists()
