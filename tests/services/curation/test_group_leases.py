"""Queues by problem: samples are handed out, kept and let go of as a whole, and never divided."""

import threading
import uuid
from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.utils import timezone

from tests import factories
from tests.queues import ChanceReviewer, make_traces, queue_of
from trajectories.core.curation.groups import AnswerMark, GroupDraft, Mark
from trajectories.models import Assignment, Queue, QueueItem, QueueSkip, QueueWork, Review, Trace
from trajectories.selectors.queues import Nothing, why_nothing
from trajectories.services.curation.assignments import release_assignments, renew_assignments
from trajectories.services.curation.filling import fill_queue
from trajectories.services.curation.group_decisions import GroupSubmission, decide_group, undo_group
from trajectories.services.curation.group_leases import lease_group, lease_next_group, skip_group
from trajectories.services.curation.reassigning import VoidDraft, reassign_items, reopen_items
from trajectories.services.curation.voids import restore_reviews, void_reviews

pytestmark = pytest.mark.django_db


def make_problems(*sizes: int) -> list[list[Trace]]:
    """Traces of one run, of as many problems as there are sizes."""
    run = factories.make_run()
    return [make_traces(size, run=run, problem=factories.make_problem()) for size in sizes]


@pytest.fixture
def problems(db) -> list[list[Trace]]:
    """Three problems with two samples each."""
    return make_problems(2, 2, 2)


def grouped(lead, problems, **values) -> Queue:
    return queue_of(lead, problems[0], by_problem=True, **{"item_order": Queue.Order.PROBLEM, **values})


def traces(found: list[Assignment]) -> set[int]:
    return {each.item.trace_id for each in found}


def ids(some: list[Trace]) -> set[int]:
    return {trace.pk for trace in some}


def test_all_samples_of_a_problem_come_at_once_under_one_token_and_others_get_other_problems(lead, curator, problems):
    queue = grouped(lead, problems)
    first = lease_next_group(reviewer=curator, queue=queue)
    second = lease_next_group(reviewer=lead, queue=queue)
    assert [traces(first), traces(second)] == [ids(problems[0]), ids(problems[1])]
    assert len({each.token for each in first}) == 1
    again = lease_next_group(reviewer=curator, queue=queue)
    assert (traces(again), again[0].token == first[0].token) == (traces(first), False)
    ahead = lease_next_group(reviewer=curator, queue=queue, but=[problems[0][0].problem_id])
    assert traces(ahead) == ids(problems[2])
    assert lease_next_group(reviewer=lead, queue=queue, but=[problems[1][0].problem_id]) == []
    assert why_nothing(queue, lead) == Nothing.OTHERS


def test_with_two_reviews_each_two_people_decide_on_the_whole_and_nobody_twice(lead, curator, engineer, problems):
    queue = grouped(lead, problems[:1], reviews_each=2)
    for person in (lead, curator):
        assert traces(lease_next_group(reviewer=person, queue=queue)) >= ids(problems[0])
    assert Assignment.objects.filter(queue=queue, state="leased", item__trace__in=ids(problems[0])).count() == 4


def test_doubling_is_drawn_by_problem_so_that_a_whole_has_one_quota(lead):
    queue = grouped(lead, make_problems(*[3] * 30), doubled_percent=50)
    quotas = defaultdict(set)
    for problem, quota in QueueItem.objects.filter(queue=queue).values_list("trace__problem", "quota"):
        quotas[problem].add(quota)
    assert all(len(each) == 1 for each in quotas.values())
    assert {quota for each in quotas.values() for quota in each} == {1, 2}


def test_a_lease_is_renewed_released_and_expires_as_a_whole(lead, curator, problems):
    queue = grouped(lead, problems)
    held = lease_next_group(reviewer=curator, queue=queue)
    Assignment.objects.filter(queue=queue).update(expires_at=Now())
    assert renew_assignments(reviewer=curator, tokens=[held[0].token]) == {held[0].token}
    assert lease_next_group(reviewer=lead, queue=queue)[0].item.trace_id not in ids(problems[0])
    Assignment.objects.filter(queue=queue, reviewer=curator).update(expires_at=Now())
    taken = lease_group(reviewer=lead, queue=queue, problem_id=problems[0][0].problem_id)
    assert traces(taken) == ids(problems[0])
    assert renew_assignments(reviewer=curator, tokens=[held[0].token]) == set()
    release_assignments(reviewer=lead, tokens=[taken[0].token])
    assert set(Assignment.objects.filter(item__trace__in=ids(problems[0])).values_list("state", flat=True)) == {"open"}


