"""Files to share are opened from the disk, without a network: each shows all that it is about."""

from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests import factories
from tests.queues import ACCEPT
from trajectories.services.curation.reviews import submit_review
from trajectories.services.releases.freezing import freeze_accepted

pytestmark = pytest.mark.django_db(transaction=True)

BROKEN = """() => [...document.images].filter((image) => !image.complete || !image.naturalWidth).length"""
TOO_WIDE = """() => document.documentElement.scrollWidth > innerWidth"""


@pytest.fixture
def addresses(lead) -> dict[str, tuple[str, str]]:
    """Where each kind of file is, and a text that stands in it."""
    problem, run = factories.make_problem(), factories.make_run()
    traces = [factories.make_trace(problem=problem, run=run, correctness="pass") for _ in range(2)]
    pairs = [{"index": 0, "match": "right", "predicted": [[9, 8, 7]], "expected": [[9, 8, 7]], "message": ""}]
    for number, trace in enumerate(traces):
        factories.make_verdict(trace=trace, message="The output is right.", evidence={"pairs": pairs})
        submit_review(reviewer=lead, trace=trace, draft=ACCEPT, key=f"00000000-0000-0000-0000-00000000000{number}")
    release = freeze_accepted(actor=lead, title="The release", key="00000000-0000-0000-0000-000000000009")
    compared = f"{reverse('comparison_share')}?left={traces[0].pk}&right={traces[1].pk}"
    return {
        "problem": (reverse("problem_share", args=[problem.pk]), problem.name),
        "trace": (reverse("trace_share", args=[traces[0].pk]), "Sizes stay."),
        "comparison": (compared, "Verdicts"),
        "release": (reverse("release_share", args=[release.pk]), "The release"),
    }


def test_each_file_stands_alone_without_a_network(log_in, browser, lead, addresses, tmp_path):
    page = log_in(lead)
    away = browser.new_context(offline=True, viewport={"width": 390, "height": 844})
    for name, (address, words) in addresses.items():
        file = Path(tmp_path / f"{name}.html")
        file.write_bytes(page.request.get(address).body())
        opened, asked, said = away.new_page(), list[str](), list[str]()
        opened.on("request", lambda request, asked=asked: asked.append(request.url))
        opened.on("console", lambda message, said=said: said.append(message.text))
        opened.goto(file.as_uri())
        expect(opened.locator("body"), name).to_contain_text(words)
        assert opened.evaluate(BROKEN) == 0, name
        assert opened.evaluate("getComputedStyle(document.body).fontFamily") != "Times New Roman", name
        assert not opened.evaluate(TOO_WIDE), f"{name} scrolls sideways on a phone"
        assert [each for each in asked if not each.startswith(("file:", "data:"))] == [], name
        assert said == [], name
        opened.close()
    away.close()
