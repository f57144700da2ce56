from collections.abc import Iterable

from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import F, Q, Value
from django.db.models.functions import Replace

RENAME_IN_DATABASE = """
DO $$
DECLARE
    found record;
BEGIN
    -- A constraint takes its index along.
    FOR found IN
        SELECT conrelid::regclass AS owner, conname AS name FROM pg_constraint
        WHERE connamespace = current_schema()::regnamespace AND conname ~ '{old_pattern}'
    LOOP
        EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', found.owner, found.name, {renamed});
    END LOOP;
    FOR found IN
        SELECT relkind AS kind, relname AS name FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('i', 'S') AND relname ~ '{old_pattern}'
    LOOP
        EXECUTE format(
            CASE found.kind WHEN 'S' THEN 'ALTER SEQUENCE %I RENAME TO %I' ELSE 'ALTER INDEX %I RENAME TO %I' END,
            found.name, {renamed}
        );
    END LOOP;
END $$
"""
"""Constraints, indexes and sequences keep the names they were made with, when a table or a column gets another."""


def _rename(old: tuple[str, str], new: tuple[str, str]) -> str:
    """`old` and `new`: the name of the tables, and how columns, constraints and indexes are called after them."""
    renamed = (
        f"replace(replace(found.name, 'trajectories_{old[0]}', 'trajectories_{new[0]}'), '{old[1]}_', '{new[1]}_')"
    )
    return RENAME_IN_DATABASE.format(old_pattern=f"^trajectories_{old[0]}|(^|_){old[1]}_", renamed=renamed)


OLD, NEW = ("judgement", "judgement"), ("judgejob", "judge_job")
ACTIONS = ("add", "change", "delete", "view", "control")


def _rename_rows(
    apps: StateApps,
    pairs: Iterable[tuple[str, str, str, str]],
    scopes: tuple[str, str],
    verbs: tuple[str, str, str, str],
) -> None:
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="trajectories")
    for old, new, old_words, new_words in pairs:
        for action in ACTIONS:
            permissions.filter(codename=f"{action}_{old}").update(
                codename=f"{action}_{new}", name=Replace("name", Value(old_words), Value(new_words))
            )
    (old_scope, new_scope), (old_verb, new_verb, old_type, new_type) = scopes, verbs
    for name in ("JudgeJob", "Reverification"):
        jobs = apps.get_model("trajectories", name).objects.filter(scope__contains=old_scope)
        jobs.update(scope=Replace(F("scope"), Value(old_scope), Value(new_scope)))
    events = apps.get_model("trajectories", "AuditEvent").objects.filter(object_type=old_type)
    events.update(object_type=new_type, verb=Replace("verb", Value(old_verb), Value(new_verb)))


WORDS = (
    ("judgement", "judgejob", "judgement", "judge job"),
    ("judgementitem", "judgejobitem", "judgement item", "judge job item"),
    ("judgementanswer", "judgejobanswer", "judgement answer", "judge job answer"),
)


def drop_empty_types(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
    """Content types of the new names beside those of the old ones: a way back under present code has left them."""
    types = apps.get_model("contenttypes", "ContentType").objects.filter(app_label="trajectories")
    for old, new, *_ in WORDS:
        if types.filter(model=old).exists():
            types.filter(model=new).delete()


def rename_rows(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
    scopes = ("decision=unjudged", "decision=unreviewed")
    _rename_rows(apps, WORDS, scopes, ("judgement.", "judging.", "judgement", "judgejob"))


def name_as_before(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
    pairs = [(new, old, new_words, old_words) for old, new, old_words, new_words in WORDS]
    scopes = ("decision=unreviewed", "decision=unjudged")
    _rename_rows(apps, pairs, scopes, ("judging.", "judgement.", "judgejob", "judgement"))


ONCE = {
    "judgejobitem": models.UniqueConstraint(fields=("judge_job", "trace"), name="judge_job_item_once"),
    "judgejobanswer": models.UniqueConstraint(fields=("item", "place", "ask"), name="judge_job_answer_once"),
}
"""Constraints that get another name in the state of the models; in the database RENAME_IN_DATABASE gives it to them."""


class Migration(migrations.Migration):
    """Verifiers verify, models judge, people review: a job of a model judge is a judge job. No row is lost or rebuilt.

    Rows come last: PostgreSQL alters no table on which triggers of the same transaction are still to run.
    """

    dependencies = [
        ("trajectories", "0035_job_steering"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(drop_empty_types, migrations.RunPython.noop),
        # Those that refer first: on the way back Django 5.2 looks for them by the names they have after this one.
        migrations.RenameModel("JudgementAnswer", "JudgeJobAnswer"),
        migrations.RenameModel("JudgementItem", "JudgeJobItem"),
        migrations.RenameModel("Judgement", "JudgeJob"),
        migrations.RenameField("JudgeJobItem", "judgement", "judge_job"),
        migrations.RenameField("Verdict", "judgement", "judge_job"),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(_rename(OLD, NEW), _rename(NEW, OLD))],
            state_operations=[
                migrations.RenameIndex("JudgeJob", new_name="judge_job_newest", old_name="judgement_newest"),
                migrations.RenameIndex("JudgeJob", new_name="judge_job_trouble", old_name="judgement_trouble"),
                migrations.RenameIndex("JudgeJob", new_name="judge_job_unfinished", old_name="judgement_unfinished"),
                migrations.RemoveConstraint("JudgeJobItem", "judgement_item_once"),
                migrations.AddConstraint("JudgeJobItem", ONCE["judgejobitem"]),
                migrations.RemoveConstraint("JudgeJobAnswer", "judgement_answer_once"),
                migrations.AddConstraint("JudgeJobAnswer", ONCE["judgejobanswer"]),
                migrations.RemoveIndex("JudgeJobItem", "judgement_item_waiting"),
                migrations.AddIndex(
                    "JudgeJobItem",
                    models.Index(fields=["judge_job", "id"], name="judge_job_item_waiting", condition=Q(outcome="")),
                ),
                migrations.RemoveIndex("JudgeJobItem", "judgement_item_by_outcome"),
                migrations.AddIndex(
                    "JudgeJobItem",
                    models.Index(fields=["judge_job", "outcome", "id"], name="judge_job_item_by_outcome"),
                ),
            ],
        ),
        migrations.AlterModelOptions(
            name="judgejob",
            options={"permissions": [("control_judgejob", "Can pause, resume and cancel jobs of model judges")]},
        ),
        migrations.AlterField(
            model_name="judgejob",
            name="sampler",
            field=models.ForeignKey(on_delete=models.PROTECT, related_name="judge_jobs", to="trajectories.sampler"),
        ),
        migrations.AlterField(
            model_name="judgejob",
            name="rubric",
            field=models.ForeignKey(on_delete=models.PROTECT, related_name="judge_jobs", to="trajectories.rubric"),
        ),
        migrations.AlterField(
            model_name="judgejobitem",
            name="trace",
            field=models.ForeignKey(on_delete=models.PROTECT, related_name="judge_job_items", to="trajectories.trace"),
        ),
        migrations.RunPython(rename_rows, name_as_before),
    ]
