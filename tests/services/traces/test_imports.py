"""Which rows are samples of their own and which are known again: pass@k and votes count what was sampled."""

import io
import json
import zipfile

import pytest

from tests import factories
from tests.core.importers.shape_rows import CASES, NEMO_SKILLS
from trajectories.models import ImportedVerdict, Trace
from trajectories.services.imports.direct import import_traces
from trajectories.services.traces.staging import Stated

pytestmark = pytest.mark.django_db
QUESTION = "What is 2 + 2?"
PROMPT = [{"role": "user", "content": QUESTION}]
ROLLOUT = {"example_id": 3, "prompt": PROMPT, "completion": "4", "answer": "4", "reward": 1.0, "model": "m"}
OTHER = {**ROLLOUT, "completion": "5", "reward": 0.0}
GYM = dict(CASES["gym"].row)
SKILL = {**NEMO_SKILLS, "model": "m"}
EVENTS = dict(CASES["events"].row)
SAMPLE = {**CASES["sample"].row, "id": "s-1", "epoch": 1}
LOGGED = {
    "doc_id": 0,
    "doc": {"question": QUESTION, "answer": "4"},
    "arguments": {"gen_args_0": {"arg_0": QUESTION, "arg_1": {}}},
    "resps": [["4"]],
    "filter": "none",
    "metrics": ["exact_match"],
    "exact_match": 1.0,
}
PLAIN = {"question": QUESTION, "response": "4", "model": "m"}
LISTED = {"problem": QUESTION, "generations": ["4", "4", "4"], "model": "m"}


