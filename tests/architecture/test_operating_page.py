"""The tables of docs/operating.md: that of jobs has every kind that there is, that of the admin every table that has
actions, and each the moves of a kind."""

import re

import pytest
from django.contrib import admin

from tests.worker import ROOT
from trajectories.admin.jobs import JobAdmin
from trajectories.models import JOB_KINDS
from trajectories.models.job_kinds import CANCEL, PAUSE, RESUME, RETRY

WORDS = {PAUSE: "paused", RESUME: "resumed", CANCEL: "cancelled", RETRY: "again"}


def rows(beginning: str = "| kind | started from |") -> dict[str, list[str]]:
    """The cells after the first one, by the first one, of the table that begins so."""
    text = (ROOT / "docs/operating.md").read_text()
    table = text.partition(beginning)[2].partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {first: rest for first, *rest in cells}


def test_every_kind_of_job_has_its_row_and_no_other_has():
    assert set(rows()) == {kind.title.lower() for kind in JOB_KINDS.values()}


@pytest.mark.parametrize("kind", JOB_KINDS.values(), ids=list(JOB_KINDS))
def test_a_row_says_what_can_be_done_to_a_job(kind):
    told = rows()[kind.title.lower()][1]
    assert {verb for verb, word in WORDS.items() if re.search(rf"\b{word}\b", told)} == set(kind.moves)


def told_of_the_admin() -> dict[str, str]:
    """What can be done in the admin, by the name of the table."""
    cells = rows("| table | actions |")
    return {name: actions for names, [actions] in cells.items() for name in names.split(", ")}


def tables_with_actions() -> dict[str, object]:
    """By the names that people read: of a kind of job that of its kind."""
    tables = {}
    for model, table in admin.site._registry.items():
        if isinstance(table, JobAdmin):
            tables[JOB_KINDS[table.kind].plural.lower()] = table
        elif model._meta.app_label == "trajectories" and table.actions:
            tables[str(model._meta.verbose_name_plural)] = table
    return tables


def test_every_table_of_the_admin_that_has_actions_has_its_row():
    assert set(told_of_the_admin()) == set(tables_with_actions())


@pytest.mark.parametrize(("name", "table"), tables_with_actions().items(), ids=list(tables_with_actions()))
def test_a_row_of_the_admin_says_what_can_be_done(name, table):
    told = told_of_the_admin()[name]
    moves = JOB_KINDS[table.kind].moves if isinstance(table, JobAdmin) else {}
    simple = {PAUSE: "pause", RESUME: "resume", CANCEL: "cancel", RETRY: "(?:try|samples) again"}
    assert {verb for verb, word in simple.items() if re.search(rf"\b{word}\b", told)} == set(moves)
    besides = [part for part in told.split("; ") if not re.match("pause|cancel", part)]
    assert bool(besides) == bool(table.actions), "what begins something new"
