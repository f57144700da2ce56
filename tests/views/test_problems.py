import pytest
from django.urls import reverse

from tests import factories
from tests.pages import squeezed
from trajectories.models import Problem
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.problems import SORTS, ProblemFilter, list_problems

WRONG = [[[9, 9, 7]]]


def walk(sort: str, size: int) -> tuple[list[int], list[int]]:
    """Ids read forwards page by page, and backwards from the end."""
    page = list_problems(ProblemFilter(), EVERYTHING, sort=sort, size=size)
    forwards = [row.pk for row in page.rows]
    while page.next:
        page = list_problems(ProblemFilter(), EVERYTHING, sort=sort, after=page.next, size=size)
        forwards += [row.pk for row in page.rows]
    backwards = [row.pk for row in page.rows]
    while page.previous:
        page = list_problems(ProblemFilter(), EVERYTHING, sort=sort, before=page.previous, size=size)
        backwards = [row.pk for row in page.rows] + backwards
    return forwards, backwards


@pytest.mark.parametrize("sort", SORTS)
def test_paging_shows_every_problem_once_in_both_directions(db, sort):
    problem_set = factories.make_problem_set()
    for number in range(11):
        factories.make_problem(
            problem_set=problem_set,
            name=f"t{number * 7 % 11}",
            trace_count=number % 4,
            scored_count=number % 4,
            correct_count=min(number % 3, number % 4),
            accepted_count=number % 2,
        )
    forwards, backwards = walk(sort, size=3)
    assert sorted(forwards) == sorted(Problem.objects.values_list("pk", flat=True))
    assert len(set(forwards)) == 11
    assert backwards == forwards


def test_the_hardest_come_first_and_the_unsampled_last(db):
    never = factories.make_problem()
    often = factories.make_problem(trace_count=5, scored_count=4, correct_count=3)
    seldom = factories.make_problem(trace_count=4, scored_count=4, correct_count=1)
    unscored = factories.make_problem(trace_count=1)
    assert [row.pk for row in list_problems(ProblemFilter(), EVERYTHING, sort="hardest").rows] == [
        seldom.pk,
        often.pk,
        never.pk,
        unscored.pk,
    ]
    assert [row.pk for row in list_problems(ProblemFilter(), EVERYTHING, sort="easiest").rows] == [
        often.pk,
        seldom.pk,
        never.pk,
        unscored.pk,
    ]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"alpha", "beta", "gamma"}),
        ("q=ALP", {"alpha"}),
        ("split=eval", {"beta"}),
        ("state=solved", {"beta"}),
        ("state=unsolved", {"gamma"}),
        ("state=unsampled", {"alpha"}),
        ("set=one&state=unsampled", {"alpha"}),
        ("set=none-such", set()),
        ("state=none-such", set()),
        ("after=x&before=99999999999999999999999", {"alpha", "beta", "gamma"}),
        ("q=%00&sort=none-such", {"alpha", "beta", "gamma"}),
    ],
)
def test_filters_live_in_the_address(client, curator, query, names):
    one = factories.make_problem_set(name="one")
    factories.make_problem(name="alpha", problem_set=one)
    factories.make_problem(name="beta", split="eval", trace_count=2, scored_count=2, correct_count=1)
    factories.make_problem(name="gamma", trace_count=2)
    client.force_login(curator)
    response = client.get(f"{reverse('problem_list')}?{query}")
    assert {row.name for row in response.context["page"].rows} == names
    assert response.context["list"].count.least == len(names)


def test_an_empty_list_has_the_button_that_fills_it(client, lead):
    client.force_login(lead)
    page = squeezed(client.get(reverse("problem_list")))
    assert "No problems yet" in page
    assert 'href="/problems/import/"' in page


def test_a_filter_without_a_match_can_be_cleared(client, lead, problem):
    client.force_login(lead)
    page = squeezed(client.get(reverse("problem_list"), {"q": "zzz"}))
    assert "No problem matches" in page
    assert f'href="{reverse("problem_list")}"' in page


@pytest.mark.parametrize("name", ["problem_list", "problem_detail"])
def test_fragments_and_pages_share_an_address(client, curator, problem, name):
    client.force_login(curator)
    address = reverse(name, args=[problem.pk] if name == "problem_detail" else [])
    page, fragment = client.get(address), client.get(address, headers={"hx-request": "true"})
    assert "<html" in squeezed(page)
    assert "<html" not in squeezed(fragment)
    assert "HX-Request" in page["Vary"]
    assert "HX-Request" in fragment["Vary"]


