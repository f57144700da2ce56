from dataclasses import replace
from decimal import Decimal

import pytest
from django.urls import reverse

from tests.endpoint import flip_endpoint, sampler_for
from tests.factories import make_instruction, make_problem, make_problem_set, make_trace, plan
from tests.pages import squeezed
from trajectories.adapters.chat_api import ChatSettings
from trajectories.forms.presets import PRESETS
from trajectories.models import Run
from trajectories.services.endpoints.samplers import ensure_symbolic, revise_chat_sampler
from trajectories.services.prompts.instructions import ensure_shipped_instructions, ensure_symbolic_views
from trajectories.services.runs.plans import Budget
from trajectories.services.spending.limits import set_limit

HTMX = {"HX-Request": "true"}


@pytest.fixture
def problems(db):
    problem_set = make_problem_set(title="Small set")
    return [make_problem(problem_set=problem_set) for _ in range(5)]


def fields(problems, **values):
    return {
        "title": "",
        "sampler": ensure_symbolic().pk,
        "problem_set": problems[0].problem_set_id,
        "instructions": [instruction.pk for instruction in ensure_symbolic_views()],
        "samples_each": 2,
        "temperatures": "0 0.7",
        **values,
    }


def submit(client, user, data):
    client.force_login(user)
    return client.post(reverse("run_new"), data)


def test_a_run_is_planned_and_its_bell_rung(client, lead, problems, django_capture_on_commit_callbacks):
    data = fields(problems, seed=3, budget_minutes=1.5)
    with django_capture_on_commit_callbacks() as bells:
        response = submit(client, lead, data)
    run = Run.objects.get()
    assert response.headers["Location"] == reverse("run_detail", args=[run.pk])
    assert (run.state, run.planned_count, run.seed, run.budget_seconds) == ("queued", 5 * 3 * 2 * 2, 3, 90)
    assert (run.title, run.created_by) == ("5 problems of Small set, 12 samples each", lead)
    assert run.plan["temperatures"] == [0.0, 0.7]
    assert len(bells) == 1, "the first bell rings the others"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"limit": 2}, [0, 1]),
        ({"names": "{3} {1}"}, [1, 3]),
        ({"names": "{3},{1}", "limit": 1}, [1]),
        ({"state": "unsampled"}, [1, 2, 3, 4]),
        ({"state": "unsolved"}, [0]),
    ],
)
def test_problems_are_chosen_by_set_state_name_and_limit(client, lead, problems, change, expected):
    make_trace(problem=problems[0])
    if "names" in change:
        change = {**change, "names": change["names"].format(*(problem.name for problem in problems))}
    submit(client, lead, fields(problems, **change))
    assert Run.objects.latest("pk").plan["problem_ids"] == [problems[place].pk for place in expected]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": "nonesuch"}, "Found no problem named &#x27;nonesuch&#x27; in Small set."),
        ({"state": "solved"}, "No problem is chosen; loosen the choice."),
        ({"temperatures": "warm"}, "Found &#x27;warm&#x27;, expected numbers such as 0 or 0.7, or a range 0.2..1.2."),
        ({"temperatures": "3"}, "Temperature is 3; expected 0 to 2."),
        ({"temperatures": "nan"}, "expected numbers from 0 to 2."),
        ({"temperatures": ","}, "The run has no temperature; expected at least one."),
        ({"samples_each": 0}, "Found 0, expected a whole number from 1 to 10,000."),
        ({"samples_each": 10**9}, "Found 1,000,000,000, expected a whole number from 1 to 10,000."),
        ({"instructions": []}, "Found none chosen, expected at least one."),
        ({"strategy": "revise"}, "needs a language model"),
        ({"strategy": "until-solved", "until_solved_step": 0}, "Found 0, expected a whole number from 1 to"),
        ({"examples": 2}, "Examples and variations are for language models"),
        ({"seed": -1}, "Found -1, expected a whole number from 0 to"),
        ({"budget_minutes": 0}, "Found 0, expected a number from 0.1 to 525,600."),
        ({"title": "x" * 201}, "Found 201 characters, expected at most 200."),
        ({"names": "a\0b"}, "Found a NUL character, expected none."),
    ],
)
def test_a_wrong_input_is_named_with_422_and_plans_nothing(client, lead, problems, change, message):
    response = submit(client, lead, fields(problems, **change))
    assert response.status_code == 422
    assert message in squeezed(response)
    assert not Run.objects.exists()