def test_what_is_skipped_goes_to_others_at_once_and_comes_again_only_when_asked_for(lead, curator, problems):
    queue = grouped(lead, problems)
    lease_next_group(reviewer=curator, queue=queue)
    problem = problems[0][0].problem_id
    assert skip_group(reviewer=curator, queue=queue, problem_id=problem, reason="unsure") == 2
    assert skip_group(reviewer=curator, queue=queue, problem_id=problem) == 0
    assert set(QueueSkip.objects.values_list("item__trace", "reason")) == {(pk, "unsure") for pk in ids(problems[0])}
    assert QueueWork.objects.get(reviewer=curator).skipped_count == 2
    assert traces(lease_next_group(reviewer=curator, queue=queue)) == ids(problems[1])
    assert traces(lease_next_group(reviewer=curator, queue=queue, skipped=True)) == ids(problems[0])


def test_a_problem_with_more_samples_than_a_screen_takes_comes_in_parts_whole_answers_together(
    lead, curator, monkeypatch
):
    monkeypatch.setattr("trajectories.services.curation.group_leases.MOST_SAMPLES", 3)
    [some] = make_problems(5)
    for at, trace in enumerate(some):
        Trace.objects.filter(pk=trace.pk).update(answer_hash=f"{at % 2:064d}")
    queue = grouped(lead, [some])
    first = lease_next_group(reviewer=curator, queue=queue)
    assert len(first) == 3
    assert {some.index(next(t for t in some if t.pk == pk)) % 2 for pk in traces(first)} == {0}
    decide(curator, queue, first)
    rest = lease_next_group(reviewer=curator, queue=queue)
    assert traces(first) | traces(rest) == ids(some)
    assert len(rest) == 2


def test_samples_that_come_later_are_decided_by_themselves(lead, curator):
    [some] = make_problems(2)
    queue = grouped(lead, [some], is_live=True)
    decide(curator, queue, lease_next_group(reviewer=curator, queue=queue))
    late = factories.make_trace(run=some[0].run, problem=some[0].problem)
    fill_queue(queue_id=queue.pk)
    assert traces(lease_next_group(reviewer=curator, queue=queue)) == {late.pk}
    assert traces(lease_group(reviewer=curator, queue=queue, problem_id=late.problem_id)) == {late.pk}


def test_a_withdrawn_repair_is_on_nobodys_screen(lead, curator):
    [some] = make_problems(2)
    queue = grouped(lead, [some])
    Trace.objects.filter(pk=some[0].pk).update(withdrawn=True)
    assert traces(lease_next_group(reviewer=curator, queue=queue)) == {some[1].pk}


def test_nothing_is_handed_out_while_it_is_paused(lead, curator, problems):
    queue = grouped(lead, problems)
    queue.state = Queue.State.PAUSED
    queue.save()
    assert lease_next_group(reviewer=curator, queue=queue) == []
    assert lease_group(reviewer=curator, queue=queue, problem_id=problems[0][0].problem_id) == []


def decide(person: User, queue: Queue, held: list[Assignment], key: uuid.UUID | None = None) -> None:
    """Keep the first sample and reject the others."""
    item = QueueItem.objects.select_related("trace").get(pk=held[0].item_id)
    draft = GroupDraft({item.trace.answer_hash: AnswerMark(best=item.pk)}, reason="lucky")
    sent = GroupSubmission(draft, [each.item_id for each in held], key or uuid.uuid4(), held[0].token)
    decide_group(reviewer=person, queue=queue, problem_id=item.trace.problem_id, submitted=sent)


