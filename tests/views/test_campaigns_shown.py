"""What the page of a campaign says of its generations, and where its numbers lead."""

import html
import re
import uuid

import pytest
from django.urls import reverse

from tests import factories
from tests.campaigns import learnt_campaign
from tests.pages import squeezed
from trajectories.core.campaigns.gates import GateTest, decide
from trajectories.core.campaigns.measures import Outcomes, measure
from trajectories.core.selections import Selection
from trajectories.models import Campaign, Freezing, Reverification, Run, Scorer, Scoring, Training
from trajectories.selectors.campaigns import measured_of
from trajectories.selectors.release_bases import rests_of
from trajectories.services.curation.queues import QueueDraft, make_queue

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
        "Generation 1 cannot be told from its control: over 1 held-out problems its share of right samples is "
        "75.0 points above that of the control, and it solves 1 that the control does not, the control 0 that it does "
        "not (McNemar p = 1)." in text
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
    assert "75.0 points above that of the control (95% band +75.0 to +75.0)" in text


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
    assert kept.get_initial_for_field(kept.fields["title"], "title") == f"{campaign.title}, without curriculum"
    drawn = page.get(address).context["form"]
    assert drawn.get_initial_for_field(drawn.fields["seed"], "seed") != campaign.seed


def two_families(campaign):
    """More held-out problems of two families, measured in all arms; the challenger gains 40 and forgets one."""
    problem_set = campaign.held_out_set
    problems = [factories.make_problem(problem_set=problem_set, family=("even", "odd")[n % 2]) for n in range(42)]
    for row in campaign.generations.all():
        better = row.number == 1 and row.arm == "champion"
        right = [int(better) for _ in problems[:-2]] + [int(not better), 1]
        tried = [
            Outcomes(problem.pk, problem.family, 4, good, (good,), good)
            for problem, good in zip(problems, right, strict=True)
        ]
        row.measured = measure(tried, failed=0).as_json()
        row.save()
    before, challenger = (campaign.generations.get(number=n, arm="champion") for n in (0, 1))
    said = decide(measured_of(before).tried, measured_of(challenger).tried, test=GateTest.MCNEMAR, level=0.05)
    challenger.decision = {**said.as_json(), "champion": 0}
    challenger.save()
    return problems


def number_cells(text):
    """(section, words, whether it leads anywhere) of each cell of a number in the tables of the page's sections."""
    found = []
    for name in ("live", "comparison", "curriculum", "relatives", "steps"):
        if (place := text.find(f'id="{name}"')) < 0:
            continue
        section = text[place : text.index("</section>", place)]
        for cell in re.findall(r'<td class="num">(.*?)</td>', section):
            words = re.sub(r"<[^>]+>", "", re.sub(r'<span class="muted.*?</span>', "", cell)).strip()
            found.append((name, words, 'href="' in cell and 'href=""' not in cell))
    return found


def test_every_number_of_the_page_leads_to_what_it_counts(page, campaign):
    two_families(campaign)
    clone = Campaign.objects.get(pk=campaign.pk)
    clone.pk, clone.title, clone.cloned_from = None, "Its clone", campaign
    clone.save()
    for row in campaign.generations.all():
        row.pk, row.campaign = None, clone
        row.save()
    needs = {"odd": ["even"], "even": []}
    plan = {**campaign.plan, "curriculum": True, "prerequisites": needs}
    training = [factories.make_problem(family=family).pk for family in needs]
    held_out = [row[0] for row in measured_of(campaign.generations.first()).rows]
    plan |= {"training_problems": training, "held_out_problems": held_out}
    Campaign.objects.filter(pk=campaign.pk).update(plan=plan)
    Training.objects.update(worked_seconds=75, facts={"steps": 40})
    Run.objects.update(done_count=8, input_tokens=700, output_tokens=50)
    cells = number_cells(squeezed(page.get(reverse("campaign_detail", args=[campaign.pk]))))
    assert {name for name, *_ in cells} == {"live", "comparison", "curriculum", "relatives"}
    assert len(cells) > 40
    assert [cell for cell in cells if not cell[2] and cell[1] not in ("0", "–")] == []


def test_links_lead_to_right_traces_alone_and_to_those_of_one_family(page, campaign):
    problems = two_families(campaign)
    response = page.get(reverse("campaign_detail", args=[campaign.pk]))
    comparison = response.context["comparison"]
    run = campaign.generations.get(number=1, arm="champion").evaluation
    assert [(each.family, each.gained.value, each.forgotten.value) for each in comparison.families] == [
        ("even", 20, 1), ("odd", 20, 0),
    ]  # fmt: skip
    wanted, other = problems[0], problems[1]
    good = factories.make_trace(run=run, problem=wanted, correctness="pass")
    factories.make_trace(run=run, problem=wanted, correctness="fail")
    factories.make_trace(run=run, problem=other, correctness="pass")
    for address in (comparison.families[0].gained.traces, comparison.families[0].after.traces):
        assert [row.pk for row in page.get(address).context["page"].rows] == [good.pk]
    shown = next(each for each in response.context["generations"] if each.title == "1: challenger")
    assert f"run={run.pk}&correctness=pass" in shown.right
    assert len(page.get(shown.gained).context["page"].rows) == 2
    assert "lone solves</a>" in squeezed(response)


