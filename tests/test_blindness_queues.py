"""What a queue hides from its reviewers stays hidden on every page that tells of one of its traces, until they decide.

In three worlds traces are right, are wrong, are of another sampler. Whoever reviews must not find out which it is.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from tests import factories
from tests.queues import decide, queue_of
from tests.reads import changed, fingerprint
from tests.test_blindness import everything, untouched
from tests.visits import visits
from tests.walker import Answer, Visit, Walker, undone
from tests.world import World, make_world
from trajectories.core.curation.schemas import Blinding
from trajectories.core.faults import Fault
from trajectories.core.selections import NO_MODEL_VERDICT, NO_VERDICT, Selection
from trajectories.models import JudgeJob, Queue, QueueItem, Reverification, Trace, TraceTag, Verdict
from trajectories.selectors.blinding import EVERYTHING, Hidden, Sight, hidden_among, sight_of, veil
from trajectories.selectors.search_trees import tells_hidden
from trajectories.selectors.trace_filters import tells_veiled
from trajectories.selectors.traces import (
    TraceWalk,
    count_traces,
    get_trace,
    list_traces,
    neighbours,
    traces_in,
    waiting_parts,
)
from trajectories.services.curation.queues import steer_queue
from trajectories.services.curation.trace_tags import add_tag
from trajectories.services.verification.reverifications import plan_reverification

PLANTED = ("echidnas", "galahs", "brolgas")
"""A verifier's message, a sampler and an instruction."""

AGGREGATES = {
    # Sums over many traces: how much of a run, a set or a selection is right, not which of its traces.
    *("home", "run_list", "run_detail", "run_arc_score", "set_arc_scores", "problem_list", "reference_list"),
    *("insights", "figure", "job_list", "job_detail", "job_steer", "instruction_list", "sampler_list"),
}


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path


@pytest.fixture
def world(lead) -> World:
    made = make_world(lead)
    # A reviewer is told what a queue's traces are by every other queue that they are in, unless that hides it too.
    Queue.objects.filter(pk=made.queue.pk).update(blinding=Blinding(verdicts=True, sampler=True).to_json())
    return made


@contextmanager
def found(world: World, outcome: str) -> Iterator[None]:
    """For a while the traces of the queue are right or wrong, by a verdict of their own."""
    with undone():
        passed = outcome == "pass"
        traces = [trace.pk for trace in world.traces]
        Verdict.objects.filter(trace__in=traces).delete()
        values = {"correctness": outcome, "train_passed": 2 if passed else 1, "train_total": 2}
        Trace.objects.filter(pk__in=traces).update(
            **values, train_error=0.0 if passed else 0.25, near_miss="" if passed else "echidnas"
        )
        for trace in world.traces:
            factories.make_verdict(trace=trace, verifier="arc_answer", outcome=outcome, message="echidnas")
        yield


@contextmanager
def sampled_by(world: World, number: int) -> Iterator[None]:
    """For a while the traces are of the first or the second of two samplers, instructions and runs."""
    with undone():
        samplers = [factories.make_sampler(title=f"galahs {each}") for each in (1, 2)]
        texts = [factories.make_instruction(title=f"brolgas {each}") for each in (1, 2)]
        runs = [factories.make_run(title=f"galahs, run {each}") for each in (1, 2)]
        Trace.objects.filter(pk__in=[trace.pk for trace in world.traces]).update(
            sampler=samplers[number], instruction=texts[number], run=runs[number], attempt=None, temperature=number
        )
        yield


def all_of(walker: Walker, visited: list[Visit], known: Mapping[str, Answer] | None = None):
    """Every page, and those that tell of single traces also as the fragments that htmx asks for."""
    single = ("trace_", "queue_", "problem_", "run_", "repair_")
    of_traces = [visit for visit in visited if visit.name.startswith(single)]
    others = [visit for visit in visited if not visit.name.startswith(single)]
    return everything(walker, others, in_part=False, known=known) | everything(walker, of_traces, known=known)


