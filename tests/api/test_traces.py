import json

import pytest

from tests import factories
from tests.api.programs import Program
from tests.queues import make_traces, queue_of
from tests.services.traces.test_searches import many
from trajectories.core.curation.schemas import Blinding
from trajectories.core.selections import Selection
from trajectories.models import (
    Import,
    ImportedReview,
    ImportedVerdict,
    PendingVerification,
    Problem,
    Reverification,
    Trace,
)
from trajectories.selectors.blinding import sight_of
from trajectories.services.curation.trace_tags import add_tag
from trajectories.services.traces.searches import read_all

OUTPUT = [[[9, 8, 7]]]


def pushed(problem, text="It is mirrored.", model="other"):
    return {"problem_hash": problem.content_hash, "model": model, "response": f"{text}\n\n{json.dumps(OUTPUT[0])}"}


def test_traces_are_pushed_and_wait_for_their_verdicts(lead, problem):
    program = Program(lead)
    told = program.post("/traces", {"rows": [pushed(problem, "One."), pushed(problem, "Two.")]}).json()
    assert (told["inserted"], told["duplicates"], told["fault_count"]) == (2, 0, 0)
    assert set(told["traces"]) == set(PendingVerification.objects.values_list("pk", flat=True))
    again = program.post("/traces", {"rows": [pushed(problem, "Two."), pushed(problem, "Three.")]}).json()
    assert (again["inserted"], again["duplicates"]) == (1, 1)
    listed = program.get("/traces", problem=problem.pk).json()["items"]
    assert [row["answer"] for row in listed] == [OUTPUT] * 3
    assert {row["sampler_title"] for row in listed} == {"other"}


def test_a_filter_is_repeated_for_several_values(lead):
    traces = [factories.make_trace(correctness=word) for word in ("pass", "fail", "unscored")]
    program = Program(lead)
    told = program.get("/traces", correctness=["pass", "fail"], run=[trace.run_id for trace in traces[1:]]).json()
    assert [row["id"] for row in told["items"]] == [traces[1].pk]
    refused = program.get("/traces", correctness=["pass", "wrong"])
    assert refused.status_code == 422
    assert "correctness" in refused.json()["errors"][0]["field"]


def test_one_bad_row_keeps_everything_out_unless_it_may_be_skipped(lead, problem):
    program, rows = Program(lead), [pushed(problem), {"problem_hash": "0" * 64, "response": "a"}]
    refused = program.post("/traces", {"rows": rows})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "rows"
    assert refused.json()["detail"].startswith("line 2")
    assert not Trace.objects.exists()
    told = program.post("/traces", {"rows": rows, "on_fault": "skip"}).json()
    assert (told["inserted"], told["fault_count"]) == (1, 1)
    assert told["faults"][0]["row"].startswith("line 2")


def test_pushes_of_a_day_are_one_import_with_its_counts_and_differences(lead, problem):
    program = Program(lead)
    scored = {**pushed(problem, "One."), "score": 1}
    first = program.post("/traces", {"rows": [scored, {**pushed(problem, "Two."), "score": 0}]}).json()
    assert (first["verdicts"], first["reviews"], first["problems"]) == (2, 0, 0)
    bad = {"problem_hash": "0" * 64, "response": "a"}
    second = program.post("/traces", {"rows": [scored, pushed(problem, "Three."), bad], "on_fault": "skip"}).json()
    assert second["import_id"] == first["import_id"]
    Trace.objects.filter(pk=first["traces"][0]).update(correctness="fail")
    told = program.get(f"/imports/{first['import_id']}").json()
    assert (told["state"], told["inserted"], told["duplicates"], told["fault_count"]) == ("finished", 3, 1, 1)
    assert (told["verdicts"], sum(told["shapes"].values()), told["faults"][0]["row"][:6]) == (2, 5, "line 3")
    assert "A program" in told["source"]
    assert [score["passes_there"] for score in told["scores"]] == [1]
    differ = program.get(f"/imports/{first['import_id']}/differences").json()["items"]
    assert [row["trace"] for row in differ] == [first["traces"][0]]
    other = Program(lead).post("/traces", {"rows": [pushed(problem, "Four.")]}).json()
    assert other["import_id"] != first["import_id"], "of another token"
    refused = program.post("/traces", {"rows": [bad]})
    assert refused.status_code == 422
    assert Import.objects.count() == 2