def test_the_estimate_follows_the_form(client, lead, problems):
    client.force_login(lead)
    response = client.get(reverse("run_estimate"), fields(problems))
    assert response.context["plan"].size == 60
    assert "not known before its first run" in squeezed(response)
    make_trace(problem=problems[0], sampler=ensure_symbolic(), latency_seconds=2.0)
    response = client.get(reverse("run_estimate"), fields(problems))
    assert response.context["seconds"] == pytest.approx(10.0)
    wrong = client.get(reverse("run_estimate"), fields(problems, temperatures="warm"))
    assert "expected numbers" in squeezed(wrong)


def test_a_link_fills_the_form_in(client, lead, problems):
    client.force_login(lead)
    response = client.get(reverse("run_new"), {"problem": problems[2].pk})
    assert response.context["form"].initial == {
        "problem_set": problems[2].problem_set_id,
        "names": problems[2].name,
    }
    assert response.context["plan"].problems == [problems[2]]
    assert not Run.objects.exists()


def test_a_run_like_another_has_its_problems_and_views_and_a_new_seed(client, lead, problems):
    views = ensure_symbolic_views()[:2]
    budget = Budget(seconds=90)
    run = plan(problems=problems[1:3], instructions=views, samples_each=7, budget=budget, sampler=ensure_symbolic())
    client.force_login(lead)
    response = client.get(reverse("run_new"), {"like": run.pk})
    initial = response.context["form"].initial
    assert initial["names"].split() == [problem.name for problem in problems[1:3]]
    assert (initial["samples_each"], initial["budget_minutes"]) == (7, 1.5)
    assert "seed" not in initial
    assert response.context["plan"].size == 2 * 2 * 7


@pytest.mark.parametrize("query", [{"problem": "x"}, {"problem": "9" * 30}, {"set": "\0"}, {"like": "999999999"}])
def test_a_wrong_link_gives_the_plain_form(client, lead, problems, query):
    client.force_login(lead)
    assert client.get(reverse("run_new"), query).status_code == 200


def test_without_problems_the_form_says_to_import_some(client, lead):
    client.force_login(lead)
    text = squeezed(client.get(reverse("run_new")))
    assert "No problems to sample" in text
    assert reverse("problem_import") in text


def test_only_a_lead_may_plan(client, curator, engineer, nobody, problems):
    for user in (curator, engineer, nobody):
        assert submit(client, user, fields(problems)).status_code == 403
        assert client.get(reverse("run_estimate")).status_code == 403
    assert not Run.objects.exists()


def test_the_symbolic_search_takes_no_instructions_for_language_models(client, lead, problems):
    foreign = make_instruction(title="In verse", suits="chat")
    client.force_login(lead)
    page = squeezed(client.get(reverse("run_new")))
    checked = [line for line in page.split("<input") if 'name="instructions"' in line and "checked" in line]
    assert len(checked) == 3
    assert "In verse" in page
    response = submit(client, lead, fields(problems, instructions=[foreign.pk]))
    assert response.status_code == 422
    assert "Found &#x27;In verse&#x27;, expected views of the symbolic search." in squeezed(response)
    assert not Run.objects.exists()


@pytest.fixture
def model(db):
    return sampler_for(flip_endpoint(), input_price=1, output_price=2)


