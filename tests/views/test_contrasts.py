"""Two traces side by side."""

import time

import pytest
from django.urls import reverse

from tests.factories import FLIP_PROGRAM, make_problem, make_trace, make_verdict
from tests.pages import squeezed
from tests.views.test_replays import replayed

pytestmark = pytest.mark.django_db


def step(body: str, title: str = "A step", kind: str = "text") -> dict:
    return {"kind": kind, "title": title, "body": body, "depth": 0, "data": {}}


@pytest.fixture
def signed_in(client, curator):
    client.force_login(curator)
    return client


def compare(client, left, right=None, query="", **headers):
    address = f"{reverse('trace_compare')}?left={left.pk}{f'&right={right.pk}' if right else ''}{query}"
    return client.get(address, headers=headers)


def two(problem, one, other, **values):
    return make_trace(problem=problem, steps=one, **values), make_trace(problem=problem, steps=other, **values)


def test_shared_steps_fold_and_words_that_differ_are_marked(signed_in, problem):
    same = [step("Rows are turned.", f"Same {number}") for number in range(5)]
    left, right = two(problem, [*same, step("Then three is red.")], [*same, step("Then four is red.")])
    shown = squeezed(compare(signed_in, left, right))
    assert "5 steps the same" in shown
    assert "<del>three </del>" in shown
    assert "<ins>four </ins>" in shown
    assert "1 differs" in shown
    assert "6 on the left, 6 on the right" in shown
    assert f"{reverse('trace_detail', args=[left.pk])}#step-5" in shown


def test_a_step_that_one_side_lacks_stands_alone(signed_in, problem):
    left, right = two(
        problem, [step("A", "One"), step("C", "Three")], [step("A", "One"), step("B", "Two"), step("C", "Three")]
    )
    shown = squeezed(compare(signed_in, left, right))
    assert shown.count("No such step on the left") == 1
    assert "No such step on the right" not in shown


def test_equal_traces_say_so(signed_in, problem):
    left, right = two(problem, [step("A")], [step("A")])
    assert "All 1 steps are the same" in squeezed(compare(signed_in, left, right))


def test_traces_without_steps_are_compared_by_their_text(signed_in, problem):
    left = make_trace(problem=problem, steps=[], reasoning="the cat sat")
    right = make_trace(problem=problem, steps=[], reasoning="the dog sat")
    assert "<ins>dog </ins>" in squeezed(compare(signed_in, left, right))


def test_many_differing_steps_come_as_they_are_reached(signed_in, problem):
    left, right = two(
        problem,
        [step(f"left {n}", f"Step {n}") for n in range(45)],
        [step(f"right {n}", f"Step {n}") for n in range(45)],
    )
    first = squeezed(compare(signed_in, left, right))
    assert first.count('class="compared-row"') == 20
    assert "from 21 of 45" in first
    assert "&amp;from=20" in first
    rest = squeezed(compare(signed_in, left, right, "&from=40", **{"HX-Request": "true"}))
    assert rest.count('class="compared-row"') == 5
    assert 'id="difference-44"' in rest
    assert "<html" not in rest
    assert "More differing" not in rest


def evidence(*predicted):
    return {
        "pairs": [
            {"index": n, "match": "right" if grid == [[1]] else "wrong_cells", "predicted": grid, "expected": [[1]]}
            for n, grid in enumerate(predicted)
        ]
    }


def test_the_first_grid_where_they_part_is_drawn(signed_in, problem):
    left, right = two(problem, [step("A")], [step("A")])
    make_verdict(trace=left, verifier="arc_train", evidence=evidence([[1]], [[1]]))
    make_verdict(trace=right, verifier="arc_train", outcome="fail", evidence=evidence([[1]], [[2]]))
    shown = squeezed(compare(signed_in, left, right))
    assert "First differing grid: Pair 2" in shown
    assert "1 of 2 outputs differ" in shown
    assert "1 of 1 cells wrong" in shown


def test_replays_show_where_execution_parts(signed_in, problem):
    other = FLIP_PROGRAM.replace("[row[::-1] for row in grid]", "[row[::-1] for row in grid][::-1]")
    left, right = make_trace(problem=problem), make_trace(problem=problem, program=other)
    assert "to see where their programs part" in squeezed(compare(signed_in, left, right))
    replayed(left)
    replayed(right)
    assert "Execution parts in pair" not in squeezed(compare(signed_in, left, right))
    swapped = "def transform(grid):\n    out = [row[::-1] for row in grid]\n    out = out[::-1]\n    return out\n"
    third = make_trace(problem=problem, program=swapped)
    straight = make_trace(problem=problem, program=swapped.replace("out[::-1]", "[[0] + row[1:] for row in out]"))
    replayed(third)
    replayed(straight)
    shown = squeezed(compare(signed_in, third, straight))
    assert "Execution parts in pair 1" in shown
    assert f"{reverse('trace_replay', args=[third.pk])}?pair=1&amp;step=2" in shown


