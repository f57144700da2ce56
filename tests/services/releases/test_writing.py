"""Files in every container: the same rows in each, the same bytes twice, and clear words for what does not fit."""

import gzip
import io
import json
import uuid
import zipfile

import pyarrow.parquet
import pytest

from tests import factories
from tests.management.test_import_traces_answers import CASES
from tests.services.releases.test_exports_loading import release_of, written
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.exporters import EXPORTERS, Container, Pairing, Reads, Ways, write_rows
from trajectories.core.importers.arc_submissions import is_submission
from trajectories.core.releases.rules import Reviews, Rule
from trajectories.models import Comparison, Export
from trajectories.selectors.exports import iterate_items
from trajectories.services.curation.reviews import submit_review
from trajectories.services.releases import writing
from trajectories.services.releases.exports import (
    ExportError,
    Wanted,
    export_filename,
    export_path,
    request_export,
    request_file,
    write_export,
)
from trajectories.services.releases.freezing import freeze_accepted

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


@pytest.fixture
def release(curator, lead):
    """Right and wrong traces of two problems, some of them with labelled steps and with an edit over its original."""
    for number in range(2):
        problem = factories.make_problem(split="eval" if number else "train")
        prompt = factories.make_text('[{"content":"What is it?","role":"user"}]')
        for name, outcome in (("right", "pass"), ("wrong", "fail"), ("also right", "pass")):
            reasoning = f"{number}: it is {name}. 2024-01-02\u2028"
            trace = factories.make_trace(problem=problem, prompt=prompt, reasoning=reasoning, correctness=outcome)
            factories.make_verdict(trace=trace, outcome=outcome, evidence={"pairs": [{"predicted": [[number]]}]})
            if name == "also right":
                draft = ReviewDraft(Decision.ACCEPT, score=4, step_labels={"0": "good"})
                submit_review(reviewer=curator, trace=trace, draft=draft, key=uuid.uuid4())
    return freeze_accepted(actor=lead, title="All", rule=Rule(reviews=Reviews(accepted_by=0)), key=uuid.uuid4())


FAST = [name for name in EXPORTERS if EXPORTERS[name].reads is not Reads.EVERYTHING]


@pytest.fixture
def agents(curator, lead):
    """Five agents whose arguments came as text, object, null, empty text and braces (case b13)."""
    case = CASES / "b13-tool-arguments"
    return release_of(curator, lead, case / "problems.jsonl", case / "traces.jsonl")


def lines(export):
    return [json.loads(line) for line in export_path(export).read_bytes().split(b"\n")[:-1]]


def without_nulls(value):
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("export_format", EXPORTERS)
def test_every_container_holds_the_same_rows(release, lead, export_format):
    containers = EXPORTERS[export_format].containers
    made = {each: written(lead, release, export_format, container=each, with_meta=True) for each in containers}
    assert all(export.state == "ready" for export in made.values())
    has_rows = export_format not in ("preference-repairs", "step-values")  # nothing of theirs is in this release
    assert all(export.rows_written for export in made.values()) == has_rows
    assert len({export.rows_written for export in made.values()}) == 1
    if Container.JSON in containers:
        document = json.loads(export_path(made[Container.JSON]).read_text())
        assert is_submission(document)
        assert len(document) == 2
        return
    rows = lines(made[Container.JSONL]) if Container.JSONL in containers else None
    if Container.JSONL_GZ in containers:
        packed = export_path(made[Container.JSONL_GZ]).read_bytes()
        assert gzip.decompress(packed) == export_path(made[Container.JSONL]).read_bytes()
    if Container.PARQUET in containers:
        table = pyarrow.parquet.read_table(export_path(made[Container.PARQUET]))
        assert table.schema.metadata is None
        assert rows is None or without_nulls(table.to_pylist()) == without_nulls(rows)
        rows = table.to_pylist()
    if Container.FOLDER in containers:
        with zipfile.ZipFile(export_path(made[Container.FOLDER])) as archive:
            names = archive.namelist()
            tables = [
                pyarrow.parquet.read_table(io.BytesIO(archive.read(name))).to_pylist()
                for name in names
                if name.endswith(".parquet")
            ]
        assert {"README.md", "manifest.json"} < set(names)
        files = [f"data/{split}-00000-of-00001.parquet" for split in ("train", "test")]
        assert [name for name in names if name.startswith("data/")] == (files if rows else files[:1])
        both = sorted((row for table in tables for row in table), key=str)
        assert without_nulls(both) == without_nulls(sorted(rows, key=str))


@pytest.mark.parametrize("container", [Container.PARQUET, Container.FOLDER, Container.JSONL_GZ])
def test_made_again_it_is_the_same_bytes(release, lead, container):
    export = written(lead, release, "sft-messages", container=container)
    before = export_path(export).read_bytes()
    export_path(export).unlink()
    again = written(lead, release, "sft-messages", container=container)
    assert (again.pk, export_path(again).read_bytes()) == (export.pk, before)
    assert list(export_path(export).parent.iterdir()) == [export_path(export)]


