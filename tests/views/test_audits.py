"""Verifier audits: what each finds and leaves out, the pages, and a queue in one step."""

import re
from typing import Any

from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import factories
from tests.pages import squeezed
from trajectories.core.selections import AUDITS, Selection
from trajectories.models import ImportedReview, ImportedVerdict, Queue, QueueItem, Trace
from trajectories.selectors.audits import LISTED
from trajectories.selectors.blinding import EVERYTHING, Sight
from trajectories.selectors.traces import traces_in

RIGHT, WRONG, OTHER = [[[9, 8, 7]]], [[[7, 8, 9]]], [[[1, 1, 1]]]


def found(name: str, sight: Sight = EVERYTHING) -> set[int]:
    return set(traces_in(Selection(audit=name), sight).values_list("pk", flat=True))


def samples(problem: Any, answers: list[Any], **values: Any) -> list[Trace]:
    return [
        factories.make_trace(
            problem=problem, answer=answer, correctness="pass" if answer == RIGHT else "fail", **values
        )
        for answer in answers
    ]


def test_every_audit_is_listed_with_its_meaning():
    assert [audit.name for audit in LISTED] == list(AUDITS)
    assert all(audit.meaning and audit.causes for audit in LISTED)


def test_right_on_training_pairs_and_wrong_on_the_test(db):
    lucky = factories.make_trace(correctness="fail", train_passed=2, train_total=2)
    factories.make_trace(correctness="fail", train_passed=1, train_total=2)
    factories.make_trace(correctness="pass", train_passed=2, train_total=2)
    factories.make_trace(correctness="fail", train_passed=0, train_total=0)
    assert found("train_not_test") == {lucky.pk}


def test_unanimous_is_one_trace_for_each_problem_on_which_all_agree(db):
    agreed = samples(factories.make_problem(), [WRONG, WRONG, WRONG, None])
    samples(factories.make_problem(), [WRONG, WRONG])  # too few
    samples(factories.make_problem(), [WRONG, WRONG, WRONG, OTHER])  # not all
    samples(factories.make_problem(), [RIGHT, RIGHT, RIGHT])
    assert found("unanimous") == {agreed[0].pk}


def test_what_was_shown_the_answer_or_written_by_a_person_has_no_vote(db, curator):
    problem = factories.make_problem()
    first, *_ = samples(problem, [WRONG] * 3)
    samples(problem, [RIGHT], hinted=True)
    samples(problem, [RIGHT], run=None, edited_by=curator, parent=first)
    assert found("unanimous") == {first.pk}


def test_consensus_takes_more_than_half_of_at_least_four(db):
    most = samples(factories.make_problem(), [OTHER, WRONG, WRONG, WRONG, RIGHT])
    samples(factories.make_problem(), [WRONG, WRONG, RIGHT, RIGHT])  # half
    samples(factories.make_problem(), [WRONG, WRONG, RIGHT])  # too few
    assert found("consensus") == {most[1].pk}


def test_a_majority_that_one_sample_has_right_is_no_disagreement(db):
    """Programs that give the same on the test may differ in verdict only where something else is wrong."""
    problem = factories.make_problem()
    samples(problem, [WRONG] * 4)
    factories.make_trace(problem=problem, answer=WRONG, correctness="pass")
    assert found("consensus") == set()


def test_a_right_answer_beside_a_wrong_program_goes_by_the_newest_verdict(db):
    both = factories.make_trace(correctness="fail")
    factories.make_verdict(trace=both, verifier="arc_answer", outcome="pass")
    mended = factories.make_trace(correctness="fail")
    factories.make_verdict(trace=mended, verifier="arc_answer", outcome="pass")
    factories.make_verdict(trace=mended, verifier="arc_answer", outcome="fail", revision=1)
    bare = factories.make_trace(correctness="fail", program=None)
    factories.make_verdict(trace=bare, verifier="arc_answer", outcome="pass")
    assert found("answer_not_program") == {both.pk}