@pytest.fixture
def asking(db):
    return make_instruction(name="write-program", title="Write a program", style="program", suits="chat")


def chat_fields(problems, model, asking, **values):
    chosen = [asking.pk, *(view.pk for view in ensure_symbolic_views())]
    return fields(problems, sampler=model.pk, instructions=chosen, temperatures="1", seed=5, **values)


def test_a_strategy_its_settings_and_what_differs_are_kept_with_the_run(client, lead, problems, model, asking):
    chosen = {"strategy": "revise", "revise_rounds": 3, "experts_rounds": "none of these are looked at"}
    varied = {"temperatures": "0.2..1.2", "variations": ["symmetries", "order"]}
    submit(client, lead, chat_fields(problems, model, asking) | chosen | varied)
    run = Run.objects.get()
    assert (run.strategy, run.plan["settings"]["rounds"], run.plan["settings"]["parents"]) == ("revise", 3, 3)
    assert run.plan["instruction_ids"] == [asking.pk], "the views of the search are hidden, so they are not taken"
    assert run.plan["spread"]
    assert run.plan["diversity"]["order"]
    again = client.get(reverse("run_new"), {"like": run.pk}).context["form"]
    assert again["revise_rounds"].value() == 3
    assert again["temperatures"].value() == "0.2..1.2"
    assert again["variations"].value() == ["symmetries", "order"]
    assert again["strategy"].value() == "revise"
    settings = ChatSettings.from_parameters(model.parameters)
    newer = revise_chat_sampler(actor=lead, sampler=model, title="Newer", settings=replace(settings, tries=2))
    again = client.get(reverse("run_new"), {"like": run.pk}).context["form"]
    assert again["sampler"].value() == newer.pk, "a run paused for a setting begins again with the version that has it"


def test_the_estimate_says_which_daily_limit_it_will_come_to(client, lead, problems, model, asking):
    client.force_login(lead)
    data = chat_fields(problems, model, asking)
    set_limit(actor=lead, scope="all", amount=Decimal(100))
    set_limit(actor=lead, scope="person", person=lead, amount=Decimal(50))
    assert "daily limit" not in squeezed(client.post(reverse("run_estimate"), data))
    set_limit(actor=lead, scope="sampler", sampler_name=model.name, amount=Decimal("0.00001"))
    text = squeezed(client.post(reverse("run_estimate"), data))
    assert f"The daily limit of the sampler {model.name}, $0.00001, has $0.00001 left today: the run will pause" in text
    set_limit(actor=lead, scope="sampler", sampler_name=model.name, amount=Decimal(100))
    assert "daily limit" not in squeezed(client.post(reverse("run_estimate"), data))


def test_the_estimate_of_an_adaptive_strategy_says_what_it_may_take(client, lead, problems, model, asking):
    client.force_login(lead)
    data = chat_fields(problems, model, asking, strategy="revise", revise_rounds=2)
    text = squeezed(client.post(reverse("run_estimate"), data))
    assert "10, up to 70" in text, "2 samples of 5 problems; 2 rounds of 2 children of 3 parents"
    assert "at most" in text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"sends_temperature": False},
            "Temperatures are not sent: the sampler&#x27;s switch for them is off. The te",
        ),
        ({"extra_body": {"temperature": 0.5}}, "Every call is sent the temperature 0.5 of the sampler&#x27;s extra"),
    ],
)
def test_temperatures_that_are_not_sent_are_said_before_the_start(client, lead, problems, asking, values, words):
    client.force_login(lead)
    model = sampler_for(flip_endpoint(), input_price=1, output_price=2, **values)
    data = chat_fields(problems, model, asking) | {"temperatures": "0.2 1"}
    text = squeezed(client.post(reverse("run_estimate"), data))
    assert words in text
    assert "The temperatures 0.2 and 1 of this plan will change nothing." in text
    other = chat_fields(problems, sampler_for(flip_endpoint()), asking)
    assert "change nothing" not in squeezed(client.post(reverse("run_estimate"), other))