@pytest.mark.parametrize("export_format", FAST)
def test_reading_fast_gives_what_reading_everything_gives(release, export_format):
    exporter = EXPORTERS[export_format]
    for with_meta in (False, True):
        fast, slow = (
            [
                row
                for group in ([[*items]] if exporter.by_problem else [[item] for item in items])
                for row in write_rows(exporter, list(filter(exporter.takes, group)), Ways(with_meta=with_meta))
            ]
            for items in (
                list(iterate_items(release, reads=exporter.reads, with_meta=with_meta or exporter.makes_pairs)),
                list(iterate_items(release)),
            )
        )
        assert [row.values for row in fast] == [row.values for row in slow]
        assert [row.split for row in fast] == [row.split for row in slow]


def test_a_batch_ends_where_texts_are_long(release, monkeypatch):
    from trajectories.selectors import export_items

    whole = list(iterate_items(release, reads=Reads.ASSESSMENTS))
    monkeypatch.setattr(export_items, "BATCH_BYTES", 1)
    assert list(iterate_items(release, reads=Reads.ASSESSMENTS)) == whole
    assert list(iterate_items(release, reads=Reads.ASSESSMENTS, count=2)) == whole[:2]


def test_types_that_come_late_are_in_the_whole_file(agents, lead, monkeypatch):
    """The first blocks know no tools and no thoughts."""
    monkeypatch.setattr(writing, "BLOCK_ROWS", 1)
    export = written(lead, agents, "sft-messages", container="parquet", with_meta=True)
    file = pyarrow.parquet.ParquetFile(export_path(export))
    assert file.metadata.num_row_groups == export.rows_written == agents.item_count
    assert without_nulls(file.read().to_pylist()) == without_nulls(
        lines(written(lead, agents, "sft-messages", with_meta=True))
    )


def test_objects_of_other_keys_fit_no_typed_column_and_it_says_so(agents, lead):
    export = request_export(
        actor=lead, release=agents, export_format="sft-messages", container="parquet", arguments="objects"
    )
    assert not write_export(job_id=export.pk)
    export.refresh_from_db()
    assert export.state == "failed"
    assert export.error == (
        "Arguments of tool calls: found other keys from call to call, expected the same, as Parquet has them. Take "
        "arguments as JSON text, or JSON Lines."
    )
    assert list(export_path(export).parent.iterdir()) == []


def test_what_is_recommended_depends_on_the_rows(release, lead):
    def container(**ways):
        return request_file(actor=lead, release=release, wanted=Wanted(**ways)).container

    assert container(format="sft-messages") == "parquet"
    assert container(format="sft-messages", template="trl") == "jsonl"
    assert container(format="full") == "jsonl"
    assert container(format="arc-submission") == "json"
    assert container(format="verl") == "parquet"