def test_people_against_verifiers_shows_a_blind_person_only_their_own(db, curator):
    accepted = factories.make_trace(correctness="fail", decision="accepted")
    rejected = factories.make_trace(correctness="pass", decision="rejected")
    factories.make_trace(correctness="pass", decision="accepted")
    factories.make_review(trace=rejected, reviewer=curator, decision="reject", reason="lucky")
    assert found("people") == {accepted.pk, rejected.pk}
    assert found("people", Sight(curator.pk)) == {rejected.pk}


def test_imported_verdicts_count_where_they_decide(db):
    def imported(verifier: str, theirs: str, ours: str) -> Trace:
        trace = factories.make_trace(run=None, correctness=ours)
        ImportedVerdict.objects.create(trace=trace, verifier=verifier, version=1, outcome=theirs)
        return trace

    passed, failed = imported("arc_test", "pass", "fail"), imported("exact", "fail", "pass")
    imported("arc_test", "pass", "pass")
    imported("arc_train", "pass", "fail")
    imported("model_judge:correctness", "pass", "fail")
    imported("arc_test", "error", "pass")
    assert found("imported") == {passed.pk, failed.pk}


def test_decisions_of_people_elsewhere_count_beside_imported_verdicts(db, client, lead, curator):
    def reviewed(decision: str, ours: str) -> Trace:
        trace = factories.make_trace(run=None, correctness=ours)
        ImportedReview.objects.create(trace=trace, pseudonym="annotator-7", decision=decision)
        return trace

    accepted, rejected = reviewed("accept", "fail"), reviewed("reject", "pass")
    reviewed("accept", "pass")
    reviewed("reject", "fail")
    reviewed("reject", "error")
    assert found("imported") == {accepted.pk, rejected.pk}
    assert found("imported", Sight(curator.pk)) == set()
    client.force_login(lead)
    page = client.get(reverse("audit_detail", args=["imported"])).content.decode()
    assert page.count("annotator-7 elsewhere: ") == 2


def test_a_judge_is_held_against_verifiers_people_and_votes(db, curator):
    easy = factories.make_trace(correctness="fail", model_judged="pass")
    strict = factories.make_trace(correctness="pass", model_judged="fail", decision="accepted")
    factories.make_trace(correctness="pass", model_judged="pass", decision="accepted")
    factories.make_trace(correctness="", model_judged="unscored", decision="rejected")
    assert found("judge") == {easy.pk, strict.pk}
    assert found("judge_people") == {strict.pk}
    assert found("judge", Sight(curator.pk)) == set()
    factories.make_review(trace=easy, reviewer=curator, decision="reject", reason="lucky")
    assert found("judge", Sight(curator.pk)) == {easy.pk}


def test_votes_are_held_against_judges_and_people_without_a_reference(db):
    problem = factories.make_problem(reference=None)
    most = [factories.make_trace(problem=problem, answer=WRONG, correctness="unscored") for _ in range(3)]
    alone = factories.make_trace(problem=problem, answer=OTHER, correctness="unscored")
    silent = factories.make_trace(problem=problem, answer=None, correctness="unscored")
    for trace, judged, decision in ((most[0], "fail", "accepted"), (most[1], "pass", "rejected"), (alone, "pass", "")):
        Trace.objects.filter(pk=trace.pk).update(model_judged=judged, decision=decision)
    Trace.objects.filter(pk=silent.pk).update(decision="accepted")
    assert found("votes_judge") == {most[0].pk, alone.pk}
    assert found("votes_people") == {most[1].pk, silent.pk}
    few = factories.make_problem(reference=None)
    for _ in range(3):
        factories.make_trace(problem=few, answer=WRONG, correctness="unscored", model_judged="fail")
    assert found("votes_judge") == {most[0].pk, alone.pk}


def test_learned_scorers_are_held_against_verifiers_and_people(client, lead, curator):
    lucky, missed, unsure = (
        scored(correctness="fail", score=0.9),
        scored(correctness="pass", score=0.1),
        scored(correctness="fail", score=0.6),
    )
    changed = scored(correctness="fail", score=0.9)
    factories.make_verdict(trace=changed, verifier="scorer:told", outcome="unscored", score=0.3, revision=1)
    slip = scored(correctness="pass", score=0.95, decision="rejected")
    assert found("scorer") == {lucky.pk, missed.pk}
    assert found("scorer_people") == {slip.pk}
    assert unsure.pk not in found("scorer")
    assert found("scorer", Sight(curator.pk)) == set()
    client.force_login(lead)
    assert "told: 90% likely right" in squeezed(client.get(reverse("audit_detail", args=["scorer"])))