def decide_all(person: User, queue: Queue, chosen: list[Trace]) -> None:
    """Accept all samples of a problem, whoever they are meant for now."""
    held = lease_group(reviewer=person, queue=queue, problem_id=chosen[0].problem_id)
    marks = {trace.answer_hash: AnswerMark(mark=Mark.KEEP) for trace in chosen}
    sent = GroupSubmission(GroupDraft(marks), [each.item_id for each in held], uuid.uuid4(), held[0].token)
    decide_group(reviewer=person, queue=queue, problem_id=chosen[0].problem_id, submitted=sent)


PEOPLE = 20


class Client(ChanceReviewer):
    """A reviewer who leases ahead, decides, skips, undoes, leaves, and lets leases run out, as chance has it."""

    def _step(self) -> bool:
        found = lease_next_group(reviewer=self.person, queue=self.queue)
        if not found:
            return self._has_more()
        problem = Trace.objects.get(pk=found[0].item.trace_id).problem_id
        whole = QueueItem.objects.filter(queue=self.queue, trace__problem=problem).count()
        assert len(found) == whole, "a problem was divided"
        ahead = lease_next_group(reviewer=self.person, queue=self.queue, but=[problem])
        draw = self.chance.random()
        if draw < 0.1:
            skip_group(reviewer=self.person, queue=self.queue, problem_id=problem)
        elif draw < 0.2:
            release_assignments(reviewer=self.person, tokens=[found[0].token])
        elif draw < 0.3:
            mine = Assignment.objects.filter(reviewer=self.person, state="leased", token=found[0].token)
            mine.update(expires_at=Now())
        else:
            decide(self.person, self.queue, found)
            if draw > 0.9:
                undo_group(reviewer=self.person, queue=self.queue, key=uuid.uuid4())
        if ahead and self.chance.random() < 0.2:
            release_assignments(reviewer=self.person, tokens=[ahead[0].token])
        return True

    def _has_more(self) -> bool:
        """ "Nothing" is the truth: what is left is on others' screens, or was passed over, which is gone through."""
        why = why_nothing(self.queue, self.person)
        if why == Nothing.SKIPPED:
            found = lease_next_group(reviewer=self.person, queue=self.queue, skipped=True)
            if found:
                decide(self.person, self.queue, found)
            return True
        return why == Nothing.OTHERS


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("order", [Queue.Order.RANDOM, Queue.Order.NEWEST])
def test_many_people_at_once_give_every_sample_its_quota_and_never_divide_a_problem(order, lead):
    problems = make_problems(*[1, 2, 3, 5] * 4)
    queue = grouped(lead, problems, reviews_each=2, doubled_percent=30, item_order=order)
    people = [User.objects.create_superuser(f"reviewer{number}") for number in range(PEOPLE)]
    clients = [Client(person, queue, seed) for seed, person in enumerate(people)]
    threads = [threading.Thread(target=client.work) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=300)
    assert not any(thread.is_alive() for thread in threads)
    assert [client.fault for client in clients if client.fault] == []
    standing = Review.objects.filter(queue=queue, superseded_by=None).exclude(decision="withdraw")
    items = list(QueueItem.objects.filter(queue=queue))
    assert Counter(standing.values_list("trace", flat=True)) == {item.trace_id: item.quota for item in items}
    assert all(item.done_count == item.quota for item in items)
    done = list(Assignment.objects.filter(queue=queue).values_list("item", "reviewer", "state"))
    assert {state for *_, state in done} == {"done"}
    assert max(Counter((item, reviewer) for item, reviewer, _ in done).values()) == 1
    queue.refresh_from_db()
    kept = sum(QueueWork.objects.filter(queue=queue).values_list("done_count", flat=True))
    assert kept == queue.review_count == sum(item.quota for item in items)
    # Whoever decided on one sample of a problem decided on all of them.
    together = defaultdict(set)
    for problem, reviewer, trace in standing.values_list("trace__problem", "reviewer", "trace"):
        together[problem, reviewer].add(trace)
    sizes = {some[0].problem_id: len(some) for some in problems}
    assert all(len(found) == sizes[problem] for (problem, _), found in together.items())