@pytest.mark.parametrize("name", ["problem_list", "problem_detail"])
def test_somebody_without_a_role_sees_no_problem(client, nobody, problem, name):
    client.force_login(nobody)
    address = reverse(name, args=[problem.pk] if name == "problem_detail" else [])
    assert client.get(address).status_code == 403


def test_an_unknown_problem_is_not_found(client, curator):
    client.force_login(curator)
    assert client.get(reverse("problem_detail", args=[12345])).status_code == 404


def test_the_list_needs_the_same_queries_for_any_number_of_problems(client, curator, django_assert_num_queries):
    for _ in range(8):
        factories.make_problem()
    client.force_login(curator)
    client.get(reverse("problem_list"))
    with django_assert_num_queries(6):
        client.get(reverse("problem_list"))


def test_the_page_shows_the_task_and_folds_the_answer(client, curator, problem):
    client.force_login(curator)
    page = squeezed(client.get(reverse("problem_detail", args=[problem.pk])))
    assert "2 training pairs, 1 test input" in page
    assert "Expected output" in page
    assert page.index('<details class="fold expected"') < page.index("expected output: 1 by 3 grid")
    assert "Example 1 input: 1 2 3 4" in page
    assert "No samples yet" in page


def test_an_unknown_answer_is_said_to_be_unknown(client, curator):
    problem = factories.make_problem(reference=None)
    client.force_login(curator)
    assert "Answer unknown" in squeezed(client.get(reverse("problem_detail", args=[problem.pk])))


def test_only_who_may_launch_runs_is_offered_one(client, lead, engineer, problem):
    for user, offered in ((lead, True), (engineer, False)):
        client.force_login(user)
        page = squeezed(client.get(reverse("problem_detail", args=[problem.pk])))
        assert (f"/runs/new/?problem={problem.pk}" in page) is offered


def make_population(problem: Problem) -> None:
    """Three right samples, two wrong alike, one in error, one unverified without an answer."""
    common = {"problem": problem, "train_total": 2}
    for _ in range(3):
        trace = factories.make_trace(**common, correctness="pass", train_passed=2)
        factories.make_verdict(trace=trace, verifier="arc_train")
        factories.make_verdict(trace=trace, verifier="arc_test")
    evidence = {"pairs": [{"near_miss": {"kind": "cells", "text": "right but for 1 of 3 cells"}}]}
    for passed in (0, 1):
        trace = factories.make_trace(**common, answer=WRONG, correctness="fail", train_passed=passed)
        factories.make_verdict(trace=trace, outcome="fail", score=0.0, evidence=evidence)
    factories.make_trace(problem=problem, answer=[None], program="loop", correctness="error")
    factories.make_trace(problem=problem, answer=[None], program="", correctness="")


def test_the_board_groups_samples_by_output(client, curator, problem):
    make_population(problem)
    client.force_login(curator)
    board = client.get(reverse("problem_detail", args=[problem.pk])).context["population"]
    shown = [(group.votes, group.is_correct, group.is_nothing) for group in board.groups]
    assert shown == [(3, True, False), (2, False, False), (2, False, True)]
    right = board.groups[0]
    wrong = next(group for group in board.groups if group.failed)
    assert right.share == pytest.approx(3 / 7)
    assert right.train_pattern == "2/2 pairs"
    assert right.outcomes == {"arc_test": [("pass", 3)], "arc_train": [("pass", 3)]}
    assert wrong.train_pattern == "up to 1/2 pairs"
    assert wrong.near_miss == "right but for 1 of 3 cells"
    assert (board.samples, board.outputs, board.silent, board.programs) == (7, 2, 2, 2)


def test_programs_are_grouped_by_what_they_give(client, curator, problem):
    for source in ("one", "two", "three"):
        factories.make_trace(problem=problem, program=source, answer=None, outputs=[[[1]]], correctness="fail")
    factories.make_trace(problem=problem, program="four", answer=None, correctness="pass", outputs=[[[9, 8, 7]]])
    for source in ("five", "six", "seven", "eight"):
        factories.make_trace(problem=problem, program=source, answer=None, outputs=[None], correctness="fail")
    client.force_login(curator)
    response = client.get(reverse("problem_detail", args=[problem.pk]))
    board = response.context["population"]
    assert [(group.votes, group.is_nothing) for group in board.groups] == [(3, False), (1, False), (4, True)]
    assert board.majority_is_right is False, "samples that give nothing win no vote"
    assert "4 without output" in squeezed(response)