@pytest.mark.parametrize(
    ("ways", "said"),
    [
        ({"format": "full", "container": "parquet"}, "Container: found 'parquet', expected one of jsonl, jsonl.gz."),
        ({"format": "verl", "container": "jsonl"}, "Container: found 'jsonl', expected one of parquet, folder."),
        ({"format": "xlsx"}, "Format: found 'xlsx', expected one of sft-messages"),
        ({"format": "full", "template": "vicuna"}, "Template: found 'vicuna', expected one of trl"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_there_is(release, lead, ways, said):
    with pytest.raises(ExportError) as refused:
        request_file(actor=lead, release=release, wanted=Wanted(**ways))
    assert str(refused.value).startswith(said)
    assert not Export.objects.exists()


def test_pairs_are_as_asked_and_in_files_of_their_own(release, lead):
    usual = written(lead, release, "preference", with_meta=True)
    few = written(lead, release, "preference", with_meta=True, pairing=Pairing(most=1))
    assert (usual.rows_written, few.rows_written) == (4, 2)
    assert export_filename(few) == f"release-{release.pk}-preference-most-1-meta.jsonl"
    for row in lines(usual):
        assert row["chosen"] != row["rejected"]
        assert row["meta"]["prompt"] == "as sent"
        assert row["meta"]["source"] == "verdict"
        assert row["meta"]["rejected_verdicts"] == ["arc_test 1: fail"]
    assert written(lead, release, "preference", pairing=Pairing(longest=1.01)).rows_written < 4


def compare(person, one, other, verdict, **values):
    first, second = sorted([one, other], key=lambda trace: trace.pk)
    fields = {"problem": one.problem, "first": first, "second": second, "reviewer": person, **values}
    return Comparison.objects.create(verdict=verdict, swapped=False, key=uuid.uuid4(), **fields)


def test_what_people_preferred_makes_pairs_that_say_so(curator, lead, engineer):
    problem = factories.make_problem()
    outcomes = {"plain": "pass", "neat": "pass", "wrong": "fail", "unknown": "unscored", "tied": "pass"}
    traces = {}
    for name, outcome in outcomes.items():
        traces[name] = factories.make_trace(problem=problem, reasoning=f"It is {name}.", correctness=outcome)
        factories.make_verdict(trace=traces[name], outcome=outcome)
    plain, neat, wrong, unknown, tied = traces.values()
    # Two of three prefer the neat one; the third changed their mind about it.
    compare(curator, plain, neat, "second")
    compare(lead, plain, neat, "second")
    first = compare(engineer, plain, neat, "tie")
    compare(engineer, plain, neat, "first", supersedes=first)
    compare(curator, plain, tied, "first")
    compare(lead, plain, tied, "second")
    # What a verifier calls wrong is chosen over nothing, nor what nobody knows over what is right.
    compare(curator, plain, wrong, "second")
    compare(curator, plain, unknown, "second")
    taken_back = compare(curator, neat, tied, "first")
    compare(curator, neat, tied, "withdraw", supersedes=taken_back)
    rule = Rule(reviews=Reviews(accepted_by=0))
    release = freeze_accepted(actor=lead, title="Compared", rule=rule, key=uuid.uuid4())
    evidence = dict(release.items.values_list("trace", "evidence"))
    assert evidence[neat.pk]["compared"] == {plain.content_hash: [2, 1]}
    others = {neat.content_hash: [1, 2], unknown.content_hash: [0, 1], wrong.content_hash: [0, 1]}
    assert evidence[plain.pk]["compared"] == others
    assert "compared" not in evidence[tied.pk]
    rows = lines(written(lead, release, "preference", with_meta=True))
    found = [(row["meta"]["trace_id"], row["meta"]["rejected_trace_id"], row["meta"]["source"]) for row in rows]
    assert found[0] == (neat.pk, plain.pk, "comparison")
    assert {pair[2] for pair in found[1:]} == {"verdict"}
    assert {pair[:2] for pair in found[1:]} == {(right.pk, wrong.pk) for right in (plain, neat, tied)}
    again = freeze_accepted(actor=lead, title="Again", rule=rule, key=uuid.uuid4())
    assert again.content_hash == release.content_hash
    compare(engineer, plain, tied, "first")
    changed = freeze_accepted(actor=lead, title="Changed", rule=rule, key=uuid.uuid4())
    assert changed.content_hash != release.content_hash


def test_traces_asked_differently_make_a_pair_only_when_rewritten(curator, lead):
    problem = factories.make_problem()
    for name, outcome in (("right", "pass"), ("wrong", "fail")):
        prompt = factories.make_text(json.dumps([{"content": f"Asked as {name}.", "role": "user"}]))
        reasoning = f"It is {name}."
        trace = factories.make_trace(problem=problem, prompt=prompt, reasoning=reasoning, correctness=outcome)
        factories.make_verdict(trace=trace, outcome=outcome)
    release = freeze_accepted(actor=lead, title="Two", rule=Rule(reviews=Reviews(accepted_by=0)), key=uuid.uuid4())
    assert written(lead, release, "preference").rows_written == 0
    [row] = lines(written(lead, release, "preference", pairing=Pairing(rewrite=True), with_meta=True))
    assert row["meta"]["prompt"] == "canonical"
    assert "Asked as" not in json.dumps(row["prompt"])


def test_a_format_that_takes_nothing_has_a_file_without_rows(curator, lead):
    trace = factories.make_trace()
    submit_review(reviewer=curator, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    release = freeze_accepted(actor=lead, title="One", key=uuid.uuid4())
    export = written(lead, release, "preference", container="parquet")
    assert (export.rows_written, export.items_taken) == (0, 1)
    assert pyarrow.parquet.read_table(export_path(export)).column_names == ["prompt", "chosen", "rejected", "tools"]
    folder = written(lead, release, "stepwise", container="folder")
    with zipfile.ZipFile(export_path(folder)) as archive:
        assert "data/train-00000-of-00001.parquet" in archive.namelist()


def test_a_large_split_is_cut_into_several_files(release, lead, monkeypatch):
    from trajectories.services.releases import folders

    monkeypatch.setattr(writing, "BLOCK_ROWS", 1)
    monkeypatch.setattr(folders, "SHARD_BYTES", 150)
    export = written(lead, release, "sft-messages", container="folder")
    with zipfile.ZipFile(export_path(export)) as archive:
        files = [name for name in archive.namelist() if name.startswith("data/train")]
        rows = [pyarrow.parquet.read_table(io.BytesIO(archive.read(name))).num_rows for name in files]
        card = archive.read("README.md").decode()
    assert len(files) > 1
    assert files[0] == f"data/train-00000-of-{len(files):05d}.parquet"
    assert sum(rows) == 3
    assert "    num_examples: 3" in card
