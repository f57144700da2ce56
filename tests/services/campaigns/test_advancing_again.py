"""What a campaign's runs may take together, and how it goes on after it was paused."""

import pytest

from tests import factories
from tests.campaigns import SKILLED, begin, finish, stuck_in_training, two_sets, work
from tests.trainings import make_release
from trajectories.adapters.training.base import TrainerError
from trajectories.core.campaigns.plans import Basis, ControlOf
from trajectories.core.faults import Fault
from trajectories.models import Campaign, Freezing, Queue, Run, SpendWait, Training
from trajectories.selectors.disk import NO_SPACE
from trajectories.selectors.queues import current_guidelines
from trajectories.services.campaigns.advancing import campaign_next
from trajectories.services.campaigns.steering import (
    cancel_campaign,
    pause_campaign,
    resume_campaign,
    set_campaign_budget,
)
from trajectories.services.jobs.steering import steer
from trajectories.services.releases.freezing import freeze_next, retry_freezing
from trajectories.services.runs.lifecycle import cancel_run
from trajectories.services.runs.plans import Budget, PlanError
from trajectories.services.training.work import train_next

pytestmark = pytest.mark.django_db


def open_runs():
    return Run.objects.filter(finished_at__isnull=True).order_by("pk")


def most_at_once(campaign, enough=99):
    """Work until the campaign ends, or so many of its runs are under way at once; how many there were at the most.
    What is frozen and trained goes before what is sampled."""
    most = 0
    for _ in range(40):
        for _ in range(5):
            campaign_next(job_id=campaign.pk)
            for row in campaign.generations.filter(freezing__isnull=False):
                freeze_next(job_id=row.freezing_id)
            for row in campaign.generations.filter(training__isnull=False):
                train_next(job_id=row.training_id)
        most = max(most, open_runs().count())
        if most >= enough:
            break
        work(campaign)
        if not campaign.is_active:
            break
    return most


def test_with_a_budget_one_run_at_a_time_gets_all_that_is_left(lead):
    campaign = begin(lead, generations=1, budget=Budget(tokens=1_000_000))
    assert most_at_once(campaign) == 1
    assert (campaign.state, Run.objects.count()) == ("finished", 4)
    used = 0
    for run in Run.objects.order_by("pk"):
        assert run.budget_tokens == 1_000_000 - used
        used += run.input_tokens + run.output_tokens
    assert used > 0


def test_a_budget_that_is_set_while_two_runs_are_under_way_is_shared_among_them(lead):
    campaign = begin(lead, generations=1)
    assert most_at_once(campaign, enough=2) == 2
    before = sum(run.input_tokens + run.output_tokens for run in Run.objects.filter(finished_at__isnull=False))
    set_campaign_budget(actor=lead, campaign_id=campaign.pk, budget=Budget(tokens=before + 1_001))
    assert [run.budget_tokens for run in open_runs()] == [500, 500]
    set_campaign_budget(actor=lead, campaign_id=campaign.pk, budget=Budget(tokens=1))
    assert [run.budget_tokens for run in open_runs()] == [1, 1], "nothing is left"


def test_a_budget_for_each_generation_begins_anew_with_the_next_and_pauses_the_one_that_has_spent_it(lead):
    budgets = {"budget": Budget(tokens=5_000_000), "generation_budget": Budget(tokens=1_000_000)}
    campaign = begin(lead, generations=1, control=False, **budgets)
    campaign_next(job_id=campaign.pk)
    first = open_runs().get()
    assert first.budget_tokens == 1_000_000, "the smaller one"
    Run.objects.filter(pk=first.pk).update(input_tokens=300_000)
    while campaign.generations.filter(number=1, run__isnull=False).count() == 0:
        work(campaign)
    run = campaign.generations.get(number=1).run
    assert run.budget_tokens == 1_000_000, "that of generation 0 is another one"
    Run.objects.filter(pk=run.pk).update(input_tokens=1_000_000)
    finish(campaign)
    assert campaign.state_reason == "The token budget of generation 1 is spent; raise it and resume."
    whole, larger = Budget(tokens=5_000_000), Budget(tokens=1_500_000)
    with pytest.raises(PlanError, match="For each generation: The token budget is 0") as refused:
        set_campaign_budget(actor=lead, campaign_id=campaign.pk, budget=whole, generation=Budget(tokens=0))
    assert refused.value.field == "generation_tokens"
    set_campaign_budget(actor=lead, campaign_id=campaign.pk, budget=whole, generation=larger)
    resume_campaign(actor=lead, job_id=campaign.pk)
    work(campaign)
    taken = Run.objects.get(pk=run.pk)
    used = taken.input_tokens + taken.output_tokens
    assert campaign.generations.get(number=1).evaluation.budget_tokens == 1_500_000 - used
    assert finish(campaign).state == "finished"