def test_samples_that_were_shown_the_answer_count_for_nothing(client, curator, problem):
    factories.make_trace(problem=problem, answer=WRONG, correctness="fail")
    for _ in range(3):
        factories.make_trace(problem=problem, correctness="pass", hinted=True)
    client.force_login(curator)
    response = client.get(reverse("problem_detail", args=[problem.pk]))
    board = response.context["population"]
    assert (board.samples, board.correct, board.hinted, board.majority_is_right) == (1, 0, 3, False)
    assert "3, not counted here" in squeezed(response)
    problem.traces.filter(hinted=False).delete()
    assert "3, not counted here" in squeezed(client.get(reverse("problem_detail", args=[problem.pk])))


def test_errors_and_unverified_samples_are_not_wrong(client, curator, problem):
    make_population(problem)
    client.force_login(curator)
    board = client.get(reverse("problem_detail", args=[problem.pk])).context["population"]
    assert (board.scored, board.correct, board.errors, board.unverified) == (5, 3, 1, 1)
    assert board.pass_at[0] == (1, pytest.approx(0.6))
    assert board.pass_at[-1] == (8, None)
    assert board.majority_is_right is True


def test_the_best_trace_of_a_group_is_an_accepted_one(client, lead, problem):
    factories.make_trace(problem=problem, correctness="pass", train_passed=2, train_total=2)
    accepted = factories.make_trace(
        problem=problem, correctness="pass", train_passed=1, train_total=2, decision="accepted"
    )
    client.force_login(lead)
    page = client.get(reverse("problem_detail", args=[problem.pk]))
    assert page.context["population"].groups[0].best_trace_id == accepted.pk
    assert f'href="/traces/{accepted.pk}/"' in squeezed(page)


def test_a_right_group_is_shown_however_small(client, curator, problem):
    for number in range(14):
        for _ in range(2):
            factories.make_trace(problem=problem, answer=[[[number % 10, number // 10]]], correctness="fail")
    factories.make_trace(problem=problem, correctness="pass")
    client.force_login(curator)
    address = reverse("problem_detail", args=[problem.pk])
    board = client.get(address).context["population"]
    assert len(board.groups) == 13
    assert board.groups[-1].is_correct
    assert board.groups[-1].rank == 15
    assert len(client.get(address, {"groups": "all"}).context["population"].groups) == 15


def test_an_output_filters_the_samples(client, curator, problem):
    make_population(problem)
    client.force_login(curator)
    address = reverse("problem_detail", args=[problem.pk])
    wrong = next(group for group in client.get(address).context["population"].groups if group.failed)
    response = client.get(address, {"answer": wrong.answer_hash})
    assert [trace.answer for trace in response.context["page"].rows] == [WRONG, WRONG]
    assert "group-chosen" in squeezed(response)
    assert "No sample gave this output" in squeezed(client.get(address, {"answer": "none"}))


def test_samples_are_paged_by_key(client, curator, problem):
    traces = [factories.make_trace(problem=problem).pk for _ in range(30)]
    client.force_login(curator)
    address = reverse("problem_detail", args=[problem.pk])
    first = client.get(address).context["page"]
    assert [trace.pk for trace in first.rows] == traces[:4:-1]
    second = client.get(address, {"before": first.next}).context["page"]
    assert [trace.pk for trace in second.rows] == traces[4::-1]
    assert (first.previous, second.next) == (None, None)
    back = client.get(address, {"after": second.previous}).context["page"]
    assert [trace.pk for trace in back.rows] == [trace.pk for trace in first.rows]


def test_the_page_needs_the_same_queries_for_any_number_of_samples(client, curator, problem, django_assert_num_queries):
    make_population(problem)
    for number in range(30):
        factories.make_trace(problem=problem, answer=[[[number % 7]]], correctness="fail")
    client.force_login(curator)
    address = reverse("problem_detail", args=[problem.pk])
    client.get(address)
    with django_assert_num_queries(17):
        client.get(address)


def test_other_kinds_show_their_statement(client, curator):
    problem = factories.make_problem(kind="numeric", spec={}, reference=4, statement="What is <b>2 + 2</b>?")
    client.force_login(curator)
    assert "What is &lt;b&gt;2 + 2&lt;/b&gt;?" in squeezed(client.get(reverse("problem_detail", args=[problem.pk])))
    assert client.get(reverse("problem_list")).status_code == 200


def test_views_are_compared_by_what_was_scored(client, curator, problem):
    view = factories.make_instruction(view="digits")
    for correctness in ("pass", "fail", "error", "unscored", ""):
        factories.make_trace(problem=problem, instruction=view, correctness=correctness)
    factories.make_trace(problem=problem, instruction=factories.make_instruction(view="rows"), correctness="unscored")
    client.force_login(curator)
    board = client.get(reverse("problem_detail", args=[problem.pk])).context["population"]
    assert [(row["view"], row["passed"], row["scored"]) for row in board.by_view] == [("digits", 1, 2)]
