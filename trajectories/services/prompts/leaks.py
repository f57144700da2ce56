"""Whether a text that is sent to models holds the hidden answer of a problem that is here."""

from trajectories.core.problems.kinds import GRIDS
from trajectories.core.prompts.leaks import grids_worth_checking
from trajectories.models import Problem

MAX_LEAK_CANDIDATES = 200


def find_hidden_answer(text: str) -> str:
    """The name of an ARC problem of which a test output stands in the text; "" where there is none."""
    for grid in grids_worth_checking(text):
        # Containment in JSONB passes over order and number; what it finds is compared exactly.
        found = Problem.objects.filter(kind__in=GRIDS, reference__contains=[grid]).order_by("pk")
        for name, reference in found.values_list("name", "reference")[:MAX_LEAK_CANDIDATES]:
            if grid in (reference or ()):
                return str(name)
    return ""