def test_sets_too_large_for_an_address_are_named_by_family_and_by_who_solves_none_of_them(page, campaign, monkeypatch):
    problems = two_families(campaign)
    monkeypatch.setattr("trajectories.views.shown.trace_links.MOST_VALUES", 0)
    new, old = campaign.generations.get(number=1, arm="champion").evaluation, factories.plan(title="First measured")
    campaign.generations.filter(number=0).update(evaluation=old)
    response = page.get(reverse("campaign_detail", args=[campaign.pk]))
    shown = response.context["comparison"]
    for run, solves in ((old, problems[0]), (new, problems[2])):
        for problem in (*problems[:3], problems[4]):
            outcome = "pass" if problem in (solves, problems[4]) else "fail"
            factories.make_trace(run=run, problem=problem, correctness=outcome)

    def right(address):
        return {(row.run_id, row.problem_id) for row in page.get(address).context["page"].rows}

    (even, odd) = shown.families
    assert (even.family, problems[0].family, problems[1].family) == ("even", "even", "odd")
    assert right(even.before.traces) == {(old.pk, problems[0].pk), (old.pk, problems[4].pk)}
    assert right(even.gained.traces) == right(shown.gained_count.traces) == {(new.pk, problems[2].pk)}
    assert right(even.forgotten.traces) == right(shown.forgotten_count.traces) == {(old.pk, problems[0].pk)}
    assert right(odd.problems.traces) == {(old.pk, problems[1].pk), (new.pk, problems[1].pk)}
    assert right(odd.gained.traces) == set()
    of_gate = next(each for each in response.context["generations"] if each.title == "1: challenger")
    assert right(of_gate.gained) == {(new.pk, problems[2].pk)}
    assert right(of_gate.missed) == {(old.pk, problems[0].pk)}


def test_gained_and_forgotten_stand_beside_any_generation_and_all_of_them_can_be_reached(page, campaign):
    two_families(campaign)
    for row in list(campaign.generations.filter(number=1)):
        row.pk, row.number, row.decision = None, 2, {**row.decision, "champion": 1} if row.decision else {}
        row.save()
    address = reverse("campaign_detail", args=[campaign.pk])
    text = squeezed(page.get(address))
    assert 'Generation 2 beside</span><strong aria-current="true">the first sampler</strong>' in text
    assert f'<a href="{address}?beside=1#comparison">generation 1, champion before</a>' in text
    assert "The first 30 of 40." in text
    everything = page.get(html.unescape(re.search(r'href="([^"#]+changes=all)#', text)[1]))
    assert len(everything.context["comparison"].gained) == 40
    assert "The first 30" not in squeezed(everything)
    again = page.get(f"{address}?beside=1").context["comparison"]
    assert (again.beside, again.gained_count.value, again.forgotten_count.value) == (1, 0, 0)
    for number in (2, 7):
        assert page.get(f"{address}?beside={number}").status_code == 404


def test_families_are_told_by_generation_with_bands_and_the_control(page, campaign):
    two_families(campaign)
    table = page.get(reverse("campaign_detail", args=[campaign.pk])).context["family_table"]
    assert table.columns == [("0", False), ("1", False), ("1, control", True)]
    (even, shares), (odd, _) = table.rows
    assert (even, odd) == ("even", "odd")
    assert [round(each.share.mean, 3) for each in shares] == [
        round(0.25 / 21, 3),
        round(5 / 21, 3),
        round(0.25 / 21, 3),
    ]
    for each in shares:
        assert each.share.low <= each.share.mean <= each.share.high
        assert "&problem=" in each.traces


def test_the_rows_add_up_to_what_was_spent_with_the_runs_that_others_took_the_place_of(page, campaign):
    sampler = factories.make_sampler(kind="chat", parameters={"base_url": "http://localhost/v1", "model": "m"})
    Campaign.objects.filter(pk=campaign.pk).update(first_sampler=sampler)
    row = campaign.generations.get(number=0)
    campaign.generations.exclude(pk=row.pk).update(evaluation=None, run=None)
    replaced = factories.plan(title="Cancelled")
    Run.objects.filter(pk=row.evaluation_id).update(done_count=8, input_tokens=700, output_tokens=50, cost=2)
    Run.objects.filter(pk=replaced.pk).update(done_count=3, input_tokens=70, output_tokens=5, cost=1)
    row.replaced.add(replaced)
    response = page.get(reverse("campaign_detail", args=[campaign.pk]))
    shown = response.context["generations"]
    assert (shown[0].samples, shown[0].tokens, shown[0].cost) == (11, 825, 3)
    assert sum(each.tokens for each in shown) == response.context["tokens"]
    assert sum(each.cost for each in shown) == response.context["cost"]
    assert str(replaced.pk) in shown[0].drawn


