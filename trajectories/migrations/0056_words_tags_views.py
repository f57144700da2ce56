"""Words of traces, tags, saved views, and the selections of jobs as they are stored everywhere else.

What takes long is not done here: indexes of tables that are there come in the next migration, without keeping anybody
from writing, and old traces are read for their words by a worker, see SearchBacklog.
"""

from typing import Any

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.http import QueryDict

CASCADE, PROTECT = django.db.models.deletion.CASCADE, django.db.models.deletion.PROTECT
NUMBERS = ("run", "problem", "problem_set", "sampler", "round")

# What people write between words is a space here: otherwise `numpy.array` is one word, `a<b` the start of markup and
# `-5` another number than 5. What is indexed of one trace is at most 200,000 characters, of which the words take less
# than the megabyte that PostgreSQL takes. core.text.searches does the same to what is searched for.
FUNCTIONS = r"""
CREATE FUNCTION trajectories_words(reasoning text, program text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('pg_catalog.english'::regconfig, translate(
        left(reasoning, 150000) || ' ' || left(coalesce(program, ''), 50000),
        E'./\\_-+*=<>()[]{}|:;,!?@#$%^&~`"''', repeat(' ', 32)))
$$;

CREATE FUNCTION trajectories_tools(steps jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ARRAY(SELECT DISTINCT left(title, 200) FROM jsonb_array_elements_text(
        jsonb_path_query_array(steps, 'lax $[*] ? (@.kind == "tool_call").title')) AS title ORDER BY 1)
$$;

CREATE FUNCTION trajectories_index_traces() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO trajectories_tracesearch (trace_id, words, tools)
    SELECT fresh.id, trajectories_words(coalesce(reasoning.body, ''), program.body), trajectories_tools(fresh.steps)
    FROM fresh
    LEFT JOIN trajectories_text AS reasoning ON reasoning.content_hash = fresh.reasoning_id
    LEFT JOIN trajectories_text AS program ON program.content_hash = fresh.program_id
    ON CONFLICT (trace_id) DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER index_traces AFTER INSERT ON trajectories_trace REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION trajectories_index_traces();

INSERT INTO trajectories_searchbacklog (newest)
    SELECT newest FROM (SELECT max(id) AS newest FROM trajectories_trace) AS found WHERE newest IS NOT NULL;
"""
AWAY = """
DROP TRIGGER index_traces ON trajectories_trace;
DROP FUNCTION trajectories_index_traces();
DROP FUNCTION trajectories_tools(jsonb);
DROP FUNCTION trajectories_words(text, text);
"""


def store_selections(apps: Any, _schema_editor: Any) -> None:
    """The selections of jobs, until now query strings, in the form in which they are stored everywhere else."""
    for name in ("JudgeJob", "Reverification"):
        jobs = apps.get_model("trajectories", name)
        for key, scope in jobs.objects.values_list("pk", "scope").iterator():
            texts = QueryDict(scope).dict()
            given = {field: int(str(text)) if field in NUMBERS else text for field, text in texts.items()}
            jobs.objects.filter(pk=key).update(selection={"version": 1, **given})


def write_scopes(apps: Any, _schema_editor: Any) -> None:
    """The way back."""
    for name in ("JudgeJob", "Reverification"):
        jobs = apps.get_model("trajectories", name)
        for key, selection in jobs.objects.values_list("pk", "selection").iterator():
            scope = QueryDict(mutable=True)
            scope.update({field: str(value) for field, value in selection.items() if field != "version"})
            jobs.objects.filter(pk=key).update(scope=scope.urlencode())


def _key(model: str, *, index: bool = True, **options: Any) -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(to=model, db_index=index, **{"on_delete": PROTECT, "related_name": "+", **options})


IDENTITY = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [
        ("trajectories", "0058_export_containers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("judgejob", "selection", models.JSONField(default=dict)),
        migrations.AddField("reverification", "selection", models.JSONField(default=dict)),
        migrations.RunPython(store_selections, write_scopes),
        migrations.RemoveField("judgejob", "scope"),
        migrations.RemoveField("reverification", "scope"),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", IDENTITY),
                ("title", models.CharField(max_length=200)),
                ("is_shared", models.BooleanField(default=False)),
                ("selection", models.JSONField()),
                ("order", models.CharField(blank=True, max_length=40)),
                ("columns", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("owner", _key(settings.AUTH_USER_MODEL, related_name="saved_views", on_delete=CASCADE)),
            ],
            options={
                "indexes": [models.Index(fields=["id"], condition=models.Q(is_shared=True), name="saved_view_shared")],
                "constraints": [models.UniqueConstraint(fields=("owner", "title"), name="saved_view_title_once")],
            },
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                ("id", IDENTITY),
                ("name", models.CharField(max_length=40, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("created_by", _key(settings.AUTH_USER_MODEL, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="TraceTag",
            fields=[
                ("id", IDENTITY),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("author", _key(settings.AUTH_USER_MODEL, index=False)),
                ("tag", _key("trajectories.tag", related_name="traces", index=False, on_delete=CASCADE)),
                ("trace", _key("trajectories.trace", related_name="tags", on_delete=CASCADE)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("tag", "trace", "author"), name="trace_tag_once")]
            },
        ),
        migrations.CreateModel(
            name="SearchBacklog",
            fields=[("id", IDENTITY), ("newest", models.BigIntegerField())],
            options={"verbose_name_plural": "search backlog"},
        ),
        migrations.CreateModel(
            name="TraceSearch",
            fields=[
                (
                    "trace",
                    models.OneToOneField(
                        on_delete=CASCADE,
                        primary_key=True,
                        related_name="search",
                        serialize=False,
                        to="trajectories.trace",
                    ),
                ),
                ("words", django.contrib.postgres.search.SearchVectorField()),
                (
                    "tools",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
            ],
            options={
                "verbose_name_plural": "trace searches",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["words"], gin_pending_list_limit=1024, name="search_words"
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["tools"], gin_pending_list_limit=1024, name="search_tools"
                    ),
                    models.Index(
                        condition=models.Q(("tools", []), _negated=True), fields=["trace"], name="search_any_tool"
                    ),
                ],
            },
        ),
        migrations.RunSQL(FUNCTIONS, AWAY),
    ]