def test_verdicts_and_facts_stand_side_by_side(signed_in, problem):
    left, right = make_trace(problem=problem, temperature=0.0), make_trace(problem=problem, temperature=0.7)
    make_verdict(trace=left, message="all right")
    make_verdict(trace=right, outcome="fail", score=0.0, message="nothing right")
    shown = squeezed(compare(signed_in, left, right))
    assert "all right" in shown
    assert "nothing right" in shown
    row = shown.split('<tr class="differs"><th scope="row">Temperature')[1].split("</tr>")[0]
    assert "<td>0</td><td>0.7</td>" in row


def test_keys_walk_through_the_group_of_same_answers(signed_in, problem):
    left = make_trace(problem=problem, answer=[[[0]]])
    group = [make_trace(problem=problem) for _ in range(3)]
    make_trace(answer=[[[9, 8, 7]]])
    shown = squeezed(compare(signed_in, left, group[1]))
    assert "2 of 3 with this answer" in shown
    for other, key in ((group[2], "["), (group[0], "]")):
        address = f"{reverse('trace_compare')}?left={left.pk}&amp;right={other.pk}"
        assert f'href="{address}"' in shown
        assert f'data-key="{key}"' in shown


def test_the_left_one_is_no_member_of_the_walk(signed_in, problem):
    left, middle, right = (make_trace(problem=problem) for _ in range(3))
    shown = squeezed(compare(signed_in, left, right))
    assert "1 of 2 with this answer" in shown
    assert f"right={middle.pk}" in shown


def test_with_one_trace_the_others_of_its_problem_are_offered(signed_in, problem):
    left, right, other = make_trace(problem=problem), make_trace(problem=problem), make_trace()
    shown = squeezed(compare(signed_in, left))
    assert f"right={right.pk}" in shown
    assert f"right={left.pk}" not in shown
    assert f"right={other.pk}" not in shown
    assert "No other sample" in squeezed(compare(signed_in, other))


def test_two_are_picked_with_two_clicks_on_the_problem_page(signed_in, problem):
    left, right = make_trace(problem=problem), make_trace(problem=problem)
    page = reverse("problem_detail", args=[problem.pk])
    assert f"?compare={left.pk}" in squeezed(signed_in.get(page))
    shown = squeezed(signed_in.get(f"{page}?compare={left.pk}"))
    assert f"{reverse('trace_compare')}?left={left.pk}&amp;right={right.pk}" in shown


@pytest.mark.parametrize("query", ["", "?left=x", "?right=1"])
def test_an_address_without_a_trace_says_what_it_expects(signed_in, query):
    answer = signed_in.get(reverse("trace_compare") + query)
    assert answer.status_code == 422
    assert "Found no trace to compare" in squeezed(answer)


def test_traces_of_two_problems_are_refused(signed_in):
    answer = compare(signed_in, make_trace(), make_trace())
    assert answer.status_code == 422
    assert "expected two traces of one" in squeezed(answer)


def test_a_trace_that_is_not_there_is_not_found(signed_in):
    assert signed_in.get(reverse("trace_compare") + "?left=99999").status_code == 404


def test_only_who_may_see_traces(client, nobody, problem):
    client.force_login(nobody)
    assert compare(client, make_trace(problem=problem), make_trace(problem=problem)).status_code == 403


def test_other_kinds_are_compared_without_grids(signed_in):
    problem = make_problem(kind="numeric", spec={}, reference="7")
    left, right = (
        make_trace(problem=problem, answer="7", program=""),
        make_trace(problem=problem, answer="8", program=""),
    )
    shown = squeezed(compare(signed_in, left, right))
    assert "First differing step" not in shown
    parts = shown.split('id="parts-title"')[1].split("</section>")[0]
    assert "grid" not in parts
    assert "Different answers" in parts
    assert parts.index(">7</code>") < parts.index(">8</code>")
    again = make_trace(problem=problem, answer="7", program="")
    assert "The same answer" in squeezed(compare(signed_in, left, again))
    file = client_file(signed_in, left, right)
    assert file.index(">7</code>") < file.index(">8</code>")


def client_file(client, left, right) -> str:
    """The file to share of a comparison."""
    response = client.get(f"{reverse('comparison_share')}?left={left.pk}&right={right.pk}")
    return response.content.decode()


HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\u202egnp.exe\u2066",
    "\x1b[31mred\x1b[0m",
    "[" * 100_000,
    "x" * 5_000_000,
)


@pytest.mark.parametrize("body", HOSTILE)
def test_hostile_steps_are_text_and_quick(signed_in, problem, body):
    left, right = two(problem, [step(body, body[:200])], [step(body + " more", body[:200])])
    started = time.perf_counter()
    answer = compare(signed_in, left, right)
    shown = squeezed(answer)
    assert time.perf_counter() - started < 15
    assert len(shown) < 200_000
    assert "<script>alert" not in shown
    assert "<img src=x" not in shown
    assert not {"\u202e", "\u2066", "\x1b"} & set(shown)


def test_few_queries(signed_in, problem, django_assert_max_num_queries):
    left, right = two(problem, [step("A")] * 30, [step("B")] * 30)
    compare(signed_in, left, right)
    with django_assert_max_num_queries(20):
        compare(signed_in, left, right)