def test_the_search_of_an_embedded_campaign_and_the_time_of_its_trainings_are_told(page, campaign):
    Run.objects.update(done_count=1)
    run = campaign.generations.get(number=0).evaluation
    factories.make_trace(run=run, latency_seconds=90)
    Training.objects.update(worked_seconds=75)
    text = squeezed(page.get(reverse("campaign_detail", args=[campaign.pk])))
    assert 'title="By the clock, all searches added up">Search time</th>' in text
    assert ">1 min 30 s</a>" in text
    assert text.count(">1 min 15 s</a>") == 2
    assert '<th scope="col" class="num">Tokens</th>' not in text


def test_a_stage_under_way_says_how_far_it_is(page, campaign):
    Campaign.objects.filter(pk=campaign.pk).update(state="running")
    control = campaign.generations.select_related("evaluation", "training").get(number=1, arm="control")
    address = reverse("campaign_detail", args=[campaign.pk])
    planned = control.evaluation.planned_count
    Run.objects.filter(pk=control.evaluation_id).update(done_count=1, failed_count=0, cancelled_count=0)
    campaign.generations.filter(pk=control.pk).update(stage="evaluating")
    text = squeezed(page.get(address))
    assert f'Sampling the held-out problems <span class="small muted nowrap">1 of {planned} samples</span>' in text
    Training.objects.filter(pk=control.training_id).update(done_count=30, total_count=1_200, unit="steps")
    campaign.generations.filter(pk=control.pk).update(stage="training")
    assert "30 of 1,200 steps" in squeezed(page.get(address))
    Training.objects.filter(pk=control.training_id).update(total_count=0)
    assert " of 1,200 steps" not in squeezed(page.get(address))


def test_what_a_stage_brings_is_sent_again_once_it_has_ended_and_not_before(page, campaign):
    Campaign.objects.filter(pk=campaign.pk).update(state="running")
    address = reverse("campaign_detail", args=[campaign.pk])
    asked = html.unescape(re.search(r'id="results"[^>]*hx-get="([^"]+)"', squeezed(page.get(address)))[1])
    assert page.get(asked, headers={"HX-Request": "true"}).status_code == 204
    campaign.generations.filter(number=1, arm="control").update(stage="training")
    changed = page.get(asked, headers={"HX-Request": "true"})
    text = squeezed(changed)
    assert text.startswith('<div id="results"')
    for name in ("comparison", "learnt"):
        assert f'id="{name}"' in text
    assert '<div id="overrule" data-hold hx-swap-oob="true">' in text
    assert 'id="live"' not in text
    again = html.unescape(re.search(r'hx-get="([^"]+)"', text)[1])
    assert page.get(again, headers={"HX-Request": "true"}).status_code == 204


def test_what_a_campaign_made_leads_back_to_it_for_who_may_see_campaigns(page, campaign, client, curator, lead):
    row = campaign.generations.get(number=1, arm="champion")
    Training.objects.filter(pk=row.training_id).update(sampler=row.sampler)
    row.queue = make_queue(actor=lead, draft=QueueDraft("Theirs", Selection()))
    row.reverification = Reverification.objects.create(verifiers=["consensus"], last_id=0, total_count=0)
    scorer = Scorer.objects.create(name="told", version=1)
    row.scoring = Scoring.objects.create(scorer=scorer, last_id=0, total_count=0)
    row.save()
    unfrozen = Freezing.objects.create(title="Under way", created_by=lead, key=uuid.uuid4(), state="paused")
    campaign.generations.filter(number=1, arm="control").update(freezing=unfrozen)
    addresses = [
        reverse("run_detail", args=[row.run_id]),
        reverse("queue_detail", args=[row.queue_id]),
        reverse("release_detail", args=[row.release_id]),
        reverse("training_detail", args=[row.training_id]),
        reverse("sampler_detail", args=[row.sampler_id]),
    ]
    others = [
        reverse("reverification_detail", args=[row.reverification_id]),
        reverse("job_detail", args=["scoring", row.scoring_id]),
        reverse("release_freezing", args=[unfrozen.pk]),
    ]
    told = f'Part of campaign <a href="{reverse("campaign_detail", args=[campaign.pk])}">The campaign</a>, generation'
    for address in (*addresses, *others):
        assert told in squeezed(page.get(address)), address
    text = squeezed(page.get(addresses[-1]))
    first = campaign.first_sampler
    assert f'<dt>Made from</dt><dd><a href="{reverse("sampler_detail", args=[first.pk])}">First</a>' in text
    assert f'<dt>Made by</dt><dd><a href="{addresses[3]}">A training</a>' in text
    text = squeezed(page.get(reverse("sampler_detail", args=[first.pk])))
    assert "Part of campaign" not in text, "it was there before the campaign"
    assert f'<dt>Made of it</dt><dd><a href="{addresses[-1]}">Better</a>' in text
    assert (
        reverse("release_freezing", args=[row.freezing_id])
        in page.get(reverse("campaign_detail", args=[campaign.pk])).content.decode()
    )
    client.force_login(curator)
    for address in (addresses[0], addresses[1], addresses[4]):
        response = client.get(address)
        assert response.status_code == 200
        assert "The campaign" not in response.content.decode()
