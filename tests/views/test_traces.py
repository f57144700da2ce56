import pytest
from django.urls import reverse

from tests import factories
from tests.pages import squeezed
from tests.queues import queue_of
from tests.scratchpads import scratchpad_trace
from trajectories.core.curation.schemas import Blinding

HTMX = {"HX-Request": "true"}


@pytest.fixture
def trace(db):
    return factories.make_trace(instruction=factories.make_instruction())


def page_of(client, trace, query="", **headers):
    return squeezed(client.get(reverse("trace_detail", args=[trace.pk]) + query, headers=headers))


def steps_of(count, length=400):
    body = "word " * (length // 5)
    return [
        {"kind": "text", "title": f"Thought {number}", "body": body, "depth": 0, "data": {}} for number in range(count)
    ]


def test_the_page_of_a_trace_shows_steps_program_and_facts(as_curator, trace):
    page = page_of(as_curator, trace)
    assert "Mirror <strong>each row</strong>." in page
    assert 'id="step-1"' in page
    assert "transform" in page
    assert trace.sampler.title in page
    assert "Find the rule." in page


def test_verdicts_show_their_grids_pair_by_pair(as_curator, trace):
    pair = {"index": 0, "predicted": [[9, 8, 8]], "expected": [[9, 8, 7]], "match": "wrong_cells"}
    factories.make_verdict(
        trace=trace, outcome="fail", message="0 of 1 test outputs right", engine="monty 1", evidence={"pairs": [pair]}
    )
    factories.make_verdict(trace=trace, verifier="arc_train", version=1, outcome="error", message="unsupported")
    factories.make_verdict(trace=trace, verifier="arc_train", version=2, message="2 of 2 training pairs right")
    page = page_of(as_curator, trace)
    assert "0 of 1 test outputs right" in page
    assert "monty 1" in page
    assert "1 of 3 cells wrong" in page
    assert "2 of 2 training pairs right" in page
    assert page.index("2 of 2 training pairs right") < page.index("1 earlier verdict") < page.index("unsupported")


def test_a_refuted_hypothesis_is_drawn_with_its_pair(as_curator):
    data = {"pair": 1, "predicted": [[5, 5]], "expected": [[0, 5]]}
    step = {"kind": "backtrack", "title": "Pair 2 refutes it", "body": "So no.", "depth": 1, "data": data}
    page = page_of(as_curator, factories.make_trace(steps=[step]))
    assert "kind-backtrack" in page
    assert "1 of 2 cells wrong" in page


@pytest.mark.parametrize(
    "data",
    [
        {"pair": 99, "predicted": [[1]], "expected": [[1]]},
        {"pair": "0", "predicted": [[1]], "expected": [[1]]},
        {"pair": 0, "predicted": {"deep": [None]}, "expected": "x"},
        {"pair": True, "expected": [[1]]},
        {"grids": {"a": 1}},
        {"grids": [None, "x", [[99]], [[]], 1e300]},
        {"unknown": [[1]]},
    ],
)
def test_data_of_any_shape_leaves_the_page_readable(as_curator, data):
    step = {"kind": "no such kind", "title": "", "body": "Still here.", "depth": -3, "data": data}
    assert "Still here." in page_of(as_curator, factories.make_trace(steps=[step], answer={"not": "a list"}))


def test_a_trace_without_steps_shows_its_text(as_curator):
    page = page_of(as_curator, factories.make_trace(steps=[], reasoning="Just *this*.", program=""))
    assert "Just <em>this</em>." in page


def test_only_the_first_bodies_of_a_long_trace_come_with_the_page(as_curator):
    trace = factories.make_trace(steps=steps_of(500))
    page = page_of(as_curator, trace)
    assert page.count("step-body rendered") == 20
    # The first hundred come with their titles, the outline lists them all.
    assert page.count("step-head") == 100
    assert page.count("data-outline=") == 500
    assert reverse("trace_steps", args=[trace.pk, 20]) in page
    assert reverse("trace_step_range", args=[trace.pk, 400, 499]) in page
    assert len(page) < 300_000
    group = squeezed(as_curator.get(reverse("trace_steps", args=[trace.pk, 490])))
    assert group.count("step-body rendered") == 10
    assert "Thought 499" in group
    assert page_of(as_curator, trace, "?bodies=all").count("step-body rendered") == 100
    assert as_curator.get(reverse("trace_steps", args=[trace.pk, 491])).status_code == 404


def test_a_range_of_a_long_trace_comes_with_its_titles_and_its_part_of_the_outline(as_curator):
    trace = factories.make_trace(steps=steps_of(1_050))
    page = page_of(as_curator, trace)
    assert page.count("data-outline=") == 500
    assert 'id="outline-1000"' in page
    fetched = squeezed(as_curator.get(reverse("trace_step_range", args=[trace.pk, 1000, 1049])))
    assert fetched.count("step-head") == 50
    assert fetched.count("step-body rendered") == 0
    assert 'hx-swap-oob="outerHTML:#outline-1000"' in fetched
    listed = squeezed(as_curator.get(reverse("trace_step_range", args=[trace.pk, 400, 499])))
    assert "hx-swap-oob" not in listed
    for first, last in ((1000, 1048), (1001, 1049), (5000, 5099), (0, 10**7)):
        assert as_curator.get(reverse("trace_step_range", args=[trace.pk, first, last])).status_code == 404


def test_the_step_of_the_address_is_there_without_a_script(as_curator):
    trace = factories.make_trace(steps=steps_of(1_050))
    page = page_of(as_curator, trace, "?step=737")
    assert 'id="step-736"' in page
    assert 'id="step-500"' not in page
    assert page.count("step-body rendered") == 30
    assert "Thought 736" in page


@pytest.mark.parametrize("query", ["?step=0", "?step=x", "?step=99999999999", "?step=-3"])
def test_a_step_that_is_not_there_changes_nothing(as_curator, query):
    assert page_of(as_curator, factories.make_trace(steps=steps_of(250)), query).count("step-head") == 100


def test_thoughts_and_answer_stay_apart_far_down(as_curator):
    steps = [{**step, "part": "thinking"} for step in steps_of(150)] + steps_of(150)
    page = page_of(as_curator, factories.make_trace(steps=steps))
    assert 'data-range-first="100" data-range-last="149"' in page
    assert 'data-range-first="150" data-range-last="199"' in page
    assert "150 steps" in page


def test_fifty_thousand_steps_open(as_curator):
    trace = factories.make_trace(steps=steps_of(50_000, length=20))
    page = page_of(as_curator, trace)
    assert len(page) < 600_000
    assert "Steps 49901 to 50000" in page


def test_a_long_trace_takes_no_more_queries_than_a_short_one(as_curator, django_assert_max_num_queries, trace):
    long = factories.make_trace(steps=steps_of(500), problem=trace.problem, run=trace.run)
    page_of(as_curator, trace)
    for shown in (trace, long):
        # Five of them lease the trace: a transaction of its own, the turn, the statement, the lease.
        with django_assert_max_num_queries(30):
            page_of(as_curator, shown)


def test_raw_text_is_the_reasoning_to_the_letter(as_curator):
    trace = factories.make_trace(reasoning="**not bold** <b>&amp;</b> \u202e")
    assert "**not bold** &lt;b&gt;&amp;amp;&lt;/b&gt; ‹U+202E›" in page_of(as_curator, trace, "?view=raw")


def test_page_and_fragment_share_an_address(as_curator, trace):
    address = reverse("trace_detail", args=[trace.pk])
    whole, part = as_curator.get(address), as_curator.get(address, headers=HTMX)
    restored = as_curator.get(address, headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert b"<html" in whole.content
    assert b"<html" not in part.content
    assert b"<html" in restored.content
    assert "HX-Request" in part["Vary"]


def test_neighbours_and_the_next_to_review_stay_in_the_scope(as_curator, trace):
    run = factories.make_run()
    older, here = (factories.make_trace(run=run, problem=trace.problem) for _ in range(2))
    factories.make_trace(problem=trace.problem)
    page = page_of(as_curator, here, f"?run={run.pk}")
    assert f"/traces/{older.pk}/?run={run.pk}" in page
    assert "0 of 2 reviewed by you" in page
    assert 'aria-label="Trace further up the list"' not in page


def test_a_curator_reviews_and_an_engineer_only_reads(client, trace, curator, engineer):
    client.force_login(engineer)
    assert "review-form" not in page_of(client, trace)
    client.force_login(curator)
    assert "review-form" in page_of(client, trace)


def test_who_has_no_role_sees_nothing_and_who_is_not_logged_in_is_asked_to(client, nobody, trace):
    addresses = [
        reverse("trace_list"),
        reverse("trace_next"),
        reverse("trace_detail", args=[trace.pk]),
        reverse("trace_steps", args=[trace.pk, 0]),
    ]
    for address in addresses:
        assert client.get(address)["Location"].startswith("/login/")
    client.force_login(nobody)
    assert {client.get(address).status_code for address in addresses} == {403}


def test_pages_are_read_with_get_only(as_curator, trace):
    assert as_curator.post(reverse("trace_detail", args=[trace.pk])).status_code == 405
    assert as_curator.post(reverse("trace_list")).status_code == 405


def test_an_unknown_trace_is_a_404(as_curator):
    assert as_curator.get(reverse("trace_detail", args=[10**15])).status_code == 404


class TestList:
    def address(self, **query):
        return reverse("trace_list", query=query)

    def shown(self, client, **query):
        return [trace.pk for trace in client.get(self.address(**query)).context["page"].rows]

    def test_pages_go_by_key_and_meet_without_gap_or_overlap(self, as_curator, problem):
        run = factories.make_run()
        keys = [factories.make_trace(problem=problem, run=run).pk for _ in range(120)][::-1]
        first = self.shown(as_curator)
        second = self.shown(as_curator, before=first[-1])
        third = self.shown(as_curator, before=second[-1])
        assert first + second + third == keys
        assert self.shown(as_curator, after=third[0]) == second
        assert self.shown(as_curator, before="x") == first

    @pytest.mark.parametrize("count", [1, 50])
    def test_queries_do_not_grow_with_the_rows(self, as_curator, problem, count, django_assert_num_queries):
        run, instruction = factories.make_run(), factories.make_instruction()
        for _ in range(count):
            factories.make_trace(problem=problem, run=run, instruction=instruction)
        as_curator.get(self.address())
        with django_assert_num_queries(13):
            as_curator.get(self.address())

    def test_filters_narrow_the_list(self, as_curator, curator):
        view = factories.make_instruction(view="object")
        right = factories.make_trace(correctness="pass", train_passed=3, train_total=3, decision="accepted")
        factories.make_review(trace=right, reviewer=curator)
        near = factories.make_trace(correctness="fail", train_passed=1, train_total=3, instruction=view)
        fresh = factories.make_trace(train_passed=0, train_total=2)
        for query, expected in (
            ({"run": right.run_id}, right),
            ({"problem": near.problem_id}, near),
            ({"problem_set": fresh.problem.problem_set_id}, fresh),
            ({"sampler": near.sampler_id}, near),
            ({"view": "object"}, near),
            ({"correctness": "pass"}, right),
            ({"correctness": "unverified"}, fresh),
            ({"train": "all"}, right),
            ({"train": "some"}, near),
            ({"train": "none"}, fresh),
            ({"decision": "accepted"}, right),
        ):
            assert self.shown(as_curator, **query) == [expected.pk], query
        assert self.shown(as_curator, decision="unreviewed") == [fresh.pk, near.pk]

    def test_a_wrong_filter_is_named_and_counts_for_nothing(self, as_curator, trace):
        response = as_curator.get(self.address(correctness="sure", run=trace.run_id))
        assert response.status_code == 422
        assert "correctness" in squeezed(response)
        assert [row.pk for row in response.context["page"].rows] == [trace.pk]

    def test_empty_lists_say_what_to_do(self, client, lead, curator):
        client.force_login(lead)
        assert "Start a run" in squeezed(client.get(self.address()))
        client.force_login(curator)
        assert "/runs/new/" not in squeezed(client.get(self.address()))
        assert "No trace matches" in squeezed(client.get(self.address(run=7)))

    def test_filtering_in_place_takes_the_buttons_along(self, client, lead, trace):
        client.force_login(lead)
        part = squeezed(client.get(self.address(run=trace.run_id, view="grid"), headers=HTMX))
        assert "<html" not in part
        assert 'id="trace-actions" hx-swap-oob="true"' in part
        assert f"/releases/export-accepted/?run={trace.run_id}&amp;view=grid" in part
        assert f"/traces/next/?run={trace.run_id}&amp;view=grid" in part

    def test_the_next_to_review_is_the_next_down_the_list_then_the_top(self, as_curator, problem):
        run = factories.make_run()
        first, second, third = (factories.make_trace(problem=problem, run=run).pk for _ in range(3))
        reviewed = factories.make_trace(problem=problem, run=run, decision="accepted").pk
        for after, expected in ((None, third), (reviewed, third), (third, second), (second, first), (first, third)):
            query = {"run": run.pk, **({"after": after} if after else {})}
            response = as_curator.get(reverse("trace_next", query=query))
            assert response["Location"] == f"/traces/{expected}/?run={run.pk}"

    def test_nothing_left_is_said_with_a_way_on(self, client, lead, curator):
        trace = factories.make_trace(decision="rejected")
        client.force_login(lead)
        page = squeezed(client.get(reverse("trace_next")))
        assert "Nothing left to review here" in page
        assert "All 1 traces" in page or "All 1 trace" in page
        client.force_login(curator)
        assert client.get(reverse("trace_next"))["Location"].startswith(f"/traces/{trace.pk}/")
        factories.make_review(trace=trace, reviewer=curator, decision="reject")
        assert "You have reviewed all 1 traces" in squeezed(client.get(reverse("trace_next")))


def test_a_right_answer_by_wrong_steps_has_a_badge_and_its_first_wrong_step_is_marked(as_curator):
    page = page_of(as_curator, scratchpad_trace())
    assert "wrong steps</span>" in page
    outline = page[page.index('aria-label="Outline"') : page.index("</nav>", page.index('aria-label="Outline"'))]
    lines = outline.split("<li")
    assert [at for at, line in enumerate(lines) if "first wrong step" in line] == [
        next(at for at, line in enumerate(lines) if "6 + 2 , 9 3" in line)
    ]
    assert page.count("sign-fault") == 1
    assert 'title="step 3 of 5 is wrong"' in page


def test_what_a_queue_hides_of_verifiers_is_neither_badge_nor_mark(as_curator, lead):
    trace = scratchpad_trace()
    queue_of(lead, [trace], blinding=Blinding(verdicts=True))
    page = page_of(as_curator, trace)
    assert "verdict hidden" in page
    assert "wrong step" not in page


def test_what_an_imported_row_did_not_say_is_not_told_as_nothing(client, curator):
    client.force_login(curator)
    silent = factories.make_trace(run=None, temperature=0.0)
    told = factories.make_trace(run=None, temperature=0.7, output_tokens=12, latency_seconds=2.5)
    sampled = factories.make_trace(temperature=0.0)
    facts = {
        trace.pk: squeezed(client.get(reverse("trace_detail", args=[trace.pk]))) for trace in (silent, told, sampled)
    }
    assert "<dt>Temperature</dt>" not in facts[silent.pk]
    assert "<dt>Time</dt>" not in facts[silent.pk]
    assert "<dt>Tokens</dt><dd>not said</dd>" in facts[silent.pk]
    assert "<dt>Temperature</dt><dd>0.70</dd>" in facts[told.pk]
    assert "<dt>Time</dt><dd>2.50 s</dd>" in facts[told.pk]
    assert "12 out" in facts[told.pk]
    assert "<dt>Temperature</dt><dd>0</dd>" in facts[sampled.pk]
    assert "<dt>Tokens</dt><dd>none spent</dd>" in facts[sampled.pk]
    listed = squeezed(client.get(reverse("trace_list"), {"columns": "tokens,seconds,temperature"}))
    cells = [row.split('<td class="num wide-only">')[1:] for row in listed.split("<tr")[2:]]
    shown = [[cell.partition("<")[0] for cell in row] for row in cells if row]
    assert shown == [["0.0", "0", "0.00"], ["0.7", "12", "2.50"], ["–", "–", "–"]]