def test_learned_scorers_are_held_against_votes_and_judges_without_a_reference(client, lead):
    problem = factories.make_problem(reference=None)
    values = {"problem": problem, "correctness": "unscored"}
    most = [scored(answer=WRONG, score=score, **values) for score in (0.1, 0.5, 0.9)]
    alone = scored(answer=OTHER, score=0.85, model_judged="fail", **values)
    doubted = scored(answer=OTHER, score=0.1, model_judged="pass", **values)
    assert found("votes_scorer") == {most[0].pk, alone.pk}
    assert found("judge_scorer") == {alone.pk, doubted.pk}
    client.force_login(lead)
    client.post(reverse("audit_queue", args=["votes_scorer"]))
    assert set(QueueItem.objects.values_list("trace", flat=True)) == {most[0].pk, alone.pk}


def scored(score, **values):
    trace = factories.make_trace(**values)
    factories.make_verdict(trace=trace, verifier="scorer:told", outcome="unscored", score=score)
    return trace


def test_what_the_judge_said_stands_beside_its_traces_and_opens_as_a_queue(client, lead):
    trace = factories.make_trace(correctness="fail", model_judged="pass")
    factories.make_verdict(trace=trace, verifier="model_judge:plain", outcome="pass", score=0.75)
    client.force_login(lead)
    assert "model_judge:plain: pass, score 0.75" in client.get(reverse("audit_detail", args=["judge"])).content.decode()
    client.post(reverse("audit_queue", args=["judge"]))
    assert set(QueueItem.objects.values_list("trace", flat=True)) == {trace.pk}


def test_the_pages_show_counts_and_what_disagrees(client, lead):
    problem = factories.make_problem()
    agreed = samples(problem, [WRONG] * 4)
    imported = factories.make_trace(run=None, correctness="pass")
    ImportedVerdict.objects.create(trace=imported, verifier="exact", version=1, outcome="fail", score=0.25)
    rejected = factories.make_trace(correctness="pass", decision="rejected")
    factories.make_review(trace=rejected, reviewer=lead, decision="reject", reason="wrong_reasoning")
    client.force_login(lead)
    counts = {audit.name: count.least for audit, count in client.get(reverse("audit_index")).context["rows"]}
    assert counts == {
        "train_not_test": 0,
        "unanimous": 1,
        "consensus": 1,
        "answer_not_program": 0,
        "answer_not_steps": 0,
        "people": 1,
        "imported": 1,
        "judge": 0,
        "judge_people": 0,
        "votes_judge": 0,
        "votes_people": 0,
        "scorer": 0,
        "scorer_people": 0,
        "votes_scorer": 0,
        "judge_scorer": 0,
    }
    pages = {name: client.get(reverse("audit_detail", args=[name])).content.decode() for name in AUDITS}
    assert "4 of 4 samples give this" in pages["unanimous"]
    assert f"trace {agreed[0].pk}" in pages["consensus"]
    assert "lena: reject (wrong reasoning)" in pages["people"]
    assert "exact elsewhere: fail, score 0.25" in pages["imported"]
    assert "Nothing of the kind" in pages["train_not_test"]


def test_a_selection_narrows_both_pages(client, lead):
    traces = [factories.make_trace(correctness="fail", train_passed=1, train_total=1) for _ in range(2)]
    client.force_login(lead)
    query = {"run": traces[0].run_id}
    assert client.get(reverse("audit_index"), query).context["rows"][0][1].least == 1
    page = client.get(reverse("audit_detail", args=["train_not_test"]), query)
    assert [trace.pk for trace, _ in page.context["page"].rows] == [traces[0].pk]
    assert re.search(r'href="\?" title="Take this filter away">\s*Run ', squeezed(page), re.IGNORECASE)
    assert "Of these traces only" not in squeezed(client.get(reverse("audit_index")))