def test_a_push_makes_problems_of_rows_in_any_shape_as_an_import_does(lead, engineer):
    rows = [{"task": {"asks": "What is 3 + 3?", "gold": "6"}, "out": ["It is 6."]}]
    places = {"response": "out.0", "question": "task.asks", "answer": "task.gold"}
    wish = {"rows": rows, "places": places, "make_problems": True, "set_title": "Pushed", "split": "eval"}
    told = Program(lead).post("/traces", wish)
    assert (told.status_code, told.json()["problems"], told.json()["inserted"]) == (201, 1, 1), told.content
    unnamed = Program(lead).post("/traces", {**wish, "model": "mine"}).json()
    assert Trace.objects.get(pk=unnamed["traces"][0]).sampler.title == "mine"
    made = Problem.objects.get()
    assert (made.problem_set.name, made.split, made.reference) == ("pushed", "eval", "6")
    assert Program(engineer).post("/traces", wish).status_code == 403


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"make_problems": True}, "set_title"),
        ({"places": {"question": "q"}}, "response"),
        ({"places": {"response": 1}}, "places.response"),
        ({"split": "test"}, "split"),
    ],
)
def test_what_a_push_cannot_be_is_refused_by_its_field(lead, problem, changed, field):
    answer = Program(lead).post("/traces", {"rows": [pushed(problem)], **changed})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.content
    assert not Trace.objects.exists()


def test_a_pushed_row_that_is_nested_too_deep_is_a_fault_and_one_too_large_names_the_limit(lead, problem):
    deep = "x"
    for _ in range(100):
        deep = [deep]
    refused = Program(lead).post("/traces", {"rows": [{**pushed(problem), "more": deep}]})
    assert (refused.status_code, "nested deeper than 64" in refused.json()["detail"]) == (422, True)
    large = Program(lead).post("/traces", {"rows": [pushed(problem, "x" * (9 << 20))]})
    assert large.status_code == 413
    assert "more than 8 MB" in large.json()["detail"]
    assert "POST /imports" in large.json()["detail"]


def test_a_trace_is_told_whole_to_who_may_see_it(lead, curator):
    trace = factories.make_trace(correctness="pass")
    factories.make_verdict(trace=trace)
    factories.make_review(trace=trace, reviewer=lead, comment="Well done.")
    told = Program(lead).get(f"/traces/{trace.pk}").json()
    assert told["told"]
    assert [review["comment"] for review in told["reviews"]] == ["Well done."]
    assert [verdict["outcome"] for verdict in told["verdicts"]] == ["pass"]
    assert told["prompt"]
    assert "".join(part["text"] for part in told["parts"])
    blind = Program(curator).get(f"/traces/{trace.pk}").json()
    assert (blind["told"], blind["reviews"], blind["decision"]) == (False, [], "")
    assert blind["correctness"] == "pass"


@pytest.fixture
def imported(lead):
    """An imported trace with all that a page tells of one."""
    figures = {"seed": 7, "cached_tokens": 3, "reasoning_tokens": 5, "near_miss": "transposed", "train_error": 0.25}
    facts = {"engine": "vllm", "examples": [1], "memory": [2]}
    trace = factories.make_trace(run=None, correctness="fail", train_passed=1, train_total=2, facts=facts, **figures)
    factories.make_verdict(trace=trace, outcome="fail", evidence={"found": None})
    shared = {"trace": trace, "version": 1, "outcome": "pass", "score": 1.0}
    ImportedVerdict.objects.create(verifier="elsewhere", message="By its file.", **shared)
    ImportedVerdict.objects.create(verifier="model_judge:m", message="A model likes it.", **shared)
    ImportedReview.objects.create(trace=trace, pseudonym="person 1", decision="accept", comment="Fine.")
    add_tag(actor=lead, scope=Selection(traces=(trace.pk,)), sight=sight_of(lead), name="odd")
    return trace


def test_a_trace_is_told_with_what_its_file_said_its_figures_and_its_tags(lead, curator, imported):
    told = Program(lead).get(f"/traces/{imported.pk}").json()
    figures = ("seed", "cached_tokens", "reasoning_tokens", "near_miss", "train_passed", "train_total", "train_error")
    assert [told[name] for name in figures] == [7, 3, 5, "transposed", 1, 2, 0.25]
    assert told["verdicts"][0]["evidence"] == {"found": None}
    assert [each["verifier"] for each in told["imported_verdicts"]] == ["elsewhere", "model_judge:m"]
    assert [each["comment"] for each in told["imported_reviews"]] == ["Fine."]
    assert (told["tags"], told["facts"]) == (["odd"], {"engine": "vllm", "examples": [1], "memory": [2]})
    blind = Program(curator).get(f"/traces/{imported.pk}").json()
    assert [each["verifier"] for each in blind["imported_verdicts"]] == ["elsewhere"]
    assert (blind["imported_reviews"], blind["tags"], blind["facts"]) == ([], [], {"engine": "vllm"})


