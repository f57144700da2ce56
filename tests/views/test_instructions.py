import pytest
from django.urls import reverse

from tests.factories import FLIP_PROGRAM, make_instruction, make_problem, make_review, make_trace
from tests.pages import squeezed
from trajectories.core.prompts.answer_formats import STYLES
from trajectories.forms.instructions import STYLE_TITLES
from trajectories.models import Instruction
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.examples import choose_examples
from trajectories.selectors.instructions import current_instructions, to_record
from trajectories.services.prompts.instructions import ensure_shipped_instructions, ensure_symbolic_views

FRAGMENT = {"HTTP_HX_REQUEST": "true"}
FORM = {
    "title": "Mine",
    "name": "mine",
    "problem_kind": "arc",
    "style": "program",
    "encoding": "json",
    "segmentation": "sides",
    "sizes": "on",
    "template": "{problem}\r\n\r\n{answer_format}",
}


@pytest.fixture
def program(db):
    ensure_shipped_instructions()
    return Instruction.objects.get(name="arc-program")


def detail(instruction, **query):
    return reverse("instruction_detail", args=[instruction.pk], query=query)


def test_the_list_shows_newest_versions_with_what_they_brought(client, curator, program, django_assert_num_queries):
    newest = make_instruction(name="arc-program", version=2, title="Newer", suits="chat", problem_kind="arc")
    make_review(trace=make_trace(instruction=program, correctness="pass", decision="accepted"), reviewer=curator)
    make_trace(instruction=newest, correctness="fail")
    client.force_login(curator)
    client.get(reverse("instruction_list"))
    with django_assert_num_queries(8):
        page = squeezed(client.get(reverse("instruction_list")))
    assert "Grid view" in page
    row = page.split(f'id="instruction-{newest.pk}"', 1)[1].split("</tr>", 1)[0]
    assert ['<td class="num">2</td>' in row, "50%" in row, '<td class="num wide-only">1</td>' in row] == [True] * 3
    assert f'id="instruction-{program.pk}"' not in page


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ({"kind": "numeric"}, "Number, step by step", "ARC program"),
        ({"kind": "numeric"}, "Chain of thought", "Choice, step by step"),
        ({"suits": "symbolic"}, "Grid view", "Chain of thought"),
        ({"suits": "chat"}, "Chain of thought", "Grid view"),
        ({"q": "expert corners"}, "8-connected objects", "4-connected objects"),
        ({"q": "nonesuch"}, "No instruction fits", "Chain of thought"),
        ({"suits": "none\0"}, "No instruction fits", "Chain of thought"),
        ({"kind": "numeric\0"}, "Number, step by step", "ARC program"),
    ],
)
def test_the_list_is_filtered_by_the_address(client, curator, program, query, there, not_there):
    client.force_login(curator)
    page = squeezed(client.get(reverse("instruction_list", query=query), **FRAGMENT))
    assert there in page
    assert not_there not in page
    assert "<html" not in page


def test_the_page_shows_the_messages_of_the_first_problem(client, curator, program):
    make_problem(name="first")
    client.force_login(curator)
    page = squeezed(client.get(detail(program)))
    assert "Example 1 input (2 by 2): 1 2 3 4" in page
    assert "9 8 7" not in page
    assert "no reference answer in it" in page
    assert "tokens" in page


def test_the_preview_is_of_the_problem_asked_for(client, curator, program):
    make_problem()
    spec = {"train": [{"input": [[4]], "output": [[4]]}], "test": [{"input": [[4, 4]]}]}
    make_problem(name="other", spec=spec)
    client.force_login(curator)
    page = squeezed(client.get(detail(program, problem="other"), **FRAGMENT))
    assert "Test 1 input (1 by 2): 4 4" in page
    assert "<html" not in page


def test_the_preview_shows_examples_and_variations(client, curator, program):
    problem = make_problem(name="here")
    make_review(trace=make_trace(decision="accepted", reasoning="Mirror it.", program=FLIP_PROGRAM), reviewer=curator)
    client.force_login(curator)
    page = squeezed(client.get(detail(program, problem=problem.name, examples=1, variation=3), **FRAGMENT))
    assert page.count('class="turn"') == 3
    assert "Mirror it." in page
    assert "recoloured" in page
    page = squeezed(client.get(detail(program, problem=problem.name, examples=3), **FRAGMENT))
    assert "2 missing" in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"problem": "nonesuch"}, "Found no ARC problem named &#x27;nonesuch&#x27;."),
        ({"examples": "many"}, "Examples: Found &#x27;many&#x27;, expected a whole number from 0 to 8."),
        ({"examples": 99}, "Examples: Found 99, expected a whole number from 0 to 8."),
        ({"variation": -1}, "Variation:"),
    ],
)
def test_a_preview_that_cannot_be_made_says_why(client, curator, program, query, said):
    make_problem()
    client.force_login(curator)
    response = client.get(detail(program, **query), **FRAGMENT)
    assert response.status_code == 422
    assert said in squeezed(response)


