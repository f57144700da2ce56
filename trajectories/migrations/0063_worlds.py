import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Agents in worlds: what they remember and have learnt, and the episodes they played."""

    dependencies = [
        ("trajectories", "0060_trainings"),
    ]

    operations = [
        migrations.AlterField(
            model_name="import",
            name="kind",
            field=models.CharField(
                choices=[
                    ("arc", "ARC tasks"),
                    ("questions", "questions"),
                    ("procedural", "procedural problems"),
                    ("traces", "traces"),
                    ("episodes", "episodes of a world"),
                    ("archive", "archive of a release"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="instruction",
            name="suits",
            field=models.CharField(
                choices=[("symbolic", "symbolic search"), ("chat", "language model"), ("agent", "agent in worlds")],
                default="symbolic",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="sampler",
            name="kind",
            field=models.CharField(
                choices=[
                    ("symbolic", "symbolic program search"),
                    ("chat", "language model"),
                    ("agent", "agent in worlds"),
                    ("imported", "imported from elsewhere"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="Mind",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("temperature", models.FloatField()),
                ("ordinal", models.PositiveIntegerField()),
                ("agent", models.CharField(max_length=40)),
                ("agent_version", models.PositiveIntegerField()),
                ("settings", models.JSONField(default=dict)),
                ("world", models.JSONField()),
                ("surroundings", models.JSONField()),
                ("seed", models.BigIntegerField()),
                ("episodes", models.PositiveIntegerField(default=0)),
                ("weights", models.BinaryField(default=bytes)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "instruction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="trajectories.instruction"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="minds", to="trajectories.run"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Episode",
            fields=[
                (
                    "trace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="episode",
                        serialize=False,
                        to="trajectories.trace",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("thoughts", models.JSONField(default=list)),
                ("values", models.JSONField(default=list)),
                (
                    "mind",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="played", to="trajectories.mind"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Transition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.TextField()),
                ("action", models.PositiveIntegerField()),
                ("after", models.TextField()),
                ("reached", models.BooleanField(default=False)),
                ("visits", models.PositiveIntegerField(default=1)),
                ("first_episode", models.PositiveIntegerField()),
                ("seen_episode", models.PositiveIntegerField()),
                ("seen_step", models.PositiveIntegerField()),
                ("overwritten", models.PositiveIntegerField(default=0)),
                ("overwritten_episode", models.PositiveIntegerField(null=True)),
                ("former", models.TextField(null=True)),
                (
                    "mind",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="transitions", to="trajectories.mind"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="mind",
            constraint=models.UniqueConstraint(
                fields=("run", "instruction", "temperature", "ordinal"), name="mind_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="episode",
            constraint=models.UniqueConstraint(fields=("mind", "number"), name="episode_once"),
        ),
        migrations.AddConstraint(
            model_name="transition",
            constraint=models.UniqueConstraint(fields=("mind", "state", "action"), name="transition_once"),
        ),
    ]