def test_what_a_replaced_run_took_stays_taken_and_a_paused_campaign_tells_what_it_has_cost(lead):
    campaign = begin(lead, generations=1, control=False, budget=Budget(tokens=10_000_000))
    campaign_next(job_id=campaign.pk)
    run = open_runs().get()
    Run.objects.filter(pk=run.pk).update(input_tokens=700_000, output_tokens=50_000)
    cancel_run(actor=lead, run=run)
    work(campaign)
    assert (campaign.state, campaign.input_tokens, campaign.output_tokens) == ("paused", 700_000, 50_000)
    resume_campaign(actor=lead, job_id=campaign.pk)
    campaign_next(job_id=campaign.pk)
    assert campaign.generations.get().replaced.get() == run
    assert open_runs().get().budget_tokens == 9_250_000
    finish(campaign)
    assert campaign.input_tokens >= 700_000


def test_a_training_that_was_tried_again_and_ended_well_is_gone_on_with(lead, coach, monkeypatch):
    campaign, training = stuck_in_training(lead, coach, monkeypatch)
    steer("training", "retry", actor=lead, job_id=training.pk)
    train_next(job_id=training.pk)
    resume_campaign(actor=lead, job_id=campaign.pk)
    assert finish(campaign).state == "finished"
    assert Training.objects.get().sampler == campaign.generations.get(number=1).sampler


def test_a_training_that_is_tried_again_and_fails_again_pauses_the_campaign_again(lead, coach, monkeypatch):
    def fail(task, report):
        raise TrainerError("The loss was nan at step 3.")

    monkeypatch.setattr(coach, "train", fail)
    campaign = finish(begin(lead, generations=1, control=False))
    steer("training", "retry", actor=lead, job_id=Training.objects.get().pk)
    resume_campaign(actor=lead, job_id=campaign.pk)
    campaign_next(job_id=campaign.pk)
    assert finish(campaign).state == "paused"
    assert Training.objects.count() == 1, "it was under way when the campaign was resumed"


def test_a_freezing_that_was_tried_again_and_ended_well_is_gone_on_with(lead):
    campaign = begin(lead, generations=1, control=False)
    while not Freezing.objects.exists():
        work(campaign)
    Freezing.objects.update(state="failed", reason="The disk.")
    campaign_next(job_id=campaign.pk)
    campaign.refresh_from_db()
    assert campaign.state_reason == "Generation 1: nothing was frozen to learn from. The disk."
    job = retry_freezing(actor=lead, job_id=Freezing.objects.get().pk)
    freeze_next(job_id=job.pk)
    resume_campaign(actor=lead, job_id=campaign.pk)
    assert finish(campaign).state == "finished"
    assert Freezing.objects.count() == 1


def test_overruled_in_the_middle_of_a_generation_both_its_arms_are_trained_from_the_same_sampler(lead):
    campaign = begin(lead, generations=1, from_first=False)
    while not Training.objects.exists():
        work(campaign)
    assert Training.objects.count() == 1
    other = factories.make_sampler(kind=SKILLED, parameters={"skill": 10})
    Campaign.objects.filter(pk=campaign.pk).update(champion=other)
    while Training.objects.count() < 2:
        work(campaign)
    assert {training.base for training in Training.objects.all()} == {campaign.first_sampler}


def test_a_paused_campaign_that_is_resumed_shares_what_is_left_anew(lead):
    campaign = begin(lead, generations=1, control=False, budget=Budget(tokens=5_000))
    campaign_next(job_id=campaign.pk)
    run = open_runs().get()
    Run.objects.filter(pk=run.pk).update(input_tokens=300)
    assert pause_campaign(actor=lead, job_id=campaign.pk).input_tokens == 300
    Campaign.objects.filter(pk=campaign.pk).update(budget_tokens=9_000)
    resume_campaign(actor=lead, job_id=campaign.pk)
    assert open_runs().get().budget_tokens == 9_000


