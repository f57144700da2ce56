import html
import re
from dataclasses import asdict
from decimal import Decimal

import pytest
from django.urls import reverse

from tests import factories
from tests.campaigns import learnt_campaign, two_sets
from tests.endpoint import flip_endpoint, sampler_for
from tests.pages import squeezed
from trajectories.adapters.training import TRAINERS
from trajectories.core.campaigns.plans import OPENS_AT
from trajectories.core.campaigns.templates import SUM_DRAWS, SUMS_LACK
from trajectories.core.problems.arithmetic import Sum, problem_of
from trajectories.forms.campaign_templates import offers
from trajectories.models import (
    AuditEvent,
    Campaign,
    Import,
    Instruction,
    Run,
    Sampler,
    Worker,
)
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.prompts.instructions import ensure_shipped_instructions, ensure_symbolic_views
from trajectories.services.spending.limits import set_limit

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, lead):
    client.force_login(lead)
    return client


@pytest.fixture
def campaign(lead, curator):
    return learnt_campaign(lead, curator)


def fields(sets, **values):
    """What the page sends as it begins, on small sets."""
    views = ensure_symbolic_views()
    return {
        "title": "Ours",
        "training_set": sets[0].pk,
        "held_out_set": sets[1].pk,
        "near": "0.8",
        "sampler": ensure_symbolic().pk,
        "search_seconds": "0.5",
        "samples_each": "2",
        "held_out_samples": "2",
        "temperatures": "1",
        "instructions": [view.pk for view in views],
        "strategy": "parallel",
        "basis": "truth",
        "per_problem": "4",
        "replay": "all",
        "take": "correct",
        "relabel": "0",
        "replay_percent": "20",
        "steps_growth": "1",
        "control_of": "runs",
        "trainer": "embedded",
        "embedded_method": "choose",
        "from_first": "on",
        "control": "on",
        "test": "mcnemar",
        "level": "0.05",
        "generations": "2",
        **values,
    }


def test_without_a_campaign_the_list_says_what_one_is_and_offers_the_templates_with_what_they_lack(page):
    text = page.get(reverse("campaign_list")).content.decode()
    assert "No campaigns yet" in text
    assert text.count("Needs the ARC tasks: manage.py import_problems --arc-agi-1 brings them.") == 1
    assert text.count("Needs a language model among the samplers; add one.") == 5
    for name in ("arc-agi-1-training", "arc-agi-1-evaluation"):
        factories.make_problem_set(name=name)
    assert "Needs nothing but the ARC tasks." in page.get(reverse("campaign_list")).content.decode()


def test_with_a_model_and_a_trainer_every_template_can_be_started_or_says_what_it_lacks(page, monkeypatch):
    monkeypatch.setattr(TRAINERS["trl"], "missing", lambda: "")
    model = factories.make_sampler(kind="local", parameters={"folder": "small"}, title="Small")
    sums = [factories.make_problem_set(title=title) for title in ("Sums", "Other sums")]
    for place, numbers in enumerate((Sum(12, 34), Sum(56, 78))):
        record = problem_of(numbers, split=("train", "eval")[place])
        factories.make_problem(problem_set=sums[place], **{**asdict(record), "kind": "numeric"})
    ensure_shipped_instructions()
    lacks = {offer.template.name: offer.lacks for offer in offers()}
    arc = "Needs the ARC tasks: manage.py import_problems --arc-agi-1 brings them."
    assert lacks == {
        "embedded-arc": arc, "rejection-sampling": "", "star": "", "star-without-rationalisation": "", "soar-arc": arc,
        "curriculum-arithmetic": SUMS_LACK,
    }  # fmt: skip
    form = page.get(reverse("campaign_new"), {"template": "star"}).context["form"]
    assert (form.initial["sampler"], form.initial["trainer"]) == (model.pk, "trl")
    assert [Instruction.objects.get(pk=key).name for key in form.initial["instructions"]] == ["scratchpad"]
    assert (form.initial["trl_steps"], form.initial["steps_growth"]) == (40, 1.2)
    assert form.initial["from_first"]
    shown = {field.name for each in form.trainers() for _, fields in each["groups"] for field in fields}
    assert {"trl_learning_rate", "package_model"} <= shown
    assert not {"trl_begin_from", "trl_model", "trl_layers"} & shown, "a campaign begins from its first sampler"