def test_what_is_taken_from_somebody_goes_on_as_whole_problems(lead, curator, engineer, problems):
    queue = grouped(lead, problems)
    held = lease_next_group(reviewer=curator, queue=queue)
    moved = reassign_items(actor=lead, reviewer=curator, queue=queue, to=[engineer])
    assert (moved.count, moved.to_anybody) == (2, 0)
    assert set(Assignment.objects.filter(meant_for=engineer).values_list("pk", flat=True)) == {row.pk for row in held}
    # Nobody else is handed it, not even by its address; it is first for whom it is meant.
    assert traces(lease_next_group(reviewer=lead, queue=queue)) == ids(problems[1])
    assert lease_group(reviewer=lead, queue=queue, problem_id=problems[0][0].problem_id) == []
    assert traces(lease_next_group(reviewer=engineer, queue=queue)) == ids(problems[0])
    # Skipped it is anybody's, but not theirs.
    assert skip_group(reviewer=engineer, queue=queue, problem_id=problems[0][0].problem_id) == 2
    assert not Assignment.objects.exclude(meant_for=None).exists()
    assert traces(lease_next_group(reviewer=engineer, queue=queue)) == ids(problems[2])
    assert traces(lease_group(reviewer=curator, queue=queue, problem_id=problems[0][0].problem_id)) == ids(problems[0])


def test_a_problem_is_never_dealt_out_in_parts(lead, curator, engineer):
    problems = make_problems(3, 3)
    queue = grouped(lead, problems)
    for chosen in problems:
        decide_all(curator, queue, chosen)
    again = VoidDraft(timezone.now() - timedelta(days=1), "Too fast.", uuid.uuid4(), queue)
    _, moved = reopen_items(actor=lead, reviewer=curator, draft=again, to=[engineer, lead])
    assert (moved.count, moved.to_anybody) == (6, 0)
    assert not Review.objects.filter(superseded_by=None, decision="accept").exists()
    meant = defaultdict(set)
    for person, problem in Assignment.objects.values_list("meant_for", "item__trace__problem"):
        meant[problem].add(person)
    assert sorted(map(len, meant.values())) == [1, 1]
    assert set.union(*meant.values()) == {engineer.pk, lead.pk}
    for person in (engineer, lead):
        (problem_id,) = {problem for problem, people in meant.items() if person.pk in people}
        found = lease_next_group(reviewer=person, queue=queue)
        assert {each.item.trace.problem_id for each in found} == {problem_id}
        assert len(found) == 3


def test_a_voided_group_is_decided_again_and_comes_back_when_the_void_is_undone(lead, curator, engineer, problems):
    queue = grouped(lead, problems[:1])
    decide_all(curator, queue, problems[0])
    since = timezone.now() - timedelta(days=1)
    event = void_reviews(actor=lead, reviewer=curator, since=since, reason="Too fast.", key=uuid.uuid4(), queue=queue)
    done = Assignment.objects.filter(queue=queue, item__trace__problem=problems[0][0].problem_id)
    assert set(done.values_list("state", flat=True)) == {"open"}
    assert undo_group(reviewer=curator, queue=queue, key=uuid.uuid4()) is None
    restore_reviews(actor=lead, void=event, key=uuid.uuid4())
    assert set(done.values_list("state", "reviewer")) == {("done", curator.pk)}
    assert set(Trace.objects.filter(pk__in=ids(problems[0])).values_list("decision", flat=True)) == {"accepted"}
    again = void_reviews(actor=lead, reviewer=curator, since=since, reason="Yet.", key=uuid.uuid4(), queue=queue)
    assert traces(lease_group(reviewer=engineer, queue=queue, problem_id=problems[0][0].problem_id)) == ids(problems[0])
    decide_all(engineer, queue, problems[0])
    restore_reviews(actor=lead, void=again, key=uuid.uuid4())
    # Somebody else has given what it needs: the restored words stand beside theirs, and the quota stays.
    assert set(done.values_list("state", "reviewer")) == {("done", engineer.pk)}
    assert Review.objects.filter(superseded_by=None, decision="accept").count() == 2 * len(problems[0])
    assert QueueItem.objects.filter(queue=queue, done_count=1, trace__in=ids(problems[0])).count() == 2