def test_the_first_prompts_are_shown_as_they_would_be_sent(
    client, lead, problems, model, asking, django_assert_num_queries
):
    client.force_login(lead)
    data = chat_fields(problems, model, asking, variations=["symmetries", "colours", "order"])
    for method in (client.get, client.post):
        with django_assert_num_queries(12):
            text = squeezed(method(reverse("run_prompts"), data, headers=HTMX))
        assert "Example 1 input" in text
        assert "about" in text
        assert problems[0].name in text
        assert "recoloured" in text, "the second sample is varied"
    whole = squeezed(client.post(reverse("run_prompts"), data))
    assert "<!doctype html>" in whole
    assert Run.objects.count() == 0


def test_first_prompts_of_problems_of_two_kinds_say_whose_they_are(client, lead, problems, model):
    sums = make_problem(
        problem_set=problems[0].problem_set, kind="numeric", spec={}, reference="4", statement="What is 2 + 2?"
    )
    anything = make_instruction(title="Answer", style="direct", suits="chat")
    client.force_login(lead)
    text = squeezed(client.post(reverse("run_prompts"), chat_fields(problems, model, anything), headers=HTMX))
    assert f"{problems[0].name}</a>, the first ARC problem: 1 prompt that differs of 2 samples" in text
    assert f"{sums.name}</a>, the first Number problem: 1 prompt that differs of 2 samples" in text
    assert "What is 2 + 2?" in text
    assert text.count(" open>") == 1


def test_first_prompts_that_cannot_be_made_say_why_in_one_sentence(client, lead, curator, problems, model, asking):
    client.force_login(lead)
    wrong = client.post(
        reverse("run_prompts"), chat_fields(problems, model, asking) | {"temperatures": "warm"}, headers=HTMX
    )
    assert wrong.status_code == 422
    assert "Temperature: Found &#x27;warm&#x27;" in squeezed(wrong)
    none = client.post(reverse("run_prompts"), fields(problems), headers=HTMX)
    assert "is no language model: it is sent no prompts." in squeezed(none)
    client.force_login(curator)
    assert client.get(reverse("run_prompts")).status_code == 403


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_fills_in_a_plan_that_can_be_started(client, lead, problems, model, name):
    ensure_shipped_instructions()
    client.force_login(lead)
    response = client.get(reverse("run_new"), {"preset": name, "problem": problems[0].pk})
    plan_shown = response.context["plan"]
    assert plan_shown is not None, response.context.get("faults")
    assert plan_shown.strategy == PRESETS[name].strategy
    assert {each.name for each in plan_shown.instructions} == set(PRESETS[name].instructions)
    assert response.context["form"]["sampler"].value() == model.pk


def test_a_preset_for_models_says_so_where_there_is_none(client, lead, problems):
    client.force_login(lead)
    response = client.get(reverse("run_new"), {"preset": "revise"})
    assert "needs a language model" in response.context["faults"][0]


def test_instructions_come_in_groups_that_say_what_they_are_for(client, lead, problems, model, asking):
    ensure_shipped_instructions()
    client.force_login(lead)
    response = client.get(reverse("run_new"))
    groups = {each["group"].title: len(each["rows"]) for each in response.context["form"].instruction_groups()}
    assert groups["ARC: experts, a program by each view"] == 25
    assert groups["Views of the symbolic search"] == 3
    text = squeezed(response)
    assert 'data-kinds="arc"' in text
    assert 'data-sampler="chat"' in text