def test_a_card_of_a_language_model_says_whether_a_worker_can_train_it(page, settings, tmp_path, monkeypatch):
    settings.TRAINING_PYTHON = tmp_path / "nothing"
    factories.make_sampler(kind="local", parameters={"folder": "small"}, title="Small")
    factories.make_problem()
    for title in ("Some", "Others"):
        factories.make_problem_set(title=title)

    def card() -> tuple[str, str]:
        answer = page.get(reverse("campaign_new"), {"template": "star"})
        text = answer.content.decode()
        return answer.context["form"].initial["trainer"], text[text.index("STaR without") :].partition("</li>")[0]

    trainer, text = card()
    assert (trainer, "No worker that is alive can do “Package for another machine”" in text) == ("package", True)
    worker = factories.make_worker(trainers="embedded trl package")
    trainer, text = card()
    assert (trainer, "Everything it needs is here." in text) == ("trl", True)
    monkeypatch.setattr(TRAINERS["trl"], "missing", lambda: "")
    Worker.objects.update(trainers="embedded package")
    assert card()[0] == "package", "a worker has it"
    worker.delete()
    trainer, text = card()
    assert (trainer, "No worker that is alive can do “Fine-tuning with trl”" in text) == ("trl", True)


def test_the_sets_that_a_template_lacks_are_made_in_two_presses_each(page):
    factories.make_problem()
    text = page.get(reverse("campaign_new")).content.decode()
    for draw in SUM_DRAWS:
        address = re.search(rf'href="([^"]+)">Make {draw.set_name}<', text)
        assert address is not None
        form = page.get(html.unescape(address[1])).context["form"]
        assert page.post(address[1].partition("?")[0], form.data).status_code == 302
    plans = [(row.options["set_title"], row.options["split"], row.options["draw"]["knobs"], row.options["draw"]["size"])
             for row in Import.objects.order_by("pk")]  # fmt: skip
    assert plans == [(draw.set_name, draw.split, draw.knobs, draw.size) for draw in SUM_DRAWS]
    factories.make_problem_set(name="sums-training", title="sums-training")
    text = page.get(reverse("campaign_new")).content.decode()
    assert ("Make sums-training" in text, "Make sums-held-out" in text) == (False, True)


def test_the_curriculum_on_arithmetic_begins_with_its_sums_its_memory_and_what_builds_on_what(page, monkeypatch):
    monkeypatch.setattr(TRAINERS["trl"], "missing", lambda: "")
    factories.make_sampler(kind="local", parameters={"folder": "small"}, title="Small")
    factories.make_problem_set(name="other", title="Other")
    sums = [factories.make_problem_set(name=draw.set_name, title=draw.set_name) for draw in SUM_DRAWS]
    for place, pairs in enumerate((((1, 2), (12, 34)), ((3, 5), (56, 78)))):
        for pair in pairs:
            record = problem_of(Sum(*pair), split=("train", "eval")[place])
            factories.make_problem(problem_set=sums[place], **{**asdict(record), "kind": "numeric"})
    ensure_shipped_instructions()
    assert {offer.template.name: offer.lacks for offer in offers()}["curriculum-arithmetic"] == ""
    form = page.get(reverse("campaign_new"), {"template": "curriculum-arithmetic"}).context["form"]
    begun = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    assert [begun[name] for name in ("training_set", "held_out_set")] == [each.pk for each in sums]
    assert (begun["curriculum"], begun["opens_at"], begun["memory"]) == (True, OPENS_AT, 2)
    assert [Instruction.objects.get(pk=key).name for key in begun["instructions"]] == ["scratchpad"]
    sent = {name: value for name, value in begun.items() if value not in (None, False)}
    embedder = factories.make_sampler(kind="chat", parameters={"base_url": "http://localhost/v1", "model": "near"})
    sent["memory_embedder"] = embedder.pk
    response = page.post(reverse("campaign_new"), {**sent, "form_key": "1"})
    assert response.status_code == 302, response.context["form"].errors
    plan = Campaign.objects.get().kept_plan
    assert plan.curriculum
    assert plan.prerequisites == {"addition-2-digits": ["addition-1-digit"]}
    assert (plan.memory.count, plan.memory.source, plan.memory.embedder) == (2, "verifiers", embedder.pk)