def differing(one, other) -> dict[str, tuple]:
    return {
        asked: (visit, answer, other[asked][1]) for asked, (visit, answer) in one.items() if answer != other[asked][1]
    }


def lines_of_traces(text: str, traces: list[int]) -> list[str]:
    return [line for line in text.splitlines() if any(f"/traces/{trace}/" in line for trace in traces)]


@pytest.mark.long
def test_verdicts_that_a_queue_hides_are_told_on_no_page(world, curator):
    walker, visited = Walker(curator), visits(world)
    with found(world, "pass"):
        now = fingerprint()
        right = all_of(walker, visited)
    with found(world, "fail"):
        differing_tables = changed(now, fingerprint())
        wrong = all_of(walker, visited, untouched(right, differing_tables))
    assert differing_tables >= {"trajectories_verdict", "trajectories_trace"}
    told = [asked for each in (right, wrong) for asked, (_, answer) in each.items() if "echidnas" in answer.text]
    assert told == []
    differ = differing(right, wrong)
    assert {asked for asked, (visit, *_) in differ.items() if visit.name not in AGGREGATES} == set()
    traces = [trace.pk for trace in world.traces]
    for asked, (_, one, other) in differ.items():
        assert lines_of_traces(one.text, traces) == lines_of_traces(other.text, traces), asked
    assert len(right) > 400


def test_there_was_something_to_be_found(world, lead):
    """The words that are looked for are on pages of who is not blind."""
    page = reverse("trace_detail", args=[world.traces[0].pk])
    with found(world, "fail"):
        assert "echidnas" not in Walker(lead).answer(Visit("trace_detail", page)).text
        assert "echidnas" in Walker(lead).answer(Visit("trace_detail", page + "?reviews=all")).text
    with sampled_by(world, 0):
        text = Walker(lead).answer(Visit("trace_detail", page + "?reviews=all")).text
        assert "galahs 1" in text
        assert "brolgas 1" in text


@pytest.mark.long
def test_whose_a_trace_is_is_told_on_no_page(world, curator):
    told = ("trace_", "repair_", "queue_", "comparison_", "problem_detail", "run_detail", "judge_job_detail", "home")
    walker, visited = Walker(curator), [visit for visit in visits(world) if visit.name.startswith(told)]
    with sampled_by(world, 0):
        now = fingerprint()
        first = everything(walker, visited, in_part=False)
    with sampled_by(world, 1):
        known = untouched(first, changed(now, fingerprint()))
        worlds = [first, everything(walker, visited, in_part=False, known=known)]
    traces = [trace.pk for trace in world.traces]
    for asked, (visit, answer) in worlds[0].items():
        if visit.name.startswith(("trace_", "repair_", "queue_item", "queue_next", "comparison_", "problem_detail")):
            # The filters of the list name every sampler there is, whatever the list holds.
            text = answer.text.split('id="traces"')[-1] if visit.name == "trace_list" else answer.text
            assert [word for word in PLANTED if word in text] == [], asked
    for asked, (_, one, other) in differing(*worlds).items():
        assert lines_of_traces(one.text, traces) == lines_of_traces(other.text, traces), asked


def test_once_decided_everything_shows(world, curator):
    trace = world.traces[0]
    page = Visit("trace_detail", reverse("trace_detail", args=[trace.pk]))
    item = QueueItem.objects.get(queue=world.queue, trace=trace)
    with found(world, "fail"):
        assert "verdict hidden" in Walker(curator).answer(page).text
        decide(curator, item)
        shown = Walker(curator).answer(page).text
        assert "verdict hidden" not in shown
        assert "echidnas" in shown
        # Of the others still nothing.
        other = Visit("trace_detail", reverse("trace_detail", args=[world.traces[1].pk]))
        assert "verdict hidden" in Walker(curator).answer(other).text