def test_what_a_queue_hides_of_an_imported_trace_is_in_no_field(lead, curator, imported):
    queue = queue_of(lead, [imported], blinding=Blinding(reviews=True, verdicts=True, sampler=True))
    program = Program(curator)
    for told in (
        program.get(f"/traces/{imported.pk}").json(),
        program.post(f"/queues/{queue.pk}/next").json()["item"]["trace"],
    ):
        hidden = ("seed", "train_passed", "train_total", "train_error")
        assert [told[name] for name in hidden] == [None] * 4
        assert [told[name] for name in ("near_miss", "facts", "tags", "verdicts")] == ["", {}, [], []]
        assert [told[name] for name in ("imported_verdicts", "imported_reviews")] == [[], []]
        assert "elsewhere" not in json.dumps(told)


@pytest.fixture
def blinded(lead):
    """Traces in a queue that hides verdicts, samplers and reviews from who reviews there."""
    traces = make_traces(2, correctness="pass", cost=3)
    for trace in traces:
        factories.make_verdict(trace=trace)
        factories.make_review(trace=trace, reviewer=lead, comment="Lena says so.")
    queue_of(lead, traces, blinding=Blinding(reviews=True, verdicts=True, sampler=True))
    return traces


def test_what_a_queue_hides_is_hidden_from_programs_too(curator, lead, blinded):
    """In no row, behind no filter and in no order of the list."""
    program, trace = Program(curator), blinded[0]
    for told in (program.get(f"/traces/{trace.pk}").json(), program.get("/traces").json()["items"][0]):
        assert told["hidden"] == ["verdicts", "sampler"]
        assert told["correctness"] == ""
        assert [told[name] for name in ("run", "sampler", "sampler_title", "instruction", "cost")] == [None] * 5
        assert told["decision"] == ""
    assert program.get(f"/traces/{trace.pk}").json()["verdicts"] == []
    for query in ("correctness=pass", "decision=accepted", f"run={trace.run_id}", "order=costliest", "cost_from=1"):
        assert program.get(f"/traces?{query}").json()["items"] == [], query
    assert b"Lena" not in program.get("/reviews").content
    assert len(Program(lead).get("/traces?correctness=pass").json()["items"]) == 2
    refused = program.post("/verifications", {"traces": [trace.pk]})
    assert refused.status_code == 403


def test_traces_are_verified_again_by_a_job(lead):
    trace = factories.make_trace()
    told = Program(lead).post("/verifications", {"traces": [trace.pk, trace.pk]}).json()
    job = Reverification.objects.get(pk=told["id"])
    assert (told["total"], told["state"]) == (1, "queued")
    assert Program(lead).get(f"/verifications/{job.pk}").json() == told
    wrong = Program(lead).post("/verifications", {"traces": [trace.pk], "verifiers": ["guess"]})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "verifiers")
    assert wrong.json()["detail"].startswith("Verifier 'guess' is not installed")


def test_a_search_says_how_many_traces_it_does_not_find_yet(lead):
    many(51)
    assert Program(lead).get("/traces?text=mirror").json() == {"items": [], "next": None, "unsearchable": 51}
    assert Program(lead).get("/traces").json()["unsearchable"] == 0
    read_all()
    found = Program(lead).get("/traces?text=mirror").json()
    assert (len(found["items"]), found["unsearchable"]) == (50, 0)


def test_a_push_tells_that_problems_it_asks_for_are_known_on_the_other_side(lead):
    problem = factories.make_problem(kind="numeric", statement="What is 3 + 3?", reference="6", split="train", spec={})
    rows = [{"question": problem.statement, "response": "It is 6.", "answer": "6", "shoe_size": 43}]
    wish = {"rows": rows, "make_problems": True, "set_title": "Pushed", "split": "eval"}
    told = Program(lead).post("/traces", wish).json()
    assert (told["inserted"], told["problems"], told["crossing_count"]) == (1, 0, 0)
    job = Import.objects.get(pk=told["import_id"])
    assert job.told["left_out"] == {"side asked for (eval): the problem is here for train": 1}
    assert job.told["unread"] == {"shoe_size": 1}


def test_a_push_tells_crossings_of_the_problems_it_makes(lead):
    asks = {"question": "What is 3 + 3?", "response": "It is 6."}
    rows = [{**asks, "answer": "6", "split": "train"}, {**asks, "answer": "7", "split": "test"}]
    told = Program(lead).post("/traces", {"rows": rows, "make_problems": True, "set_title": "Pushed"}).json()
    assert (told["inserted"], told["crossing_count"]) == (2, 1), told
    assert (told["crossings"][0]["split"], told["crossings"][0]["known_split"]) == ("eval", "train")
    job = Import.objects.get(pk=told["import_id"])
    assert (job.crossing_count, len(job.crossings)) == (1, 1)