def test_the_queue_of_a_campaign_is_as_its_plan_says_and_is_paused_resumed_and_closed_with_it(lead, curator):
    asked = {"people": True, "reviews_each": 2, "reviewers": [lead.pk, curator.pk], "guidelines": "Look at each step."}
    campaign = begin(lead, generations=1, control=False, basis=Basis.BOTH, **asked)
    while not Queue.objects.exists():
        work(campaign)
    queue = Queue.objects.get()
    assert (set(queue.members.all()), queue.reviews_each) == ({lead, curator}, 2)
    assert current_guidelines(queue).text == "Look at each step."
    for steer_it, state in ((pause_campaign, "paused"), (resume_campaign, "open"), (cancel_campaign, "closed")):
        steer_it(actor=lead, job_id=campaign.pk)
        queue.refresh_from_db()
        assert queue.state == state


def test_a_queue_that_could_not_be_made_is_refused_when_the_campaign_is_planned(lead, curator):
    asked = {"people": True, "basis": Basis.BOTH, "sets": two_sets()}
    for values, field, words in (
        ({"reviews_each": 2, "reviewers": [curator.pk]}, "reviewers", "expected at least 2"),
        ({"reviews_each": 99}, "reviews_each", "expected 1 to 20"),
        ({"reviewers": [10**6]}, "reviewers", "found 1 chosen of whom 0 may review"),
    ):
        with pytest.raises(Fault, match=words) as refused:
            begin(lead, **asked, **values)
        assert refused.value.field == field
    assert not Campaign.objects.exists()


def test_a_run_of_an_earlier_generation_that_somebody_paused_holds_nothing_up(lead):
    campaign = begin(lead, generations=1, control=False, budget=Budget(tokens=1_000_000))
    while campaign.generations.filter(stage="done").count() == 0:
        work(campaign)
    extended = Run.objects.filter(pk=campaign.generations.get(number=0).evaluation_id)
    extended.update(state="paused", finished_at=None)
    assert finish(campaign).state == "finished"


def test_a_run_that_waits_for_a_daily_limit_is_waited_for_with_a_sentence_and_gone_on_with(lead):
    campaign = begin(lead, generations=1, control=False)
    campaign_next(job_id=campaign.pk)
    run = open_runs().get()
    reason = "The daily limit of 5 for all jobs is reached; goes on tomorrow."
    Run.objects.filter(pk=run.pk).update(state="paused", state_reason=reason)
    SpendWait.objects.create(kind="run", job_id=run.pk, sampler=run.sampler, cost=1, reason=reason)
    campaign_next(job_id=campaign.pk)
    campaign.refresh_from_db()
    assert campaign.state == "running"
    assert campaign.state_reason == f"Generation 0 waits: run {run.pk} waits for a daily limit. {reason}"
    Run.objects.filter(pk=run.pk).update(state="queued", state_reason="")
    campaign_next(job_id=campaign.pk)
    campaign.refresh_from_db()
    assert campaign.state_reason == "", "it goes on by itself"
    assert finish(campaign).state == "finished"


def test_a_freezing_that_finds_the_disk_full_pauses_the_campaign_and_begins_anew_at_once_when_that_is_resumed(lead):
    campaign = begin(lead, generations=1, control=False)
    while not Freezing.objects.exists():
        work(campaign)
    job = Freezing.objects.get()
    Freezing.objects.update(state="queued", reason=NO_SPACE, space_needed=10**18)
    campaign_next(job_id=campaign.pk)
    campaign.refresh_from_db()
    assert campaign.state == "paused"
    assert campaign.state_reason == (
        f"Generation 1: freezing {job.pk} found no space left on the disk. Free some and resume the campaign."
    )
    resume_campaign(actor=lead, job_id=campaign.pk)
    job.refresh_from_db()
    assert (job.reason, job.space_needed) == ("", None), "the sweep would have waited for the space"
    assert finish(campaign).state == "finished"
    assert Freezing.objects.count() == 1


def test_a_control_of_seeds_learns_from_none_that_are_held_out_by_now(lead, curator):
    seeds = make_release(2)
    campaign = begin(lead, seed_release=seeds.pk, control_of=ControlOf.SEEDS, generations=1)
    moved = seeds.items.first().trace.problem
    moved.problem_set = campaign.held_out_set
    moved.save()
    finish(campaign)
    words = f"the seed release {seeds.pk} holds 1 problems that are held out, the first {moved.name!r}"
    assert campaign.state_reason.startswith(f"Generation 1, control: {words}")
    assert not campaign.generations.filter(arm="control", training__isnull=False).exists()
    Campaign.objects.filter(pk=campaign.pk).update(plan={**campaign.plan, "seed_release": 10**6})
    resume_campaign(actor=lead, job_id=campaign.pk)
    finish(campaign)
    assert campaign.state_reason == (
        "Generation 1, control: the release of the seed traces is gone; clone the campaign."
    )
