"""The replay page: asking, waiting, walking through."""

import pytest
from django.urls import reverse

from tests.factories import make_problem, make_trace
from tests.pages import squeezed
from trajectories.core.programs.engines import CallResult, CallStatus
from trajectories.core.programs.replays import RULES_VERSION, read_replay, replay_job
from trajectories.models import Replay

pytestmark = pytest.mark.django_db

PROGRAM = """\
def flip(row):
    return row[::-1]

def transform(grid):
    out = [row[:] for row in grid]
    for at, row in enumerate(out):
        out[at] = flip(row)
    return out
"""


def replayed(trace, **changes):
    """The replay of a trace's program as a worker would have kept it, made in this process."""
    inside = {"__name__": "program"}
    train = [pair["input"] for pair in trace.problem.spec["train"]]
    tests = [pair["input"] for pair in trace.problem.spec["test"]]
    job = replay_job(trace.program.body, [[row[:] for row in grid] for grid in train + tests])
    exec(compile(job.source, "<program>", "exec"), inside)
    pairs = [read_replay(CallResult(CallStatus.RETURNED, inside["replay"](*call))).as_json() for call in job.calls]
    fields = {"pairs": pairs, "engine": "bubblewrap 1", "version": RULES_VERSION, **changes}
    return Replay.objects.create(problem=trace.problem, program=trace.program, **fields)


@pytest.fixture
def trace(problem):
    steps = [
        {"kind": "observation", "title": "Guess", "body": "It gives\n2 1\n4 3\n", "depth": 0, "data": {}},
        {"kind": "text", "title": "Half way", "body": "Then [[2, 1], [3, 4]] and [[7, 7, 7], [7, 7, 7], [7, 7, 7]].",
         "depth": 0, "data": {}},
    ]  # fmt: skip
    return make_trace(problem=problem, program=PROGRAM, steps=steps)


@pytest.fixture
def signed_in(client, curator):
    client.force_login(curator)
    return client


def page(client, trace, query="", **headers):
    return client.get(reverse("trace_replay", args=[trace.pk]) + query, headers=headers)


def test_it_is_asked_for_with_a_button_and_waited_for(signed_in, trace, monkeypatch):
    assert "Record the program" in squeezed(page(signed_in, trace))
    answer = signed_in.post(reverse("trace_replay", args=[trace.pk]))
    assert answer.url == reverse("trace_replay", args=[trace.pk])
    shown = squeezed(page(signed_in, trace))
    assert "Recording" in shown
    assert 'hx-trigger="every 1s"' in shown
    assert Replay.objects.count() == 1


def test_the_first_statement_shows_its_line_and_its_grids(signed_in, trace):
    replayed(trace)
    shown = squeezed(page(signed_in, trace))
    assert "Statement 1 of" in shown
    assert 'id="line-5" aria-current="step"' in shown
    assert "out: 2 by 2 grid, 4 colours" in shown


def test_a_statement_has_an_address_and_rings_what_it_changed(signed_in, trace):
    replayed(trace)
    shown = squeezed(page(signed_in, trace, "?functions=main&step=5"))
    assert "Statement 5 of 7: line 7, run 2" in shown
    assert "out: 2 by 2 grid, 4 colours, 2 cells changed" in shown
    assert "flip()" not in shown
    assert "Statement 3 of" in squeezed(page(signed_in, trace, "?step=3"))


@pytest.mark.parametrize("query", ["?step=99999999", "?step=-1", "?pair=77", "?pair=x&step=0", "?step=" + "9" * 5000])
def test_an_address_out_of_bounds_shows_the_nearest(signed_in, trace, query):
    replayed(trace)
    assert page(signed_in, trace, query).status_code == 200


def test_an_error_of_the_program_stands_at_its_line(signed_in, problem):
    trace = make_trace(problem=problem, program="def transform(grid):\n    a = 1\n    return grid[7]\n")
    replayed(trace)
    shown = squeezed(page(signed_in, trace))
    assert '<a href="#line-3">Line 3</a>: </span>' not in shown
    assert '<a href="#line-3">Line 3</a>: IndexError' in shown
    assert 'faulty" id="line-3"' in shown


def test_claims_of_the_text_are_held_against_execution(signed_in, trace):
    replayed(trace)
    shown = squeezed(page(signed_in, trace))
    # The output of the task is no claim; the half way is come to, and the nine sevens have no grid of their size.
    assert shown.count("The program comes to it") == 1
    assert shown.count("No grid of this size") == 1
    assert f"{reverse('trace_detail', args=[trace.pk])}#step-1" in shown


def test_the_player_gets_the_statements_of_one_pair(signed_in, trace):
    replayed(trace)
    answer = signed_in.get(reverse("trace_replay_pair", args=[trace.pk, 1]))
    assert answer.json()["result"] == "05"
    assert signed_in.get(reverse("trace_replay_pair", args=[trace.pk, 9])).status_code == 404


def test_hostile_programs_are_text(signed_in, problem):
    text = "<script>alert(1)</script>\n</code></pre><img src=x onerror=alert(1)>\n\u202e"
    source = f'x = """{text}"""\ndef transform(g):\n    return g\n'
    trace = make_trace(problem=problem, program=source)
    replayed(trace)
    shown = squeezed(page(signed_in, trace))
    assert "<script>alert" not in shown
    assert "<img src=x" not in shown
    assert "\u202e" not in shown


def test_what_has_no_program_or_no_grids_says_so(signed_in):
    for trace in (make_trace(program=""), make_trace(problem=make_problem(kind="numeric", spec={}))):
        assert "Nothing to replay" in squeezed(page(signed_in, trace))
        assert signed_in.post(reverse("trace_replay", args=[trace.pk])).status_code == 403


def test_a_replay_that_could_not_run_says_why(signed_in, trace):
    lost = {"calls": [], "steps": [], "grids": [], "lines": 0, "stopped": "", "fault_line": 0, "result": None,
            "other": "", "printed": "", "message": "Nothing could be recorded: the sandbox worker died."}  # fmt: skip
    Replay.objects.create(problem=trace.problem, program=trace.program, version=RULES_VERSION, pairs=[lost])
    shown = squeezed(page(signed_in, trace))
    assert "the sandbox worker died" in shown
    assert "No statement of the program ran" in shown


def test_only_who_may_see_traces(client, nobody, trace):
    client.force_login(nobody)
    assert page(client, trace).status_code == 403
    assert client.post(reverse("trace_replay", args=[trace.pk])).status_code == 403
    assert Replay.objects.count() == 0


def test_few_queries(signed_in, trace, django_assert_max_num_queries):
    replayed(trace)
    page(signed_in, trace)
    with django_assert_max_num_queries(8):
        page(signed_in, trace)
