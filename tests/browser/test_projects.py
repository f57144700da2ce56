"""Going from one project to another, making one, and letting people in."""

from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests import factories
from tests.boxes import box_of
from tests.browser.looks import looks_fine
from tests.projects import another_project
from trajectories.adapters.acting import acting_in
from trajectories.models import Membership, Project


def test_a_project_is_made_entered_and_left(log_in, curator):
    factories.make_run(title="The first team's run")
    page = log_in(User.objects.create_superuser("ada"))
    page.goto("/people/")
    expect(page.locator(".project-menu")).to_have_count(0)
    page.get_by_role("link", name="Projects").click()
    page.get_by_label("Title").fill("Vision")
    page.get_by_label("Name").fill("vision")
    page.get_by_role("button", name="Make project").click()
    expect(page.get_by_text("The project “Vision” is made.")).to_be_visible()
    page.get_by_label("Account").fill("carl")
    page.get_by_label("Role").select_option("lead")
    page.get_by_role("button", name="Let in").click()
    expect(page.get_by_text("carl works in “Vision” as lead now.")).to_be_visible()
    looks_fine(page, "people-of-a-project")
    page.goto("/projects/")
    looks_fine(page, "projects")
    page.locator(".project-menu > summary").click()
    looks_fine(page, "switcher")
    page.locator(".project-menu").get_by_role("button", name="Vision").click()
    expect(page.locator(".project-menu > summary")).to_contain_text("Vision")
    page.goto("/runs/")
    expect(page.get_by_text("The first team's run")).to_have_count(0)
    assert Membership.objects.get().role == "lead"


def test_drafts_of_one_project_are_not_sent_in_another(log_in, lead):
    project = another_project("vision", "Vision")
    Membership.objects.create(project=project, user=lead, role="lead")
    with acting_in(project.pk):
        factories.make_run(title="The second team's run")
    page = log_in(lead)
    page.goto("/runs/")
    assert page.evaluate("document.body.dataset.user") == str(lead.pk)
    menu = page.locator(".project-menu > summary")
    menu.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(menu).to_contain_text("Vision")
    assert page.evaluate("document.body.dataset.user") == f"{lead.pk}-{project.pk}"
    page.goto("/runs/")
    expect(page.get_by_text("The second team's run").first).to_be_visible()
    assert Project.objects.count() == 2


def test_a_draft_of_one_project_does_not_come_back_at_the_same_number_in_another(log_in, lead):
    project = another_project("vision", "Vision")
    Membership.objects.create(project=project, user=lead, role="lead")
    here = factories.make_trace()
    with acting_in(project.pk):
        # Numbers are the same again, since each project counts its own.
        there = factories.make_trace(pk=here.pk)
    page = log_in(lead)
    page.goto(f"/traces/{here.pk}/")
    page.locator("#id_comment").fill("About the first project's trace")
    page.goto(f"/traces/{here.pk}/repair/")
    page.locator("#id_note").fill("The first project's edit")
    expect(page.locator("#repair-kept")).to_be_visible()
    enter(page, "Vision")
    page.goto(f"/traces/{there.pk}/repair/")
    expect(page.locator("#id_note")).to_have_value("")
    page.goto(f"/traces/{there.pk}/")
    expect(page.locator("#id_comment")).to_have_value("")
    enter(page, "First project")
    page.goto(f"/traces/{here.pk}/")
    expect(page.locator("#id_comment")).to_have_value("About the first project's trace")


def enter(page, title):
    page.locator(".project-menu > summary").click()
    page.locator(".project-menu").get_by_role("button", name=title).click()
    expect(page.locator(".project-menu > summary")).to_contain_text(title)


def test_on_a_phone_the_switcher_and_the_menus_share_one_line(log_in, lead):
    project = another_project("vision", "The team that looks at pictures")
    Membership.objects.create(project=project, user=lead, role="lead")
    page = log_in(lead)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/runs/")
    boxes = [box_of(page.locator(f".top-inner > {each}")) for each in (".brand", ".project-menu", ".nav + .menu")]
    boxes.append(box_of(page.get_by_label("Your menu")))
    middles = [box["y"] + box["height"] / 2 for box in boxes]
    assert max(middles) - min(middles) < 3
