"""No test of its own accord: pictures of every page there is, in the world that the tests walk, for `make screenshots`.

docs/take_screenshots.py runs it by its name; PICTURES says as JSON where to, which pages are taken already, and whether
only some names or looks are wanted.
"""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from docs.take_screenshots import LOOKS, picture
from tests.browser.test_accessibility import whole_pages
from tests.world import make_world

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_page_that_is_not_taken_yet(browser, browser_context_args, log_in, lead, settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    lead.is_superuser = lead.is_staff = True
    lead.save()
    told = json.loads(os.environ["PICTURES"])
    folder = Path(told["folder"])
    pages = whole_pages(lead, make_world(lead))
    # A file to share is downloaded, and no page.
    left = [each for each in pages if each.name not in told["taken"] and not each.name.endswith("_share")]
    wanted = [each for each in left if re.search(told["only"], each.name)]
    cookies = log_in(lead).context.cookies()
    for look in told["looks"]:
        context = browser.new_context(**{**browser_context_args, **LOOKS[look]})
        context.add_cookies(cookies)
        page = context.new_page()
        for visit in wanted:
            picture(page, visit.address, folder / f"{visit.name}-{look}.png")
        context.close()
    sys.stdout.write(f"{len(wanted)} more pages of the world of tests, {len(pages)} kinds of pages in all\n")
