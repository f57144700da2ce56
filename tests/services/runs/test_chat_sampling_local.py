"""Runs of local models, whose child is played: see tests.local_models."""

import pytest

from tests.factories import assert_counters_add_up, make_instruction, make_problem, make_sampler, plan
from tests.local_models import let_play, make_environment, make_folder
from tests.services.runs.test_watches import drawn, told
from trajectories.adapters.local_models import sampler as local_sampler
from trajectories.adapters.local_models.serving import Server
from trajectories.models import Run, Trace
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.runs.plans import PlanError
from trajectories.services.runs.watches import watch_attempt

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def server(settings, tmp_path, monkeypatch):
    settings.TRAINING_PYTHON = make_environment(tmp_path / "python")
    settings.MODELS_DIR = tmp_path / "models"
    make_folder(settings.MODELS_DIR, "small")
    server = Server()
    monkeypatch.setattr(local_sampler, "shared_server", lambda: server)
    yield server
    server.close()


def run_of(samples=6, *, sampler=None, **parameters) -> Run:
    sampler = sampler or make_sampler(kind="local", parameters={"folder": "small", "batch": 4, **parameters})
    problem = make_problem(kind="numeric", statement="What is 1 + 1?", spec={}, reference=2)
    view = make_instruction(style="chain-of-thought", suits="chat", view="digits", template="{problem}")
    return plan(sampler=sampler, problems=[problem], instructions=[view], samples_each=samples, temperatures=[0.7])


def sample(run) -> Run:
    sample_session(run_id=run.pk, on_traces=lambda _: None, seconds=20)
    run.refresh_from_db()
    return run


def test_a_run_draws_each_sample_by_its_seed_in_batches(monkeypatch, tmp_path):
    batches = tmp_path / "batches"
    let_play(monkeypatch, {"answers": {"text": "<answer>{seed}</answer>", "batches": str(batches)}})
    run = sample(run_of(logprobs=True))
    assert_counters_add_up(run)
    traces = list(Trace.objects.filter(run=run))
    assert len({trace.answer for trace in traces}) == 6, "each has a seed of its own"
    assert {(trace.input_tokens, trace.output_tokens, trace.cost) for trace in traces} == {(7, 2, 0)}
    assert {trace.facts["mean_logprob"] for trace in traces} == {-1.0}
    sizes = [int(line) for line in batches.read_text().split()]
    assert sum(sizes) == 6
    assert max(sizes) <= 4
    assert len(sizes) < 6, "answers are made together"


def test_an_answer_that_is_cut_off_says_so(monkeypatch):
    let_play(monkeypatch, {"answers": {"text": "I think that", "finish": "length"}})
    run = sample(run_of(1))
    assert Trace.objects.get(run=run).finish_reason == "length"


def test_words_are_told_while_a_batch_is_made_each_to_its_own_attempt(monkeypatch, tmp_path):
    until = tmp_path / "until"
    says = ["<think>Rows of {seed}?", "</think>Now", " {seed} it is"]
    let_play(monkeypatch, {"answers": {"text": "<answer>2</answer>", "says": says, "until": str(until)}})
    run = run_of(2)
    attempts = list(run.attempts.order_by("pk"))
    for attempt in attempts:
        watch_attempt(attempt=attempt)
    with drawn(attempts[0]):
        try:
            for attempt in attempts:
                watch = told(attempt, lambda watch: watch.text.endswith("it is"))
                assert (watch.thoughts, watch.text) == (f"Rows of {attempt.seed}?", f"Now {attempt.seed} it is")
            assert Trace.objects.count() == 0
        finally:
            until.touch()
    assert {trace.answer for trace in Trace.objects.filter(run=run)} == {"2"}


def test_what_a_child_said_before_it_died_counts_for_nothing(monkeypatch, tmp_path):
    until, died = tmp_path / "until", tmp_path / "died"
    given = {"text": "<answer>2</answer>", "says": ["Once"], "until": str(until), "dies_saying": str(died)}
    let_play(monkeypatch, {"answers": given})
    attempt = run_of(1).attempts.get()
    watch_attempt(attempt=attempt)
    with drawn(attempt):
        try:
            assert told(attempt, lambda watch: died.exists() and watch.text).text == "Once"
        finally:
            until.touch()


def test_a_child_that_dies_is_replaced_and_no_sample_lost(monkeypatch, tmp_path):
    died = tmp_path / "died"
    let_play(monkeypatch, {"answers": {"text": "<answer>2</answer>", "dies_once": str(died)}})
    run = sample(run_of(3))
    assert died.exists()
    assert (run.done_count, run.failed_count) == (3, 0)


@pytest.mark.parametrize(
    ("acts", "words"),
    [
        (
            [{"tell": {"kind": "fault", "fault": "no_template", "message": "It has no chat template."}}],
            "no chat template",
        ),
        ([{"print": "Boom"}, {"end": 1}], "its log ends: Boom"),
    ],
    ids=["template", "broken"],
)
def test_a_model_that_cannot_answer_pauses_the_run_with_a_sentence(monkeypatch, acts, words):
    let_play(monkeypatch, *acts)
    run = sample(run_of(3))
    assert (run.state, run.done_count, run.failed_count) == ("paused", 0, 0)
    assert words in run.state_reason


@pytest.mark.parametrize("lacking", ["environment", "model"])
def test_a_machine_that_lacks_something_pauses_the_run(settings, tmp_path, lacking):
    run = run_of(3)
    if lacking == "environment":
        settings.TRAINING_PYTHON = tmp_path / "nothing"
    else:
        settings.MODELS_DIR = tmp_path / "nowhere"
    run = sample(run)
    assert run.state == "paused"
    assert {"environment": "run “make training”", "model": "found no model"}[
        lacking
    ].lower() in run.state_reason.lower()


def test_an_agent_needs_an_endpoint():
    sampler = make_sampler(kind="local", parameters={"folder": "small"})
    view = make_instruction(style="chain-of-thought", suits="chat")
    with pytest.raises(PlanError, match="Agents call tools through an endpoint"):
        plan(sampler=sampler, instructions=[view], strategy="agent", samples_each=1)
