"""axe-core over every page that there is: no serious or critical violation. Each kind of page is loaded once. On none a
key means two things: the help of keys tells what the page does."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.plain_client import PlainClient
from tests.visits import visits
from tests.walker import Visit
from tests.world import make_world

pytestmark = pytest.mark.django_db(transaction=True)

NO_PAGES = {"export_download", "grid_png", "grid_svg", "logout", "question_import", "set_arc_scores"}
GRAVE = ("serious", "critical")
OPTIONS = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
DOUBLED = r"""
() => {
  const meanings = new Map();
  for (const element of document.querySelectorAll("[data-key]")) {
    const { key, keyLabel } = element.dataset;
    if (!element.checkVisibility() || element.disabled) continue;
    const text = (element.labels?.[0] ?? element).textContent;
    const label = (keyLabel ?? element.getAttribute("aria-label") ?? text).trim().replace(/\s+/g, " ");
    meanings.set(key, (meanings.get(key) ?? new Set()).add(label));
  }
  return [...meanings].filter(([, labels]) => labels.size > 1).map(([key, labels]) => `${key}: ${[...labels]}`);
}
"""


_places: list[int] = []


def whole_pages(lead: Any, world: Any) -> list[Visit]:
    """One address of every name that answers with a whole page, in the order of the walk; looked for once."""
    visited = visits(world)
    if not _places:
        _places.extend(_places_of_whole_pages(lead, visited))
    return [visited[place] for place in _places]


def _places_of_whole_pages(lead: Any, visited: list[Visit]) -> list[int]:
    client, found = PlainClient(), dict[str, int]()
    client.force_login(lead)
    for place, visit in enumerate(visited):
        if visit.data is not None or visit.name in found or visit.name in NO_PAGES:
            continue
        response = client.get(visit.address)
        if response.status_code == 200 and not response.streaming and response.content.startswith(b"<!doctype html>"):
            found[visit.name] = place
    return list(found.values())


@pytest.mark.long
def test_no_page_has_a_grave_violation(log_in, lead, settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    pages = whole_pages(lead, make_world(lead))
    assert len(pages) > 60
    page, axe, faults = log_in(lead), Axe(), list[str]()
    file = page.context.new_page()  # a file to share is read without our content policy
    for visit in pages:
        shown = file if visit.name.endswith("_share") else page
        if shown is file:
            file.set_content(page.request.get(visit.address).text())
        else:
            page.goto(visit.address)
        faults += [f"{visit.name}: the key {doubled}" for doubled in shown.evaluate(DOUBLED)]
        for found in axe.run(shown, options=OPTIONS).response["violations"]:
            if found["impact"] in GRAVE:
                node = found["nodes"][0]
                faults.append(f"{visit.name}: {found['id']}, {len(found['nodes'])} times: {node['html'][:200]}")
    assert not faults, "\n".join(faults)