def test_a_review_outside_the_queue_is_no_decision_in_it(world, curator):
    factories.make_review(trace=world.traces[0], reviewer=curator)
    assert sight_of(curator).hides(Hidden.VERDICTS, world.traces[0].pk)


def test_a_replay_is_refused_and_says_why(world, curator):
    visit = Visit("trace_replay", reverse("trace_replay", args=[world.traces[0].pk]))
    answer = Walker(curator).answer(visit)
    assert answer.status == 403
    assert "until you have decided on its trace there" in answer.text


def test_a_search_tree_is_refused_and_says_why(world, lead, curator):
    visit = Visit("search_tree", reverse("search_tree", args=[world.run.pk, world.problem.pk]))
    answer = Walker(curator).answer(visit)
    assert answer.status == 403
    assert "the tree would tell it" in answer.text
    assert Walker(lead).answer(visit).status == 200


def test_trees_of_other_runs_are_refused_where_samplers_are_hidden(world, curator):
    sight, other = sight_of(curator), factories.make_run()
    for blinding, refused in (
        (Blinding(verdicts=True), (True, False)),
        (Blinding(sampler=True), (True, True)),
        (Blinding(), (False, False)),
    ):
        Queue.objects.filter(pk=world.queue.pk).update(blinding=blinding.to_json())
        assert tuple(tells_hidden(run, world.problem.pk, sight) for run in (world.run, other)) == refused
    assert not tells_hidden(world.run, factories.make_problem().pk, sight)


def test_diversity_leaves_out_the_right_ones(world, lead, curator):
    visit = Visit("problem_diversity", reverse("problem_diversity", args=[world.problem.pk]))
    hidden = "hidden until you have decided in a queue"
    assert hidden in Walker(curator).answer(visit).text
    assert hidden not in Walker(lead).answer(visit).text
    Queue.objects.filter(pk=world.queue.pk).update(blinding=Blinding(sampler=True).to_json())
    assert hidden not in Walker(curator).answer(visit).text


def test_lists_by_what_is_hidden_leave_its_traces_out(world, curator):
    sight, hidden = sight_of(curator), {trace.pk for trace in world.traces}
    for scope in (
        Selection(correctness="pass"),
        Selection(correctness="fail"),
        Selection(train="all"),
        Selection(sampler=world.traces[0].sampler_id),
        Selection(run=world.run.pk),
        *BY_WHAT_IS_HIDDEN,
    ):
        assert hidden.isdisjoint(traces_in(scope, sight).values_list("pk", flat=True))
    assert hidden <= set(traces_in(Selection(problem=world.problem.pk), sight).values_list("pk", flat=True))
    assert hidden <= set(traces_in(Selection(correctness="pass"), EVERYTHING).values_list("pk", flat=True))


BY_WHAT_IS_HIDDEN = (
    *(Selection(outcome=word) for word in ("pass", "fail", NO_VERDICT)),
    *(Selection(verifier="arc_answer", outcome=word) for word in ("pass", "fail", NO_VERDICT)),
    Selection(verifier="arc_answer"),
    Selection(near_miss="cells"),
    Selection(model_judged=NO_MODEL_VERDICT),
    Selection(temperature=1.0),
    Selection(cost_from=0.0),
    Selection(view="grids"),
)


def test_who_solves_a_problem_is_told_by_no_other_sample_of_it(world, curator):
    """A right sample of another run stands beside what is hidden, whatever that is."""
    beside = factories.make_trace(problem=world.problem, correctness="pass")
    asked, sight = Selection(run=beside.run_id, unsolved_by=world.run.pk), sight_of(curator)
    found = []
    for word in ("pass", "fail"):
        Trace.objects.filter(run=world.run, problem=world.problem).update(correctness=word)
        found.append(list(traces_in(asked, sight)))
    assert found == [[], []]
    assert list(traces_in(asked, EVERYTHING)) == [beside]