def test_a_mixed_set_is_estimated_and_titled_by_kind(client, lead, problems, model, asking):
    number = make_problem(
        kind="numeric", spec={}, statement="2 + 2?", reference="4", problem_set=problems[0].problem_set
    )
    anything = make_instruction(style="chain-of-thought", view="digits", suits="chat", title="Think")
    programs = make_instruction(style="program", suits="chat", problem_kind="arc", title="Program")
    chosen = {"instructions": [programs.pk, anything.pk], "samples_each": 3}
    data = chat_fields(problems, model, asking) | chosen
    text = submit_estimate(client, lead, data)
    assert "Samples of each</dt><dd>up to 6<" in text
    assert f'class="strong">{5 * 6 + 3}<' in text
    assert "11 prompts of this plan counted" in text
    submit(client, lead, data)
    run = Run.objects.get()
    assert (run.title, run.planned_count) == ("6 problems of Small set, up to 6 samples each", 33)
    assert set(run.attempts.filter(problem=number).values_list("instruction", flat=True)) == {anything.pk}


def test_an_instruction_for_no_problem_of_the_plan_is_named(client, lead, problems, model, asking):
    sums = make_instruction(style="chain-of-thought", suits="chat", problem_kind="numeric", title="Sums")
    data = chat_fields(problems, model, asking) | {"instructions": [asking.pk, sums.pk]}
    assert "&#x27;Sums&#x27; is for numeric problems; those chosen are arc." in submit_estimate(client, lead, data)
    assert submit(client, lead, data).status_code == 422
    assert not Run.objects.exists()


def submit_estimate(client, user, data) -> str:
    client.force_login(user)
    return squeezed(client.post(reverse("run_estimate"), data))


def test_how_traces_are_cut_is_chosen_estimated_kept_and_chosen_again(client, lead, problems):
    submit(client, lead, fields(problems, segmentation="sentences:1"))
    run = Run.objects.get()
    assert (run.segmentation, run.segmenter) == ("sentences:1", None)
    assert "sentences, version 1" in squeezed(client.get(reverse("run_detail", args=[run.pk])))
    again = squeezed(client.get(f"{reverse('run_new')}?like={run.pk}"))
    assert '<option value="sentences:1" selected>' in again
    run.delete()
    sampler = sampler_for(flip_endpoint(), input_price=1, output_price=2)
    view = make_instruction(name="write-program", style="program", suits="chat")
    asked = fields(problems, sampler=sampler.pk, instructions=[view.pk], segmentation=f"model {sampler.pk}")
    told = squeezed(client.post(reverse("run_estimate"), asked))
    assert f"Then {sampler} cuts each sample into steps: about" in told
    assert submit(client, lead, fields(problems, segmentation="model 99")).status_code == 422
    submit(client, lead, asked)
    run = Run.objects.get()
    assert (run.segmentation, run.segmenter) == ("", sampler)
    page = squeezed(client.get(reverse("run_detail", args=[run.pk])))
    assert "cut by <a" in page
    assert "once the run has finished" in page
    assert f'<option value="model {sampler.pk}" selected>' in squeezed(
        client.get(f"{reverse('run_new')}?like={run.pk}")
    )


def test_a_search_over_steps_is_valid_as_the_form_begins_and_leaves_out_views_without_steps(client, lead, problems):
    client.force_login(lead)
    page = client.get(reverse("run_new"))
    ticked = {box.data["value"] for box in page.context["form"]["instructions"].subwidgets if box.data["selected"]}
    grid, objects, pixel = ensure_symbolic_views()
    assert str(pixel.pk) in ticked
    assert 'Pixel view <span class="grown-note muted small">not step by step</span>' in squeezed(page)
    data = fields(problems, strategy="beam", instructions=sorted(ticked), limit=1, temperatures="1")
    assert submit(client, lead, data).status_code == 302
    run = Run.objects.get()
    assert (run.strategy, run.kept_plan.instruction_ids) == ("beam", [grid.pk, objects.pk])
    refused = submit(client, lead, fields(problems, strategy="beam", instructions=[pixel.pk], limit=1))
    assert refused.status_code == 422
    assert "found the view &#x27;pixel&#x27;, expected grid or object" in squeezed(refused)
