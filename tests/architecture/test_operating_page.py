"""The table of jobs in docs/operating.md has every kind that there is, and the moves that each has."""

import re

import pytest

from tests.worker import ROOT
from trajectories.models import JOB_KINDS
from trajectories.models.job_kinds import CANCEL, PAUSE, RESUME, RETRY

WORDS = {PAUSE: "paused", RESUME: "resumed", CANCEL: "cancelled", RETRY: "again"}


def rows() -> dict[str, list[str]]:
    """The cells after the first one, by the first one."""
    text = (ROOT / "docs/operating.md").read_text()
    table = text.partition("| kind | started from |")[2].partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {first: rest for first, *rest in cells}


def test_every_kind_of_job_has_its_row_and_no_other_has():
    assert set(rows()) == {kind.title.lower() for kind in JOB_KINDS.values()}


@pytest.mark.parametrize("kind", JOB_KINDS.values(), ids=list(JOB_KINDS))
def test_a_row_says_what_can_be_done_to_a_job(kind):
    told = rows()[kind.title.lower()][1]
    assert {verb for verb, word in WORDS.items() if re.search(rf"\b{word}\b", told)} == set(kind.moves)