def test_a_preview_without_any_problem_says_so(client, curator, program):
    client.force_login(curator)
    response = client.get(detail(program))
    assert response.status_code == 200
    assert "There is no problem of this kind yet" in squeezed(response)


def test_a_symbolic_view_sends_no_messages_and_cannot_be_changed(client, lead):
    view = ensure_symbolic_views()[0]
    client.force_login(lead)
    assert "sends no messages" in squeezed(client.get(detail(view)))
    assert client.get(reverse("instruction_edit", args=[view.pk])).status_code == 404


def test_a_lead_writes_an_instruction(client, lead):
    client.force_login(lead)
    assert client.get(reverse("instruction_new")).status_code == 200
    response = client.post(reverse("instruction_new"), FORM)
    instruction = Instruction.objects.get(name="mine")
    assert response.headers["Location"] == reverse("instruction_detail", args=[instruction.pk])
    assert (instruction.view, instruction.template) == ("json-sizes-sides", "{problem}\n\n{answer_format}")
    assert current_instructions("chat").get() == instruction


def test_a_name_is_made_from_the_title(client, lead):
    client.force_login(lead)
    client.post(reverse("instruction_new"), {**FORM, "name": "", "title": "My own view!"})
    assert Instruction.objects.get().name == "my-own-view"
    response = client.post(reverse("instruction_new"), {**FORM, "name": "", "title": "!!"})
    assert response.status_code == 422
    assert "Found no letters or digits in the title" in squeezed(response)


def test_a_lead_makes_a_new_version(client, lead, program):
    client.force_login(lead)
    address = reverse("instruction_edit", args=[program.pk])
    page = squeezed(client.get(address))
    assert "Save as version 2" in page
    assert '<option value="digits" selected>' in page
    response = client.post(address, {**FORM, "pixels": "on"})
    newest = current_instructions().get(name="arc-program")
    assert response.headers["Location"] == detail(newest)
    assert (newest.version, newest.view) == (2, "json-sizes-sides-pixels")
    assert "This is an earlier version" in squeezed(client.get(detail(program)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"template": "{problem} {answer}"}, "Found the slot {answer}"),
        ({"template": ""}, "Found nothing, expected a text."),
        ({"name": "no spaces please"}, "expected letters from a to z, digits, hyphens and underscores"),
        ({"style": "verse"}, "Found &#x27;verse&#x27;, expected "),
        ({"problem_kind": "text"}, "expected ARC"),
        ({"encoding": "", "segmentation": ""}, "shows no grids"),
        ({"title": "a\0b"}, "Found the invisible character U+0000 as character 2"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(client, lead, change, said):
    client.force_login(lead)
    response = client.post(reverse("instruction_new"), {**FORM, **change})
    assert response.status_code == 422
    assert said in squeezed(response)
    assert not Instruction.objects.exists()


def test_an_unsaved_instruction_is_previewed(client, lead):
    make_problem()
    client.force_login(lead)
    data = {**FORM, "title": "", "name": "", "template": "Look:\n{problem}"}
    response = client.post(reverse("instruction_preview"), data)
    assert response.status_code == 200
    assert "Look: " in squeezed(response)
    assert "[[1,2],[3,4]]" in squeezed(response)
    response = client.post(reverse("instruction_preview"), {**data, "template": "{nonesuch}"})
    assert response.status_code == 422
    assert "Found the slot {nonesuch}" in squeezed(response)
    assert not Instruction.objects.exists()


def test_only_leads_write_instructions(client, curator, nobody, program):
    addresses = [reverse("instruction_new"), reverse("instruction_edit", args=[program.pk])]
    for user in (curator, nobody):
        client.force_login(user)
        assert [client.get(address).status_code for address in addresses] == [403, 403]
        assert client.post(reverse("instruction_preview"), FORM).status_code == 403
    assert client.get(detail(program)).status_code == 403


def test_examples_are_accepted_traces_of_other_training_problems(program):
    problem = make_problem()
    good = [make_trace(decision="accepted") for _ in range(4)]
    make_trace(decision="accepted", problem=good[0].problem)
    make_trace(decision="accepted", problem=problem)
    make_trace(decision="accepted", hinted=True)
    make_trace(decision="accepted", facts={"variation": {"symmetry": "transpose"}})
    make_trace(decision="accepted", problem=make_problem(split="eval"))
    make_trace(decision="accepted", program="")
    make_trace(decision="rejected")
    record = to_record(program)
    chosen = {seed: choose_examples(problem, record, 9, seed, sight=EVERYTHING) for seed in range(6)}
    names = {trace.problem.name for trace in good}
    assert all({example.problem.name for example in examples} == names for examples in chosen.values())
    assert all(len(examples) == 4 for examples in chosen.values())
    assert len({tuple(example.problem.name for example in examples) for examples in chosen.values()}) > 1
    assert choose_examples(problem, record, 2, 1, sight=EVERYTHING) == chosen[1][:2]
    assert "def transform" in chosen[0][0].response


def test_every_style_has_a_title():
    assert set(STYLE_TITLES) == set(STYLES)