@pytest.mark.parametrize("order", ["error", "costliest", "cheapest"])
def test_places_in_orders_by_what_is_hidden_are_not_told(world, curator, order):
    """Neither by what stands beside a hidden trace nor by where the list goes on after one."""
    walk, sight, hidden = TraceWalk(order=order), sight_of(curator), world.traces[0]

    def told():
        beside = neighbours(walk, hidden, sight)
        after = [trace.pk for trace in list_traces(walk, sight, before=hidden.pk).rows]
        waiting = [list(part.values_list("pk", flat=True)) for part in waiting_parts(walk, sight, after=hidden.pk)]
        return beside, after, waiting

    others = [factories.make_trace(problem=world.problem, train_error=error, cost=error) for error in (0.1, 0.2)]
    found = []
    for value in (0.0, 0.15, 0.9):
        Trace.objects.filter(pk=hidden.pk).update(train_error=value, cost=value)
        found.append(told())
    assert found[0] == found[1] == found[2]
    assert {other.pk for other in others} <= set(found[0][2][1]), "they are in the list"


def test_the_list_says_that_something_is_hidden_and_counts_without_it(world, curator, lead):
    def page(person, query):
        return Walker(person).answer(Visit("trace_list", f"{reverse('trace_list')}?{query}")).text

    hidden = world.traces[0]
    Trace.objects.filter(pk__in=[trace.pk for trace in world.traces]).update(cost=7, temperature=0.625)
    shown = f"traces={hidden.pk}&columns=verdict&columns=pairs&columns=sampler&columns=temperature&columns=cost"
    assert page(curator, shown).count(">hidden</span>") >= 4
    assert "0.625" not in page(curator, shown)
    assert "0.625" in page(lead, shown)
    asked = Selection(temperature=0.625)
    assert count_traces(asked, sight_of(curator)).least == 0
    assert count_traces(asked, EVERYTHING).least == len(world.traces)


def test_no_estimate_counts_what_is_hidden(world, curator):
    sight = sight_of(curator)
    assert tells_veiled(Selection(correctness="pass"), sight)
    assert tells_veiled(Selection(temperature=1.0), sight)
    assert not tells_veiled(Selection(problem=world.problem.pk), sight)
    assert not tells_veiled(Selection(correctness="pass"), EVERYTHING)
    Queue.objects.update(blinding=Blinding(verdicts=False, sampler=True).to_json())
    assert not tells_veiled(Selection(correctness="pass"), sight)


def test_nothing_is_made_of_a_selection_by_what_is_hidden(client, world, curator, lead):
    names = ("queue_new", "reverification_new", "judge_job_new", "judge_job_estimate")
    may = ("add_queue", "add_reverification", "add_judgejob")
    curator.user_permissions.set(Permission.objects.filter(codename__in=may))
    told = (
        "correctness=pass",
        "train=all",
        f"unsolved_by={world.run.pk}",
        "near_miss=cells",
        "verifier=arc_answer&outcome=pass",
        "cost_to=1",
    )
    for person, expected in ((curator, 403), (lead, 200)):
        client.force_login(person)
        for name in names:
            found = {query: client.get(f"{reverse(name)}?{query}").status_code for query in told}
            assert found == dict.fromkeys(told, expected), name
            assert client.get(f"{reverse(name)}?problem={world.problem.pk}").status_code == 200
    client.force_login(curator)
    offered = client.get(f"{reverse('trace_actions')}?correctness=fail").content.decode()
    assert reverse("queue_new") not in offered
    # Where no queue hides anything, whatever has no word of others is open to who may start jobs.
    Queue.objects.update(blinding=Blinding(verdicts=False, sampler=False).to_json())
    assert client.get(f"{reverse('queue_new')}?correctness=pass").status_code == 200