def test_the_form_begins_with_what_works_on_a_fresh_machine_and_says_what_it_takes(page):
    sets = two_sets()
    response = page.get(reverse("campaign_new"))
    text = response.content.decode()
    assert response.context["template"].name == "embedded-arc"
    assert response.context["form"].initial["training_set"] == sets[0].pk
    assert response.context["estimate"].runs == 2 + 5
    assert response.context["estimate"].seconds == pytest.approx(2 * 4 * 1.0 + 5 * 6 * 1.0)
    assert "Training problems at most" in text
    assert "Held-out problems at most" in text


def test_a_campaign_is_begun_once_however_often_the_form_is_sent(page, lead):
    sent = {**fields(two_sets()), "form_key": "1"}
    first = page.post(reverse("campaign_new"), sent)
    again = page.post(reverse("campaign_new"), sent)
    campaign = Campaign.objects.get()
    assert first.url == again.url == reverse("campaign_detail", args=[campaign.pk])
    assert campaign.created_by == lead
    assert campaign.first_sampler.parameters == {"work": 3_000_000}
    assert (campaign.kept_plan.samples_each, campaign.generation_count) == (2, 2)
    assert not Run.objects.exists(), "a worker begins it"


@pytest.mark.parametrize(
    ("change", "field", "text"),
    [
        ({"held_out_set": "TRAINING"}, "held_out_set", "on both sides, expected a set that holds no training problem"),
        ({"generations": "0"}, "generations", "Found 0, expected a whole number from 1 to 40."),
        ({"instructions": []}, "instructions", "Found none chosen, expected at least one."),
        ({"temperatures": "0..1"}, "temperatures", "Found a range, expected numbers"),
        ({"basis": "people"}, "people", "expected yes where people must accept a trace"),
        ({"trainer": "alchemy"}, "trainer", "Found 'alchemy', expected embedded"),
        ({"strategy": "revise"}, "strategy", "needs a language model"),
        ({"title": ""}, "title", "Found nothing, expected a text."),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence_and_changes_nothing(page, change, field, text):
    sets = two_sets()
    change = {name: sets[0].pk if value == "TRAINING" else value for name, value in change.items()}
    samplers = Sampler.objects.count() + 1
    response = page.post(reverse("campaign_new"), fields(sets, **change))
    assert response.status_code == 422
    errors = response.context["form"].errors[field or "__all__"]
    assert text in errors[0]
    assert not Campaign.objects.exists()
    assert Sampler.objects.count() == samplers, "only the usual search is there"


def test_held_out_problems_without_a_reference_are_refused(page):
    sets = two_sets()
    sets[1].problems.update(reference=None)
    response = page.post(reverse("campaign_new"), fields(sets))
    assert "found 6 of 6 problems without a reference answer" in response.context["form"].errors["held_out_set"][0]


def test_the_estimate_follows_the_form(page):
    sets = two_sets()
    text = page.post(reverse("campaign_estimate"), fields(sets, control="")).content.decode()
    assert "<dt>Trainings</dt><dd>2</dd>" in text
    assert "none: it runs here" in text
    assert "Found 0" in page.post(reverse("campaign_estimate"), fields(sets, generations="0")).content.decode()


def test_the_estimate_says_which_daily_limit_it_will_come_to(page):
    asking = factories.make_instruction(name="write-program", title="Write a program", style="program", suits="chat")
    model = sampler_for(flip_endpoint(), input_price=1, output_price=2)
    asked = fields(
        two_sets(), sampler=model.pk, instructions=[asking.pk], trainer="package", search_seconds="", control=""
    )
    assert "daily limit" not in page.post(reverse("campaign_estimate"), asked).content.decode()
    set_limit(actor=None, scope="all", amount=Decimal("0.00001"))
    said = "The daily limit of all jobs, $0.00001, has $0.00001 left today: the campaign will pause there"
    assert said in page.post(reverse("campaign_estimate"), asked).content.decode()


def test_the_page_of_a_campaign_says_what_the_gate_decided_what_was_gained_and_what_entered(page, campaign):
    text = page.get(reverse("campaign_detail", args=[campaign.pk])).content.decode()
    assert "The champion stays. Of 1 held-out problems it solved 0 that the champion did not" in text
    assert "1: control" in text
    assert f"/traces/?run={campaign.generations.first().evaluation_id}" in text
    assert "What entered training" in text
    assert 'class="funnel"' in text
    assert "Overrule the gate" in text
    for name in ("pass", "variety"):
        figure = page.get(reverse("campaign_figure", args=[campaign.pk, name]))
        assert "control" in figure.content.decode()
        lines = page.get(f"{reverse('campaign_figure', args=[campaign.pk, name])}?format=csv").getvalue().decode()
        assert len(lines.strip().splitlines()) == 4


def test_right_answers_by_wrong_steps_are_counted_hinted_ones_apart_and_lead_to_their_traces(page, campaign):
    assert "Right answers by wrong steps" not in squeezed(page.get(reverse("campaign_detail", args=[campaign.pk])))
    run = campaign.generations.get(number=1, arm="champion").run
    for outcome, hinted in (("pass", False), ("fail", False), ("fail", True), ("fail", True), ("unscored", False)):
        trace = factories.make_trace(run=run, correctness="pass", hinted=hinted)
        factories.make_verdict(trace=trace, verifier="scratchpad", outcome=outcome)
    wrong = factories.make_trace(run=run, correctness="fail")
    factories.make_verdict(trace=wrong, verifier="scratchpad", outcome="fail")
    text = squeezed(page.get(reverse("campaign_detail", args=[campaign.pk])))
    assert "Right answers by wrong steps" in text
    address = f"{reverse('trace_list')}?run={run.pk}&amp;hinted={{}}&amp;audit=answer_not_steps"
    for hinted, wrong, verified, share in (("none", 1, 2, "50%"), ("only", 2, 2, "100%")):
        place = text.index(f'<a href="{address.format(hinted)}">{wrong}</a>')
        assert f"of {verified}, {share}" in text[place : place + 300]
    listed = page.get(reverse("trace_list"), {"run": run.pk, "hinted": "only", "audit": "answer_not_steps"})
    assert len(listed.context["page"].rows) == 2


def test_a_person_overrules_the_gate_with_a_reason_that_is_kept(page, campaign, lead):
    address = reverse("campaign_overrule", args=[campaign.pk])
    challenger = campaign.generations.get(number=1, arm="champion").sampler
    Campaign.objects.filter(pk=campaign.pk).update(champion=campaign.first_sampler)
    refused = page.post(address, {"number": "1", "reason": " "})
    assert refused.status_code == 422
    assert not AuditEvent.objects.filter(verb="campaign.overruled").exists()
    assert page.post(address, {"number": "1", "reason": "It explains better."}).status_code == 302
    campaign.refresh_from_db()
    assert campaign.champion == challenger
    event = AuditEvent.objects.get(verb="campaign.overruled")
    assert (event.actor, event.data["reason"]) == (lead, "It explains better.")
    text = page.get(reverse("campaign_detail", args=[campaign.pk])).content.decode()
    assert "It explains better." in text
    assert "Promoted by hand" in text
    again = page.post(address, {"number": "1", "reason": "Once more."})
    assert again.status_code == 422
    assert "was overruled before" in again.content.decode()
    assert page.post(address, {"number": "7", "reason": "No."}).status_code == 422


def test_another_one_like_it_is_filled_in_with_its_plan_and_knows_where_it_comes_from(page, campaign):
    sets = two_sets()
    Campaign.objects.filter(pk=campaign.pk).update(training_set=sets[0], held_out_set=sets[1])
    address = f"{reverse('campaign_new')}?like={campaign.pk}"
    form = page.get(address).context["form"]
    assert form.initial["generations"] == 1
    page.post(address, fields(sets, generations="3"))
    clone = Campaign.objects.exclude(pk=campaign.pk).get()
    assert (clone.cloned_from, clone.generation_count) == (campaign, 3)


def test_curators_see_no_campaigns_and_engineers_start_none(client, curator, engineer, campaign):
    client.force_login(curator)
    assert client.get(reverse("campaign_list")).status_code == 403
    assert client.get(reverse("campaign_detail", args=[campaign.pk])).status_code == 403
    client.force_login(engineer)
    assert client.get(reverse("campaign_detail", args=[campaign.pk])).status_code == 200
    assert client.get(reverse("campaign_new")).status_code == 403
    assert (
        client.post(reverse("campaign_overrule", args=[campaign.pk]), {"number": 1, "reason": "x"}).status_code == 403
    )


def test_the_page_takes_as_many_queries_however_many_generations_there_are(
    page, campaign, django_assert_max_num_queries
):
    address = reverse("campaign_detail", args=[campaign.pk])
    page.get(address)
    for number in range(2, 8):
        for row in campaign.generations.filter(number=1):
            row.pk, row.number = None, number
            row.save()
    with django_assert_max_num_queries(30):
        assert page.get(address).status_code == 200
    with django_assert_max_num_queries(20):
        assert page.get(reverse("campaign_list")).status_code == 200


def test_no_page_of_another_figure(page, campaign):
    assert page.get(reverse("campaign_figure", args=[campaign.pk, "none"])).status_code == 404


def test_the_queues_of_a_campaign_are_described_on_its_form(page, lead, curator):
    sets = two_sets()
    asked = {"people": "on", "basis": "both", "reviewers": [curator.pk], "reviews_each": "1", "guidelines": "Look."}
    assert page.post(reverse("campaign_new"), fields(sets, **asked)).status_code == 302
    campaign = Campaign.objects.get()
    plan = campaign.kept_plan
    assert (plan.people, plan.reviewers, plan.reviews_each, plan.guidelines) == (True, (curator.pk,), 1, "Look.")
    form = page.get(reverse("campaign_new"), {"like": campaign.pk}).context["form"]
    assert (form["reviewers"].value(), form["guidelines"].value()) == ([curator.pk], "Look.")
    refused = page.post(reverse("campaign_new"), fields(sets, **{**asked, "reviews_each": "3"}))
    assert refused.status_code == 422
    assert "expected at least 3" in refused.content.decode()


def test_a_budget_for_each_generation_is_set_on_the_form_and_changed_on_the_page(page):
    sets = two_sets()
    model = factories.make_sampler(kind="local", parameters={"folder": "small"}, title="Small")
    assert page.post(reverse("campaign_new"), fields(sets, generation_tokens="9000")).status_code == 302
    campaign = Campaign.objects.get()
    assert (campaign.budget_tokens, campaign.generation_tokens) == (None, 9_000)
    form = page.get(reverse("campaign_new"), {"like": campaign.pk}).context["form"]
    assert form.get_initial_for_field(form.fields["generation_tokens"], "generation_tokens") == 9_000
    Campaign.objects.filter(pk=campaign.pk).update(first_sampler=model)
    address = reverse("campaign_budget", args=[campaign.pk])
    assert page.post(address, {"budget_tokens": "50000", "generation_tokens": "7000"}).status_code == 302
    campaign.refresh_from_db()
    assert (campaign.budget_tokens, campaign.generation_tokens) == (50_000, 7_000)
    Campaign.objects.update(budget_cost=Decimal("10.500000"), state="paused")
    shown = page.get(reverse("campaign_detail", args=[campaign.pk])).context["budget_form"]
    assert shown["budget_cost"].value() == "10.5"
    refused = page.post(address, {"generation_tokens": "none"})
    assert refused.status_code == 422
    campaign.refresh_from_db()
    assert campaign.generation_tokens == 7_000
