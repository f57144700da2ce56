"""Databases of the version before: what is in them is there afterwards, under its new name."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from tests import factories
from tests.dumps import own_database, restore
from trajectories.models import (
    AuditEvent,
    JudgeJob,
    JudgeJobAnswer,
    JudgeJobItem,
    Reverification,
    Review,
)

WORDS = ("trajectories", "0040_words")
EARLIEST = "8978387"
"""A dump of a version before that."""
FOREIGN_KEY = re.compile(r"^trajectories_\w+?_(judgement_id)_[0-9a-f]{8}_fk_\w+$")


def before() -> str:
    """The migration that words stand on."""
    (parent,) = [
        each for each in MigrationExecutor(connection).loader.graph.node_map[WORDS].parents if each[0] == WORDS[0]
    ]
    return parent.key[1]


def migrate(*name: str) -> None:
    """Up or down to a migration; without its name, all the way up."""
    call_command("migrate", "trajectories", *name, verbosity=0)


@pytest.fixture
def earlier(transactional_db) -> Iterator[Callable[[str], Any]]:
    """The models of the version before, by name, and its database, brought there from an earlier one yet. It is in a
    database of its own, which need not be brought up to date again for the tests that follow."""
    name = before()
    with own_database(f"{connection.settings_dict['NAME']}_before"):
        restore(EARLIEST)
        migrate(name)
        state = MigrationExecutor(connection).loader.project_state([("trajectories", name)])
        yield partial(state.apps.get_model, "trajectories")


@pytest.fixture
def trace(earlier) -> int:
    """The key of a trace that somebody sampled with that version."""
    return int(earlier("Trace").objects.earliest("pk").pk)


def named_judgement() -> set[str]:
    """What the database still calls so: tables, indexes, sequences, columns of tables, and constraints."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace UNION "
            "SELECT attname FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid "
            "WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' UNION "
            "SELECT conname FROM pg_constraint WHERE connamespace = current_schema()::regnamespace"
        )
        return {name for (name,) in cursor.fetchall() if "judgement" in name}


def without_hashes(names: set[str]) -> list[str]:
    """The names, with foreign keys called by their column alone: Django names them after the table of the moment, and
    finds them by their column."""
    return sorted(FOREIGN_KEY.sub(r"foreign key of \1", name) for name in names)


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_there_and_back_everything_keeps_its_rows_rights_rules_and_names(earlier, trace):
    """One way up and one way down, since each takes half a minute; down with a trace of today, too, as tables have had
    other columns before."""
    names_before = named_judgement()
    assert names_before
    judged = make_judged(earlier, trace)
    review = make_reviewed(earlier, trace)

    migrate()

    assert named_judgement() == set()
    assert_jobs_of_model_judges_are_kept(judged, trace)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Review.objects.filter(pk=review).update(decision="reject")
    factories.make_trace()

    migrate(before())

    assert without_hashes(named_judgement()) == without_hashes(names_before)
    assert Permission.objects.filter(codename="control_judgement", content_type__model="judgement").exists()


@dataclass(frozen=True)
class Judged:
    """A job of a model judge as the version before had it, and who may do what with it."""

    lead: User
    rubric: Any
    job: Any
    item: Any
    answer: Any
    verdict: Any
    again: Any
    event: AuditEvent
    group: Group


def make_reviewed(earlier: Any, trace: int) -> int:
    """The key of a review that the version before stored."""
    reviewer = User.objects.create_user("rita")
    made = earlier("Review").objects.create(trace_id=trace, reviewer_id=reviewer.pk, decision="accept", key="0" * 32)
    return int(made.pk)


def make_judged(earlier: Any, trace: int) -> Judged:
    """A job, its item, answer and verdict, stored by the version before."""
    lead, sampler = User.objects.create_user("lead-before"), earlier("Trace").objects.get(pk=trace).sampler_id
    rubric = earlier("Rubric").objects.create(name="r", title="R", text="t")
    job = earlier("Judgement").objects.create(
        sampler_id=sampler, rubric=rubric, form="grade", seed=7, total_count=1, created_by_id=lead.pk,
        scope="run=3&decision=unjudged", state="finished", budget_cost="1.25",
    )  # fmt: skip
    item = earlier("JudgementItem").objects.create(judgement=job, trace_id=trace, outcome="pass")
    answer = earlier("JudgementAnswer").objects.create(item=item, place=0, ask=0, fault="none")
    verdict = earlier("Verdict").objects.create(
        trace_id=trace, verifier="model_judge:r", version=1, outcome="pass", judgement=job
    )
    again = earlier("Reverification").objects.create(
        scope="decision=unjudged&model_judged=unjudged", last_id=trace, total_count=1, state="finished"
    )
    event = AuditEvent.objects.create(verb="judgement.planned", object_type="judgement", object_id=job.pk, actor=lead)
    group = Group.objects.create(name="Those who judged")
    group.permissions.set(Permission.objects.filter(codename__in=["add_judgement", "control_judgement"]))
    assert group.permissions.count() == 2
    return Judged(lead, rubric, job, item, answer, verdict, again, event, group)


def assert_jobs_of_model_judges_are_kept(judged: Judged, trace: int) -> None:
    kept = JudgeJob.objects.get(pk=judged.job.pk)
    assert (kept.seed, kept.created_by, kept.budget_cost, kept.rule.query()) == (
        7,
        judged.lead,
        Decimal("1.25"),
        "run=3&decision=unreviewed",
    )
    assert (kept.items.get().pk, kept.items.get().answers.get().pk, kept.verdicts.get().pk) == (
        judged.item.pk,
        judged.answer.pk,
        judged.verdict.pk,
    )
    assert Reverification.objects.get(pk=judged.again.pk).rule.query() == "model_judged=unjudged&decision=unreviewed"
    judged.event.refresh_from_db()
    assert (judged.event.verb, judged.event.object_type) == ("judging.planned", "judgejob")
    rights = set(judged.group.permissions.values_list("codename", "content_type__model", "name"))
    told = "Can pause, resume and cancel jobs of model judges"
    assert rights == {("add_judgejob", "judgejob", "Can add judge job"), ("control_judgejob", "judgejob", told)}
    assert not Permission.objects.filter(codename__contains="judgement").exists()
    with pytest.raises(IntegrityError, match="judge_job_item_once"), transaction.atomic():
        JudgeJobItem.objects.create(judge_job=kept, trace_id=trace)
    with pytest.raises(IntegrityError, match="judge_job_answer_once"), transaction.atomic():
        JudgeJobAnswer.objects.create(item_id=judged.item.pk, place=0, ask=0)
    # Keys are still counted on from where they were.
    after = JudgeJob.objects.create(
        sampler_id=kept.sampler_id, rubric_id=judged.rubric.pk, form="grade", seed=1, total_count=0
    )
    assert after.pk > judged.job.pk
