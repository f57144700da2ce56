"""Everything that one person is shown: the forms of all pages, and the parameters that the pages look for."""

import os
from dataclasses import dataclass, field

from tests.crawl.crawler import Crawler, form_identity
from tests.crawl.world import World, addresses, every_pattern
from tests.pages import Form

DEEP = os.environ.get("CRAWL") == "deep"
ALL_ROWS = ("lead", "admin")
"""Who looks at every row there is; in the short form the others look at one at each address."""


@dataclass
class Walk:
    """What came of a walk: one form of each kind, what is asked at which address, and where htmx makes a difference."""

    forms: list[Form] = field(default_factory=list)
    asked: dict[str, set[str]] = field(default_factory=dict)
    for_htmx: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    requests: int = 0


def routes(*, admin: bool) -> list:
    """(route, pattern) of every address of the application, or of its administration; nobody logs out."""
    found = [(route, pattern) for route, pattern in every_pattern() if route.startswith("admin/") == admin]
    return [(route, pattern) for route, pattern in found if not route.endswith("logout/")]


def walk(world: World, role: str, *, admin: bool = False) -> Walk:
    """What somebody of a role sees of a world, looked at once for all tests that share the world."""
    key = (role, admin)
    if key not in world.walks:
        world.walks[key] = look_around(
            Crawler(world.people[role]), world, admin=admin, rows=None if DEEP or role in ALL_ROWS else 1
        )
    return world.walks[key]


def look_around(crawler: Crawler, world: World, *, admin: bool, rows: int | None = None) -> Walk:
    """Ask for every address, for so many of the rows that it can be about.

    Forms are those of the pages, and one for each address that htmx posts a form to.
    """
    walked, found = Walk(), {}
    for route, pattern in routes(admin=admin):
        for address in addresses(world, route, pattern)[:rows]:
            page = crawler.page(address)
            if crawler.client.looked_for_htmx:
                walked.for_htmx.add(address)
            for form in page.forms if page else ():
                found.setdefault(form_identity(form), form)
                for posted in page.posted - {form.address}:
                    copied = Form(posted, "post", fields=form.fields)
                    found.setdefault(form_identity(copied), copied)
    walked.forms = [form for form in found.values() if not form.address.endswith("/logout/")]
    walked.asked, walked.faults, walked.requests = dict(crawler.asked), list(crawler.faults), crawler.requests
    return walked