@pytest.fixture(autouse=True)
def _sum(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    return factories.make_problem(name="sum-1", kind="numeric", spec={}, reference="4", statement=QUESTION)


def lines(rows):
    return io.BytesIO("".join(f"{json.dumps(row)}\n" for row in rows).encode())


def bring(files, **stated):
    named = [(name, lines(rows)) for name, rows in files.items()]
    report = import_traces(actor=None, files=named, on_fault="all_or_nothing", stated=Stated(**stated))
    assert not report.faults, report.faults
    return report.inserted, report.duplicates


@pytest.mark.parametrize(
    ("files", "count"),
    [
        ({"results.jsonl": [ROLLOUT] * 3}, 3),
        ({"a/results.jsonl": [ROLLOUT, OTHER], "b/results.jsonl": [OTHER, ROLLOUT, ROLLOUT]}, 5),
        ({"r.jsonl": [{**ROLLOUT, "rollout_id": 0}, {**ROLLOUT, "rollout_id": 1}]}, 2),
        ({"r.jsonl": [{**ROLLOUT, "rollout_id": 0}, {**ROLLOUT, "rollout_id": 0}]}, 1),
        ({"output-rs0.jsonl": [SKILL], "output-rs1.jsonl": [SKILL]}, 2),
        ({"output-rs0_chunk_0.jsonl": [SKILL], "output-rs0_chunk_1.jsonl": [SKILL]}, 1),
        ({"output.jsonl": [SKILL, SKILL]}, 2),
        ({"gym.jsonl": [{**GYM, "_ng_task_index": 0, "_ng_rollout_index": at} for at in (0, 1)]}, 2),
        ({"gym.jsonl": [GYM, GYM]}, 2),
        ({"plain.jsonl": [PLAIN, PLAIN]}, 1),
        ({"plain.jsonl": [{**PLAIN, "sample_index": at} for at in (0, 1)]}, 2),
        ({"sft.jsonl": [{"messages": [*PROMPT, {"role": "assistant", "content": "4"}]}] * 2}, 1),
        ({"openr1.jsonl": [LISTED]}, 3),
        ({"samples.jsonl": [LOGGED, {**LOGGED, "filter": "digits"}]}, 1),
        ({"samples.jsonl": [{**LOGGED, "resps": [["4", "4"]]}]}, 2),
        ({"a.jsonl": [{**SAMPLE, "uuid": "u1"}], "b.jsonl": [{**SAMPLE, "uuid": "u2"}]}, 2),
        ({"a.jsonl": [{**SAMPLE, "uuid": "u1"}], "b.jsonl": [{**SAMPLE, "uuid": "u1"}]}, 1),
        ({"e.jsonl": [EVENTS, {**EVENTS, "spec": {**EVENTS["spec"], "run_id": "r2"}}]}, 2),
    ],
)
def test_as_many_traces_as_samples_and_none_when_they_come_again_in_another_order(files, count):
    assert bring(files)[0] == count
    assert bring(files)[0] == 0
    assert bring({name: rows[::-1] for name, rows in reversed(files.items())})[0] == 0
    assert Trace.objects.count() == count
    answers = [(trace.facts.get("custom_id"), trace.facts.get("alternative", 0)) for trace in Trace.objects.all()]
    told = [
        (trace.content_hash, *answer, trace.facts.get("sampled_as"))
        for trace, answer in zip(Trace.objects.all(), answers, strict=True)
    ]
    assert len(set(told)) == count


def test_more_rollouts_of_an_example_come_beside_those_that_are_here():
    assert bring({"results.jsonl": [ROLLOUT, OTHER]}) == (2, 0)
    assert bring({"results.jsonl": [ROLLOUT, OTHER, ROLLOUT]}) == (1, 2)
    scored = [{**ROLLOUT, "metrics": {"judge": 1.0}}] * 2
    assert bring({"results.jsonl": scored}) == (0, 2)
    assert ImportedVerdict.objects.filter(verifier="verifiers judge").values("trace").distinct().count() == 2


def test_samples_that_take_several_batches_are_counted_over_all_of_them():
    assert bring({"results.jsonl": [ROLLOUT] * 2_100}) == (2_100, 0)
    assert bring({"results.jsonl": [ROLLOUT] * 2_101}) == (1, 2_100)


def test_two_models_that_no_row_names_are_parted_by_what_a_person_or_a_folder_says():
    nameless = {key: value for key, value in PLAIN.items() if key != "model"}
    for rows in ([LOGGED], [{**nameless, "response": "It is 4."}]):
        assert bring({"rows.jsonl": rows}, model="one") == (1, 0)
        assert bring({"rows.jsonl": rows}, model="two") == (1, 0)
        assert bring({"rows.jsonl": rows}) == (1, 0), "no model named: known among imports without one alone"
        assert bring({"rows.jsonl": rows}, model="two") == bring({"rows.jsonl": rows}) == (0, 1)
    assert bring({"out/lab__m/samples_x_1.jsonl": [LOGGED], "logs/samples_x_1.jsonl": [LOGGED]}) == (1, 1)
    assert Trace.objects.order_by("-pk").first().sampler.title == "lab/m"
    assert bring({"rows.jsonl": [PLAIN]}, model="other") == (1, 0), "a row that names its model keeps it"
    assert Trace.objects.latest("pk").sampler.title == "m"


def test_results_beside_samples_in_a_zip_name_the_model_and_are_counted_as_passed_over():
    results = {"results": {"x": {}}, "configs": {}, "config": {"model_args": "pretrained=lab/m-1,dtype=auto"}}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("out/m/results_1.json", json.dumps(results))
        archive.writestr("out/m/samples_x_1.jsonl", json.dumps(LOGGED))
        archive.writestr("out/n/samples_x_1.jsonl", json.dumps(LOGGED))
    report = import_traces(actor=None, files=[("out.zip", packed)], on_fault="all_or_nothing")
    assert (report.inserted, report.told["shapes"]) == (2, {"logged": 2, "beside": 1})
    titles = Trace.objects.order_by("pk").values_list("sampler__title", flat=True)
    assert list(titles) == ["lab/m-1", "n"]


def test_metadata_beside_rollouts_names_the_model_too():
    told = {"env_id": "sums", "model": "lab/m-2", "num_examples": 1}
    nameless = {key: value for key, value in ROLLOUT.items() if key != "model"}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("evals/sums--lab--m/1/metadata.json", json.dumps(told))
        archive.writestr("evals/sums--lab--m/1/results.jsonl", json.dumps(nameless))
    report = import_traces(actor=None, files=[("out.zip", packed)], on_fault="all_or_nothing")
    assert (report.inserted, report.told["shapes"]) == (1, {"rollout": 1, "beside": 1})
    assert bring({"evals/sums--lab--m/2/results.jsonl": [nameless]}) == (1, 0)
    titles = Trace.objects.order_by("pk").values_list("sampler__title", flat=True)
    assert list(titles) == ["lab/m-2", "lab/m"]


def test_what_people_say_of_a_trace_finds_it_whoever_sampled_it():
    assert bring({"rows.jsonl": [PLAIN]}) == (1, 0)
    said = {"data": {"question": QUESTION, "response": "4"}, "annotations": []}
    assert bring({"export.jsonl": [said]}) == (0, 1)


def test_what_a_sample_asks_says_more_than_an_id_that_something_else_is_called_by():
    factories.make_problem(name="s-1", kind="numeric", spec={}, reference="9", statement="What is 4 + 5?")
    bring({"log.jsonl": [SAMPLE]})
    assert Trace.objects.get().problem.name == "sum-1"
    wrapped = {**SAMPLE, "input": "Say it: 4 + 5?", "messages": [], "id": "s-1", "uuid": "u"}
    bring({"other.jsonl": [wrapped]})
    assert Trace.objects.order_by("pk").last().problem.name == "s-1"


def test_an_id_tells_apart_what_asks_the_same():
    beside = factories.make_problem(name="s-1", kind="text", spec={}, reference="four", statement=QUESTION)
    bring({"log.jsonl": [SAMPLE]})
    assert Trace.objects.get().problem == beside
