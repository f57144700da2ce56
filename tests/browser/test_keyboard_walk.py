"""A walk through every kind of page by keyboard alone: Tab reaches every control that is there, the focus shows, is in
sight, and is out of the page again after the last one."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.boxes import box_of
from tests.browser.test_accessibility import whole_pages
from tests.walker import Visit
from tests.world import make_world

pytestmark = pytest.mark.django_db(transaction=True)

BEGIN = r"""
async () => {
  const CONTROLS = "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable]";
  const shows = (element) => {
    const style = getComputedStyle(element);
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return ring || style.boxShadow !== "none";
  };
  // The ring of a box that is drawn by its label stands around the label, or around what follows the box in it.
  const hasRing = (element) => {
    const beside = [element.nextElementSibling, element.firstElementChild, element.closest("tr, li, label")];
    const around = [...(element.labels ?? []), ...beside];
    return [element, ...around].some((each) => each && shows(each));
  };
  const named = (element) => {
    const text = (element.getAttribute("aria-label") ?? element.textContent ?? "").trim().replace(/\s+/g, " ");
    const about = element.id || element.name || element.getAttribute("href") || element.className;
    return `<${element.localName} ${about}> ${text.slice(0, 40)}`;
  };
  const main = document.getElementById("content") ?? document.body;
  for (const fold of main.querySelectorAll("details:not(.menu)")) fold.open = true;
  // What a page does as they open is done.
  for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
  const groups = new Set();
  const wanted = [...main.querySelectorAll(CONTROLS)].filter((element) => {
    if (element.tabIndex < 0 || element.disabled || element.closest("[inert]")) return false;
    // It gives way to its figure as soon as it is near, while Tab is on its way to it or already there.
    if (element.closest(".plot-waiting")) return false;
    if (!element.checkVisibility({ visibilityProperty: true })) return false;
    if (element.closest("details:not([open])") && !element.matches("details:not([open]) > summary")) return false;
    if (element.type === "radio") {
      // Tab goes to one of a group, arrow keys to the others.
      const group = [...document.getElementsByName(element.name)].filter((each) => each.form === element.form);
      const checked = group.find((each) => each.checked);
      if (checked) return element === checked;
      const key = `${element.name} ${element.form?.action}`;
      if (groups.has(key)) return false;
      groups.add(key);
    }
    return true;
  });
  window.walk = { faults: [], reached: new Set(), wanted, named, main };
  document.addEventListener("focusin", ({ target }) => {
    const { faults, reached } = window.walk;
    if (!main.contains(target) || target === main || reached.has(target)) return;
    reached.add(target);
    if (!hasRing(target)) faults.push(`no ring: ${named(target)}`);
    const box = target.getBoundingClientRect();
    const isDrawn = box.width > 1 && box.height > 1;
    if (isDrawn && (box.bottom < 0 || box.top > innerHeight)) faults.push(`out of sight: ${named(target)}`);
  }, true);
  main.focus();
  return wanted.length;
}
"""
END = r"""
() => {
  const { faults, reached, wanted, named } = window.walk;
  const isThere = (element) => element.isConnected && element.checkVisibility({ visibilityProperty: true });
  const left = wanted.filter((element) => isThere(element) && !reached.has(element));
  return [...faults, ...left.map((element) => `not reached: ${named(element)}`)];
}
"""
IS_OUT = "() => !window.walk.main.contains(document.activeElement)"
SPARE = 300
"""So many more steps than there are controls at most: for boxes that scroll and may be focused for that alone, and for
what a page fetches as it is reached."""


def walk(page: Page, visit: Visit) -> list[str]:
    """What is wrong on a page for who has no mouse."""
    page.goto(visit.address)
    page.wait_for_load_state()
    wanted = page.evaluate(BEGIN)
    for number in range(wanted + SPARE):
        page.keyboard.press("Tab")
        # Asking takes longer than a step.
        if number >= wanted - 1 and page.evaluate(IS_OUT):
            return [f"{visit.name}: {fault}" for fault in page.evaluate(END)]
    return [f"{visit.name}: Tab never leaves the page", *page.evaluate(END)]


@pytest.mark.long
def test_every_control_of_every_page_is_reached_by_tab(log_in, lead, settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    pages = whole_pages(lead, make_world(lead))
    page, faults = log_in(lead), list[str]()
    for visit in pages:
        if not visit.name.endswith("_share"):
            faults += walk(page, visit)
    assert len(pages) > 60
    assert not faults, "\n".join(faults)


def test_the_way_around_the_pages_is_reached_by_tab(log_in, lead, transactional_db: Any):
    page = log_in(lead)
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className").startswith("skip-link")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.locator(".nav-more > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.nav-rare') !== null")
    page.keyboard.press("Escape")
    assert page.evaluate("document.querySelector('.nav-more').open") is False
    assert page.evaluate("document.activeElement.matches('.nav-more > summary')")


def test_the_menu_of_rare_areas_is_in_sight_on_every_width(log_in, lead, transactional_db: Any):
    page = log_in(lead)
    for width in (390, 700, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto("/")
        page.locator(".nav-more > summary").click()
        boxes = [box_of(link) for link in page.locator(".nav-rare a").all()]
        assert len(boxes) > 20
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes), width
        page.locator(".nav-rare a").last.click()
        expect(page.locator(".nav-rare a[aria-current]")).to_have_count(1)
