"""What the page of a campaign says of its generations, and where its numbers lead."""

import pytest
from django.urls import reverse

from tests import factories
from tests.campaigns import learnt_campaign
from tests.pages import squeezed
from trajectories.core.campaigns.measures import Outcomes, measure
from trajectories.models import Campaign, Training
from trajectories.selectors.release_bases import rests_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, lead):
    client.force_login(lead)
    return client


@pytest.fixture
def campaign(lead, curator):
    return learnt_campaign(lead, curator)


def test_the_page_says_whether_the_challenger_beats_its_control_with_as_many_steps(page, campaign):
    address = reverse("campaign_detail", args=[campaign.pk])
    text = squeezed(page.get(address))
    assert (
        "Generation 1 cannot be told from its control: over 1 held-out problems its share of right samples is +75.0 "
        "points from that of the control, and it solves 1 that the control does not, the control 0 that it does not "
        "(McNemar p = 1)." in text
    )
    assert '<th scope="col" class="num">Steps</th>' not in text
    Training.objects.update(facts={"steps": 1234})
    text = squeezed(page.get(address))
    assert '<th scope="col" class="num">Steps</th>' in text
    assert text.count(">1,234</a>") == 2
    for row in campaign.generations.filter(number=1):
        right = 4 if row.arm == "champion" else 1
        tried = [Outcomes(key, "mirror", 4, right, (right,), right) for key in range(1, 21)]
        row.measured = measure(tried, failed=0).as_json()
        row.save()
    text = squeezed(page.get(address))
    assert "Generation 1 beats its control: over 20 held-out problems" in text
    assert "+75.0 points (95% band +75.0 to +75.0)" in text


def test_the_page_its_training_and_its_sampler_say_what_was_learnt_from_rests_on(page, campaign):
    row = campaign.generations.get(number=1, arm="champion")
    rest = rests_of([row.release])[row.release_id]
    assert rest.sentence == "Rests on what people accepted; of 1 taken, 1 are right by a reference."
    funnel = [
        {"clause": "take_correct", "removed": 0, "added": 0, "left": 1},
        {"clause": "seeds", "removed": 0, "added": 4, "left": 5},
    ]
    told = {"facts": {"rests_on": rest.as_json()}, "funnel": funnel, "rule": {"seeds": [row.release_id]}}
    Training.objects.filter(pk=row.training_id).update(sampler=row.sampler, **told)
    addresses = [
        reverse("campaign_detail", args=[campaign.pk]),
        reverse("training_detail", args=[row.training_id]),
        reverse("sampler_detail", args=[row.sampler_id]),
    ]
    texts = [squeezed(page.get(address)) for address in addresses]
    for text in texts:
        assert rest.sentence in text
    link = f'<a class="small" href="{reverse("release_detail", args=[row.release_id])}">release {row.release_id}</a>'
    for text in texts[:2]:
        assert f"With seed traces, which always enter {link}" in text
        assert ">+4</span>" in text


def test_what_a_campaign_waits_for_is_said_with_a_link_to_it(page, campaign):
    row = campaign.generations.get(number=1, arm="champion")
    campaign.generations.filter(pk=row.pk).update(stage="training")
    Training.objects.filter(pk=row.training_id).update(state="waiting")
    reason = f"Generation 1 waits: training {row.training_id} waits until somebody says which sampler came of it."
    Campaign.objects.filter(pk=campaign.pk).update(state="running", state_reason=reason)
    address = reverse("training_detail", args=[row.training_id])
    text = squeezed(page.get(reverse("campaign_detail", args=[campaign.pk])))
    assert f'{reason} <a class="nowrap" href="{address}">Open training {row.training_id}</a>' in text


def test_clones_of_one_campaign_stand_beside_each_other_and_say_all_that_differs(page, campaign):
    first, second = Campaign.objects.get(), Campaign.objects.get()
    first.pk, first.title, first.cloned_from = None, "One clone", campaign
    first.save()
    second.pk, second.title, second.cloned_from = None, "Another clone", campaign
    second.seed, second.budget_tokens, second.first_sampler = 8, 1_000, factories.make_sampler()
    second.training_set, second.plan = factories.make_problem_set(), {**second.plan, "generations": 3}
    second.save()
    text = squeezed(page.get(reverse("campaign_detail", args=[first.pk])))
    assert text.index("Another clone</a>") < text.index("The campaign</a>"), "the newest first"
    assert "Differs in: generations, first sampler, training set, budget, seed." in text
    assert "Differs in: nothing." in text
    assert "One clone</a></h3>" not in text, "it is not beside itself"


def test_the_same_without_something_keeps_the_seed_and_another_one_like_it_draws_one(page, campaign):
    address = f"{reverse('campaign_new')}?like={campaign.pk}"
    kept = page.get(f"{address}&without=curriculum").context["form"]
    assert kept.get_initial_for_field(kept.fields["seed"], "seed") == campaign.seed
    drawn = page.get(address).context["form"]
    assert drawn.get_initial_for_field(drawn.fields["seed"], "seed") != campaign.seed