def test_pages_lose_none_and_take_the_same_queries(client, lead):
    problem = factories.make_problem()
    traces = [
        factories.make_trace(problem=problem, correctness="fail", train_passed=1, train_total=1) for _ in range(120)
    ]
    client.force_login(lead)
    seen: list[int] = []
    address, before, queries = reverse("audit_detail", args=["train_not_test"]), None, set()
    while True:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            page = client.get(address, {"before": before} if before else {}).context["page"]
        queries.add(len(captured))
        seen += [trace.pk for trace, _ in page.rows]
        if page.next is None:
            break
        before = page.next
    assert seen == sorted((trace.pk for trace in traces), reverse=True)
    assert max(queries) - min(queries) <= 1  # a keyed page reads nothing more but what it counts from
    assert max(queries) <= 12


def test_a_queue_is_made_in_one_step_and_once(client, lead):
    trace = factories.make_trace(correctness="fail", train_passed=1, train_total=1)
    factories.make_trace(correctness="pass")
    client.force_login(lead)
    form = {"form_key": "0b7cb1f3-6f5c-4d5b-9e51-0d0c7d5f3a11"}
    address = reverse("audit_queue", args=["train_not_test"])
    first, again = client.post(address, form), client.post(address, form)
    queue = Queue.objects.get()
    assert first.url == again.url == reverse("queue_detail", args=[queue.pk])
    assert queue.rule == Selection(audit="train_not_test")
    assert list(QueueItem.objects.filter(queue=queue).values_list("trace", flat=True)) == [trace.pk]
    assert "Training pairs right, test wrong" in queue.title
    assert "May be behind" not in queue.title
    assert "which of the two is wrong" in queue.guidelines.get().text


def test_nothing_found_makes_no_queue(client, lead):
    client.force_login(lead)
    response = client.post(reverse("audit_queue", args=["people"]), follow=True)
    assert not Queue.objects.exists()
    assert "finds no trace now" in response.content.decode()


def test_only_who_sees_all_decisions_may_look(client, curator, lead):
    client.force_login(curator)
    for address in (reverse("audit_index"), reverse("audit_detail", args=["people"])):
        assert client.get(address).status_code == 403
    assert client.post(reverse("audit_queue", args=["people"])).status_code == 403
    assert "Verifier audit" not in client.get(reverse("insights")).content.decode()
    assert client.get(reverse("queue_new"), {"audit": "people"}).status_code == 403
    client.force_login(lead)
    assert "Verifier audit" in client.get(reverse("insights")).content.decode()


def test_an_unknown_audit_is_no_page_and_reading_changes_nothing(client, lead):
    client.force_login(lead)
    assert client.get(reverse("audit_detail", args=["nope"])).status_code == 404
    assert client.get(reverse("audit_queue", args=["people"])).status_code == 405


def test_who_may_see_but_not_make_queues_gets_no_button(client, lead: User):
    factories.make_trace(correctness="fail", train_passed=1, train_total=1)
    engineer = User.objects.create_user("ada", password="a long enough password")
    engineer.user_permissions.set(Permission.objects.filter(codename__in=("view_trace", "see_reviews")))
    client.force_login(engineer)
    assert "Make a queue" not in client.get(reverse("audit_index")).content.decode()
    client.force_login(lead)
    assert "Make a queue" in client.get(reverse("audit_index")).content.decode()


def test_a_right_answer_by_wrong_steps_goes_by_the_newest_verdict_on_steps_and_says_which(client, lead):
    lucky, mended = (factories.make_trace(correctness="pass") for _ in range(2))
    wrong = factories.make_trace(correctness="fail")
    for trace in (lucky, mended, wrong):
        factories.make_verdict(trace=trace, verifier="scratchpad", outcome="fail", message="step 2 of 3 is wrong")
    factories.make_verdict(trace=mended, verifier="scratchpad", outcome="pass", version=2)
    assert found("answer_not_steps") == {lucky.pk}
    client.force_login(lead)
    page = client.get(reverse("audit_detail", args=["answer_not_steps"]))
    assert "step 2 of 3 is wrong" in squeezed(page)
    client.post(reverse("audit_queue", args=["answer_not_steps"]), {"form_key": "3c7f9c0e-0f40-4a45-9a39-0a0a0a0a0a0b"})
    assert Queue.objects.get().rule == Selection(audit="answer_not_steps")