def test_what_others_made_of_such_a_selection_does_not_name_it(client, world, curator, lead):
    told = Selection(correctness="fail").to_json()
    job = plan_reverification(actor=lead, scope=Selection(problem=world.problem.pk), verifiers=["arc_test"])
    pages = {
        Queue: reverse("queue_detail", args=[world.queue.pk]),
        JudgeJob: reverse("judge_job_detail", args=[world.judge_job.pk]),
        Reverification: reverse("reverification_detail", args=[job.pk]),
    }
    for scope, shown in ((told, {curator: False, lead: True}), (Selection().to_json(), {curator: True, lead: True})):
        for model, address in pages.items():
            model.objects.update(selection=scope)
            for person, is_shown in shown.items():
                client.force_login(person)
                answer = client.get(address)
                assert answer.status_code == 200
                assert answer.context["shows_selection"] is is_shown
                assert ("correctness=fail" in answer.content.decode()) is (is_shown and scope == told), address


def test_tags_by_what_is_hidden_reach_none_of_it(world, curator):
    add_tag(actor=curator, scope=Selection(problem=world.problem.pk), sight=sight_of(curator), name="all")
    hidden = {trace.pk for trace in world.traces}
    assert hidden <= set(TraceTag.objects.filter(author=curator).values_list("trace", flat=True))
    TraceTag.objects.filter(author=curator).delete()
    for scope in BY_WHAT_IS_HIDDEN:
        with suppress(Fault):
            add_tag(actor=curator, scope=scope, sight=sight_of(curator), name="told")
    assert not TraceTag.objects.filter(author=curator, trace__in=hidden).exists()


def test_who_is_not_to_review_in_the_queue_is_not_blind(world, lead, curator, engineer):
    keys = [trace.pk for trace in world.traces]
    other = User.objects.create_user("otto")
    other.user_permissions.set(Permission.objects.filter(codename__in=["view_trace", "add_review"]))
    assert hidden_among(keys, sight_of(User.objects.get(pk=other.pk))) == set(keys), "everybody who may review"
    world.queue.members.set([curator])
    assert hidden_among(keys, sight_of(User.objects.get(pk=other.pk))) == set()
    assert hidden_among(keys, sight_of(curator)) == set(keys)
    assert hidden_among(keys, sight_of(engineer)) == set()
    world.queue.members.clear()
    reader = User.objects.create_user("rita")
    reader.user_permissions.set(Permission.objects.filter(codename="view_trace"))
    assert hidden_among(keys, sight_of(User.objects.get(pk=reader.pk))) == set()


def test_a_closed_queue_hides_nothing_and_a_paused_one_does(world, lead, curator):
    keys = [trace.pk for trace in world.traces]
    steer_queue(actor=lead, queue=world.queue, verb="pause")
    assert hidden_among(keys, sight_of(curator)) == set(keys)
    world.queue.refresh_from_db()
    steer_queue(actor=lead, queue=world.queue, verb="close")
    assert hidden_among(keys, sight_of(curator)) == set()


def test_another_queue_does_not_tell_what_one_hides(world, lead, curator):
    open_one = queue_of(lead, list(world.traces), title="Another", suggestions="verdicts")
    item = QueueItem.objects.get(queue=open_one, trace=world.traces[0])
    visit = Visit("queue_item", reverse("queue_item", args=[open_one.pk, item.pk]))
    with found(world, "fail"):
        text = Walker(curator).answer(visit).text
        assert "hidden until you have decided" in text
        assert "echidnas" not in text
        assert "Suggested" not in text


def test_taking_it_off_is_one_query_for_a_page(world, curator, django_assert_num_queries):
    traces = [get_trace(trace.pk) for trace in world.traces]
    with django_assert_num_queries(1):
        veil(traces, Sight(curator.pk))
    told = {(trace.correctness, trace.train_total, trace.sampler, trace.run) for trace in traces}
    assert told == {("", None, None, None)}
    with django_assert_num_queries(0):
        veil(traces, EVERYTHING)
