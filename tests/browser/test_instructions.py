from django.urls import reverse
from playwright.sync_api import expect

from tests.factories import make_problem
from trajectories.models import Instruction
from trajectories.services.prompts.instructions import ensure_shipped_instructions


def test_the_messages_follow_what_is_written_and_hold_up_no_submit(log_in, lead):
    make_problem()
    ensure_shipped_instructions()
    instruction = Instruction.objects.get(name="arc-program")
    page = log_in(lead)
    page.goto(reverse("instruction_edit", args=[instruction.pk]))
    template = page.get_by_label("Template")
    template.fill("{problem} {nonesuch}")
    expect(page.locator("#preview")).to_contain_text("Found the slot {nonesuch}")
    template.fill("Look here: {problem}")
    expect(page.locator("#preview .message")).to_contain_text("Look here:")
    page.get_by_label("ARC grids").select_option("json")
    expect(page.locator("#preview .message")).to_contain_text("[[1,2],[3,4]]")
    template.fill("Look there: {problem}")
    page.get_by_role("button", name="Save as version 2").click()
    expect(page.get_by_text("This is version 2.")).to_be_visible()
    assert Instruction.objects.get(name="arc-program", version=2).view == "json-sizes"


def test_the_preview_follows_the_problem_and_goes_into_the_address(log_in, lead):
    make_problem(name="first")
    make_problem(name="second")
    ensure_shipped_instructions()
    page = log_in(lead)
    page.goto(reverse("instruction_detail", args=[Instruction.objects.get(name="arc-grid").pk]))
    page.get_by_label("Problem").fill("nonesuch")
    expect(page.locator("#preview")).to_contain_text("Found no ARC problem named 'nonesuch'.")
    page.get_by_label("Problem").fill("second")
    expect(page.locator("#preview .preview-facts a")).to_have_text("second")
    assert "problem=second" in page.url
