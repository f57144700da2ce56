import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Curation queues: items, their assignments, and what people did in them; reviews name their queue."""

    dependencies = [
        ("trajectories", "0041_votes_by_rules_4"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="QueueItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rank", models.FloatField(default=0.0)),
                ("quota", models.PositiveSmallIntegerField(default=1)),
                ("done_count", models.PositiveSmallIntegerField(default=0)),
                ("is_gold", models.BooleanField(default=False)),
                ("is_training", models.BooleanField(default=False)),
                (
                    "known_decision",
                    models.CharField(blank=True, choices=[("accept", "Accept"), ("reject", "Reject")], max_length=10),
                ),
                ("known_reason", models.CharField(blank=True, max_length=40)),
                ("known_why", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="QueueSkip",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="QueueWork",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("done_count", models.PositiveIntegerField(default=0)),
                ("skipped_count", models.PositiveIntegerField(default=0)),
                ("seconds", models.FloatField(default=0.0)),
                ("gold_count", models.PositiveIntegerField(default=0)),
                ("gold_right", models.PositiveIntegerField(default=0)),
                ("trained_at", models.DateTimeField(null=True)),
                ("seen_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "verbose_name_plural": "queue work",
            },
        ),
        migrations.AddField(
            model_name="review",
            name="scores",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="review",
            name="tags",
            field=models.JSONField(default=list),
        ),
        migrations.CreateModel(
            name="Queue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=200)),
                ("selection", models.JSONField()),
                ("is_live", models.BooleanField(default=False)),
                ("schema", models.JSONField(default=dict)),
                ("blinding", models.JSONField(default=dict)),
                (
                    "item_order",
                    models.CharField(
                        choices=[
                            ("random", "Random, for each reviewer another"),
                            ("newest", "Newest first"),
                            ("problem", "Grouped by problem"),
                            ("uncertain", "Split votes first"),
                            ("disagreement", "Decided differently first"),
                            ("conflict", "Conflicting verdicts first"),
                        ],
                        default="random",
                        max_length=20,
                    ),
                ),
                ("reviews_each", models.PositiveSmallIntegerField(default=1)),
                ("doubled_percent", models.PositiveSmallIntegerField(default=0)),
                ("gold_every", models.PositiveSmallIntegerField(default=0)),
                ("has_training", models.BooleanField(default=False)),
                ("seed", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("paused", "paused"), ("closed", "closed")],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("due_on", models.DateField(null=True)),
                ("last_trace", models.BigIntegerField(null=True)),
                ("is_filling", models.BooleanField(default=True)),
                ("marks", models.JSONField(default=dict)),
                ("marked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("item_count", models.PositiveIntegerField(default=0)),
                ("review_count", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("members", models.ManyToManyField(blank=True, related_name="queues", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "permissions": [("control_queue", "Can pause, close and change queues and see who works on them")],
            },
        ),
        migrations.CreateModel(
            name="Assignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("rank", models.FloatField(default=0.0)),
                ("is_gold", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("leased", "on somebody's screen"), ("done", "done")],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("token", models.UUIDField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("handed_at", models.DateTimeField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("answer", models.JSONField(null=True)),
                ("answer_key", models.UUIDField(null=True)),
                ("is_right", models.BooleanField(null=True)),
                ("seconds", models.FloatField(null=True)),
                (
                    "review",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trajectories.review",
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="trajectories.queue",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="review",
            name="queue",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reviews",
                to="trajectories.queue",
            ),
        ),
        migrations.CreateModel(
            name="QueueFlag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("note", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="QueueGuidelines",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1)),
                ("text", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="guidelines", to="trajectories.queue"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "queue guidelines",
            },
        ),
        migrations.AddField(
            model_name="review",
            name="guidelines",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="trajectories.queueguidelines",
            ),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                condition=models.Q(("queue__isnull", False)), fields=["queue", "id"], name="review_by_queue"
            ),
        ),
        migrations.AddField(
            model_name="queueitem",
            name="queue",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="items",
                to="trajectories.queue",
            ),
        ),
        migrations.AddField(
            model_name="queueitem",
            name="trace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="queue_items", to="trajectories.trace"
            ),
        ),
        migrations.AddField(
            model_name="queueflag",
            name="item",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="flags", to="trajectories.queueitem"
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="item",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="assignments",
                to="trajectories.queueitem",
            ),
        ),
        migrations.AddField(
            model_name="queueskip",
            name="item",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="skips",
                to="trajectories.queueitem",
            ),
        ),
        migrations.AddField(
            model_name="queueskip",
            name="reviewer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="queuework",
            name="queue",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="work",
                to="trajectories.queue",
            ),
        ),
        migrations.AddField(
            model_name="queuework",
            name="reviewer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="queue_work", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="queue",
            index=models.Index(
                condition=models.Q(("is_filling", True), ("is_live", True), _connector="OR"),
                fields=["id"],
                name="queue_filling",
            ),
        ),
        migrations.AddConstraint(
            model_name="queue",
            constraint=models.CheckConstraint(
                condition=models.Q(("reviews_each__range", (1, 20))), name="queue_reviews_each_1_to_20"
            ),
        ),
        migrations.AddConstraint(
            model_name="queue",
            constraint=models.CheckConstraint(
                condition=models.Q(("doubled_percent__range", (0, 100))), name="queue_doubled_percent"
            ),
        ),
        migrations.AddConstraint(
            model_name="queueguidelines",
            constraint=models.UniqueConstraint(fields=("queue", "version"), name="queue_guidelines_version_once"),
        ),
        migrations.AddIndex(
            model_name="queueitem",
            index=models.Index(
                condition=models.Q(("is_gold", True)), fields=["queue", "rank", "id"], name="queue_item_gold"
            ),
        ),
        migrations.AddConstraint(
            model_name="queueitem",
            constraint=models.UniqueConstraint(fields=("queue", "trace"), name="queue_item_once"),
        ),
        migrations.AddConstraint(
            model_name="queueitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("is_gold", False), ("is_training", False), ("known_decision", "")),
                    models.Q(("is_gold", True), models.Q(("known_decision", ""), _negated=True)),
                    _connector="OR",
                ),
                name="queue_item_gold_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="queueitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_gold", True), ("done_count__lte", models.F("quota")), _connector="OR"),
                name="queue_item_within_quota",
            ),
        ),
        migrations.AddIndex(
            model_name="queueflag",
            index=models.Index(condition=models.Q(("settled_at__isnull", True)), fields=["id"], name="queue_flag_open"),
        ),
        migrations.AddConstraint(
            model_name="queueflag",
            constraint=models.UniqueConstraint(
                condition=models.Q(("settled_at__isnull", True)),
                fields=("item", "reviewer"),
                name="queue_flag_open_once",
            ),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(models.Q(("state", "done"), _negated=True), ("is_gold", False)),
                fields=["queue", "rank", "id"],
                name="assignment_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(("state", "leased")), fields=["reviewer", "queue"], name="assignment_leased"
            ),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(("decided_at__isnull", False)),
                fields=["queue", "reviewer", "-decided_at"],
                name="assignment_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.UniqueConstraint(fields=("item", "number"), name="assignment_number_once"),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reviewer__isnull", False)),
                fields=("item", "reviewer"),
                name="assignment_reviewer_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reviewer__isnull", True), ("state", "open")),
                    models.Q(
                        ("expires_at__isnull", False),
                        ("reviewer__isnull", False),
                        ("state", "leased"),
                        ("token__isnull", False),
                    ),
                    models.Q(("decided_at__isnull", False), ("reviewer__isnull", False), ("state", "done")),
                    _connector="OR",
                ),
                name="assignment_state_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="queueskip",
            constraint=models.UniqueConstraint(fields=("item", "reviewer"), name="queue_skip_once"),
        ),
        migrations.AddConstraint(
            model_name="queuework",
            constraint=models.UniqueConstraint(fields=("queue", "reviewer"), name="queue_work_once"),
        ),
    ]
